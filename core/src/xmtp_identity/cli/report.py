"""The result of a replay for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from ..protocol.text import signed_time_ns
from .output import Cell, Facts, Heading, Part, Table, Tree

if TYPE_CHECKING:
    from ..identifier import MemberIdentifier
    from ..outcome import Outcome
    from ..protocol.state import Member
    from ..replay import ReplayResult

__all__ = ["explanations", "report", "summary", "time_of"]

_TONES: Final = {
    "applied": "good",
    "rejected": "bad",
    "discarded": "odd",
    "unavailable": "odd",
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NOTHING: Final = Cell("-", "dim")
_LONG: Final = 20


def report(result: ReplayResult) -> list[Part]:
    """State, outcomes, and whether the result is authoritative."""
    return [*summary(result), _outcomes(list(result.outcomes))]


def summary(result: ReplayResult) -> list[Part]:
    """The state, and whether the result is authoritative."""
    state = result.state
    facts = [("Authoritative", _authority(result))]
    if result.deviates is not None:
        facts.append(
            (
                "Deviates",
                Cell(f"from the reference client, from entry {result.deviates}", "odd"),
            )
        )
    if result.missing:
        facts.append(("Left out", Cell(", ".join(result.missing), "odd")))
    if state is None:
        facts.append(("State", Cell("the inbox was not created", "bad")))
    else:
        facts.append(("Recovery", Cell(str(state.recovery))))
    parts: list[Part] = [Heading(Cell(f"Inbox {result.inbox_id}")), Facts(facts)]
    if state is not None:
        parts.append(_members(list(state.members)))
    return parts


def explanations(result: ReplayResult) -> list[Part]:
    """What the entries that were not applied mean for whoever reads the state."""
    from ..explain import explain

    trees: list[Part] = []
    for explanation in explain(result):
        tree = Tree(Cell(f"Entry {explanation.index}"))
        for missing in explanation.missing:
            tree.add(f"Lacking: {missing}.")
        if explanation.unseen:
            tree.add(f"Not seen: {explanation.unseen}")
        if explanation.reference_client:
            tree.add(explanation.reference_client)
        trees.append(tree)
    return trees


def _authority(result: ReplayResult) -> Cell:
    if result.authoritative:
        return Cell("yes", "good")
    if result.stopped_at is not None:
        cause = result.cause.detail if result.cause else "it can't be judged now"
        return Cell(f"no, stopped before entry {result.stopped_at}: {cause}", "bad")
    return Cell(
        "no, this client is too old to know who may act for this inbox, or lacks a "
        "plugin: see what was discarded",
        "bad",
    )


def _members(members: list[Member]) -> Table:
    return Table(
        "Members",
        ["kind", "identifier", "client time", "chain", "added by"],
        [
            [
                Cell(member.identifier.kind),
                Cell(member.identifier.value),
                _NOTHING
                if member.client_timestamp_ns is None
                else Cell(time_of(member.client_timestamp_ns)),
                _NOTHING if member.chain_id is None else Cell(str(member.chain_id)),
                Cell("owner") if member.added_by is None else _brief(member.added_by),
            ]
            for member in members
        ],
    )


def _brief(identifier: MemberIdentifier) -> Cell:
    """Whole, but abridged on a terminal: it stands whole in another row."""
    text = str(identifier)
    value = identifier.value
    if len(value) <= _LONG:
        return Cell(text)
    return Cell(text, short=f"{identifier.kind}:{value[:8]}…{value[-6:]}")


def _outcomes(outcomes: list[Outcome]) -> Table:
    return Table(
        "Entries",
        ["#", "outcome", "code", "detail"],
        [
            [
                Cell(str(outcome.index)),
                Cell(outcome.outcome.value, _TONES[outcome.outcome.value]),
                Cell(outcome.code) if outcome.code else _NOTHING,
                _detail(outcome),
            ]
            for outcome in outcomes
        ],
    )


def _detail(outcome: Outcome) -> Cell:
    deviation = " (The reference client might accept it.)" if outcome.deviation else ""
    return Cell(outcome.detail + deviation) if outcome.detail else _NOTHING


def time_of(timestamp_ns: int) -> str:
    """A client's time, to the second.

    timestamp_ns: nanoseconds since 1970, an unsigned 64-bit number that is
    read as a signed one, as in the signed text.
    """
    seconds = signed_time_ns(timestamp_ns) // 1_000_000_000
    time = _EPOCH + timedelta(seconds=seconds)
    return f"{time.isoformat(sep=' ')[:19]}Z"
