"""Each check as a test of pytest, with its name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from .bench import Bench, Options
from .checks import CHECKS, Check
from .results import Status

if TYPE_CHECKING:
    import pytest

    from .case import ConformanceCase

__all__ = ["EXAMPLES", "PROPERTY", "conformance_tests"]

EXAMPLES: Final = "conformance_examples"
"""The option of `pytest_plugin` that says how many inputs Hypothesis makes."""

PROPERTY: Final = "xmtp_identity_conformance"
"""The property by which a test reports to `pytest_plugin`: kind, check, note."""


def conformance_tests(*cases: ConformanceCase) -> Callable[..., None]:
    """Make a test function of every check of these cases.

    Assign it to a name that pytest collects:
    ``test_conformance = conformance_tests(*CASES)``. Its tests are called
    ``test_conformance[solana-flipped-text]``. A check that lacks something is
    skipped, and says what.
    """
    import pytest

    @cache
    def bench_of(index: int, examples: int) -> Bench:
        return Bench(cases[index], Options(examples=examples))

    @pytest.mark.parametrize(
        ("index", "check"),
        [
            pytest.param(index, check, id=f"{case.kind.name}-{check.name}")
            for index, case in enumerate(cases)
            for check in CHECKS
        ],
    )
    def test_conformance(
        index: int,
        check: type[Check],
        request: pytest.FixtureRequest,
        record_property: Callable[[str, Any], None],
    ) -> None:
        default = Options().examples
        examples = request.config.getoption(EXAMPLES, default) or default
        result = check.run(bench_of(index, int(examples)))
        record_property(PROPERTY, [cases[index].kind.name, check.name, result.note])
        if result.status is Status.NOT_CHECKED:
            pytest.skip(result.note)
        if result.status is Status.FAILED:
            said = "\n".join(f"- {finding}" for finding in result.findings)
            pytest.fail(
                f"{check.name}: {check.protects()}\n{said}\nTo do: {check.fix}",
                pytrace=False,
            )

    made: Callable[..., None] = test_conformance
    return made
