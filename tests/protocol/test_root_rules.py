"""The rules of root updates: XIP-46's, as XMTP's reference client has them."""

from __future__ import annotations

import pytest
from tests.support.chain import StubChain
from tests.support.results import APPLIED, brief, briefs, last, names, run, state_of
from tests.support.signers import (
    Installation,
    LegacyKey,
    Named,
    Passkey,
    Signer,
    SmartWallet,
    Wallet,
    smart_wallet,
)
from tests.support.updates import (
    SECOND,
    START,
    Action,
    Add,
    Change,
    Create,
    Inbox,
    Revoke,
    inbox_id_for,
    write,
)

from xmtp_identity import MemberIdentifier

OWNER = Wallet("owner")
OTHER = Wallet("other")
THIRD = Wallet("third")
APP = Installation("app")
SECOND_APP = Installation("second app")
KEY = Passkey("key")
STUB = {"ethereum": StubChain()}


def rejected(code: str) -> tuple[str, str]:
    return ("rejected", code)


def everyone() -> Inbox:
    """An inbox of a wallet with another wallet, a passkey and an app."""
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    inbox.append(Add(KEY, OWNER))
    inbox.append(Add(APP, OWNER))
    return inbox


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
    inbox = everyone()
    time_ns = inbox.time_ns
    inbox.append(Add(new, by))
    result = run(inbox)
    assert last(result) == APPLIED
    member = state_of(result).get(new.identifier)
    assert member is not None
    assert member.added_by == by.identifier
    assert member.client_timestamp_ns == time_ns


def test_an_installation_adds_identifiers_and_no_installation() -> None:
    inbox = everyone()
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
    inbox = everyone()
    for stranger in (THIRD, Passkey("stranger"), SECOND_APP):
        inbox.append(Add(Wallet("victim"), stranger))
        assert last(run(inbox)) == rejected("not_a_member")


def test_the_newcomer_signs_for_itself() -> None:
    inbox = everyone()
    for signer in (OWNER, APP, Wallet("another")):
        inbox.append(Add(THIRD, OWNER, signed_by=signer))
        assert last(run(inbox)) == rejected("signer_mismatch")


def test_nobody_adds_itself() -> None:
    inbox = everyone()
    for member in (OWNER, KEY, APP):
        inbox.append(Add(member, member))
        assert last(run(inbox)) == rejected("self_add")


def test_the_recovery_identifier_adds_without_being_a_member() -> None:
    inbox = everyone()
    inbox.append(Change(THIRD, OWNER))
    inbox.append(Add(SECOND_APP, THIRD))
    result = run(inbox)
    assert briefs(result)[-2:] == [APPLIED, APPLIED]
    assert THIRD.value not in names(result)


def test_adding_again_replaces_who_added_and_when() -> None:
    inbox = everyone()
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
        inbox = everyone()
        inbox.append(Revoke(OTHER, revoker))
        assert last(run(inbox)) == rejected("not_recovery")
    inbox = everyone()
    inbox.append(Revoke(OTHER, OWNER))
    result = run(inbox)
    assert last(result) == APPLIED
    assert OTHER.value not in names(result)


def test_revoking_someone_who_is_no_member_does_nothing() -> None:
    inbox = everyone()
    before = run(inbox)
    inbox.append(Revoke(THIRD, OWNER))
    inbox.append(Revoke(Named("0x" + OTHER.value[2:].upper()), OWNER))
    after = run(inbox)
    assert briefs(after)[-2:] == [APPLIED, APPLIED]
    assert after.state == before.state


def test_the_apps_that_the_revoked_member_added_go_with_it_and_wallets_stay() -> None:
    inbox = everyone()
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
    inbox = everyone()
    inbox.append(Change(THIRD, OWNER))
    inbox.append(Add(SECOND_APP, THIRD))
    inbox.append(Revoke(THIRD, THIRD))
    result = run(inbox)
    assert last(result) == APPLIED
    assert SECOND_APP.value not in names(result)


def test_the_owner_can_revoke_itself_and_stays_recovery() -> None:
    inbox = everyone()
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
    inbox = everyone()
    inbox.append(Change(to, OWNER))
    result = run(inbox)
    assert last(result) == APPLIED
    assert state_of(result).recovery == to.identifier
    inbox.append(Change(OWNER, OWNER))
    assert last(run(inbox)) == rejected("not_recovery")


def test_only_the_current_recovery_changes_it() -> None:
    for signer in (OTHER, KEY, APP, THIRD):
        inbox = everyone()
        inbox.append(Change(THIRD, signer))
        assert last(run(inbox)) == rejected("not_recovery")


def test_recovery_may_be_the_empty_string_and_then_nobody_revokes() -> None:
    inbox = everyone()
    inbox.append(Change(Named(""), OWNER))
    inbox.append(Revoke(OTHER, OWNER))
    inbox.append(Add(SECOND_APP, OWNER))
    assert briefs(run(inbox))[-3:] == [APPLIED, rejected("not_recovery"), APPLIED]


# An update as a whole


def test_a_failed_update_leaves_no_trace() -> None:
    inbox = everyone()
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
    inbox = everyone()
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
    inbox = everyone()
    inbox.append(Add(THIRD, OWNER), Add(Passkey("x", client_data="{}"), OWNER))
    assert last(run(inbox)) == rejected("client_data_challenge")


# Smart wallets


def test_a_member_signs_on_the_chain_that_it_was_added_with() -> None:
    safe, elsewhere = smart_wallet("safe", 10), smart_wallet("safe", 8453)
    inbox = Inbox(safe)
    for signer in (safe, elsewhere):
        inbox.append(Add(Installation(f"on {signer.chain_id}"), signer))
        inbox.append(Revoke(OTHER, signer))
        inbox.append(Change(safe, signer))
    result = run(inbox, STUB)
    assert briefs(result)[1:] == [APPLIED] * 3 + [rejected("chain_mismatch")] * 3


