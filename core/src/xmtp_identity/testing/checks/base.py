"""What a check is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, Final

from ..results import CheckResult, NotChecked, Status
from ..watch import outside_calls

if TYPE_CHECKING:
    from ..bench import Bench

__all__ = ["Check", "numbered"]

_MOST_FINDINGS: Final = 5
_MOST_CHARACTERS: Final = 400


class Check:
    """One thing that a kind must hold to.

    The first sentence of a subclass's docstring says what it protects.

    name: stable across releases.
    group: which part of a kind it looks at.
    fix: what to do about a finding.
    shut_in: whether no network and no process can be had while it is made, lest
        a kind that asks for them does so many times.
    """

    name: ClassVar[str]
    group: ClassVar[str]
    fix: ClassVar[str]
    shut_in: ClassVar[bool] = True

    def __init__(self) -> None:
        self.note = ""

    @classmethod
    def protects(cls) -> str:
        """What it protects, in a sentence."""
        return " ".join((cls.__doc__ or "").partition("\n\n")[0].split())

    def look(self, bench: Bench) -> Iterator[str]:
        """Give a sentence for each thing that is wrong.

        May set ``note`` to what it measured. Raises `NotChecked` if the case
        lacks what the check needs.
        """
        raise NotImplementedError

    @classmethod
    def run(cls, bench: Bench) -> CheckResult:
        """Make the check; whatever the kind's code raises is a finding."""
        check = cls()
        bench.in_part = False
        found: list[str] = []
        lacks = ""
        walls = outside_calls(files=True) if cls.shut_in else nullcontext()
        try:
            with walls:
                for sentence in islice(check.look(bench), _MOST_FINDINGS + 1):
                    # One by one: what was found before it broke off counts.
                    found.append(sentence)  # noqa: PERF402
        except NotChecked as reason:
            lacks = str(reason)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code
            found.append(f"The check broke off: {type(error).__name__}: {error}.")
        if lacks and not found:
            return CheckResult(cls.name, Status.NOT_CHECKED, (), lacks)
        if len(found) > _MOST_FINDINGS:
            found[_MOST_FINDINGS:] = ["And more of this."]
        findings = tuple(_short(sentence) for sentence in found)
        status = Status.FAILED if findings else Status.PASSED
        notes = [check.note, "in part, as verifying is slow" * bench.in_part]
        return CheckResult(cls.name, status, findings, "; ".join(filter(None, notes)))


def _short(sentence: str) -> str:
    """A sentence that can go to a terminal: foreign texts stand in findings."""
    plain = sentence if sentence.isprintable() else ascii(sentence)[1:-1]
    if len(plain) > _MOST_CHARACTERS:
        return f"{plain[:_MOST_CHARACTERS]} ..."
    return plain


def numbered(numbers: list[int]) -> str:
    """Numbers as part of a sentence: the first few, and how many there are."""
    shown = ", ".join(map(str, numbers[:5]))
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"
