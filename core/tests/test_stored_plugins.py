"""Stored snapshots while plugins come and go: they fit, or are replayed anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from tests.support.chain import StubChain
from tests.support.leaf_kinds import (
    CHAIN,
    TESTA,
    TESTB,
    leaf_a,
    leaf_b,
    leaf_chain,
    registry_with,
    root_registry,
)
from tests.support.results import everything
from tests.support.signers import Installation, Passkey, Signer, Wallet, smart_wallet
from tests.support.updates import Add, Inbox, Revoke

from xmtp_identity import Kind, MemberIdentifier, Registry, replay, resume
from xmtp_identity.stored import SnapshotMismatch, dump, load, peek

from .stored_inbox import ALL_KINDS, chains, rich, rich_bytes, rich_result, snapshot_of


def test_the_layer_of_a_plugin_that_went_goes_together_with_its_record() -> None:
    without = registry_with("testb", "testchain")
    assert peek(rich_bytes()).fits(without)
    loaded = load(rich_bytes(), without, rich().inbox_id)
    assert set(loaded.layers) == {1001, 1002}
    assert loaded.named == {1000, 1001, 1002}
    again = dump(loaded, without)
    assert set(peek(again).layers) == {1001, 1002}
    # Back again, the plugin finds its bytes where nothing was written since ...
    assert peek(rich_bytes()).fits(registry_with(*ALL_KINDS))
    # ... and is replayed where something was.
    assert not peek(again).fits(registry_with(*ALL_KINDS))
    with pytest.raises(SnapshotMismatch) as caught:
        load(again, registry_with(*ALL_KINDS), rich().inbox_id)
    assert caught.value.code == "snapshot_mismatch"


@pytest.mark.parametrize("gone", ["ethereum", "passkey"])
def test_without_a_root_plugin_it_fits_no_more_and_is_not_decoded(gone: str) -> None:
    registry = registry_with(*ALL_KINDS).without(gone)
    assert not peek(rich_bytes()).fits(registry)
    with pytest.raises(SnapshotMismatch):
        load(rich_bytes(), registry, rich().inbox_id)


def test_a_snapshot_is_not_written_in_the_name_of_other_plugins() -> None:
    snapshot = snapshot_of(rich_result())
    newer = replace(TESTA, revision=2)
    for registry in (
        registry_with(*ALL_KINDS).without("passkey"),
        Registry([*root_registry().kinds, newer]),
    ):
        with pytest.raises(SnapshotMismatch):
            dump(snapshot, registry)


def test_a_layer_left_out_for_want_of_a_chain_is_stored_as_left_out() -> None:
    inbox, registry = rich(), registry_with("testa", "testchain")
    context = {"ethereum": StubChain()}
    result = replay(inbox.inbox_id, inbox.log, registry, context=context)
    assert result.missing == ("1001", "1002")
    data = dump(snapshot_of(result), registry)
    assert not peek(data).fits(registry)
    loaded = load(data, registry.without("testchain"), inbox.inbox_id)
    assert set(loaded.layers) == {1000}


def _decode_rival(payload: bytes) -> MemberIdentifier:
    return replace(TESTA.decode(payload), kind="rival")


PEOPLE: Final[tuple[Signer, ...]] = (
    Wallet("owner"),
    Wallet("second"),
    Passkey("key"),
    Installation("app"),
    smart_wallet("smart"),
)
LEAVES: Final[tuple[Signer, ...]] = (leaf_a("a1"), leaf_a("a2"), leaf_b("b1"))

RIVAL: Final = replace(
    TESTA,
    name="rival",
    extension="rival.v1.rival_identifier",
    decode=_decode_rival,
)
"""Another plugin of the same experimental number."""

SETS: Final[tuple[tuple[Kind, ...], ...]] = (
    (),
    (TESTA,),
    (TESTB,),
    (TESTA, TESTB),
    (replace(TESTA, revision=2), TESTB),
    (RIVAL,),
    (RIVAL, TESTB, CHAIN),
    (TESTA, TESTB, CHAIN),
)
ROOTS: Final = tuple(
    (replace(root_registry().kinds[0], revision=revision), *root_registry().kinds[1:])
    for revision in (1, 2)
)


@settings(stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow])
class PluginsComeAndGo(RuleBasedStateMachine):
    """One client's life: it reads, stores, and changes its plugins."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox = Inbox(PEOPLE[0])
        self.registry = root_registry()
        self.context = chains()
        self.data: bytes | None = None

    @rule(kinds=st.sampled_from(SETS))
    def change_plugins(self, kinds: tuple[Kind, ...]) -> None:
        roots = (kind for kind in self.registry.kinds if kind.is_root)
        self.registry = Registry([*roots, *kinds])

    @rule(roots=st.sampled_from(ROOTS))
    def change_a_root_plugin(self, roots: tuple[Kind, ...]) -> None:
        leaves = (kind for kind in self.registry.kinds if not kind.is_root)
        self.registry = Registry([*roots, *leaves])

    @rule(up=st.booleans())
    def chain_comes_or_goes(self, up: bool) -> None:
        self.context = chains(up=up)

    @rule(by=st.sampled_from(PEOPLE[:4]), new=st.sampled_from(PEOPLE))
    def add(self, by: Signer, new: Signer) -> None:
        self.inbox.append(Add(new, by))

    @rule(by=st.sampled_from(PEOPLE), who=st.sampled_from(PEOPLE[1:]))
    def revoke(self, by: Signer, who: Signer) -> None:
        self.inbox.append(Revoke(who, by))

    @rule(
        by=st.sampled_from(PEOPLE),
        new=st.sampled_from([*LEAVES, leaf_chain("c1"), leaf_chain("c2")]),
    )
    def add_leaf(self, by: Signer, new: Signer) -> None:
        self.inbox.append_leaf(Add(new, by))

    @rule(who=st.sampled_from(LEAVES))
    def revoke_leaf(self, who: Signer) -> None:
        self.inbox.append_leaf(Revoke(who, PEOPLE[0]))

    @rule(index=st.integers(0, 30))
    def replay_an_entry(self, index: int) -> None:
        self.inbox.push(self.inbox.log[index % len(self.inbox.log)])

    @rule()
    def go_on_and_store(self) -> None:
        inbox_id, log = self.inbox.inbox_id, self.inbox.log
        if self.data is None or not peek(self.data).fits(self.registry):
            result = replay(inbox_id, log, self.registry, context=self.context)
            position = 0 if self.data is None else peek(self.data).position
            if result.stopped_at is not None and result.stopped_at < position:
                return
        else:
            snapshot = load(self.data, self.registry, inbox_id)
            result = resume(snapshot, log, self.registry, context=self.context)
        self.data = dump(snapshot_of(result), self.registry)

    @invariant()
    def what_is_stored_leads_to_the_state_of_a_fresh_replay(self) -> None:
        if self.data is None:
            return
        inbox_id, log = self.inbox.inbox_id, self.inbox.log
        fresh = replay(inbox_id, log, self.registry, context=self.context)
        try:
            snapshot = load(self.data, self.registry, inbox_id)
        except SnapshotMismatch:
            assert not peek(self.data).fits(self.registry)
            return
        result = resume(snapshot, log, self.registry, context=self.context)
        if fresh.stopped_at is None:
            expected = everything(fresh, fresh.outcomes[snapshot.position :])
            assert everything(result) == expected
            assert dump(snapshot_of(result), self.registry) == dump(
                snapshot_of(fresh), self.registry
            )
        else:
            # What was seen before the chain went away is not forgotten.
            assert snapshot_of(result).position >= snapshot_of(fresh).position


TestPluginsComeAndGo = PluginsComeAndGo.TestCase
