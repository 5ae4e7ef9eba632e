"""The projection theorem over random logs: whatever a log holds, a client that
lacks leaf kinds computes the state of one that has them, less their layers."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from xmtp_identity import replay

from .cast import ODD_LEAVES, ODD_ROOTS
from .clients import ALL_LEAVES, LEAVES, NO_LEAVES, XMTP, client
from .scripts import TWISTS, Do, Leaf, Root, Script, script_of, scripts
from .theorem import first_breach, projection
from .wire import is_leaf, without_leaves

EXAMPLES: Final = max(1000, settings.default.max_examples if settings.default else 0)

leaf_kinds: Final = st.frozensets(st.sampled_from(LEAVES))
root_kinds: Final = st.sampled_from(
    [XMTP] * 5 + [frozenset({"ethereum"}), frozenset({"passkey"}), frozenset()]
)


@settings(max_examples=EXAMPLES)
@given(scripts(), leaf_kinds, leaf_kinds, root_kinds)
def test_a_client_that_lacks_leaf_kinds_sees_the_same_without_their_layers(
    script: Script, some: frozenset[str], more: frozenset[str], roots: frozenset[str]
) -> None:
    found = first_breach(script, client(some, roots), client(some | more, roots))
    assert found is None, str(found)


@settings(max_examples=EXAMPLES // 3)
@given(scripts())
def test_leaf_updates_are_nothing_to_the_root(script: Script) -> None:
    """XMTP's own client does not see them: to it the log is what is left."""
    log = script.log()
    registry = client(ALL_LEAVES, XMTP)
    full = replay(script.inbox_id, log, registry, context=script.context)
    bare_log = without_leaves(log)
    bare = replay(script.inbox_id, bare_log, registry, context=script.context)
    assert (full.state is None) is (bare.state is None)
    if full.state is not None and bare.state is not None:
        assert full.state.root == bare.state.root
        assert full.state.recovery == bare.state.recovery
    assert full.authoritative is bare.authoritative
    kept = [(o.outcome, o.code) for o in full.outcomes if not is_leaf(log[o.index])]
    assert [(o.outcome, o.code) for o in bare.outcomes] == kept


def _odd(name: str) -> list[Script]:
    """Logs in which someone odd does all that one can do."""
    logs = []
    for update in (Root, Leaf):
        done = [Do(what, name) for what in ("add", "revoke", "change", "create")]
        done += [Do("add", who, by=name) for who in ("wallet 2", "solana 1")]
        done += [Do("add", who, signed_by=name) for who in ("solana 1", "testa 1")]
        logs += [Script(entries=(update((action,)),)) for action in done]
    return logs


def test_everyone_odd_alone_changes_nothing_about_the_theorem() -> None:
    """Each odd signer in each place, for certain and not by chance."""
    less, more = client(NO_LEAVES, XMTP), client(ALL_LEAVES, XMTP)
    for name in (*ODD_ROOTS, *ODD_LEAVES):
        for script in _odd(name):
            assert not [*projection(script, less, more)], script


def test_every_twist_of_bytes_changes_nothing_about_the_theorem() -> None:
    less, more = client(NO_LEAVES, XMTP), client(ALL_LEAVES, XMTP)
    for twist in TWISTS:
        for leaf in ("solana 0", "bitcoin 0", "testa 0", "testchain 0", "testcrash"):
            entries = (
                Leaf((Do("add", leaf),), twist=twist),
                Root((Do("add", "wallet 1"),), twist=twist),
                Leaf((Do("revoke", leaf),), twist=twist),
            )
            script = Script(entries=entries)
            assert not [*projection(script, less, more)], script


def test_the_random_logs_hold_what_they_must() -> None:
    """Valid, invalid, replayed, mixed, ambiguous and hostile updates: else the
    property would say less than it seems to."""
    outcomes: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    layers: Counter[int] = Counter()
    registry = client(ALL_LEAVES, XMTP)
    for seed in range(400):
        script = script_of(Random(seed))
        result = replay(script.inbox_id, script.log(), registry, context=script.context)
        outcomes.update(outcome.outcome.value for outcome in result.outcomes)
        codes.update(outcome.code for outcome in result.outcomes)
        if result.state is not None:
            layers.update(n for n, members in result.state.layers.items() if members)
    assert outcomes["applied"] > 0.35 * outcomes.total()
    assert min(layers[number] for number in (100, 101, 1000, 1002, 1003)) > 10
    wanted = {"bad_shape", "mixed_kinds", "leaf_in_actions", "unknown_number"}
    wanted |= {"replayed", "word_reused", "several_variants", "mixed_actions"}
    wanted |= {"undecodable", "nesting_too_deep", "overlong_varint", "no_update"}
    wanted |= {"chain_unavailable", "layer_left_out", "kind_failed", "legacy_key"}
    wanted |= {"not_recovery", "not_a_member", "invalid_signature", "signer_mismatch"}
    assert wanted <= set(codes)
