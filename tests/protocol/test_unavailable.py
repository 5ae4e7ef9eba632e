"""Unavailable is not invalid: what a chain that is away means to a replay."""

from __future__ import annotations

import pytest
from tests.protocol.cast import APP, OTHER, OWNER, SOL, STRANGER, rejected
from tests.support.chain import StubChain, TakesAll
from tests.support.leaf_kinds import (
    CHAIN_NUMBER,
    CRASH_NUMBER,
    full_registry,
    leaf_a,
    leaf_chain,
    leaf_crash,
    registry_with,
)
from tests.support.results import (
    APPLIED,
    briefs,
    everything,
    last,
    names,
    run,
    state_of,
)
from tests.support.signers import Installation, SmartWallet, Wallet, smart_wallet
from tests.support.updates import (
    SECOND,
    Action,
    Add,
    Change,
    Create,
    Inbox,
    Revoke,
    write,
)

from xmtp_identity import replay, replay_many, resume
from xmtp_identity.errors import SignatureUnavailable
from xmtp_identity.kinds import Context

SAFE = smart_wallet("safe", 1)
CHAINED = leaf_chain("chained")
CHAINED_2 = leaf_chain("chained two")

STUB: Context = {"ethereum": StubChain()}
NO_CHAIN: Context = {"ethereum": StubChain(away=frozenset({1}))}
UNAVAILABLE = ("unavailable", "chain_unavailable")
LEFT_OUT = ("discarded", "layer_left_out")
BROKEN = ("unavailable", "kind_failed")


def leaf_context(**verdicts: bool) -> Context:
    leaves = {"chained": CHAINED, "chained_2": CHAINED_2}
    chain = {leaves[name].value: verdict for name, verdict in verdicts.items()}
    return {"testchain": chain, "ethereum": StubChain()}


def inbox_with_safe() -> Inbox:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    inbox.append(Add(SAFE, OWNER))
    inbox.append(Add(APP, OWNER))
    return inbox


# Root updates


@pytest.mark.parametrize("context", [None, {}, NO_CHAIN, {"ethereum": None}])
def test_replay_stops_before_a_root_update_whose_chain_is_away(
    context: Context | None,
) -> None:
    inbox = inbox_with_safe()
    result = run(inbox, context)
    assert briefs(result) == [APPLIED, APPLIED, UNAVAILABLE]
    assert result.stopped_at == 2
    assert not result.authoritative
    assert isinstance(result.cause, SignatureUnavailable)
    assert result.cause.retryable
    assert names(result) == {OWNER.value, OTHER.value}
    assert state_of(result) == state_of(
        replay(inbox.inbox_id, inbox.log[:2], full_registry())
    )


def test_a_stop_at_the_first_entry_leaves_no_state() -> None:
    result = run(Inbox(SAFE), NO_CHAIN)
    assert result.state is None
    assert result.stopped_at == 0
    assert not result.authoritative


def test_a_batch_goes_on_with_its_other_inboxes() -> None:
    stopping, going = inbox_with_safe(), Inbox(OTHER)
    going.append(Add(APP, OTHER))
    pairs = [(i.inbox_id, i.log) for i in (going, stopping, going, stopping)]
    results = list(replay_many(pairs, full_registry(), context=NO_CHAIN))
    assert [r.stopped_at for r in results] == [None, 2, None, 2]
    assert set(briefs(results[2])) == {APPLIED}


def test_one_chain_away_does_not_stop_logs_that_need_another() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(smart_wallet("safe", 8453), OWNER))
    assert last(run(inbox, NO_CHAIN)) == APPLIED
    inbox.append(Add(smart_wallet("another", 1), OWNER))
    assert last(run(inbox, NO_CHAIN)) == UNAVAILABLE


class _BadApp(Installation):
    def sign(self, text: bytes) -> bytes:
        return super().sign(text + b"!")


@pytest.mark.parametrize(
    ("actions", "code"),
    [
        pytest.param([Add(APP, STRANGER), Add(SAFE, OWNER)], "not_a_member", id="rule"),
        pytest.param([Add(SAFE, STRANGER)], "not_a_member", id="adder"),
        pytest.param([Revoke(OTHER, SAFE)], "not_recovery", id="not recovery"),
        pytest.param([Change(OTHER, SAFE)], "not_recovery", id="change"),
        pytest.param([Create(OWNER), Add(SAFE, OWNER)], "multiple_create", id="create"),
        pytest.param([Add(SAFE, SAFE)], "self_add", id="self add"),
        pytest.param(
            [Add(OTHER, OWNER, signed_by=STRANGER), Add(SAFE, OWNER)],
            "signer_mismatch",
            id="signer",
        ),
        pytest.param([Add(OTHER, OWNER, signed_by=SAFE)], "signer_mismatch", id="safe"),
        pytest.param(
            [Add(_BadApp("app"), OWNER), Add(SAFE, OWNER)],
            "invalid_signature",
            id="signature",
        ),
    ],
)
def test_an_update_that_fails_anyway_is_rejected(
    actions: list[Action], code: str
) -> None:
    """So it does for everyone, with the chain or without; no one stops there."""
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    inbox.append(*actions)
    inbox.append(Add(APP, OTHER))
    for context in (NO_CHAIN, {}, STUB):
        result = run(inbox, context)
        assert briefs(result)[2:] == [rejected(code), APPLIED]
        assert result.authoritative
        assert result.stopped_at is None


