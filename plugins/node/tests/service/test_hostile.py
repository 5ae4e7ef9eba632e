"""Whatever comes in, a typed refusal goes out, and the service works on."""

from __future__ import annotations

import asyncio
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from tests.support.mutations import mutate
from tests.support.signers import Installation, Passkey
from tests.support.updates import Add

from xmtp_identity.errors import IdentityError
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity_node.service.asked import indexed, is_inbox_id, kind_of
from xmtp_identity_node.service.service import Service
from xmtp_identity_store.store import Store

from .support import REGISTRY, check_consistent, creation, inbox_of, serving


def test_what_is_admitted_of_damaged_updates_is_applied_and_there_once(
    store: Store,
) -> None:
    random = Random(7)
    inbox = inbox_of("alice")
    sound = [creation(inbox)]
    for new in (Installation("app"), Passkey("key")):
        sound.append(inbox.update(Add(new, inbox.owner)))
        inbox.push(sound[-1])
    damaged = [mutate(random.choice(sound), random, sound) for _ in range(300)]
    random.shuffle(damaged)

    refusals: list[IdentityError] = []

    async def attempt(service: Service, update: bytes) -> None:
        try:
            await service.publish(update)
        except IdentityError as error:
            refusals.append(error)

    async def work(service: Service) -> None:
        for start in range(0, len(damaged), 50):
            await asyncio.gather(
                *(attempt(service, one) for one in damaged[start : start + 50])
            )
        for update in sound:
            await attempt(service, update)
        (log,) = await service.updates([(inbox.inbox_id, 0)])
        assert len(log) >= 1

    serving(store, work)
    assert refusals
    assert [one for one in refusals if one.retryable] == []
    check_consistent(store)


@given(st.text(max_size=300), st.sampled_from([0, 1, 2, 100, 101]))
def test_any_text_can_be_looked_up(text: str, number: int) -> None:
    kind = kind_of(number, REGISTRY)
    key = indexed(text, kind)
    if key is not None:
        assert key[0] == kind.number
        # What was found once is found by its canonical form, too.
        assert indexed(key[1], kind) == key


@given(st.binary(min_size=20, max_size=20), st.booleans())
def test_an_address_is_found_however_it_is_written(key: bytes, upper: bool) -> None:
    kind = kind_of(1, REGISTRY)
    digits = key.hex().upper() if upper else key.hex()
    identifier = MemberIdentifier("ethereum", "0x" + key.hex())
    assert indexed("0x" + digits, kind) == (1, identifier.value)


@given(st.text())
def test_only_64_hex_digits_are_an_inbox_id(text: str) -> None:
    assert is_inbox_id(text) == (
        len(text) == 64 and all(char in "0123456789abcdef" for char in text)
    )


def test_a_line_end_behind_an_inbox_id_is_none() -> None:
    assert is_inbox_id("a" * 64)
    assert not is_inbox_id("a" * 64 + "\n")
