"""Running a command: every failure is one line on standard error and a code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Final, TextIO

import click
from click.shell_completion import shell_complete

from ..errors import IdentityError, NotAdmitted
from .output import complain

__all__ = ["COMPLETION", "NAME", "run"]

NAME: Final = "xid"
COMPLETION: Final = "_XID_COMPLETE"
"""The variable by which a shell asks for completions."""

_TRACEBACK: Final = "XID_TRACEBACK"
"""Set to 1, an error that nobody foresaw is shown with its traceback."""

_NO_COMMAND: Final = getattr(click.exceptions, "NoArgsIsHelpError", ())
"""click's own since 8.2."""

_ANSWER_IS_NO: Final = 1
_BAD_INPUT: Final = 2


def run(command: click.Command, arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code; never raises.

    arguments: without the program's name; None takes those of the process.
    """
    _prepare_streams()
    try:
        code = _invoke(command, arguments)
        sys.stdout.flush()
    except BaseException as error:  # the one place for all of them
        if os.environ.get(_TRACEBACK) == "1" and not isinstance(error, _FORESEEN):
            raise
        code = _report(error)
        _drain()
    return code


_FORESEEN: Final = (
    IdentityError,
    click.ClickException,
    click.Abort,
    KeyboardInterrupt,
    OSError,
)


def _invoke(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Not by `Command.main`, which has exit codes and lines of its own."""
    instruction = os.environ.get(COMPLETION)
    if instruction:
        return shell_complete(command, {}, NAME, COMPLETION, instruction)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with command.make_context(NAME, given) as context:
            command.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return 0


def _report(error: BaseException) -> int:
    """Say what went wrong; returns the exit code."""
    if isinstance(error, IdentityError):
        complain(error.detail, error.code)
        return _ANSWER_IS_NO if isinstance(error, NotAdmitted) else _BAD_INPUT
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else NAME
        # For a group without its command click's message is the whole help.
        bare = isinstance(error, _NO_COMMAND)
        message = "Missing command." if bare else error.format_message()
        complain(f"{message} Try '{path} --help'.", "usage")
    elif isinstance(error, click.ClickException):
        complain(error.format_message(), "bad_input")
    elif isinstance(error, EOFError) or isinstance(error.__context__, EOFError):
        complain("The input ended where an answer was needed.", "end_of_input")
    elif isinstance(error, KeyboardInterrupt | click.Abort):
        complain("Interrupted.", "interrupted")
    elif isinstance(error, BrokenPipeError):
        complain("Whoever read the output has gone.", "broken_pipe")
    elif isinstance(error, OSError):
        place = f"{os.fsdecode(error.filename)}: " if error.filename else ""
        complain(f"{place}{error.strerror or error}.", "system_error")
    elif isinstance(error, MemoryError):
        complain("There is not enough memory for this.", "out_of_memory")
    elif isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        complain(str(error.code), "exit")
    else:
        complain(
            f"This should not happen ({type(error).__name__}: {error}). Set "
            f"{_TRACEBACK}=1 to see where, and report it.",
            "internal_error",
        )
    return _BAD_INPUT


def _prepare_streams() -> None:
    """Let no character stop the output, and no closed stream either."""
    if sys.stdout is None:
        sys.stdout = _nowhere()
    if sys.stderr is None:
        sys.stderr = _nowhere()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            # A terminal that can't show a character gets its escape.
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # where it is a real stream


def _nowhere() -> TextIO:
    """A stream that lives as long as the process and takes everything."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    return os.fdopen(nowhere, "w", encoding="utf-8", closefd=False)


def _drain() -> None:
    """Output that can't be written is dropped, lest the interpreter complains
    of it once more at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
