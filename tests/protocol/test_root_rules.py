"""The rules of root updates: XIP-46's, as XMTP's reference client has them."""

from __future__ import annotations

import pytest
from tests.protocol.cast import (
    APP,
    KEY,
    OTHER,
    OWNER,
    SECOND_APP,
    THIRD,
    inbox_of_all,
    rejected,
)
from tests.support.chain import StubChain
from tests.support.results import APPLIED, briefs, last, names, run, state_of
from tests.support.signers import (
    Named,
    Passkey,
    Signer,
    SmartWallet,
    Wallet,
    smart_wallet,
)
from tests.support.updates import Add, Change, Create, Inbox, Revoke, write

STUB = {"ethereum": StubChain()}


# Create


@pytest.mark.parametrize("owner", [OWNER, KEY, smart_wallet("safe")])
def test_the_owner_becomes_the_first_member_and_recovery(owner: Signer) -> None:
    result = run(Inbox(owner), STUB)
    assert briefs(result) == [APPLIED]
    state = state_of(result)
    assert state.recovery == owner.identifier
    (member,) = state.members
    assert member.identifier == owner.identifier
    assert (member.added_by, member.client_timestamp_ns) == (None, None)
    assert member.chain_id == (1 if isinstance(owner, SmartWallet) else None)


@pytest.mark.parametrize("nonce", [0, 1, 7, 2**63, 2**64 - 1])
def test_the_nonce_is_part_of_the_inbox_id(nonce: int) -> None:
    assert briefs(run(Inbox(OWNER, nonce))) == [APPLIED]
    inbox = Inbox(OWNER, nonce)
    inbox.log = [write(inbox.inbox_id, Create(OWNER, nonce ^ 1))]
    assert briefs(run(inbox)) == [rejected("inbox_id_mismatch")]


def test_only_the_owner_can_sign_for_its_inbox() -> None:
    inbox = Inbox(OWNER)
    for signer in (OTHER, KEY, APP):
        inbox.log = [inbox.update(Create(OWNER, by=signer))]
        assert briefs(run(inbox)) == [rejected("signer_mismatch")]


def test_a_second_create_is_rejected() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Create(OWNER))
    assert last(run(inbox)) == rejected("multiple_create")
    inbox.log = [inbox.update(Create(OWNER), Create(OWNER))]
    assert last(run(inbox)) == rejected("multiple_create")


def test_nothing_can_be_done_before_the_inbox_is_created() -> None:
    for action in (Add(APP, OWNER), Revoke(APP, OWNER), Change(OTHER, OWNER)):
        inbox = Inbox(OWNER)
        inbox.log = [inbox.update(action), inbox.log[0]]
        result = run(inbox)
        assert briefs(result) == [rejected("not_created"), APPLIED]


def test_an_inbox_that_was_not_created_has_no_state() -> None:
    inbox = Inbox(OWNER)
    inbox.log = []
    result = run(inbox)
    assert result.state is None
    assert result.outcomes == ()
    assert result.authoritative


@pytest.mark.parametrize(
    "value",
    ["0x" + "AB" * 20, "ab" * 20, "0x12", "0x" + "zz" * 20, "", "vitalik.eth"],
)
def test_what_is_no_address_in_lower_case_owns_nothing(value: str) -> None:
    owner = Named(value, OWNER)
    assert briefs(run(Inbox(owner)))[0][0] == "rejected"


def test_a_smart_wallet_without_0x_owns_nothing() -> None:
    """Its signer is the string as it stands, and libxmtp makes no inbox ID of it."""
    owner = SmartWallet("ab" * 20)
    inbox = Inbox(owner)
    assert briefs(run(inbox, STUB)) == [rejected("inbox_id_mismatch")]


# Add


@pytest.mark.parametrize("by", [OWNER, OTHER, KEY])
@pytest.mark.parametrize("new", [THIRD, Passkey("new"), SECOND_APP])
def test_wallets_and_passkeys_add_anything(by: Signer, new: Signer) -> None:
    inbox = inbox_of_all()
    time_ns = inbox.time_ns
    inbox.append(Add(new, by))
    result = run(inbox)
    assert last(result) == APPLIED
    member = state_of(result).get(new.identifier)
    assert member is not None
    assert member.added_by == by.identifier
    assert member.client_timestamp_ns == time_ns


