from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Final

import pytest

from xmtp_identity.installation.conformance import CASES
from xmtp_identity.testing import (
    CHECKS,
    Check,
    CheckResult,
    Report,
    Status,
    checks_table,
    to_markdown,
)
from xmtp_identity.testing.bench import Bench
from xmtp_identity.testing.report import GROUPS, summary_of
from xmtp_identity.testing.results import NotChecked

DOCS: Final = Path(__file__).resolve().parents[3] / "docs"

REPORT: Final = Report(
    kind="nostr",
    number=102,
    distribution="xmtp-identity-nostr",
    version="1.0",
    results=(
        CheckResult("names", Status.PASSED),
        CheckResult("twins", Status.FAILED, ("A twin is another word.",)),
        CheckResult("vectors", Status.NOT_CHECKED, (), "no vectors"),
        CheckResult("flipped-text", Status.PASSED),
        CheckResult("size", Status.NOT_CHECKED, (), "no distribution"),
        CheckResult("speed", Status.PASSED, (), "1.10 times | its raw call"),
    ),
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_has_a_name_a_purpose_and_a_fix(check: type[Check]) -> None:
    assert re.fullmatch("[a-z]+(-[a-z]+)*", check.name)
    assert check.group in GROUPS
    for sentence in (check.protects(), check.fix):
        assert re.fullmatch(r"[A-Z][^\n]{20,250}\.", sentence)
        assert not re.search(r"[^.]\. [A-Z]", check.protects())
    assert check.protects() != Check.protects()


def test_no_two_checks_have_one_name() -> None:
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)


def test_a_report_passes_if_nothing_was_found() -> None:
    assert not REPORT.passed
    assert [one.check for one in REPORT.failed] == ["twins"]
    assert summary_of(REPORT) == "3 passed, 1 failed, 2 not checked"
    assert Report("a", 1, "", "", REPORT.results[2:]).passed


def test_a_report_is_json() -> None:
    told = json.loads(json.dumps(REPORT.as_object()))
    assert told["passed"] is False
    assert told["checks"][1]["findings"] == ["A twin is another word."]
    assert told["checks"][2]["status"] == "not checked"
    assert told["checks"][2]["note"] == "no vectors"
    assert told["checks"][0]["protects"].startswith("Two kinds")


def test_a_report_is_a_table_for_a_readme() -> None:
    assert to_markdown([REPORT]).splitlines() == [
        "| Conformance | nostr (xmtp-identity-nostr 1.0) |",
        "| --- | --- |",
        "| Registration | ✅ 1 passed |",
        "| Signatures | ❌ `twins` |",
        "| Package | ⚪ not checked: `size` |",
        r"| Speed | 1.10 times \| its raw call |",
    ]


def test_the_documentation_lists_every_check() -> None:
    page = (DOCS / "conformance.md").read_text("utf-8")
    assert checks_table() in page, "put what checks_table() gives into the page"


class _Broken(Check):
    """What is found before a check breaks off."""

    name, group, fix = "broken", "package", "None."

    def look(self, bench: Bench) -> Iterator[str]:
        yield "first"
        raise self.error

    error: ClassVar[Exception] = ValueError("later")


def test_what_a_check_found_before_it_broke_off_counts() -> None:
    result = _Broken.run(Bench(CASES[0]))
    assert result.status is Status.FAILED
    assert result.findings == ("first", "The check broke off: ValueError: later.")


def test_what_a_check_found_before_it_lacked_something_counts() -> None:
    class Lacking(_Broken):
        error = NotChecked("nothing there")

    assert Lacking.run(Bench(CASES[0])).findings == ("first",)


def test_many_findings_are_a_few_and_the_word_that_there_are_more() -> None:
    class Talking(_Broken):
        def look(self, bench: Bench) -> Iterator[str]:
            for count in range(10**9):
                yield f"\x1b[2J{count}" + "x" * 1000

    findings = Talking.run(Bench(CASES[0])).findings
    assert len(findings) == 6
    assert findings[-1] == "And more of this."
    assert all(one.isprintable() and len(one) < 500 for one in findings)