def test_a_used_word_is_rejected_without_asking_a_chain() -> None:
    inbox = inbox_with_safe()
    inbox.push(inbox.log[2])
    snapshot = replay(
        inbox.inbox_id, inbox.log[:4], full_registry(), context=STUB
    ).snapshot
    assert snapshot is not None
    result = resume(snapshot, inbox.log, full_registry(), context=NO_CHAIN)
    assert briefs(result) == [rejected("replayed")]
    assert result.authoritative


def test_what_the_shape_refuses_is_refused_without_asking_a_chain() -> None:
    chain = StubChain()
    inbox = Inbox(OWNER)
    inbox.append(Add(SAFE, OWNER))
    bad = inbox.log.pop()
    assert bad is not None
    inbox.push(bad + b"\x00")
    run(inbox, {"ethereum": chain})
    assert chain.asked == []


def test_a_stop_is_tried_again_and_then_passed() -> None:
    inbox = inbox_with_safe()
    stopped = run(inbox, NO_CHAIN)
    assert stopped.snapshot is not None
    assert stopped.snapshot.position == 2
    again = resume(stopped.snapshot, inbox.log, full_registry(), context=STUB)
    assert again.state == run(inbox, STUB).state
    assert again.authoritative
    assert [o.index for o in again.outcomes] == [2, 3]


def test_a_chain_that_says_no_rejects() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(SmartWallet(SAFE.value, 1, 1, b"wrong"), OWNER))
    inbox.append(Add(APP, OWNER))
    assert briefs(run(inbox, STUB))[1:] == [rejected("invalid_signature"), APPLIED]


# Leaf updates


def inbox_with_layers() -> Inbox:
    """Two layers: testa (needs no chain) and testchain (needs one)."""
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(SOL, OWNER))
    inbox.append_leaf(Add(CHAINED, OWNER))
    inbox.append_leaf(Add(CHAINED_2, OWNER))
    inbox.append(Add(APP, OWNER))
    return inbox


def test_with_its_chain_a_layer_is_like_any_other() -> None:
    result = run(inbox_with_layers(), leaf_context(chained=True, chained_2=True))
    assert set(briefs(result)) == {APPLIED}
    assert CHAINED.value in names(result)
    assert result.missing == ()


def test_without_its_chain_the_layer_is_left_out_and_the_rest_goes_on() -> None:
    inbox = inbox_with_layers()
    result = run(inbox)
    assert briefs(result) == [APPLIED, APPLIED, UNAVAILABLE, LEFT_OUT, APPLIED]
    assert result.missing == (str(CHAIN_NUMBER),)
    assert result.authoritative
    assert result.stopped_at is None
    assert result.cause is None
    assert names(result) == {OWNER.value, APP.value, SOL.value}
    lacking = replay(inbox.inbox_id, inbox.log, registry_with("testa"))
    assert lacking.state == result.state
    assert lacking.missing == result.missing
    assert result.outcomes[3].numbers == (("member", CHAIN_NUMBER),)


def test_the_entries_before_the_unavailable_one_are_discarded_too() -> None:
    result = run(inbox_with_layers(), leaf_context(chained=True))
    assert briefs(result) == [APPLIED, APPLIED, LEFT_OUT, UNAVAILABLE, APPLIED]
    assert result.missing == (str(CHAIN_NUMBER),)
    assert CHAINED.value not in names(result)


def test_of_a_left_out_layer_one_entry_is_unavailable_and_all_others_discarded() -> (
    None
):
    inbox = inbox_with_layers()
    inbox.append_leaf(Add(CHAINED, STRANGER))
    inbox.append_leaf(Revoke(CHAINED, OWNER))
    inbox.append_leaf(Add(CHAINED_2, OWNER))
    inbox.append_leaf(Add(leaf_chain("bad"), OWNER, signed_by=SOL_AS_CHAIN))
    result = run(inbox)
    assert briefs(result)[2:] == [UNAVAILABLE, LEFT_OUT, APPLIED] + [LEFT_OUT] * 4


SOL_AS_CHAIN = leaf_chain("another signer")


def test_shape_still_rejects_in_a_left_out_layer() -> None:
    inbox = inbox_with_layers()
    inbox.append_leaf(Add(CHAINED, OWNER), Add(SOL, OWNER))
    assert last(run(inbox)) == rejected("mixed_kinds")


