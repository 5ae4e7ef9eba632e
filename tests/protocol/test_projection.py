"""The projection theorem: the state that a client with the leaf kinds P computes is
the state that one with more of them computes, less the layers that P lacks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.leaf_kinds import LEAF_KINDS, registry_with
from tests.support.random_logs import RandomLog, seeds
from tests.support.results import full_state

from xmtp_identity import AssociationState, replay

NAMES = ("testa", "testb", "testchain")
NUMBERS = {kind.name: kind.number for kind in LEAF_KINDS}

sets_of_kinds = st.frozensets(st.sampled_from(NAMES))


def names_of(kinds: frozenset[str]) -> tuple[str, ...]:
    return tuple(name for name in NAMES if name in kinds)


def without(state: AssociationState | None, lacking: set[int]) -> object:
    if state is None:
        return None
    return full_state(
        AssociationState(
            state.inbox_id,
            state.recovery,
            dict(state.root),
            {n: dict(m) for n, m in state.layers.items() if n not in lacking},
        )
    )


@given(seeds, sets_of_kinds, sets_of_kinds)
def test_a_client_that_lacks_kinds_is_never_wrong_only_less_informed(
    seed: int, some: frozenset[str], more: frozenset[str]
) -> None:
    random = RandomLog(seed)
    less, full = (
        replay(
            random.inbox_id,
            random.log,
            registry_with(*names_of(kinds)),
            context=random.context,
        )
        for kinds in (some, some | more)
    )
    lacking = {NUMBERS[name] for name in (some | more) - some}
    assert full_state(less.state) == without(full.state, lacking)
    assert less.authoritative is full.authoritative
    assert less.deviates == full.deviates
    assert less.stopped_at == full.stopped_at
    assert set(full.missing) <= set(less.missing)
    assert set(less.missing) - set(full.missing) <= {str(n) for n in lacking}
    for one, other in zip(less.outcomes, full.outcomes, strict=True):
        if one != other:
            assert one.outcome == "discarded"
            assert {number.number for number in one.numbers} & lacking


@given(seeds, sets_of_kinds)
def test_leaf_updates_taken_out_of_a_log_leave_the_same_root(
    seed: int, kinds: frozenset[str]
) -> None:
    """With no leaf kinds, P may be the reference client itself: to it leaf updates
    are no updates."""
    random = RandomLog(seed)
    full = replay(
        random.inbox_id,
        random.log,
        registry_with(*names_of(kinds)),
        context=random.context,
    )
    bare = [entry for entry in random.log if entry is None or not _is_leaf(entry)]
    root = replay(random.inbox_id, bare, registry_with(), context=random.context)
    assert root.authoritative is full.authoritative
    assert (root.deviates is None) is (full.deviates is None)
    if full.state is None:
        assert root.state is None
    else:
        assert root.state is not None
        assert root.state.root == full.state.root
        assert root.state.recovery == full.state.recovery


def _is_leaf(entry: bytes) -> bool:
    """Of the writer's updates, whether it begins as a leaf update does: with the
    time, as there are no actions."""
    return entry[:1] == b"\x10"
