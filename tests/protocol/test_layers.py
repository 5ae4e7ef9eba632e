"""Layers: leaf updates read the root and their own layer, and change that alone."""

from __future__ import annotations

import pytest
from tests.protocol.cast import (
    APP,
    BTC,
    KEY,
    OTHER,
    OWNER,
    SOL,
    SOL_2,
    STRANGER,
    inbox_of_all,
    rejected,
)
from tests.support.chain import StubChain, TakesAll
from tests.support.leaf_kinds import A, leaf_b, leaf_crash, leaf_loose
from tests.support.results import APPLIED, briefs, last, names, run, state_of
from tests.support.signers import (
    Installation,
    Leaf,
    Passkey,
    Signer,
    SmartWallet,
    smart_wallet,
)
from tests.support.updates import Add, Change, Inbox, Revoke, write

# Who may


@pytest.mark.parametrize("by", [OWNER, OTHER, KEY, APP])
def test_every_root_member_adds_leaves(by: Signer) -> None:
    inbox = inbox_of_all()
    time_ns = inbox.time_ns
    inbox.append_leaf(Add(SOL, by))
    result = run(inbox)
    assert last(result) == APPLIED
    member = state_of(result).get(SOL.identifier)
    assert member is not None
    assert member.added_by == by.identifier
    assert member.client_timestamp_ns == time_ns
    assert member.chain_id is None
    assert set(state_of(result).layers) == {A}


def test_recovery_adds_leaves_without_being_a_member() -> None:
    inbox = inbox_of_all()
    inbox.append(Change(STRANGER, OWNER))
    inbox.append_leaf(Add(SOL, STRANGER))
    assert last(run(inbox)) == APPLIED


def test_a_stranger_adds_no_leaf() -> None:
    inbox = inbox_of_all()
    for stranger in (STRANGER, Passkey("stranger"), Installation("stranger")):
        inbox.append_leaf(Add(SOL, stranger))
        assert last(run(inbox)) == rejected("not_a_member")


def test_only_recovery_revokes_leaves() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OTHER))
    for by in (OTHER, KEY, APP, STRANGER):
        inbox.append_leaf(Revoke(SOL, by))
        assert last(run(inbox)) == rejected("not_recovery")
    inbox.append_leaf(Revoke(SOL, OWNER))
    result = run(inbox)
    assert last(result) == APPLIED
    assert SOL.value not in names(result)


def test_the_leaf_consents_by_its_own_signature() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER, signed_by=SOL_2))
    assert last(run(inbox)) == rejected("invalid_signature")
    inbox.append_leaf(Add(Leaf("sol", signature=b""), OWNER))
    assert last(run(inbox)) == rejected("invalid_signature")


def test_a_leafs_signature_that_proves_another_signer_is_no_consent() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(leaf_crash("x", signature=b"answer another"), OWNER))
    assert last(run(inbox)) == rejected("signer_mismatch")


def test_the_adder_signs_the_text_of_the_leaf_actions() -> None:
    inbox = inbox_of_all()
    update = inbox.update(Add(SOL, OWNER), leaf=True)
    inbox.push(update.replace(bytes.fromhex(SOL.value), bytes.fromhex(SOL_2.value)))
    result = run(inbox)
    # The adder's signature yields someone else, the leaf's none of it.
    assert last(result) == rejected("invalid_signature")


def test_nothing_leaf_can_be_done_before_the_inbox_is_created() -> None:
    for action in (Add(SOL, OWNER), Revoke(SOL, OWNER)):
        inbox = Inbox(OWNER)
        inbox.log = [inbox.update(action, leaf=True), inbox.log[0]]
        assert briefs(run(inbox)) == [rejected("not_created"), APPLIED]


def test_an_adder_that_is_a_member_signs_on_its_chain() -> None:
    stub = {"ethereum": StubChain()}
    inbox = Inbox(smart_wallet("safe", 1))
    inbox.append_leaf(Add(SOL, smart_wallet("safe", 1)))
    inbox.append_leaf(Add(SOL_2, smart_wallet("safe", 10)))
    inbox.append_leaf(Revoke(SOL, smart_wallet("safe", 10)))
    inbox.append_leaf(Revoke(SOL, smart_wallet("safe", 1)))
    assert briefs(run(inbox, stub))[1:] == [
        APPLIED,
        rejected("chain_mismatch"),
        rejected("chain_mismatch"),
        APPLIED,
    ]


