"""`xid conformance` prints reports, and its exit code says whether all is well."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from click.testing import CliRunner, Result

from xmtp_identity.cli.root import xid
from xmtp_identity.testing import CHECKS

from .packages import CASES, DISTRIBUTION, MODULE, install


def run(*arguments: str) -> Result:
    return CliRunner().invoke(xid, ["conformance", *arguments])


def test_it_prints_a_report_on_solana() -> None:
    result = run("xmtp-identity-solana", "--examples", "10")
    assert result.exit_code == 0, result.output
    first, *lines = result.stdout.splitlines()
    assert first.startswith("solana (100) of xmtp-identity-solana ")
    assert first.endswith(f": {len(CHECKS)} passed")
    words = [line.split() for line in lines[2:]]
    assert [(row[0], row[1]) for row in words] == [
        (check.name, "passed") for check in CHECKS
    ]
    assert not result.stderr


def test_its_json_is_one_object_a_kind() -> None:
    result = run("xmtp-identity-solana", "--json", "--check", "twins")
    report: dict[str, Any] = json.loads(result.stdout)
    (check,) = report.pop("checks")
    assert report == {
        "kind": "solana",
        "number": 100,
        "distribution": "xmtp-identity-solana",
        "version": report["version"],
        "passed": True,
    }
    assert set(check) == {
        "name",
        "group",
        "status",
        "protects",
        "fix",
        "findings",
        "note",
    }
    assert (check["name"], check["status"]) == ("twins", "passed")


def test_its_markdown_is_a_table_for_a_readme() -> None:
    result = run("xmtp-identity", "--markdown", "--check", "names", "--check", "speed")
    head, rule, *rows = result.stdout.splitlines()
    assert head.startswith("| Conformance | installation (xmtp-identity ")
    assert rule == "| --- | --- |"
    assert rows[0] == "| Registration | ✅ 1 passed |"
    assert rows[1].startswith("| Speed | ")
    assert len(rows) == 2


def test_what_is_found_is_said_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, requires=("xmtp-identity",))
    monkeypatch.syspath_prepend(str(tmp_path))
    arguments = (DISTRIBUTION, "--check", "dependencies", "--check", "signers")
    result = run(*arguments)
    markdown = run(*arguments, "--markdown")
    as_json = run(*arguments, "--json")
    for name in [one for one in sys.modules if one.partition(".")[0] == MODULE]:
        del sys.modules[name]
    assert {one.exit_code for one in (result, markdown, as_json)} == {1}
    assert "  dependencies  failed" in result.stdout
    assert "xmtp-identity has no upper bound." in result.stdout
    assert "To do: Give every dependency" in result.stdout
    assert "NotImplementedError" in result.stdout
    assert "❌ `dependencies`" in markdown.stdout
    assert json.loads(as_json.stdout)["passed"] is False


def test_a_finding_can_not_write_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cases = dedent(CASES).replace("NotImplementedError", "ValueError('\\x1b[2J\\n')")
    install(tmp_path, cases=cases)
    monkeypatch.syspath_prepend(str(tmp_path))
    result = run(DISTRIBUTION, "--check", "signers")
    for name in [one for one in sys.modules if one.partition(".")[0] == MODULE]:
        del sys.modules[name]
    assert "ValueError" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("gallery-not-here",), "no_such_package"),
        (("click",), "no_conformance_cases"),
        (("xmtp-identity", "--check", "nothing"), "no_check"),
        (("xmtp-identity", "--json", "--markdown"), "usage"),
        (("xmtp-identity", "--examples", "0"), "usage"),
        (("xmtp-identity", "--examples", "1e3"), "usage"),
        ((), "usage"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...], code: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"[{code}]\n")
    assert not result.stdout


def test_without_hypothesis_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis.configuration", None)
    result = run("xmtp-identity")
    assert result.exit_code == 2
    assert 'pip install "xmtp-identity[testing]"' in result.stderr


def test_it_leaves_nothing_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("xmtp-identity", "--check", "typed-errors", "--examples", "5")
    assert result.exit_code == 0
    assert list(tmp_path.iterdir()) == []
