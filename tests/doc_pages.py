"""Run what the pages of the documentation show, and compare what comes out.

A fence of the language ``console`` holds commands, each behind ``$ ``, and
under each what it prints; ``python`` holds a program that stands alone, and a
fence ``text`` right behind it what that prints. All of a page runs in one
shell, from its top to its end, in a copy of the workspace made of links. In
what is shown ``…`` stands for any text of a line, alone on a line for any
lines. A command may only fail if ``$ echo $?`` shows it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from .workspace import ROOT

_FENCE: Final = re.compile(
    r"^(?P<ticks>`{3,})(?P<language>\S*)[^\n]*\n(?P<body>.*?)^(?P=ticks)$",
    re.MULTILINE | re.DOTALL,
)
_MARK: Final = "\x1e"
_SECONDS: Final = 300
_LEFT_OUT: Final = {".git", "build", "dist"}
_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "XID_PLUGINS": "ethereum,passkey",  # the pages are about these two
    # pip installs from the work tree alone, and not into this environment.
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it the other way round
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}
_PROLOGUE: Final = """\
unset MAKEFLAGS MAKELEVEL MFLAGS  # of the make that may have started the tests
# The environment is there: only what a target does is to be seen.
# A target sees every plugin, as it does for whoever types it.
make() (
  unset XID_PLUGINS
  command make VENV="$TESTED_VENV" -o "$TESTED_VENV/.runtime" "$@"
)
"""


class Fence(NamedTuple):
    """A fenced block of a page, and the first line of what is in it."""

    language: str
    body: str
    line: int


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is run, as a command of bash, and what it should print."""

    line: int
    command: str
    expected: str


def fences(page: Path) -> list[Fence]:
    """The fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    return [
        Fence(match["language"], match["body"], text.count("\n", 0, match.start()) + 2)
        for match in _FENCE.finditer(text)
    ]


def steps(page: Path, programs: Path) -> list[Step]:
    """What a page shows, as steps.

    programs: a folder, into which the page's Python goes.
    """
    found: list[Step] = []
    blocks = fences(page)
    for index, block in enumerate(blocks):
        if block.language == "console":
            found.extend(_commands(block))
        elif block.language == "python":
            program = programs / f"{page.stem}-{block.line}.py"
            program.write_text(block.body, "utf-8")
            follows = blocks[index + 1 : index + 2]
            printed = (
                follows[0] if follows and _is_next(page, block, follows[0]) else None
            )
            found.append(
                Step(block.line, f"python '{program}'", printed.body if printed else "")
            )
    return found


def _commands(block: Fence) -> Iterator[Step]:
    """The commands of a fence; a line that ends in a backslash goes on."""
    text = block.body.replace("\\\n", "")
    assert text.startswith("$ "), "a console fence begins with a command"
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield Step(block.line, command, expected)


def _is_next(page: Path, block: Fence, follower: Fence) -> bool:
    """Whether there is nothing but white space between two fences."""
    lines = page.read_text("utf-8").split("\n")
    after = block.line + block.body.count("\n")
    between = lines[after : follower.line - 2]
    return follower.language == "text" and not "".join(between).strip()


def run(page: Path, folder: Path) -> None:
    """Run a page in an empty folder; fails where it shows what is not so."""
    programs, workspace = folder / "programs", folder / "workspace"
    programs.mkdir()
    workspace.mkdir()
    for path in ROOT.iterdir():
        if path.name not in _LEFT_OUT and path.name != ".venv":
            (workspace / path.name).symlink_to(path)
    (workspace / ".venv").symlink_to(sys.prefix)
    todo = steps(page, programs)
    outputs = _run_all([step.command for step in todo], folder)
    for position, (step, (code, output)) in enumerate(zip(todo, outputs, strict=True)):
        where = f"{page.name}, line {step.line}: $ {step.command}"
        shown_after = todo[position + 1].command if todo[position + 1 :] else ""
        assert code == 0 or shown_after == "echo $?", f"{where}\n{output}"
        assert matches(step.expected, output), f"{where}\nprinted\n{output}"


def _run_all(commands: list[str], folder: Path) -> list[tuple[int, str]]:
    """Exit code and output (both streams) of each command, run in one shell."""
    parts = [_PROLOGUE, "CODE=0\n"]
    for command in commands:
        parts.append(f"(exit $CODE)\n{{ {command}\n}} 2>&1\nCODE=$?\n")
        parts.append(f"printf '{_MARK}%d{_MARK}' $CODE\n")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("XID_")
    }
    bin_folder = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", "".join(parts)],
        cwd=folder / "workspace",
        env={
            **environment,
            **_ENVIRONMENT,
            "HOME": str(folder),
            "PATH": f"{bin_folder}{os.pathsep}{environment.get('PATH', '')}",
            "PIP_TARGET": str(folder / "installed"),
            "TESTED_VENV": sys.prefix,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=_SECONDS,
    )
    pieces = done.stdout.split(_MARK)[:-1]
    return [
        (int(code), output)
        for output, code in zip(pieces[::2], pieces[1::2], strict=True)
    ]


def matches(shown: str, printed: str) -> bool:
    """Whether an output is as shown, but for white space at the ends of lines."""
    pattern = ""
    for line in _lines(shown):
        if line == "…":
            pattern += r"(?:.*\n)*"
        else:
            pattern += ".*".join(map(re.escape, line.split("…"))) + r"\n"
    return (
        re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(printed)))
        is not None
    )


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().split("\n")] if text.strip() else []