def test_a_wallet_added_by_its_key_adds_no_leaf_as_a_smart_wallet() -> None:
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(SOL, SmartWallet(OWNER.value, 1)))
    assert last(run(inbox, {"ethereum": StubChain()})) == rejected("chain_mismatch")


# What a leaf update is


def test_later_actions_of_a_leaf_update_win() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER), Add(SOL_2, OTHER), Revoke(SOL, OWNER))
    assert SOL.value not in names(run(inbox))
    assert SOL_2.value in names(run(inbox))
    inbox.append_leaf(Revoke(SOL_2, OWNER), Add(SOL_2, OWNER))
    assert SOL_2.value in names(run(inbox))


def test_revoking_a_leaf_that_is_no_member_does_nothing() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER))
    before = run(inbox)
    inbox.append_leaf(Revoke(SOL_2, OWNER))
    after = run(inbox)
    assert last(after) == APPLIED
    assert after.state == before.state


def test_adding_a_leaf_again_replaces_who_added_and_when() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER))
    time_ns = inbox.time_ns
    inbox.append_leaf(Add(SOL, KEY))
    member = state_of(run(inbox)).get(SOL.identifier)
    assert member is not None
    assert (member.added_by, member.client_timestamp_ns) == (KEY.identifier, time_ns)


def test_a_failed_leaf_update_leaves_no_trace() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER))
    before = run(inbox)
    refused = inbox.append_leaf(
        Revoke(SOL, OWNER), Add(SOL_2, OWNER), Revoke(SOL_2, OTHER)
    )
    after = run(inbox)
    assert last(after) == rejected("not_recovery")
    assert after.state == before.state
    # Its words are free, too.
    inbox.append(Change(OTHER, OWNER))
    inbox.push(write(inbox.inbox_id, Add(SOL_2, OWNER), time_ns=0, leaf=True))
    inbox.push(inbox.log[refused])
    assert briefs(run(inbox))[-2:] == [APPLIED, rejected("not_recovery")]


@pytest.mark.parametrize(
    ("payload", "shown"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("a" * 129, "a" * 129, id="129 characters"),
        pytest.param("a b", "a b", id="space"),
        pytest.param("a\nb", "a\nb", id="line feed"),
        pytest.param("a\x00", "a\x00", id="NUL"),
        pytest.param("a\x7f", "a\x7f", id="DEL"),
        pytest.param("é", "é", id="not ASCII"),
        pytest.param("\u202e", "\u202e", id="right to left"),
        pytest.param("ABC", "abc", id="not canonical"),
    ],
)
def test_a_leaf_identifier_is_canonical_printable_and_at_most_128_long(
    payload: str, shown: str
) -> None:
    inbox = inbox_of_all()
    leaf = leaf_loose(payload, shown)
    inbox.append_leaf(Add(leaf, OWNER))
    inbox.append_leaf(Revoke(leaf, OWNER))
    result = run(inbox)
    assert briefs(result)[-2:] == [rejected("identifier_form")] * 2
    assert result.deviates is None


def test_a_leaf_identifier_of_128_characters_is_fine() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(leaf_loose("a" * 128, "a" * 128), OWNER))
    assert last(run(inbox)) == APPLIED


def test_a_leaf_identifier_that_is_none_is_rejected() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(Leaf("x", payload=b"short"), OWNER))
    assert last(run(inbox)) == rejected("invalid_identifier")


# What it touches


def test_leaf_updates_never_change_the_root() -> None:
    inbox = inbox_of_all()
    root = state_of(run(inbox)).root
    inbox.append_leaf(Add(SOL, OWNER))
    inbox.append_leaf(Add(BTC, KEY), Revoke(leaf_b("other"), OWNER))
    inbox.append_leaf(Revoke(SOL, OWNER))
    after = state_of(run(inbox))
    assert after.root == root
    assert after.recovery == OWNER.identifier


