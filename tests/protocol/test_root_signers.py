"""Who signs root updates and when: smart wallets, legacy keys, time."""

from __future__ import annotations

import pytest
from tests.protocol.cast import (
    APP,
    OTHER,
    OWNER,
    SECOND_APP,
    THIRD,
    inbox_of_all,
    rejected,
)
from tests.support.chain import StubChain
from tests.support.results import APPLIED, brief, briefs, last, run, state_of
from tests.support.signers import Installation, LegacyKey, SmartWallet, smart_wallet
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

STUB = {"ethereum": StubChain()}


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
    inbox = inbox_of_all()
    update = write(inbox.inbox_id, Add(THIRD, OWNER), time_ns=START - 86_400 * SECOND)
    inbox.push(update)
    assert last(run(inbox)) == APPLIED


def test_a_member_is_found_by_kind_and_value() -> None:
    state = state_of(run(inbox_of_all()))
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
    inbox = inbox_of_all()
    before = run(inbox).state
    other = inbox_id_for(OTHER)
    inbox.push(write(other, Create(OTHER)))
    result = run(inbox)
    assert last(result) == rejected("wrong_inbox_id")
    assert result.state == before
