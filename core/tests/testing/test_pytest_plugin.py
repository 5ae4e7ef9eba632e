"""The kit inside of pytest, as the author of a plugin runs it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final

from xmtp_identity.testing import CHECKS

TESTS: Final = """
from dataclasses import replace
from xmtp_identity.installation.conformance import CASES
from xmtp_identity.testing import conformance_tests

(case,) = CASES
test_conformance = conformance_tests(replace(case, vectors=()))
test_another = conformance_tests(replace(case, valid=()))
"""
PLUGIN: Final = "xmtp_identity.testing.pytest_plugin"


def run(folder: Path, *arguments: str) -> str:
    (folder / "test_kind.py").write_text(TESTS, "utf-8")
    installed = {one.value for one in entry_points(group="pytest11")}
    loaded = () if PLUGIN in installed else ("-p", PLUGIN)
    made = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
            *("-p", "no:xdist", "--color=no", "-rs", "-v"),
            *(*loaded, *arguments, "test_kind.py"),
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return made.stdout + made.stderr


def test_each_check_is_a_test_with_its_name(tmp_path: Path) -> None:
    said = run(tmp_path, "--collect-only")
    for check in CHECKS:
        assert f"<Function test_conformance[installation-{check.name}]>" in said


def test_what_passes_fails_and_is_skipped_says_why(tmp_path: Path) -> None:
    wanted = "names or twins or vectors or lists or speed"
    said = run(tmp_path, "-k", wanted)
    assert "test_conformance[installation-twins] PASSED" in said
    assert "test_conformance[installation-vectors] SKIPPED" in said
    assert "the case has no vectors of real wallets" in said
    assert "test_another[installation-identifier-lists] FAILED" in said
    assert "The case has fewer than 3 valid identifiers." in said
    assert "To do: Correct `parse`" in said


def test_the_summary_says_what_was_measured(tmp_path: Path) -> None:
    said = run(tmp_path, "-k", "test_conformance and (speed or twins)")
    summary = said.partition("conformance of installation")[2]
    assert "speed: " in summary
    assert "times its raw call" in summary
    assert "twins: 7 twins are taken, each as the same word" in summary


def test_how_many_examples_there_are_can_be_said(tmp_path: Path) -> None:
    said = run(
        tmp_path, "-k", "test_conformance and typed", "--conformance-examples", "7"
    )
    assert "typed-errors: 7 examples of Hypothesis" in said
