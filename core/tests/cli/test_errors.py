"""Whatever goes wrong is one line on standard error, and exit code 2."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.cli import main
from xmtp_identity.cli.output import json_line, printable
from xmtp_identity.cli.run import run as run_command
from xmtp_identity.errors import BadInput, IdentityError, NotAdmitted

from .support import as_json, complaint, environment, history, one_line, process, write

INBOX, UPDATES = history("register")
GOOD = as_json(INBOX, UPDATES)
XID = [sys.executable, "-m", "xmtp_identity"]

posix = pytest.mark.skipif(os.name != "posix", reason="signals and devices are POSIX's")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"none of the formats", "unknown_format"),
        (b"", "empty_file"),
        (b"\n \n", "empty_file"),
        (GOOD.encode()[:-9], "truncated_file"),
        (b"{}", "bad_json"),
        (b'{"inbox_id": "a", "log": []}', "no_entry"),
        (b"\x0a\x03\x0a\x01a", "no_entry"),
    ],
)
@pytest.mark.parametrize("command", ["replay", "inspect", "text"])
def test_a_bad_file_is_one_line(
    tmp_path: Path, content: bytes, code: str, command: str
) -> None:
    path = write(tmp_path, "file", content)
    for result in (process(command, path), process(command, "--json", path)):
        assert result.returncode == 2
        assert not result.stdout
        said = one_line(result.stderr.decode())
        assert said.startswith(f"{path}: ")
        assert said.endswith(f"[{code}]")


def test_files_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    for path in (str(tmp_path / "missing"), str(tmp_path)):
        assert complaint("replay", path).endswith("[unusable_file]")


@posix
def test_a_file_without_the_right_to_read_is_one_line(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = Path(write(tmp_path, "secret", GOOD))
    path.chmod(0)
    assert complaint("replay", str(path)).endswith("[unusable_file]")


def test_a_hostile_file_name_does_not_reach_the_terminal(tmp_path: Path) -> None:
    said = complaint("replay", str(tmp_path / "\x1b[2J\n\u202e"))
    assert "\x1b" not in said
    assert "\\x1b[2J" in said


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nosuch"],
        ["--nosuch"],
        ["replay", "--nosuch"],
        ["replay", "--at"],
        ["inspect"],
        ["inspect", "a", "b"],
        ["completion"],
        ["completion", "tcsh"],
        ["kinds", "extra"],
        ["\x1b[2J"],
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str]) -> None:
    said = complaint(*arguments)
    assert said.endswith("[usage]")
    assert "Try 'xid" in said
    assert said.isprintable()


def test_help_and_version_answer() -> None:
    assert process("--version").stdout.startswith(b"xid ")
    for arguments in (["--help"], ["replay", "-h"], ["inspect", "--help"]):
        result = process(*arguments)
        assert result.returncode == 0
        assert b"Usage: xid" in result.stdout
        assert not result.stderr


def test_python_m_and_the_script_are_the_same_command() -> None:
    program = "import sys; from xmtp_identity.cli import main; sys.exit(main())"
    script = subprocess.run(
        [sys.executable, "-c", program, "kinds"],
        capture_output=True,
        check=True,
        env=environment(),
    )
    assert script.stdout == process("kinds").stdout


def test_main_returns_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert main(["nosuch"]) == 2
    assert one_line(capsys.readouterr().err)


# Errors that commands raise


class _Odd(IdentityError):
    code = "odd"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (BadInput("Not so.", code="so"), 2, "Not so. [so]"),
        (NotAdmitted("No."), 1, "No. [not_admitted]"),
        (
            _Odd("Two\nlines\r\n and\x1b[0m more."),
            2,
            "Two lines and\\x1b[0m more. [odd]",
        ),
        (click.ClickException("Clicked."), 2, "Clicked. [bad_input]"),
        (click.FileError("f", "gone"), 2, "Could not open file 'f': gone [bad_input]"),
        (click.Abort(), 2, "Interrupted. [interrupted]"),
        (KeyboardInterrupt(), 2, "Interrupted. [interrupted]"),
        (EOFError(), 2, "The input ended where an answer was needed. [end_of_input]"),
        (BrokenPipeError(), 2, "Whoever read the output has gone. [broken_pipe]"),
        (PermissionError(13, "Denied", "f"), 2, "f: Denied. [system_error]"),
        (OSError("plain"), 2, "plain. [system_error]"),
        (MemoryError(), 2, "There is not enough memory for this. [out_of_memory]"),
        (SystemExit("So long."), 2, "So long. [exit]"),
    ],
)
def test_each_error_has_its_line_and_its_exit_code(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    @click.command()
    def fail() -> None:
        raise error

    assert run_command(fail, []) == code
    assert one_line(capsys.readouterr().err) == said


def test_what_nobody_foresaw_is_one_line_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def fail() -> None:
        raise ZeroDivisionError("by\nnothing")

    assert run_command(fail, []) == 2
    said = one_line(capsys.readouterr().err)
    assert "ZeroDivisionError: by nothing" in said
    assert said.endswith("[internal_error]")


def test_exit_codes_of_commands_are_kept() -> None:
    @click.command()
    @click.pass_context
    def leave(ctx: click.Context) -> None:
        ctx.exit(7)

    assert run_command(leave, []) == 7


# Streams


@posix
def test_a_reader_that_leaves_is_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, "many", f"{GOOD}\n" * 3000)
    with subprocess.Popen(
        [*XID, "replay", "--jsonl", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline()
        program.stdout.close()
        said = program.stderr.read().decode()
        assert program.wait() == 2
    assert one_line(said).endswith("[broken_pipe]")


@posix
@pytest.mark.parametrize(("processes", "lines"), [("1", 600), ("2", 3000)])
def test_an_interrupt_is_one_line(processes: str, lines: int) -> None:
    with subprocess.Popen(
        [*XID, "replay", "--jsonl", "--processes", processes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stderr is not None
        # Enough for an answer, and no more answers than a pipe holds.
        program.stdin.write((b"x" * 500 + b"\n") * lines)
        program.stdin.flush()
        # It answers, so it is at work and waits for more.
        assert program.stdout.readline()
        os.killpg(program.pid, signal.SIGINT)
        program.stdin.close()
        program.stdout.read()
        said = program.stderr.read().decode()
        assert program.wait() == 2
    assert one_line(said).endswith("[interrupted]")


@posix
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [*XID, "kinds"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            env=environment(),
        )
    assert result.returncode == 2
    assert one_line(result.stderr.decode()).endswith("[system_error]")


@posix
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_reason_for_a_traceback(closed: str) -> None:
    result = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m xmtp_identity replay - {closed}', sys.executable],
        input=b"",
        capture_output=True,
        check=False,
        env=environment(),
    )
    assert result.returncode == 2
    assert result.stderr.count(b"\n") <= 1
    assert b"Traceback" not in result.stderr


def test_what_a_stream_cannot_encode_is_escaped(tmp_path: Path) -> None:
    result = process("replay", str(tmp_path / "é"), PYTHONIOENCODING="ascii")
    assert result.returncode == 2
    assert b"\\xe9" in result.stderr


# What reaches a terminal


@given(st.text(st.characters()))
def test_printable_text_moves_no_cursor(text: str) -> None:
    assert printable(text).isprintable()
    if text.isprintable():
        assert printable(text) == text


@given(st.text(st.characters()))
def test_a_line_of_json_is_printable_ascii(text: str) -> None:
    line = json_line({text: [text]})
    assert line.isascii()
    assert line.isprintable()
