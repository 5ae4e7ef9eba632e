"""The tutorial is so, from its first command to its last."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from ..workspace import ROOT
from .edit import merged
from .environments import plain_environment
from .tutorials import run, steps

PAGE = ROOT / "docs" / "tutorial.md"


@pytest.mark.slow
def test_the_tutorial_goes_from_nothing_to_a_link(wheels: Path, tmp_path: Path) -> None:
    blocks, empty = tmp_path / "blocks", tmp_path / "empty"
    blocks.mkdir()
    empty.mkdir()
    environment = plain_environment(wheels)
    python = Path(sys.executable).parent
    environment["PATH"] = f"{python}{os.pathsep}{environment['PATH']}"
    run(steps(PAGE, blocks), empty, environment)


def test_a_page_that_shows_what_is_not_so_fails(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo 1\n2\n```\n", "utf-8")
    with pytest.raises(AssertionError, match="printed\n1"):
        run(steps(page, tmp_path), tmp_path, dict(os.environ))
    page.write_text("```console\n$ false\n```\n", "utf-8")
    with pytest.raises(AssertionError, match="line 2"):
        run(steps(page, tmp_path), tmp_path, dict(os.environ))


def test_code_goes_where_a_reader_would_put_it() -> None:
    old = (
        "from __future__ import annotations\n\nA: Final = 1\n'A.'\n\n\n"
        "def f() -> int:\n    return A\n"
    )
    block = "import json\n\nB: Final = 2\n'B.'\n\n\ndef f() -> int:\n    return B\n"
    assert merged(old, block) == (
        "from __future__ import annotations\n\nimport json\nA: Final = 1\n'A.'\n\n\n"
        "B: Final = 2\n'B.'\n\n\ndef f() -> int:\n    return B\n"
    )
    assert merged(old, "A: Final = 3\n'New.'\n") == old.replace(
        "A: Final = 1\n'A.'", "A: Final = 3\n'New.'"
    )