def test_an_installation_adds_identifiers_and_no_installation() -> None:
    inbox = inbox_of_all()
    inbox.append(Add(THIRD, APP))
    inbox.append(Add(Passkey("new"), APP))
    inbox.append(Add(SECOND_APP, APP))
    result = run(inbox)
    assert briefs(result)[-3:] == [
        APPLIED,
        APPLIED,
        rejected("installation_adds_installation"),
    ]


def test_someone_who_is_no_member_adds_nobody() -> None:
    inbox = inbox_of_all()
    for stranger in (THIRD, Passkey("stranger"), SECOND_APP):
        inbox.append(Add(Wallet("victim"), stranger))
        assert last(run(inbox)) == rejected("not_a_member")


def test_the_newcomer_signs_for_itself() -> None:
    inbox = inbox_of_all()
    for signer in (OWNER, APP, Wallet("another")):
        inbox.append(Add(THIRD, OWNER, signed_by=signer))
        assert last(run(inbox)) == rejected("signer_mismatch")


def test_nobody_adds_itself() -> None:
    inbox = inbox_of_all()
    for member in (OWNER, KEY, APP):
        inbox.append(Add(member, member))
        assert last(run(inbox)) == rejected("self_add")


def test_the_recovery_identifier_adds_without_being_a_member() -> None:
    inbox = inbox_of_all()
    inbox.append(Change(THIRD, OWNER))
    inbox.append(Add(SECOND_APP, THIRD))
    result = run(inbox)
    assert briefs(result)[-2:] == [APPLIED, APPLIED]
    assert THIRD.value not in names(result)


def test_adding_again_replaces_who_added_and_when() -> None:
    inbox = inbox_of_all()
    time_ns = inbox.time_ns
    inbox.append(Add(APP, OTHER))
    result = run(inbox)
    assert last(result) == APPLIED
    member = state_of(result).get(APP.identifier)
    assert member is not None
    assert member.added_by == OTHER.identifier
    assert member.client_timestamp_ns == time_ns
    # And who revokes the first adder does not take it along.
    inbox.append(Revoke(OWNER, OWNER))
    assert APP.value in names(run(inbox))


# Revoke


def test_only_recovery_revokes() -> None:
    for revoker in (OTHER, KEY, APP, THIRD):
        inbox = inbox_of_all()
        inbox.append(Revoke(OTHER, revoker))
        assert last(run(inbox)) == rejected("not_recovery")
    inbox = inbox_of_all()
    inbox.append(Revoke(OTHER, OWNER))
    result = run(inbox)
    assert last(result) == APPLIED
    assert OTHER.value not in names(result)


def test_revoking_someone_who_is_no_member_does_nothing() -> None:
    inbox = inbox_of_all()
    before = run(inbox)
    inbox.append(Revoke(THIRD, OWNER))
    inbox.append(Revoke(Named("0x" + OTHER.value[2:].upper()), OWNER))
    after = run(inbox)
    assert briefs(after)[-2:] == [APPLIED, APPLIED]
    assert after.state == before.state


def test_the_apps_that_the_revoked_member_added_go_with_it_and_wallets_stay() -> None:
    inbox = inbox_of_all()
    inbox.append(Add(SECOND_APP, OTHER))
    inbox.append(Add(THIRD, OTHER))
    inbox.append(Add(Passkey("new"), OTHER))
    inbox.append(Revoke(OTHER, OWNER))
    members = names(run(inbox))
    assert {SECOND_APP.value, OTHER.value}.isdisjoint(members)
    assert {APP.value, THIRD.value, Passkey("new").value} <= members


def test_apps_of_someone_who_is_no_member_any_more_go_when_it_is_revoked_again() -> (
    None
):
    """Revoking a non-member does nothing to it, but its apps still go."""
    inbox = inbox_of_all()
    inbox.append(Change(THIRD, OWNER))
    inbox.append(Add(SECOND_APP, THIRD))
    inbox.append(Revoke(THIRD, THIRD))
    result = run(inbox)
    assert last(result) == APPLIED
    assert SECOND_APP.value not in names(result)


