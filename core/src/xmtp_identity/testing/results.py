"""What became of a check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["CheckResult", "NotChecked", "Status"]


class Status(StrEnum):
    """The three ends of a check.

    PASSED: nothing was found.
    FAILED: something was found.
    NOT_CHECKED: what the check needs is not there; the note says what.
    """

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not checked"


class NotChecked(Exception):
    """A check can't be made of this case; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check came to.

    check: its name.
    findings: a sentence each; not one if it passed.
    note: what was measured, or why it was not checked.
    """

    check: str
    status: Status
    findings: tuple[str, ...] = ()
    note: str = ""
