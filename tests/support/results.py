"""Short words for what a replay gave."""

from __future__ import annotations

from collections.abc import Sequence

from xmtp_identity import AssociationState, Outcome, ReplayResult, replay
from xmtp_identity.kinds import Context

from .leaf_kinds import full_registry
from .updates import Inbox

APPLIED = ("applied", "")


def run(inbox: Inbox, context: Context | None = None) -> ReplayResult:
    """Replay the log of an inbox with all kinds."""
    return replay(inbox.inbox_id, inbox.log, full_registry(), context=context)


def brief(outcome: Outcome) -> tuple[str, str]:
    return (outcome.outcome.value, outcome.code)


def briefs(result: ReplayResult) -> list[tuple[str, str]]:
    return [brief(outcome) for outcome in result.outcomes]


def last(result: ReplayResult) -> tuple[str, str]:
    return brief(result.outcomes[-1])


def state_of(result: ReplayResult) -> AssociationState:
    assert result.state is not None
    return result.state


def names(result: ReplayResult) -> set[str]:
    """The values of all members."""
    return {member.identifier.value for member in state_of(result).members}


def same_result(first: ReplayResult, second: ReplayResult) -> bool:
    """Whether two replays came to the same, but for where to go on."""
    return everything(first) == everything(second)


def everything(
    result: ReplayResult, outcomes: Sequence[Outcome] | None = None
) -> tuple[object, ...]:
    """All of a result that can be compared, relying parties included."""
    return (
        result.inbox_id,
        full_state(result.state),
        tuple(result.outcomes if outcomes is None else outcomes),
        result.authoritative,
        result.deviates,
        result.missing,
        result.stopped_at,
        None if result.cause is None else (type(result.cause), str(result.cause)),
    )


def full_state(state: AssociationState | None) -> object:
    """A state with what equality leaves out: relying parties."""
    if state is None:
        return None
    return (
        state.inbox_id,
        state.recovery,
        state.recovery.relying_party,
        [
            (
                member,
                member.identifier.relying_party,
                member.added_by.relying_party if member.added_by else None,
            )
            for member in state.members
        ],
        {number: set(layer) for number, layer in state.layers.items()},
    )