def test_the_owner_can_revoke_itself_and_stays_recovery() -> None:
    inbox = inbox_of_all()
    inbox.append(Revoke(OWNER, OWNER))
    inbox.append(Revoke(OTHER, OWNER))
    result = run(inbox)
    assert briefs(result)[-2:] == [APPLIED, APPLIED]
    assert names(result) == {KEY.value}
    assert state_of(result).recovery == OWNER.identifier


# Change of recovery


@pytest.mark.parametrize("to", [OTHER, THIRD, KEY, Named("no-address")])
def test_the_new_recovery_identifier_need_not_sign_nor_be_a_member(
    to: Signer,
) -> None:
    inbox = inbox_of_all()
    inbox.append(Change(to, OWNER))
    result = run(inbox)
    assert last(result) == APPLIED
    assert state_of(result).recovery == to.identifier
    inbox.append(Change(OWNER, OWNER))
    assert last(run(inbox)) == rejected("not_recovery")


def test_only_the_current_recovery_changes_it() -> None:
    for signer in (OTHER, KEY, APP, THIRD):
        inbox = inbox_of_all()
        inbox.append(Change(THIRD, signer))
        assert last(run(inbox)) == rejected("not_recovery")


def test_recovery_may_be_the_empty_string_and_then_nobody_revokes() -> None:
    inbox = inbox_of_all()
    inbox.append(Change(Named(""), OWNER))
    inbox.append(Revoke(OTHER, OWNER))
    inbox.append(Add(SECOND_APP, OWNER))
    assert briefs(run(inbox))[-3:] == [APPLIED, rejected("not_recovery"), APPLIED]


# An update as a whole


def test_a_failed_update_leaves_no_trace() -> None:
    inbox = inbox_of_all()
    before = run(inbox)
    inbox.append(
        Add(THIRD, OWNER),
        Revoke(KEY, OWNER),
        Add(APP, OTHER),
        Revoke(OTHER, OWNER),
        Change(THIRD, OWNER),
        Revoke(APP, OWNER),
    )
    after = run(inbox)
    assert last(after) == rejected("not_recovery")
    assert after.state == before.state
    # Nor in who added whom, nor in the memory of signatures.
    inbox.append(Revoke(OWNER, OWNER))
    assert APP.value not in names(run(inbox))


def test_what_a_failed_update_was_signed_with_can_be_used_again() -> None:
    inbox = inbox_of_all()
    add = Add(SECOND_APP, Wallet("late"))
    refused = inbox.update(add)
    inbox.push(refused)
    inbox.append(Add(Wallet("late"), OWNER))
    inbox.push(refused)
    assert briefs(run(inbox))[-3:] == [rejected("not_a_member"), APPLIED, APPLIED]


def test_later_actions_see_what_earlier_ones_did() -> None:
    inbox = Inbox(OWNER)
    inbox.append(
        Add(OTHER, OWNER),
        Add(APP, OTHER),
        Change(OTHER, OWNER),
        Revoke(OWNER, OTHER),
    )
    result = run(inbox)
    assert last(result) == APPLIED
    assert names(result) == {OTHER.value, APP.value}


def test_an_update_may_add_revoke_and_add_the_same_member() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER), Revoke(OTHER, OWNER), Add(OTHER, OWNER))
    assert names(run(inbox)) == {OWNER.value, OTHER.value}


def test_create_and_all_the_rest_fit_one_update() -> None:
    inbox = Inbox(OWNER)
    inbox.log = [
        write(inbox.inbox_id, Create(OWNER), Add(APP, OWNER), Change(OTHER, OWNER))
    ]
    result = run(inbox)
    assert briefs(result) == [APPLIED]
    assert names(result) == {OWNER.value, APP.value}


def test_a_failure_after_create_leaves_no_inbox() -> None:
    inbox = Inbox(OWNER)
    inbox.log = [write(inbox.inbox_id, Create(OWNER), Add(APP, OTHER))]
    result = run(inbox)
    assert briefs(result) == [rejected("not_a_member")]
    assert result.state is None


def test_one_update_of_many_signatures_counts_the_invalid_one() -> None:
    inbox = inbox_of_all()
    inbox.append(Add(THIRD, OWNER), Add(Passkey("x", client_data="{}"), OWNER))
    assert last(run(inbox)) == rejected("client_data_challenge")
