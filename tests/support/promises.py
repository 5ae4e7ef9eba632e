"""What holds for every replay, whatever the log."""

from __future__ import annotations

from collections.abc import Sequence

from xmtp_identity import OutcomeKind, Registry, ReplayResult, replay
from xmtp_identity.deviations import DEVIATIONS
from xmtp_identity.kinds import Context

from .results import everything, full_state

_DEVIATING = {row.code for row in DEVIATIONS}


def check_promises(
    inbox_id: str, log: Sequence[bytes | None], registry: Registry, context: Context
) -> ReplayResult:
    """Replay a log and check all that a result promises; gives the result."""
    result = replay(inbox_id, log, registry, context=context)
    _check_outcomes(result, len(log))
    _check_flags(result)
    _check_state(result, registry)
    _check_that_failures_left_no_trace(result, log, registry, context)
    return result


def _check_outcomes(result: ReplayResult, entries: int) -> None:
    end = entries if result.stopped_at is None else result.stopped_at + 1
    assert [outcome.index for outcome in result.outcomes] == list(range(end))
    for outcome in result.outcomes:
        applied = outcome.outcome is OutcomeKind.APPLIED
        assert bool(outcome.code) is not applied
        assert bool(outcome.detail) is not applied
        if outcome.numbers:
            assert outcome.outcome is OutcomeKind.DISCARDED
        if outcome.outcome is OutcomeKind.DISCARDED:
            assert outcome.numbers
        if outcome.deviation:
            assert outcome.code in _DEVIATING


def _check_flags(result: ReplayResult) -> None:
    deviating = [outcome.index for outcome in result.outcomes if outcome.deviation]
    assert result.deviates == (deviating[0] if deviating else None)
    assert (result.stopped_at is None) is (result.cause is None)
    if result.stopped_at is not None:
        assert not result.authoritative
        assert result.outcomes[-1].outcome is OutcomeKind.UNAVAILABLE
        assert result.cause is not None
        assert result.cause.retryable


def _check_state(result: ReplayResult, registry: Registry) -> None:
    state = result.state
    if state is None:
        return
    assert state.inbox_id == result.inbox_id
    assert all(registry.by_name[m.kind].is_root for m in state.root)
    for number, layer in state.layers.items():
        kind = registry.by_member[number]
        assert not kind.is_root
        assert {member.kind for member in layer} <= {kind.name}
    for identifier, member in state.root.items():
        assert identifier == member.identifier
    assert len(state.members) == len(set(state.members))


def _check_that_failures_left_no_trace(
    result: ReplayResult,
    log: Sequence[bytes | None],
    registry: Registry,
    context: Context,
) -> None:
    """Without what was not applied, the rest comes to the same."""
    applied = [
        log[outcome.index]
        for outcome in result.outcomes
        if outcome.outcome is OutcomeKind.APPLIED
    ]
    if len(applied) == len(log):
        again = replay(result.inbox_id, log, registry, context=context)
        assert everything(again) == everything(result)
        return
    alone = replay(result.inbox_id, applied, registry, context=context)
    assert {outcome.outcome for outcome in alone.outcomes} <= {OutcomeKind.APPLIED}
    kept = full_state(alone.state)
    if result.state is None:
        assert kept is None
        return
    # A layer is there as soon as an update names it, applied or not.
    assert alone.state is not None
    assert alone.state.root == result.state.root
    assert alone.state.recovery == result.state.recovery
    for number, layer in result.state.layers.items():
        assert alone.state.layers.get(number, {}) == layer
    assert set(alone.state.layers) <= set(result.state.layers)
