"""Run a tutorial as a reader does: commands in a shell, code into files.

Fences of the language ``console`` hold commands and what they print, as in
`tests.doc_pages`. A ``{code-block}`` with a caption is code for the file that the
caption names, as seen from where the shell is then; see `edit`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..doc_pages import fences, matches

_EDIT: Final = Path(__file__).with_name("edit.py")
_MARK: Final = "\x1e"
_CAPTION: Final = re.compile(r":caption: (\S+)\n\n?")
_SECONDS: Final = 600


@dataclass(frozen=True, slots=True)
class Step:
    """A command of bash, and what it should print.

    line: in the page.
    """

    line: int
    command: str
    expected: str


def steps(page: Path, blocks: Path) -> list[Step]:
    """What a reader does, in order.

    blocks: a folder for the code of the page.
    """
    found: list[Step] = []
    for fence in fences(page):
        if fence.language == "console":
            text = fence.body.replace("\\\n", "")
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, _, expected = part.partition("\n")
                found.append(Step(fence.line, command, expected))
        elif fence.language == "{code-block}":
            caption = _CAPTION.match(fence.body)
            assert caption, f"line {fence.line}: the code is for no file"
            block = blocks / f"{fence.line}.py"
            block.write_text(fence.body[caption.end() :], "utf-8")
            edit = f"'{sys.executable}' '{_EDIT}' '{caption[1]}' '{block}'"
            found.append(Step(fence.line, edit, ""))
    return found


def run(todo: list[Step], folder: Path, environment: dict[str, str]) -> None:
    """Do all of it in one shell; fails where a page shows what is not so."""
    parts = ["CODE=0\n"]
    for step in todo:
        parts.append(f"(exit $CODE)\n{{ {step.command}\n}} 2>&1\nCODE=$?\n")
        parts.append(f"printf '{_MARK}%d{_MARK}' $CODE\n")
    done = subprocess.run(
        ["bash", "-c", "".join(parts)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
        timeout=_SECONDS,
    )
    pieces = done.stdout.split(_MARK)[:-1]
    answers = zip(pieces[::2], pieces[1::2], strict=True)
    for position, (step, (output, code)) in enumerate(zip(todo, answers, strict=True)):
        where = f"line {step.line}: $ {step.command}"
        shown_after = todo[position + 1].command if todo[position + 1 :] else ""
        assert code == "0" or shown_after == "echo $?", f"{where}\n{output}"
        assert matches(step.expected, output), f"{where}\nprinted\n{output}"
