"""The kit's plugin for pytest: an option, and a summary of what was measured.

pytest loads it by the entry point ``xmtp_identity`` of the group ``pytest11``.
It imports nothing before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

__all__ = ["pytest_addoption", "pytest_terminal_summary"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--conformance-examples``."""
    group = parser.getgroup("xmtp_identity", "conformance of kinds of identity")
    group.addoption(
        "--conformance-examples",
        dest="conformance_examples",
        type=int,
        default=None,
        metavar="N",
        help="inputs that Hypothesis makes for each function of a kind",
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say, kind by kind, what the checks measured."""
    from .pytest_tests import PROPERTY

    measured: dict[str, list[str]] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == PROPERTY and report.when == "call":
                    kind, check, note = value
                    lines = measured.setdefault(kind, [])
                    if note:
                        lines.append(f"{check}: {note}")
    for kind in sorted(measured):
        terminalreporter.section(f"conformance of {kind}", sep="-")
        for line in sorted(measured[kind]):
            terminalreporter.write_line(line)
