"""What an association state shows, and what changed between two of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.leaf_kinds import full_registry, leaf_a, leaf_b
from tests.support.random_logs import RandomLog, seeds
from tests.support.results import run, state_of
from tests.support.signers import Installation, Passkey, Wallet
from tests.support.updates import Add, Change, Inbox, Revoke

from xmtp_identity import AssociationState, replay

OWNER = Wallet("owner")
OTHER = Wallet("other")
APP = Installation("app")
SECOND_APP = Installation("second app")
KEY = Passkey("key")
SOL = leaf_a("sol")
BTC = leaf_b("btc")


def grown() -> Inbox:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER), Add(APP, OTHER), Add(KEY, OWNER))
    inbox.append_leaf(Add(SOL, OWNER))
    inbox.append_leaf(Add(BTC, APP))
    return inbox


def at(inbox: Inbox, length: int) -> AssociationState:
    return state_of(replay(inbox.inbox_id, inbox.log[:length], full_registry()))


def test_members_are_sorted_by_kind_then_identifier() -> None:
    members = state_of(run(grown())).members
    keys = [(m.identifier.kind, m.identifier.value) for m in members]
    assert keys == sorted(keys)
    assert {kind for kind, _ in keys} == {
        "ethereum",
        "installation",
        "passkey",
        "testa",
        "testb",
    }


def test_get_finds_members_of_the_root_and_of_every_layer() -> None:
    state = state_of(run(grown()))
    for signer in (OWNER, OTHER, APP, KEY, SOL, BTC):
        member = state.get(signer.identifier)
        assert member is not None
        assert member.identifier == signer.identifier
    assert state.get(SECOND_APP.identifier) is None


def test_diff_names_whom_an_update_added_and_removed() -> None:
    inbox = grown()
    before = len(inbox.log)
    inbox.append(Revoke(OTHER, OWNER), Add(SECOND_APP, OWNER))
    inbox.append_leaf(Revoke(SOL, OWNER))
    inbox.append_leaf(Add(leaf_b("another"), OWNER))
    change = at(inbox, before).diff(at(inbox, len(inbox.log)))
    assert change.added == (SECOND_APP.identifier, leaf_b("another").identifier)
    # The app that the revoked wallet added went with it.
    assert change.removed == (OTHER.identifier, APP.identifier, SOL.identifier)


def test_diff_backwards_is_the_other_way_round() -> None:
    inbox = grown()
    first, last = at(inbox, 1), at(inbox, len(inbox.log))
    there, back = first.diff(last), last.diff(first)
    assert (there.added, there.removed) == (back.removed, back.added)


def test_a_member_added_again_is_no_difference() -> None:
    inbox = grown()
    before = at(inbox, len(inbox.log))
    inbox.append(Add(APP, OWNER))
    after = at(inbox, len(inbox.log))
    assert before != after
    assert before.diff(after) == ((), ())


def test_a_change_of_recovery_is_no_change_of_members() -> None:
    inbox = grown()
    before = at(inbox, len(inbox.log))
    inbox.append(Change(OTHER, OWNER))
    after = at(inbox, len(inbox.log))
    assert before != after
    assert before.diff(after) == ((), ())


def test_diff_with_an_inbox_that_was_not_created_removes_everyone() -> None:
    state = at(grown(), 1)
    assert state.diff(None) == ((), (OWNER.identifier,))


@given(seeds, st.integers(1, 12), st.integers(1, 12))
def test_diff_is_the_difference_of_the_members(
    seed: int, first: int, second: int
) -> None:
    random = RandomLog(seed)
    states = [
        replay(
            random.inbox_id,
            random.log[:length],
            full_registry(),
            context=random.context,
        ).state
        for length in (first, second)
    ]
    if states[0] is None or states[1] is None:
        return
    before, after = ({m.identifier for m in s.members} for s in states if s)
    change = states[0].diff(states[1])
    assert set(change.added) == after - before
    assert set(change.removed) == before - after
    assert (before | set(change.added)) - set(change.removed) == after
    for names in change:
        keys = [(identifier.kind, identifier.value) for identifier in names]
        assert keys == sorted(keys)
