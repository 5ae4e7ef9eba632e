"""`xid conformance`: whether a package's kinds are safe to install."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from ..errors import BadInput
from .options import as_json, decimal
from .output import Block, Cell, Heading, Part, Table, emit, emit_json, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..testing import CheckResult, Report

__all__ = ["conformance"]

_MOST_EXAMPLES: Final = 1_000_000
_TONES: Final = {"passed": "good", "failed": "bad", "not checked": "odd"}


@click.command()
@click.argument("package", metavar="DIST")
@click.option(
    "--check",
    "checks",
    multiple=True,
    metavar="NAME",
    help="Make this check alone; may be given several times.",
)
@click.option(
    "--examples",
    callback=decimal(1, _MOST_EXAMPLES),
    metavar="N",
    help="Inputs that Hypothesis makes for each function.",
)
@click.option(
    "--markdown", "as_markdown", is_flag=True, help="Print a table for a README."
)
@as_json
@click.pass_context
def conformance(
    ctx: click.Context,
    package: str,
    *,
    checks: Sequence[str],
    examples: int | None,
    as_markdown: bool,
    as_json: bool,
) -> None:
    """Check the kinds of identity that the package DIST provides.

    DIST is installed and has a module "conformance" with its cases, whose code
    is run. The exit code is 1 if a check found something. Needs the extra
    xmtp-identity[testing].
    """
    if as_json and as_markdown:
        raise click.UsageError("Give --json or --markdown, not both.", ctx)
    from ..testing import Options, cases_of, run_conformance, to_markdown

    options = Options() if examples is None else Options(examples=examples)
    with _hypothesis_folder():
        reports = [
            run_conformance(case, checks=checks or None, options=options)
            for case in cases_of(package)
        ]
    if as_json:
        for report in reports:
            emit_json(report.as_object())
    elif as_markdown:
        emit(to_markdown(reports).rstrip("\n"))
    else:
        show([part for report in reports for part in _parts(report)])
    ctx.exit(0 if all(report.passed for report in reports) else 1)


@contextmanager
def _hypothesis_folder() -> Iterator[None]:
    """A folder for what Hypothesis keeps, instead of one in the user's."""
    try:
        from hypothesis.configuration import set_hypothesis_home_dir
    except ImportError:
        raise BadInput(
            "The conformance kit needs Hypothesis: pip install "
            '"xmtp-identity[testing]".',
            code="hypothesis_missing",
        ) from None
    with tempfile.TemporaryDirectory() as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


def _parts(report: Report) -> list[Part]:
    from ..testing.report import check_of, summary_of

    package = f" of {report.distribution} {report.version}" * bool(report.distribution)
    title = f"{report.kind} ({report.number}){package}: {summary_of(report)}"
    parts: list[Part] = [
        Heading(Cell(title, "good" if report.passed else "bad")),
        Table("Checks", ["check", "result", "note"], list(map(_row, report.results))),
    ]
    for result in report.failed:
        check = check_of(result)
        lines = [*result.findings, f"To do: {check.fix}"]
        parts.append(Block(f"{check.name}: {check.protects()}", lines))
    return parts


def _row(result: CheckResult) -> list[Cell]:
    status = result.status.value
    return [
        Cell(result.check),
        Cell(status, _TONES[status]),
        Cell(result.note or "-", "dim"),
    ]
