"""Layers that a client lacks: left out, named, and nothing else changes."""

from __future__ import annotations

from tests.protocol.cast import BTC, KEY, OWNER, SOL, SOL_2, inbox_of_all, rejected
from tests.support.leaf_kinds import A, B, full_registry, registry_with, root_registry
from tests.support.results import brief, briefs, names, run, state_of
from tests.support.signers import Leaf
from tests.support.updates import Add, Create, Revoke

from xmtp_identity import OutcomeKind, replay


def test_missing_names_layers_without_a_plugin_by_name_or_number() -> None:
    inbox = inbox_of_all()
    for number in (1000, 106, 100, 1999, 107, 101):
        leaf = Leaf("x", number, "x", "X")
        inbox.append_leaf(Add(leaf, OWNER))
    result = replay(inbox.inbox_id, inbox.log, root_registry())
    assert result.missing == ("solana", "bitcoin", "farcaster", "107", "1000", "1999")
    assert result.authoritative
    assert {brief(o) for o in result.outcomes[4:]} == {
        ("discarded", "kind_not_installed")
    }
    assert [o.numbers for o in result.outcomes[4:6]] == [
        (("member", 1000),),
        (("member", 106),),
    ]
    assert replay(inbox.inbox_id, inbox.log, full_registry()).missing == (
        "solana",
        "bitcoin",
        "farcaster",
        "107",
        "1999",
    )


def test_a_badly_shaped_leaf_update_names_no_layer() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER), Add(BTC, OWNER))
    inbox.append_leaf(Create(OWNER))
    result = replay(inbox.inbox_id, inbox.log, root_registry())
    assert briefs(result)[-2:] == [rejected("mixed_kinds"), rejected("bad_shape")]
    assert result.missing == ()


def test_without_its_plugin_a_layer_is_left_out_and_the_rest_is_the_same() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER))
    inbox.append_leaf(Add(BTC, KEY))
    inbox.append(Revoke(KEY, OWNER))
    full = state_of(run(inbox))
    for names_, layers in (
        (("testa",), {A}),
        (("testb",), {B}),
        ((), set()),
        (("testa", "testb"), {A, B}),
    ):
        result = replay(inbox.inbox_id, inbox.log, registry_with(*names_))
        state = state_of(result)
        assert state.root == full.root
        assert state.recovery == full.recovery
        assert dict(state.layers) == {n: full.layers[n] for n in layers}


def test_a_leaf_update_of_a_lacking_root_signature_leaves_the_layer_standing() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, OWNER))
    future = Leaf("future", 7)
    inbox.append_leaf(Add(SOL_2, future))
    result = run(inbox)
    (outcome,) = result.outcomes[-1:]
    assert outcome.outcome is OutcomeKind.DISCARDED
    assert outcome.numbers == (("signature", 7),)
    assert result.authoritative
    assert result.missing == ()
    assert SOL.value in names(result)


def test_a_leaf_update_signed_by_a_root_kind_that_is_lacking_is_discarded() -> None:
    inbox = inbox_of_all()
    inbox.append_leaf(Add(SOL, KEY))
    result = replay(
        inbox.inbox_id, inbox.log, registry_with("testa").without("passkey")
    )
    assert result.outcomes[-1].numbers == (("signature", 5),)
    # The passkey itself was discarded, and that is what makes it uncertain.
    assert not result.authoritative
    before = inbox.log[:2] + inbox.log[3:]
    again = replay(inbox.inbox_id, before, registry_with("testa").without("passkey"))
    assert again.authoritative