def test_root_updates_never_change_a_layer() -> None:
    """Not even the revocation of whoever added the leaf."""
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OTHER))
    inbox.append_leaf(Add(BTC, APP))
    layers = state_of(run(inbox)).layers
    inbox.append(Revoke(OTHER, OWNER))
    inbox.append(Revoke(APP, OWNER))
    inbox.append(Revoke(OWNER, OWNER))
    inbox.append(Change(STRANGER, OWNER))
    after = run(inbox)
    assert set(briefs(after)) == {APPLIED}
    assert state_of(after).layers == layers


def test_a_leaf_update_reads_the_root_as_it_stands_there() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OTHER))
    inbox.append(Revoke(OTHER, OWNER))
    inbox.append_leaf(Add(SOL_2, OTHER))
    inbox.append(Change(KEY, OWNER))
    inbox.append_leaf(Revoke(SOL, OWNER))
    inbox.append_leaf(Revoke(SOL, KEY))
    assert briefs(run(inbox))[4:] == [
        APPLIED,
        APPLIED,
        rejected("not_a_member"),
        APPLIED,
        rejected("not_recovery"),
        APPLIED,
    ]


def test_a_leaf_authorises_nothing() -> None:
    """Neither in the root nor in a layer; the number alone refuses it."""
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER))
    inbox.append(Add(STRANGER, SOL))
    inbox.append(Revoke(OTHER, SOL))
    inbox.append(Change(STRANGER, SOL))
    inbox.append_leaf(Add(SOL_2, SOL))
    inbox.append_leaf(Revoke(SOL, SOL))
    assert (
        briefs(run(inbox))[-5:]
        == [rejected("leaf_in_actions")] * 3 + [rejected("bad_shape")] * 2
    )


def test_a_leaf_creates_no_inbox_and_recovers_none() -> None:
    inbox = Inbox(_LeafOwner("sol"))
    assert briefs(run(inbox)) == [rejected("identifier_kind")]
    inbox = inbox_of_all()
    inbox.append(Change(_LeafOwner("sol"), OWNER))
    assert last(run(inbox)) == rejected("identifier_kind")


class _LeafOwner(Leaf):
    @property
    def identifier_kind(self) -> int:
        return A


def test_each_layer_remembers_its_own_words() -> None:
    """One signature of the owner serves the root and each layer once."""
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER))
    again = inbox.log[-1]
    inbox.push(again)
    result = run(inbox)
    assert last(result) == rejected("word_reused")
    assert result.deviates is None
    assert not result.outcomes[-1].deviation


def test_layers_and_root_do_not_read_each_others_memory() -> None:
    """A smart wallet's bytes that are good for every text: the root takes them
    once, each layer takes them for every new text."""
    safe = smart_wallet("safe")
    safe = SmartWallet(safe.value, 1, 1000, b"good for all")
    inbox = Inbox(smart_wallet("safe"))
    inbox.append_leaf(Add(SOL, safe))
    inbox.append(Add(APP, safe))
    inbox.append(Add(OTHER, safe))
    inbox.append_leaf(Add(SOL_2, safe))
    inbox.append_leaf(Add(BTC, safe))
    inbox.append(Revoke(APP, safe))
    assert briefs(run(inbox, {"ethereum": TakesAll()}))[1:] == [
        APPLIED,
        APPLIED,
        rejected("replayed"),
        APPLIED,
        APPLIED,
        rejected("replayed"),
    ]


def test_a_word_of_a_rejected_leaf_update_is_not_used_up() -> None:
    inbox = inbox_of_all()
    update = inbox.update(Add(SOL, STRANGER), leaf=True)
    inbox.push(update)
    inbox.append(Add(STRANGER, OWNER))
    inbox.push(update)
    assert briefs(run(inbox))[-3:] == [rejected("not_a_member"), APPLIED, APPLIED]


def test_another_encoding_of_an_old_word_is_refused_in_a_layer() -> None:
    inbox = inbox_of_all()
    update = inbox.update(Add(SOL, Passkey("key", high_s=False)), leaf=True)
    twin = inbox.update(Add(SOL, Passkey("key", high_s=True)), leaf=True)
    assert update != twin
    inbox.push(update)
    inbox.append_leaf(Revoke(SOL, OWNER))
    inbox.push(twin)
    assert last(run(inbox)) == rejected("word_reused")
