"""Making all checks of a case."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import BadInput
from .bench import Bench, Options
from .case import ConformanceCase
from .checks import CHECKS, Check
from .discovery import find_distribution
from .report import Report
from .results import CheckResult

__all__ = ["check_named", "report_of", "run_conformance"]


def run_conformance(
    case: ConformanceCase,
    *,
    checks: Iterable[str] | None = None,
    options: Options | None = None,
) -> Report:
    """Make the checks of a case, one after another.

    checks: the names of those to make; None makes all.

    Raises `BadInput` if there is no check of a name. Whatever the kind does is in
    the report.
    """
    bench = Bench(case, options)
    chosen: Sequence[type[Check]] = (
        CHECKS if checks is None else [check_named(name) for name in checks]
    )
    return report_of(case, [check.run(bench) for check in chosen])


def check_named(name: str) -> type[Check]:
    """The check of a name; raises `BadInput`."""
    for check in CHECKS:
        if check.name == name:
            return check
    names = ", ".join(check.name for check in CHECKS)
    raise BadInput(f"There is no check {name!r}; there are {names}.", code="no_check")


def report_of(case: ConformanceCase, results: Iterable[CheckResult]) -> Report:
    """The report on a case whose checks have been made."""
    version = ""
    if case.distribution is not None:
        version = find_distribution(case.distribution).version
    return Report(
        kind=case.kind.name,
        number=case.kind.number,
        distribution=case.distribution or "",
        version=version,
        results=tuple(results),
    )
