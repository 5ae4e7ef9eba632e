"""Run what the pages of the documentation show, and compare what comes out.

A fence of the language ``console`` holds commands, each behind ``$ ``, and
under each what it prints; ``python`` holds a program that stands alone, and a
fence ``text`` right behind it what that prints. All of a page runs in one
shell, from its top to its end, in a copy of the workspace made of links. In
what is shown ``…`` stands for any text of a line, alone on a line for any
lines. A command may only fail if ``$ echo $?`` shows it.

A command that ends in ``&`` goes on while the page does. It has to say what is
shown under it before the next command runs; what it says later is not looked
at. The page ends it (``$ kill %1``). The ports of `PORTS` that a page names are
free ones while it runs, so that pages can run side by side; at `POSTGRESQL` there
is then a real PostgreSQL.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .workspace import ROOT

if TYPE_CHECKING:
    from psycopg import Connection

    from .support.postgres import Postgres

_FENCE: Final = re.compile(
    r"^(?P<ticks>`{3,})(?P<language>\S*)[^\n]*\n(?P<body>.*?)^(?P=ticks)$",
    re.MULTILINE | re.DOTALL,
)
_MARK: Final = "\x1e"
_SECONDS: Final = 300
_LEFT_OUT: Final = {".git", "build", "dist"}
POSTGRESQL: Final = "5432"
PORTS: Final = {
    POSTGRESQL: "",
    "5555": "XID_NODE_HTTP_PORT",
    "5556": "XID_NODE_GRPC_PORT",
    "5565": "",
    "5566": "",
}
"""By the port that pages show: the variable that makes it the default."""
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
# What a command in the background says, up to the line with a text.
says() {
  for _ in {1..300}; do
    grep --quiet --fixed-strings --regexp="$2" "$1" && break
    kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  grep --before-context=1000 --max-count=1 --fixed-strings --regexp="$2" "$1" ||
    { cat "$1"; false; }
}
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
    with _ports(page) as (ports, environment):
        todo = [
            Step(step.line, _other(step.command, ports), _other(step.expected, ports))
            for step in steps(page, programs)
        ]
        for program in programs.iterdir():
            program.write_text(_other(program.read_text("utf-8"), ports), "utf-8")
        outputs, left = _run_all(todo, folder, environment)
    for position, (step, (code, output)) in enumerate(zip(todo, outputs, strict=True)):
        where = f"{page.name}, line {step.line}: $ {step.command}"
        shown_after = todo[position + 1].command if todo[position + 1 :] else ""
        assert code == 0 or shown_after == "echo $?", f"{where}\n{output}"
        assert matches(step.expected, output), f"{where}\nprinted\n{output}"
    assert not left, f"{page.name} did not end what it started"


@contextmanager
def _ports(page: Path) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """The ports that a page names, each with a free one, and what the page's
    environment needs for them."""
    text = page.read_text("utf-8")
    named = [port for port in PORTS if re.search(rf"\b{port}\b", text)]
    ports = dict(zip(named, _free_ports(len(named)), strict=True))
    environment = {PORTS[port]: free for port, free in ports.items() if PORTS[port]}
    with ExitStack() as stack:
        if POSTGRESQL in ports:
            server = stack.enter_context(_postgresql())
            ports[POSTGRESQL] = str(server.port)
            # Its own programs first: pg_dump must not be older than the server.
            environment["PATH"] = f"{server.programs}{os.pathsep}"
        yield ports, environment


def _free_ports(count: int) -> list[str]:
    with ExitStack() as stack:
        found = []
        for _ in range(count):
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            found.append(str(probe.getsockname()[1]))
        return found


@contextmanager
def _postgresql() -> Iterator[Postgres]:
    """A server without databases of the page before and after it."""
    # The driver loads only for pages that need it.
    from .support.postgres import server

    started = server()
    with started.connect("postgres") as connection:
        before = _databases(connection)
        yield started
        for name in _databases(connection) - before:
            started.drop(started.dsn(name))


def _databases(connection: Connection[Any]) -> set[str]:
    return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}


def _other(text: str, ports: Mapping[str, str]) -> str:
    """A text with other ports in it."""
    pattern = "|".join(ports) or "(?!)"
    return re.sub(rf"\b({pattern})\b", lambda match: ports[match[0]], text)


def _run_all(
    todo: list[Step], folder: Path, more: Mapping[str, str]
) -> tuple[list[tuple[int, str]], bool]:
    """Exit code and output (both streams) of each step, run in one shell, and
    whether something was left running.

    more: environment beside the usual; its ``PATH`` comes first.
    """
    parts = [_PROLOGUE, "CODE=0\n"]
    for number, step in enumerate(todo):
        parts.append(f"(exit $CODE)\n{_script(step, folder / f'said-{number}')}")
        parts.append(f"CODE=$?\nprintf '{_MARK}%d{_MARK}' $CODE\n")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("XID_")
    }
    paths = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    shell = subprocess.Popen(
        ["bash", "-c", "".join(parts)],
        cwd=folder / "workspace",
        env={
            **environment,
            **_ENVIRONMENT,
            **more,
            "HOME": str(folder),
            "PATH": more.get("PATH", "") + paths,
            "PIP_TARGET": str(folder / "installed"),
            "TESTED_VENV": sys.prefix,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    try:
        output, _ = shell.communicate(timeout=_SECONDS)
    finally:
        left = _end_session(shell.pid)
    assert shell.returncode == 0, output
    pieces = output.split(_MARK)[:-1]
    results = zip(pieces[1::2], pieces[::2], strict=True)
    return [(int(code), printed) for code, printed in results], left


def _script(step: Step, said: Path) -> str:
    """What bash runs for a step; said: where a command in the background writes."""
    if not step.command.endswith(" &"):
        return f"{{ {step.command}\n}} 2>&1\n"
    started = f"{{ {step.command}\n}} >{shlex.quote(str(said))} 2>&1\n"
    lines = [line for line in step.expected.split("\n") if line.strip("… ")]
    if not lines:
        return started
    last = max(lines[-1].split("…"), key=len)
    return f"{started}says {shlex.quote(str(said))} {shlex.quote(last)}\n"


def _end_session(leader: int) -> bool:
    """End what runs in the session of a process; whether anything did."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)
        return True
    return False


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
