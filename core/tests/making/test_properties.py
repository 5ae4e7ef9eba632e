"""What holds for any updates: what is made is applied, any bytes get an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity import Member, MemberIdentifier, ReplayResult
from xmtp_identity.admission import admit
from xmtp_identity.builder import (
    AddMember,
    ChangeRecoveryIdentifier,
    CreateInbox,
    PlannedAction,
    RevokeMember,
    SignatureRequest,
)
from xmtp_identity.errors import IdentityError
from xmtp_identity.kinds import Signer
from xmtp_identity.protocol.shape import check_shape
from xmtp_identity.protocol.unverified import read_update
from xmtp_identity.wire.decode import decode_update

from .inboxes import CHAIN as CHAIN_IS_HERE
from .inboxes import OWNER, Inbox
from .keys import CHAIN, REGISTRY, Key, Leaf, app

KEYS: Final[Sequence[Signer]] = (
    OWNER,
    Key("friend"),
    Key("contract", CHAIN),
    app("app"),
    app("other"),
    Leaf("leaf"),
    Leaf("second"),
    Leaf("leaf", "leafb"),
)

_keys = st.sampled_from(KEYS).map(lambda key: key.identifier)
# The owner acts often enough for something to come of it.
_actors = st.one_of(st.just(OWNER.identifier), _keys)
_actions: st.SearchStrategy[PlannedAction] = st.one_of(
    st.builds(AddMember, _keys, _actors),
    st.builds(RevokeMember, _keys, _actors),
    st.builds(ChangeRecoveryIdentifier, _keys, _actors),
    st.builds(CreateInbox, st.just(OWNER.identifier), st.just(0)),
)
_updates = st.lists(_actions, min_size=1, max_size=3)


def _request(inbox: Inbox, actions: Sequence[PlannedAction]) -> SignatureRequest | None:
    """The request, signed by all, or None if the plan makes no update."""
    try:
        return inbox.signed(*actions)
    except IdentityError:
        return None


def _code(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except IdentityError as error:
        return error.code
    return ""


@given(st.lists(_updates, max_size=8))
def test_replay_applies_what_is_finished_and_admission_foresees_it(
    updates: Sequence[Sequence[PlannedAction]],
) -> None:
    inbox = Inbox(*KEYS).create()
    for actions in updates:
        request = _request(inbox, actions)
        if request is None:
            continue
        code = _code(request.finish)
        assert _code(request.foresee) == code
        before, after = inbox.replay(), inbox.replay(request.encode())
        assert after.outcomes[-1].code == code
        if code:
            assert _shown(after) == _shown(before)
        else:
            _same(request.finish_with_state()[1], after)
            foreseen = request.foresee()
            assert (foreseen.recovery, foreseen.diff(after.state)) == (
                _shown(after)[0],
                ((), ()),
            )
            inbox.append(*actions)
    assert {outcome.code for outcome in inbox.replay().outcomes} == {""}


def _shown(result: ReplayResult) -> tuple[MemberIdentifier, tuple[Member, ...]]:
    """Recovery and members; an empty layer is no difference."""
    assert result.state is not None
    return result.state.recovery, result.state.members


def _same(first: ReplayResult, second: ReplayResult) -> None:
    assert _shown(first) == _shown(second)
    assert first.snapshot is not None
    assert second.snapshot is not None
    assert first.snapshot.position == second.snapshot.position
    assert first.snapshot.root.words == second.snapshot.root.words
    assert first.snapshot.root.seen == second.snapshot.root.seen


@given(_updates, st.integers(0, (1 << 64) - 1))
def test_the_text_is_always_the_one_that_readers_make(
    actions: Sequence[PlannedAction], time_ns: int
) -> None:
    try:
        request = Inbox(*KEYS).signed(*actions, client_timestamp_ns=time_ns)
    except IdentityError:
        return
    raw = decode_update(request.encode())
    leaf = check_shape(raw, request.inbox_id)
    assert read_update(raw, leaf, REGISTRY).text.decode() == request.text


@cache
def _inbox() -> Inbox:
    inbox = Inbox(*KEYS).create()
    for key in KEYS[1:]:
        inbox.append(AddMember(key.identifier, OWNER.identifier))
    return inbox


@cache
def _real_updates() -> list[bytes]:
    """Updates that would be admitted, of every sort."""
    inbox = _inbox()
    friend = KEYS[1].identifier
    plans: list[list[PlannedAction]] = [
        [AddMember(key.identifier, OWNER.identifier)] for key in KEYS[1:]
    ]
    plans += [[RevokeMember(key.identifier, OWNER.identifier)] for key in KEYS[1:]]
    plans.append(
        [
            ChangeRecoveryIdentifier(friend, OWNER.identifier),
            RevokeMember(OWNER.identifier, friend),
        ]
    )
    created = [update for update in inbox.log if update is not None]
    return [*created, *(inbox.signed(*plan).finish() for plan in plans)]


def _answer(update: bytes) -> None:
    """Admission gives a state or an `IdentityError`; replay agrees on the first."""
    inbox = _inbox()
    for snapshot, log in ((inbox.snapshot, inbox.log), (None, [])):
        for context in (CHAIN_IS_HERE, None):
            try:
                result = admit(
                    update, inbox.inbox_id, snapshot, REGISTRY, context=context
                )
            except IdentityError:
                continue
            whole = Inbox()
            whole.log = list(log)
            assert whole.replay(update).state == result.state


@given(st.binary(max_size=200))
def test_admission_answers_to_any_bytes(data: bytes) -> None:
    _answer(data)


@st.composite
def _mutated(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(range(len(_real_updates()))).map(_nth)))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        action = draw(st.sampled_from(["set", "cut", "insert", "repeat", "splice"]))
        if action == "set" and place < len(data):
            data[place] = draw(st.integers(0, 255))
        elif action == "cut":
            del data[place : place + draw(st.integers(1, 40))]
        elif action == "insert":
            data[place:place] = draw(st.binary(max_size=6))
        elif action == "repeat":
            data[place:place] = data[place : place + draw(st.integers(1, 150))]
        elif action == "splice":
            data[place:] = _nth(draw(st.integers(0, 10)))[place:]
    return bytes(data)


def _nth(index: int) -> bytes:
    updates = _real_updates()
    return updates[index % len(updates)]


@given(_mutated())
def test_admission_answers_to_any_mutation_of_a_real_update(data: bytes) -> None:
    _answer(data)
