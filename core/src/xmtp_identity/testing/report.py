"""The report on a kind: as text, as JSON, as Markdown for a README."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from .checks import CHECKS, Check
from .results import CheckResult, Status

__all__ = ["Report", "checks_table", "to_markdown"]

GROUPS: Final[dict[str, str]] = {
    "registration": "Registration",
    "identifiers": "Identifiers",
    "wire": "Text and wire",
    "signatures": "Signatures",
    "batches": "Batches and threads",
    "errors": "Errors and secrets",
    "purity": "State, clock, network",
    "layers": "Rights and older clients",
    "package": "Package",
}
"""What people call the groups of checks, in the order of a report."""

_BY_NAME: Final = {check.name: check for check in CHECKS}


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks of one kind came to.

    kind, number: its name and its number in `MemberIdentifier`.
    distribution, version: the package that provides it, "" if none is named.
    results: in the order of the checks.
    """

    kind: str
    number: int
    distribution: str
    version: str
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found. What was not checked is no fault."""
        return not self.failed

    @property
    def failed(self) -> tuple[CheckResult, ...]:
        """The checks that found something."""
        return tuple(one for one in self.results if one.status is Status.FAILED)

    def counted(self, status: Status) -> int:
        """How many checks ended so."""
        return sum(one.status is status for one in self.results)

    def as_object(self) -> dict[str, Any]:
        """The report as JSON."""
        return {
            "kind": self.kind,
            "number": self.number,
            "distribution": self.distribution or None,
            "version": self.version or None,
            "passed": self.passed,
            "checks": [
                {
                    "name": one.check,
                    "group": _BY_NAME[one.check].group,
                    "status": one.status.value,
                    "protects": _BY_NAME[one.check].protects(),
                    "fix": _BY_NAME[one.check].fix,
                    "findings": list(one.findings),
                    "note": one.note or None,
                }
                for one in self.results
            ],
        }


def summary_of(report: Report) -> str:
    """A report in a line."""
    parts = [
        f"{count} {status.value}"
        for status in Status
        if (count := report.counted(status))
    ]
    return ", ".join(parts)


def check_of(result: CheckResult) -> type[Check]:
    """The check that a result is of."""
    return _BY_NAME[result.check]


def to_markdown(reports: Sequence[Report]) -> str:
    """A table of badges for the plugin's README: a row a group, a column a kind."""
    head = ["Conformance", *(_title(report) for report in reports)]
    rows = [head, ["---"] * len(head)]
    for group, title in GROUPS.items():
        cells = [_badge(report, group) for report in reports]
        if any(cells):
            rows.append([title, *cells])
    speeds = [_note(report, "speed") for report in reports]
    if any(speeds):
        rows.append(["Speed", *(speed or "not measured" for speed in speeds)])
    return "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in rows)


def _title(report: Report) -> str:
    package = f"{report.distribution} {report.version}".strip()
    return f"{report.kind} ({package})" if package else report.kind


def _badge(report: Report, group: str) -> str:
    """What a group came to: ``✅ 6 passed``, ``❌ twins``, ``⚪ not checked``."""
    own = [
        one
        for one in report.results
        if check_of(one).group == group and one.check != "speed"
    ]
    failed = [f"`{one.check}`" for one in own if one.status is Status.FAILED]
    if failed:
        return f"❌ {', '.join(failed)}"
    passed = sum(one.status is Status.PASSED for one in own)
    skipped = [f"`{one.check}`" for one in own if one.status is Status.NOT_CHECKED]
    parts = [f"✅ {passed} passed"] if passed else []
    if skipped:
        parts.append(f"⚪ not checked: {', '.join(skipped)}")
    return ", ".join(parts)


def _note(report: Report, check: str) -> str:
    return next((one.note for one in report.results if one.check == check), "")


def checks_table() -> str:
    """Every check in Markdown: its name, what it protects, and what to do."""
    rows = [
        ["Check", "What it protects", "If it finds something"],
        ["---"] * 3,
        *([f"`{check.name}`", check.protects(), check.fix] for check in CHECKS),
    ]
    return "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in rows)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
