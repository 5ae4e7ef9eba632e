"""The command line `xid`.

Importing this package loads nothing: `click` comes with the first call, each
command's module when it is asked for, plugins when a command needs a kind,
and `rich` when a terminal is to be written on.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `xid` and return its exit code.

    arguments: without the program's name; None takes those of the process.

    0: answered; 1: a valid question whose answer is no; 2: bad input or
    usage, one line on standard error. Never raises.
    """
    from .root import xid
    from .run import run

    return run(xid, arguments)
