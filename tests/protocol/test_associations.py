"""When each identifier came and went: what an address log is made from."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from tests.support.leaf_kinds import full_registry, leaf_a, leaf_chain, registry_with
from tests.support.random_logs import RandomLog, seeds
from tests.support.results import run
from tests.support.signers import Installation, Wallet
from tests.support.updates import Add, Inbox, Revoke

from xmtp_identity import AssociationState, MemberIdentifier, replay, resume
from xmtp_identity.protocol.state import Association

OWNER = Wallet("owner")
OTHER = Wallet("other")
APP = Installation("app")
SOL = leaf_a("sol")


def test_each_member_has_the_entry_that_added_it() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    inbox.append_leaf(Add(SOL, OTHER))
    assert run(inbox).associations == {
        OWNER.identifier: Association(0, None),
        OTHER.identifier: Association(1, None),
        SOL.identifier: Association(2, None),
    }


def test_apps_that_go_with_a_wallet_are_revoked_by_its_entry() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER), Add(APP, OTHER))
    inbox.append(Revoke(OTHER, OWNER))
    associations = run(inbox).associations
    assert associations[OTHER.identifier] == Association(1, 2)
    assert associations[APP.identifier] == Association(1, 2)


def test_coming_back_counts_from_the_last_time() -> None:
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(SOL, OWNER))
    inbox.append_leaf(Revoke(SOL, OWNER))
    inbox.append_leaf(Add(SOL, OWNER))
    assert run(inbox).associations[SOL.identifier] == Association(3, None)


def test_revoking_a_stranger_associates_nobody() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Revoke(OTHER, OWNER))
    inbox.append_leaf(Revoke(SOL, OWNER))
    assert set(run(inbox).associations) == {OWNER.identifier}


def test_who_comes_and_goes_with_one_update_was_never_there() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER), Revoke(OTHER, OWNER))
    assert set(run(inbox).associations) == {OWNER.identifier}


def test_a_refused_update_associates_nobody() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER), Add(APP, Wallet("stranger")))
    assert set(run(inbox).associations) == {OWNER.identifier}


def test_a_layer_that_is_left_out_has_no_associations() -> None:
    leaf = leaf_chain("leaf")
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(leaf, OWNER))
    registry = registry_with("testchain")
    chain = {"testchain": {leaf.identifier.value: True}}
    asked = replay(inbox.inbox_id, inbox.log, registry, context=chain)
    assert leaf.identifier in asked.associations
    alone = replay(inbox.inbox_id, inbox.log, registry)
    assert alone.missing == ("1002",)
    assert set(alone.associations) == {OWNER.identifier}


@given(seeds)
def test_associations_are_what_the_states_say_entry_by_entry(seed: int) -> None:
    made = RandomLog(seed)
    inbox = made.inbox
    registry = full_registry()

    def at(length: int) -> AssociationState | None:
        log = inbox.log[:length]
        return replay(inbox.inbox_id, log, registry, context=made.context).state

    whole = replay(inbox.inbox_id, inbox.log, registry, context=made.context)
    members = set() if whole.state is None else _members(whole.state)
    for identifier, association in whole.associations.items():
        assert (association.revoked is None) == (identifier in members)
        if not whole.missing and association.revoked is not None:
            after = at(association.revoked + 1)
            assert after is None or after.get(identifier) is None
            before = at(association.revoked)
            assert before is not None
            assert before.get(identifier) is not None
    assert members <= set(whole.associations)


@given(seeds, st.integers(min_value=0, max_value=12))
def test_what_came_before_and_after_a_snapshot_adds_up(seed: int, cut: int) -> None:
    made = RandomLog(seed, chains=False)
    inbox = made.inbox
    registry = full_registry()
    whole = replay(inbox.inbox_id, inbox.log, registry)
    part = replay(inbox.inbox_id, inbox.log[:cut], registry)
    assert part.snapshot is not None
    rest = resume(part.snapshot, inbox.log, registry)
    assert _joined(part.associations, rest.associations) == whole.associations


def _joined(
    before: Mapping[MemberIdentifier, Association],
    after: Mapping[MemberIdentifier, Association],
) -> dict[MemberIdentifier, Association]:
    joined = dict(before)
    for identifier, later in after.items():
        first = later.associated
        if first is None:
            first = before[identifier].associated
        joined[identifier] = Association(first, later.revoked)
    return joined


def _members(state: AssociationState) -> set[MemberIdentifier]:
    return {member.identifier for member in state.members}
