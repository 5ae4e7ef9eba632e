"""Generated tables of the documentation are up to date where they are committed."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from .workspace import ROOT, project_files

PAGES = """
import json
import generate
print(json.dumps({name: make() for name, make in generate.PAGES.items()}))
"""


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """What the tables say now, by file name."""
    made = subprocess.run(
        [sys.executable, "-c", PAGES],
        cwd=ROOT / "docs",
        check=True,
        stdout=subprocess.PIPE,
    )
    return dict(json.loads(made.stdout))


def test_committed_tables_say_what_the_code_says(pages: dict[str, str]) -> None:
    committed = {
        path.name: path.read_text("utf-8")
        for path in project_files()
        if path.parent == ROOT / "docs" / "_generated"
    }
    assert committed == {name: pages.get(name) for name in committed}, "run `make docs`"


def test_every_table_stands_in_a_page(pages: dict[str, str]) -> None:
    text = "".join(
        path.read_text("utf-8")
        for path in project_files()
        if path.suffix == ".md" and path.parent == ROOT / "docs"
    )
    assert [name for name in pages if f"_generated/{name}" not in text] == []
