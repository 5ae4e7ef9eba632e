"""The projection theorem, as functions that find where it does not hold.

*The state that P computes is the state that Q computes, with the layers that
P lacks taken away*, for sets P within Q of leaf kinds and the same root kinds.
It is checked for more than the state: the words that were used, the flags of
the result, and the outcomes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tests.support.results import full_state

from xmtp_identity import (
    AssociationState,
    Member,
    Outcome,
    OutcomeKind,
    Registry,
    ReplayResult,
    Snapshot,
    replay,
)
from xmtp_identity.allotment import layer_name

from .scripts import Log, Script
from .wire import is_leaf

CHAIN: int = 1002
"""The number of the leaf kind that asks a chain."""


class View(NamedTuple):
    """What a client sees: of which circumstances, and the result."""

    who: str
    result: ReplayResult


class Breach(NamedTuple):
    """Where two views differ that must not: in what, and the two."""

    what: str
    less: View
    more: View

    @property
    def of_state(self) -> bool:
        """Whether it is in what the theorem speaks of, and not in what we
        promise beside it."""
        return self.what in {"state", "authoritative"}

    def __str__(self) -> str:
        """Both views, outcome by outcome."""
        lines = [f"{self.what} of {self.less.who} is not as of {self.more.who}"]
        for view in (self.less, self.more):
            outcomes = ", ".join(map(shown, view.result.outcomes))
            members = [str(m.identifier) for m in _members(view.result)]
            lines.append(f"  {view.who}: {outcomes}; members {members}")
        return "\n".join(lines)


def shown(outcome: Outcome) -> str:
    """An outcome in two words."""
    return f"{outcome.outcome} {outcome.code}".strip()


def _members(result: ReplayResult) -> tuple[Member, ...]:
    return result.state.members if result.state else ()


def breaches(script: Script, less: Registry, more: Registry) -> list[Breach]:
    """Everything in which the theorem does not hold for a log and two clients."""
    return [
        *projection(script, less, more),
        *chain_down(script, more),
        *stopped(script, more),
    ]


def first_breach(script: Script, less: Registry, more: Registry) -> Breach | None:
    """The first of them; None is as it should be."""
    return next(iter(breaches(script, less, more)), None)


def see(who: str, script: Script, registry: Registry) -> View:
    """What a client makes of a script."""
    log, context = script.log(), script.context
    return View(who, replay(script.inbox_id, log, registry, context=context))


def projection(script: Script, less: Registry, more: Registry) -> Iterator[Breach]:
    """Compare a client with one that has more leaf kinds."""
    small, large = see("less", script, less), see("more", script, more)
    lacking = frozenset(more.by_member) - frozenset(less.by_member)
    return compare(small, large, lacking, script.log())


def compare(
    small: View, large: View, lacking: frozenset[int], log: Log
) -> Iterator[Breach]:
    """Compare what two clients see, one of which lacks some layers."""
    yield from _differences(small, large, lacking, log)
    outcomes = zip(small.result.outcomes, large.result.outcomes, strict=False)
    for one, other in outcomes:
        # Those of kinds that both have are the same; the others are discarded
        # for want of their kind.
        if one != other and not (
            is_leaf(log[one.index]) and _lacks(one, other, lacking)
        ):
            yield Breach(f"outcome of entry {one.index}", small, large)


def chain_down(script: Script, registry: Registry) -> Iterator[Breach]:
    """Compare a client whose leaf chain is down with itself on a better day.

    Where an outcome depended on the chain, it is for the moment a client
    without that plugin; else there is no difference at all.
    """
    log = script.log()
    down, up = (
        View(who, replay(script.inbox_id, log, registry, context=context))
        for who, context in (
            ("the chain down", script.leaf_chain_down),
            ("the chain up", script.chains_up),
        )
    )
    left_out = set(down.result.missing) - set(up.result.missing)
    if not left_out <= {layer_name(CHAIN)}:
        yield Breach("which layers are left out", down, up)
    lacking = frozenset({CHAIN}) if left_out else frozenset()
    yield from _differences(down, up, lacking, log)


def stopped(script: Script, registry: Registry) -> Iterator[Breach]:
    """Compare a replay that stopped for want of a chain with that of the log
    up to there on a better day."""
    away = see("a stop", script, registry)
    stop = away.result.stopped_at
    if stop is None:
        return
    before = replay(
        script.inbox_id, script.log()[:stop], registry, context=script.chains_up
    )
    left_out = frozenset(
        kind.number
        for kind in registry.kinds
        if layer_name(kind.number) in away.result.missing
    )
    if _state(away.result, frozenset()) != _state(before, left_out):
        yield Breach("state", away, View("the log before it", before))


def _differences(
    small: View, large: View, lacking: frozenset[int], log: Log
) -> Iterator[Breach]:
    one = _seen(small.result, frozenset(), log)
    other = _seen(large.result, lacking, log)
    for what, value in one.items():
        if value != other[what]:
            yield Breach(what, small, large)


def _seen(
    result: ReplayResult, lacking: frozenset[int], log: Log
) -> Mapping[str, object]:
    """What there is in a result, without some layers."""
    snapshot = result.snapshot
    assert snapshot is not None
    return {
        "state": _state(result, lacking),
        "authoritative": result.authoritative,
        "deviates": result.deviates,
        "stopped at": result.stopped_at,
        "cause": None if result.cause is None else str(result.cause),
        "missing": {*result.missing, *map(layer_name, lacking & snapshot.named)},
        "snapshot": content(snapshot, lacking),
        "root outcomes": [o for o in result.outcomes if not is_leaf(log[o.index])],
        "number of outcomes": len(result.outcomes),
    }


def _state(result: ReplayResult, lacking: frozenset[int]) -> object:
    state = result.state
    if state is None:
        return None
    layers = {n: dict(m) for n, m in state.layers.items() if n not in lacking}
    kept = AssociationState(state.inbox_id, state.recovery, dict(state.root), layers)
    return (full_state(kept), layers)


def content(snapshot: Snapshot, lacking: frozenset[int] = frozenset()) -> object:
    """All that a snapshot holds, comparable, without some layers."""
    root = snapshot.root
    layers = {
        number: (layer.members, layer.words, record)
        for number, (layer, record) in snapshot.layers.items()
        if number not in lacking
    }
    return (
        snapshot.position,
        (root.recovery, root.members, root.words, root.seen),
        layers,
        snapshot.roots,
        snapshot.named,
        snapshot.leaf_entries,
        snapshot.unknown_root,
    )


def _lacks(one: Outcome, other: Outcome, lacking: frozenset[int]) -> bool:
    """Whether the smaller client discards an entry for want of its kind, and for
    nothing that the larger one has: a root signature may be missing in both."""
    named = {n for n in one.numbers if n.space == "member" and n.number in lacking}
    return (
        one.outcome is OutcomeKind.DISCARDED
        and one.code == "kind_not_installed"
        and len(named) == 1
        and (
            other.code == "layer_left_out"
            or set(one.numbers) - named <= set(other.numbers)
        )
    )