def test_a_wallet_added_by_its_key_has_no_chain() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(APP, SmartWallet(OWNER.value, 1)))
    assert last(run(inbox, STUB)) == rejected("chain_mismatch")


def test_recovery_that_is_no_member_may_sign_on_any_chain() -> None:
    inbox = Inbox(OWNER)
    safe = smart_wallet("safe", 1)
    inbox.append(Change(safe, OWNER))
    for chain in (1, 8453):
        signer = smart_wallet("safe", chain)
        inbox.append(Revoke(OTHER, signer))
        inbox.append(Add(Installation(f"on {chain}"), signer))
    assert set(briefs(run(inbox, STUB))) == {APPLIED}


def test_the_chain_is_kept_and_a_new_add_replaces_it() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(smart_wallet("safe", 1), OWNER))
    inbox.append(Add(smart_wallet("safe", 10), OWNER))
    result = run(inbox, STUB)
    assert set(briefs(result)) == {APPLIED}
    member = state_of(result).get(smart_wallet("safe").identifier)
    assert member is not None
    assert member.chain_id == 10


# Legacy keys


def test_a_legacy_key_creates_its_wallets_inbox_and_adds_apps_there() -> None:
    legacy = LegacyKey(OWNER)
    inbox = Inbox(OWNER)
    create = Create(OWNER, by=legacy)
    inbox.log = [write(inbox.inbox_id, create, Add(APP, legacy))]
    result = run(inbox)
    assert briefs(result) == [APPLIED]
    assert result.deviates is None
    member = state_of(result).get(APP.identifier)
    assert member is not None
    assert member.added_by == OWNER.identifier


def test_a_legacy_key_of_a_wallet_signs_once_ever() -> None:
    """What libxmtp remembers of it is its wallet's signature."""
    inbox = Inbox(OWNER)
    inbox.append(Add(APP, LegacyKey(OWNER)))
    inbox.append(Add(SECOND_APP, LegacyKey(OWNER)))
    inbox.append(Add(SECOND_APP, LegacyKey(OWNER, "another key")))
    assert briefs(run(inbox)) == [APPLIED, APPLIED, rejected("replayed"), APPLIED]


@pytest.mark.parametrize(
    ("nonce", "actions"),
    [
        pytest.param(1, [Add(APP, LegacyKey(OWNER))], id="nonce 1"),
        pytest.param(
            0, [Add(OTHER, OWNER), Add(APP, LegacyKey(OTHER))], id="another member's"
        ),
        pytest.param(
            0, [Change(OTHER, OWNER), Add(APP, LegacyKey(OTHER))], id="recovery's"
        ),
        pytest.param(
            0, [Revoke(OWNER, OWNER), Add(APP, LegacyKey(OWNER))], id="who left"
        ),
        pytest.param(0, [Add(APP, LegacyKey(OTHER))], id="a stranger's"),
    ],
)
def test_a_legacy_key_of_a_non_owner_is_a_deviation(
    nonce: int, actions: list[Action]
) -> None:
    inbox = Inbox(OWNER, nonce)
    for action in actions:
        inbox.append(action)
    result = run(inbox)
    assert briefs(result)[:-1] == [APPLIED] * len(actions)
    assert brief(result.outcomes[-1]) == rejected("legacy_key")
    assert result.deviates == len(actions)


def test_a_legacy_key_creates_no_inbox_of_another_wallet() -> None:
    inbox = Inbox(OWNER)
    inbox.log = [inbox.update(Create(OWNER, by=LegacyKey(OTHER)))]
    result = run(inbox)
    assert briefs(result) == [rejected("legacy_key")]
    assert result.deviates == 0


# Time


@pytest.mark.parametrize(
    "time_ns",
    [
        0,
        1,
        SECOND - 1,
        2**63 - 1,
        2**63,
        2**64 - 1,
        951_782_400 * SECOND,
        4_107_542_400 * SECOND,
    ],
)
def test_any_time_can_be_signed(time_ns: int) -> None:
    inbox = Inbox(OWNER)
    inbox.log = [write(inbox.inbox_id, Create(OWNER), Add(APP, OWNER), time_ns=time_ns)]
    result = run(inbox)
    assert briefs(result) == [APPLIED]
    member = state_of(result).get(APP.identifier)
    assert member is not None
    assert member.client_timestamp_ns == time_ns


def test_time_may_go_backwards_and_only_its_second_is_signed() -> None:
    inbox = everyone()
    update = write(inbox.inbox_id, Add(THIRD, OWNER), time_ns=START - 86_400 * SECOND)
    inbox.push(update)
    assert last(run(inbox)) == APPLIED


def test_a_member_is_found_by_kind_and_value() -> None:
    state = state_of(run(everyone()))
    assert state.get(APP.identifier) is not None
    assert state.get(MemberIdentifier("passkey", APP.value)) is None
    assert [m.identifier.kind for m in state.members] == [
        "ethereum",
        "ethereum",
        "installation",
        "passkey",
    ]
    assert set(state.root) == {m.identifier for m in state.members}
    assert state.layers == {}


def test_an_update_of_another_inbox_is_rejected_and_the_rest_stands() -> None:
    inbox = everyone()
    before = run(inbox).state
    other = inbox_id_for(OTHER)
    inbox.push(write(other, Create(OTHER)))
    result = run(inbox)
    assert last(result) == rejected("wrong_inbox_id")
    assert result.state == before
