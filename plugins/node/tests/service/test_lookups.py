"""Look-ups: inboxes of identifiers, members, history, address log, key packages."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from eth_utils.address import to_checksum_address
from tests.support.chain import StubChain
from tests.support.leaf_kinds import leaf_a
from tests.support.plugin_leaves import solana
from tests.support.signers import Installation, Passkey, Wallet
from tests.support.updates import Add, Inbox, Revoke

from xmtp_identity_node.service.answers import AddressLogRow, WalletQuestion
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.service.service import Service
from xmtp_identity_store.store import Entry, Store

from .support import (
    REGISTRY,
    HeadedChain,
    creation,
    inbox_of,
    refused,
    serving,
    smart_wallet,
)

NOWHERE = "0" * 64


def put(store: Store, inbox: Inbox) -> None:
    """A log that came from elsewhere."""
    store.append(inbox.inbox_id, [Entry(one) for one in inbox.log])


def published(inbox: Inbox) -> list[bytes]:
    """The log, without entries that hold none."""
    return [one for one in inbox.log if one is not None]


def test_an_inbox_is_found_by_identifiers_of_every_kind(store: Store) -> None:
    inbox = inbox_of("alice")
    passkey, leaf = Passkey("key"), solana("sol")
    inbox.append(Add(passkey, inbox.owner))
    inbox.append_leaf(Add(leaf, inbox.owner))

    async def work(service: Service) -> None:
        for update in published(inbox):
            await service.publish(update)
        found = await service.inbox_ids(
            [
                (1, inbox.owner.value),
                (0, inbox.owner.value),
                (1, inbox.owner.value.upper().replace("0X", "0x")),
                (1, to_checksum_address(inbox.owner.value)),
                (2, passkey.value),
                (2, passkey.value.upper()),
                (100, leaf.value),
                (1, Wallet("nobody").value),
                (2, inbox.owner.value),
                (1, ""),
                (1, "0x" + "a" * 400),
                (1, "line\nfeed"),
                (1, "\0"),
            ]
        )
        assert found == [inbox.inbox_id] * 7 + [None] * 6

    serving(store, work)


def test_an_identifier_has_the_inbox_that_it_was_added_to_last(store: Store) -> None:
    first, second, bob = inbox_of("alice"), inbox_of("carol"), Wallet("bob")
    ask = (1, bob.value)

    async def work(service: Service) -> None:
        await service.publish(creation(first))
        await service.publish(creation(second))
        await service.publish(first.update(Add(bob, first.owner)))
        assert await service.inbox_ids([ask]) == [first.inbox_id]
        await service.publish(second.update(Add(bob, second.owner)))
        assert await service.inbox_ids([ask]) == [second.inbox_id]
        second.push(None)
        await service.publish(second.update(Revoke(bob, second.owner)))
        assert await service.inbox_ids([ask]) == [first.inbox_id]

    serving(store, work)


@pytest.mark.parametrize(
    ("number", "package"),
    [
        (2, "xmtp-identity-passkey"),
        (100, "xmtp-identity-solana"),
        (102, "xmtp-identity-nostr"),
    ],
)
def test_a_kind_that_is_missing_names_its_package(
    store: Store, number: int, package: str
) -> None:
    registry = REGISTRY.without("passkey", "solana")

    async def work(service: Service) -> None:
        with pytest.raises(Exception, match=package) as caught:
            await service.inbox_ids([(number, "x")])
        assert getattr(caught.value, "code", "") == "unknown_kind"

    serving(store, work, registry=registry)


@pytest.mark.parametrize("number", [3, 99, 150, 2000, -1])
def test_a_number_that_no_kind_has_is_refused(store: Store, number: int) -> None:
    async def work(service: Service) -> None:
        assert await refused(service.inbox_ids([(number, "x")])) == "unknown_kind"

    serving(store, work)


def test_members_and_address_log_tell_who_is_and_was_there(store: Store) -> None:
    inbox = inbox_of("alice")
    bob, app, leaf = Wallet("bob"), Installation("app"), solana("sol")
    inbox.append(Add(bob, inbox.owner), Add(app, inbox.owner))
    inbox.append_leaf(Add(leaf, inbox.owner))
    inbox.append(Revoke(bob, inbox.owner))

    async def work(service: Service) -> None:
        for update in published(inbox):
            await service.publish(update)
        (log,) = await service.updates([(inbox.inbox_id, 0)])
        answer = await service.members(inbox.inbox_id)
        assert answer.state is not None
        assert {one.identifier for one in answer.state.members} == {
            inbox.owner.identifier,
            app.identifier,
            leaf.identifier,
        }
        assert answer.state.recovery == inbox.owner.identifier
        assert answer[2:] == (4, log[-1].sequence_id, True, None, (), None, "")
        assert set(await service.associations(inbox.inbox_id)) == {
            AddressLogRow("ethereum", inbox.owner.value, 0, None),
            AddressLogRow("ethereum", bob.value, 1, 3),
            AddressLogRow("installation", app.value, 1, None),
            AddressLogRow("solana", leaf.value, 2, None),
        }

    serving(store, work)


def test_the_history_labels_what_is_not_applied_in_its_place(store: Store) -> None:
    inbox = inbox_of("alice")
    inbox.push(inbox.update(Add(Wallet("bob"), Wallet("stranger"))))
    inbox.push(None)
    inbox.append_leaf(Add(leaf_a("x"), inbox.owner))
    inbox.append(Add(Wallet("bob"), inbox.owner))
    put(store, inbox)

    async def work(service: Service) -> None:
        history = await service.history(inbox.inbox_id)
        assert [(one.position, one.outcome, one.code) for one in history] == [
            (0, "applied", ""),
            (1, "rejected", "not_a_member"),
            (2, "rejected", "no_update"),
            (3, "discarded", "kind_not_installed"),
            (4, "applied", ""),
        ]
        assert [one.entry.update for one in history] == inbox.log
        assert await service.history(inbox.inbox_id, 3, 1) == history[3:4]
        assert await service.history(inbox.inbox_id, 9) == []
        assert (await service.members(inbox.inbox_id)).missing == ("1000",)

    serving(store, work)


def test_an_inbox_that_is_not_here_is_not_made_up(store: Store) -> None:
    async def work(service: Service) -> None:
        for inbox_id in (NOWHERE, "", "\0", NOWHERE.upper() + "A", "x" * 100_000):
            for ask in (service.members, service.history, service.associations):
                assert await refused(ask(inbox_id)) == "no_such_inbox"
            assert await service.updates([(inbox_id, 0)]) == [[]]

    serving(store, work)


def test_updates_come_in_the_order_asked_for(store: Store) -> None:
    one, two = inbox_of("alice"), inbox_of("bob")

    async def work(service: Service) -> None:
        await service.publish(creation(one))
        await service.publish(creation(two))
        asked = [
            (two.inbox_id, 0),
            ("no inbox", 0),
            (NOWHERE, 0),
            (one.inbox_id, 0),
            (one.inbox_id, (1 << 64) - 1),
        ]
        logs = await service.updates(asked)
        assert [[entry.update for entry in log] for log in logs] == [
            two.log,
            [],
            [],
            one.log,
            [],
        ]

    serving(store, work)


def test_a_batch_over_the_limit_is_refused(store: Store) -> None:
    async def work(service: Service) -> None:
        for ask in (
            service.updates([(NOWHERE, 0)] * 11),
            service.inbox_ids([(1, "x")] * 11),
            service.key_packages([bytes(32)] * 11),
            service.verify_smart_wallets([WalletQuestion("", b"", b"", None)] * 11),
        ):
            assert await refused(ask) == "batch_too_large"

    serving(store, work, limits=Limits(batch=10))


def test_an_answer_over_the_limit_is_refused(store: Store) -> None:
    inbox = inbox_of("alice")

    async def work(service: Service) -> None:
        await service.publish(creation(inbox))
        asked = [(inbox.inbox_id, 0)]
        assert await refused(service.updates(asked)) == "answer_too_large"
        # A history comes in pieces.
        assert len(await service.history(inbox.inbox_id)) == 1

    serving(store, work, limits=Limits(answer_bytes=100))


def test_the_newest_key_package_of_an_installation_is_kept(store: Store) -> None:
    one, two = b"1" * 32, b"2" * 32

    async def work(service: Service) -> None:
        await service.put_key_package(one, b"first")
        await service.put_key_package(one, b"second")
        assert await service.key_packages([two, one]) == [None, b"second"]
        for key, package, code in (
            (b"short", b"x", "bad_input"),
            (one, b"", "bad_input"),
            (one, b"x" * 101, "request_too_large"),
        ):
            assert await refused(service.put_key_package(key, package)) == code
        assert await refused(service.key_packages([b"short"])) == "bad_input"

    serving(store, work, limits=Limits(key_package_bytes=100))


# Smart wallets


def question(block: int | None = None, *, valid: bool = True) -> WalletQuestion:
    wallet = smart_wallet("safe")
    digest = sha256(b"a text").digest()
    good = b"SCW-OK" + sha256(wallet.account_id.encode() + digest).digest()
    return WalletQuestion(wallet.account_id, digest, good if valid else b"bad", block)


def test_smart_wallets_are_asked_at_the_newest_block_or_the_one_named(
    store: Store,
) -> None:
    chain = HeadedChain(heads={1: 77})

    async def work(service: Service) -> None:
        answers = await service.verify_smart_wallets(
            [question(), question(5), question(valid=False)]
        )
        assert [one[:2] for one in answers] == [(True, 77), (True, 5), (False, 77)]
        assert [one.error is None for one in answers] == [True, True, False]

    serving(store, work, context={"ethereum": chain})
    assert {one.block_number for one in chain.asked} == {5, 77}


@pytest.mark.parametrize(
    "change",
    [
        {"account_id": "eip155:1:nothing"},
        {"account_id": "eip155:01:0x" + "a" * 40},
        {"account_id": "solana:1:0x" + "a" * 40},
        {"hash": b"short"},
        {"block_number": 0},
    ],
)
def test_a_question_that_makes_no_sense_is_answered_without_a_chain(
    store: Store, change: dict[str, Any]
) -> None:
    chain = HeadedChain()

    async def work(service: Service) -> None:
        (answer,) = await service.verify_smart_wallets([question()._replace(**change)])
        assert answer[:2] == (False, None)
        assert answer.error

    serving(store, work, context={"ethereum": chain})
    assert chain.asked == []


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"ethereum": HeadedChain(away=frozenset({1}))},
        {"ethereum": StubChain()},  # knows no newest block
        {"ethereum": object()},
    ],
)
def test_a_chain_that_can_not_be_asked_is_no_verdict(
    store: Store, context: dict[str, Any]
) -> None:
    async def work(service: Service) -> None:
        ask = service.verify_smart_wallets([question()])
        assert await refused(ask) == "chain_unavailable"

    serving(store, work, context=context)
