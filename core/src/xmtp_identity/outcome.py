"""What became of each entry of a log."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .protocol.refusals import Number

__all__ = ["Outcome", "OutcomeKind"]


class OutcomeKind(StrEnum):
    """The four ends of an update.

    APPLIED: valid, and the state has it.
    REJECTED: invalid, for every client and for ever.
    DISCARDED: this client lacks what it takes to judge it.
    UNAVAILABLE: a chain that it depends on could not be asked now.
    """

    APPLIED = "applied"
    REJECTED = "rejected"
    DISCARDED = "discarded"
    UNAVAILABLE = "unavailable"


class Outcome(NamedTuple):
    """What became of one entry.

    index: of the entry in the log, from 0.
    code: the stable reason code, "" where applied.
    deviation: refused where XMTP's reference client might accept
        (`xmtp_identity.deviations`).
    numbers: for a discarded entry, what this client does not know.
    detail: a sentence for people, "" where applied.
    """

    index: int  # type: ignore[assignment]  # nobody looks for an item of an outcome
    outcome: OutcomeKind
    code: str = ""
    deviation: bool = False
    numbers: tuple[Number, ...] = ()
    detail: str = ""
