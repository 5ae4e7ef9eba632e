"""What an outcome means for whoever reads the state.

`explain` says of each entry that was not applied what this client is missing
and therefore can't see, and of each deviation what XMTP's reference client
makes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from .allotment import ALLOTMENT, FIRST_LEAF, LAST_LEAF, Allotted, Tier, tier_of
from .deviations import DEVIATIONS
from .outcome import OutcomeKind
from .wire.records import Space

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .outcome import Outcome
    from .protocol.refusals import Number
    from .replay import ReplayResult

__all__ = ["Explanation", "explain"]

_DEVIATIONS: Final = {row.code: row for row in DEVIATIONS}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say about one entry.

    index: of the entry.
    missing: for each number that this client lacks, what it is and which
        package provides it.
    unseen: what this client can't see for want of it, or "".
    reference_client: what XMTP's reference client makes of the entry, or "".
    """

    index: int
    missing: tuple[str, ...]
    unseen: str
    reference_client: str


def explain(result: ReplayResult) -> tuple[Explanation, ...]:
    """One explanation for each entry that is discarded, unavailable or a
    deviation; the others explain themselves."""
    return tuple(_explanations(result))


def _explanations(result: ReplayResult) -> Iterator[Explanation]:
    for outcome in result.outcomes:
        missing = tuple(_number(number) for number in outcome.numbers)
        unseen = _unseen(outcome)
        reference = _reference_client(outcome)
        if missing or unseen or reference:
            yield Explanation(outcome.index, missing, unseen, reference)


def _number(number: Number) -> str:
    """What a number is, as far as the allotment knows."""
    name = f"{number.space} {number.number}"
    if number.space == Space.ACTION:
        return (
            f"{name} is an action that this release does not know: upgrade "
            "xmtp-identity"
        )
    owner = _owner(number)
    if owner is not None:
        return f"{name} is {owner.name}'s: install {owner.distribution}"
    if number.space == Space.KIND or not FIRST_LEAF <= number.number <= LAST_LEAF:
        return f"{name} has no meaning in this release: upgrade xmtp-identity"
    if tier_of(number.number) is Tier.EXPERIMENT:
        return f"{name} is open to experiments: ask whoever wrote it for the package"
    return f"{name} was allotted after this release: upgrade xmtp-identity"


def _owner(number: Number) -> Allotted | None:
    if number.space == Space.SIGNATURE:
        for entry in ALLOTMENT.values():
            if number.number in entry.signatures:
                return entry
        return None
    if number.space == Space.KIND:
        kinds = {0: 1, 1: 1, 2: 3}
        return ALLOTMENT.get(kinds.get(number.number, 0))
    return ALLOTMENT.get(number.number)


def _unseen(outcome: Outcome) -> str:
    if outcome.outcome is OutcomeKind.UNAVAILABLE:
        return "Whether this update holds, until its chain can be asked."
    if outcome.outcome is not OutcomeKind.DISCARDED:
        return ""
    leaves = sorted(
        {n.number for n in outcome.numbers if FIRST_LEAF <= n.number <= LAST_LEAF}
    )
    if leaves:
        return (
            "Members of this kind that the update links or unlinks. Who may act for "
            "the inbox is certain all the same."
        )
    return (
        "What the update does: it may say who may act for the inbox, so the state is "
        "not authoritative."
    )


def _reference_client(outcome: Outcome) -> str:
    row = _DEVIATIONS.get(outcome.code) if outcome.deviation else None
    if row is None:
        return ""
    return f"XMTP's reference client {row.libxmtp}. Refused here: {row.reason}"
