"""The tutorial is so, from its first command to its last."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ..workspace import ROOT
from .environments import plain_environment
from .tutorials import run, steps

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "tutorial.md"


def test_the_tutorial_goes_from_nothing_to_a_link(wheels: Path, tmp_path: Path) -> None:
    blocks, empty = tmp_path / "blocks", tmp_path / "empty"
    blocks.mkdir()
    empty.mkdir()
    environment = plain_environment(wheels)
    python = Path(sys.executable).parent
    environment["PATH"] = f"{python}{os.pathsep}{environment['PATH']}"
    run(steps(PAGE, blocks), empty, environment)