@pytest.mark.parametrize(
    ("actions", "code"),
    [
        pytest.param([Add(CHAINED, STRANGER)], "not_a_member", id="stranger adds"),
        pytest.param(
            [Add(CHAINED, OWNER), Revoke(CHAINED, OTHER)], "not_recovery", id="revokes"
        ),
        pytest.param(
            [Add(CHAINED, OWNER), Add(CHAINED_2, OWNER, signed_by=CHAINED)],
            "invalid_signature",
            id="signature",
        ),
        pytest.param(
            [Add(CHAINED, OWNER), Add(CHAINED_2, Wallet("nobody"))],
            "not_a_member",
            id="second",
        ),
    ],
)
def test_a_leaf_update_that_fails_anyway_is_rejected_and_its_layer_stands(
    actions: list[Action], code: str
) -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(OTHER, OWNER))
    inbox.append_leaf(*actions)
    for context in ({}, leaf_context(chained=True, chained_2=True)):
        result = run(inbox, context)
        assert last(result) == rejected(code)
        assert result.missing == ()
        assert dict(state_of(result).layers) == {}


def test_a_used_word_in_a_layer_is_rejected_without_its_chain() -> None:
    inbox = inbox_with_layers()
    context = leaf_context(chained=True, chained_2=True)
    inbox.push(inbox.log[2])
    snapshot = replay(
        inbox.inbox_id, inbox.log[:-1], full_registry(), context=context
    ).snapshot
    assert snapshot is not None
    result = resume(snapshot, inbox.log, full_registry())
    assert briefs(result) == [rejected("word_reused")]
    assert CHAINED.value in names(result)


def test_what_was_verified_stays_verified_when_the_chain_goes_away() -> None:
    inbox = inbox_with_layers()
    context = leaf_context(chained=True, chained_2=True)
    snapshot = run(inbox, context).snapshot
    assert snapshot is not None
    inbox.append(Add(OTHER, OWNER))
    result = resume(snapshot, inbox.log, full_registry())
    assert CHAINED.value in names(result)
    assert result.missing == ()


def test_a_layer_whose_chain_comes_back_is_there_again() -> None:
    inbox = inbox_with_layers()
    without = run(inbox)
    assert without.snapshot is not None
    context = leaf_context(chained=True, chained_2=True)
    again = resume(without.snapshot, inbox.log, full_registry(), context=context)
    assert everything(again) == everything(run(inbox, context))


def test_an_adder_whose_chain_is_away_leaves_that_layer_out() -> None:
    """Whichever signature in it: here the adder's."""
    inbox = inbox_with_safe()
    inbox.append_leaf(Add(SOL, OWNER))
    inbox.append_leaf(Add(leaf_a("by safe"), SAFE))
    inbox.append(Add(STRANGER, OWNER))
    snapshot = replay(
        inbox.inbox_id, inbox.log[:4], full_registry(), context=STUB
    ).snapshot
    assert snapshot is not None
    result = resume(snapshot, inbox.log, full_registry(), context=NO_CHAIN)
    assert briefs(result) == [LEFT_OUT, UNAVAILABLE, APPLIED]
    assert result.missing == ("1000",)
    assert result.authoritative
    assert state_of(result).layers == {}


def test_a_revocation_in_a_layer_whose_chain_is_away_leaves_it_out() -> None:
    """Better no layer than one that still shows who was revoked."""
    inbox = Inbox(SAFE)
    inbox.append_leaf(Add(SOL, SAFE))
    inbox.append_leaf(Revoke(SOL, SAFE))
    full = run(inbox, STUB)
    assert full.snapshot is not None
    at_two = replay(inbox.inbox_id, inbox.log[:2], full_registry(), context=STUB)
    assert at_two.snapshot is not None
    result = resume(at_two.snapshot, inbox.log, full_registry(), context=NO_CHAIN)
    assert briefs(result) == [UNAVAILABLE]
    assert SOL.value not in names(result)
    assert result.missing == ("1000",)


def test_two_layers_can_be_left_out() -> None:
    inbox = inbox_with_layers()
    inbox.append_leaf(Add(leaf_crash("x", signature=b"raise"), OWNER))
    assert run(inbox).missing == (str(CHAIN_NUMBER), str(CRASH_NUMBER))


def test_an_update_on_any_chain_needs_its_block_for_ever() -> None:
    """What is asked is pinned: account, block, hash and signature."""
    chain = StubChain()
    inbox = Inbox(OWNER)
    time_ns = inbox.time_ns
    inbox.append(Add(SAFE, OWNER))
    run(inbox, {"ethereum": chain})
    (request,) = chain.asked
    assert (request.account_id, request.block_number) == (SAFE.account_id, 1000)
    again = write(inbox.inbox_id, Add(SAFE, OWNER), time_ns=time_ns + SECOND)
    inbox.log[1] = again
    run(inbox, {"ethereum": chain})
    assert chain.asked[1].hash != request.hash


def test_a_signature_that_several_actions_carry_is_asked_for_once() -> None:
    chain = StubChain()
    inbox = Inbox(SAFE)
    inbox.append(Add(APP, SAFE), Add(OTHER, SAFE), Revoke(APP, SAFE))
    run(inbox, {"ethereum": chain})
    assert len(chain.asked) == 2


def test_a_context_that_takes_everything_takes_everything() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(SmartWallet(SAFE.value, 1, 1, b""), OWNER))
    assert last(run(inbox, {"ethereum": TakesAll()})) == APPLIED
