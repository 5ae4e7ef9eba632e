"""What a call asks of the world around it: the time, the network, files."""

from __future__ import annotations

import datetime as dt
import gc
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["Forbidden", "clock_reads", "outside_calls"]

_CLOCKS: Final = frozenset(
    {
        getattr(time, name)
        for name in (
            "asctime",
            "clock_gettime",
            "clock_gettime_ns",
            "ctime",
            "gmtime",
            "localtime",
            "monotonic",
            "monotonic_ns",
            "perf_counter",
            "perf_counter_ns",
            "process_time",
            "process_time_ns",
            "sleep",
            "strftime",
            "thread_time",
            "thread_time_ns",
            "time",
            "time_ns",
        )
        if hasattr(time, name)
    }
)
_DATES: Final = frozenset({"now", "today", "utcnow"})
_DICE: Final = frozenset({"getrandbits", "random", "urandom"})

_OUTSIDE: Final = (
    "socket.",
    "subprocess.",
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.spawn",
    "urllib.",
    "http.",
)
"""The audit events (PEP 578) of what no verifier may ever do."""

_FILES: Final = ("open", "os.listdir", "os.scandir", "sqlite3.connect")
"""Those of what it may do once, when it loads a library."""


class Forbidden(RuntimeError):
    """What stops a call that goes outside."""


def clock_reads(function: Callable[[], object]) -> list[str]:
    """Call a function; give the names of the clocks and dice that it asks.

    Python tells of every function in C that Python code calls, so it makes no
    difference how, and when, it was imported. What C calls is not heard.
    """
    found: dict[str, None] = {}

    def look(_frame: Any, event: str, called: Any) -> None:
        if event == "c_call":
            name = _asked(called)
            if name is not None:
                found[name] = None

    before, collects = sys.getprofile(), gc.isenabled()
    # Hypothesis times the collector, in whatever call it happens to run.
    gc.disable()
    sys.setprofile(look)
    try:
        function()
    finally:
        sys.setprofile(before)
        if collects:
            gc.enable()
    return list(found)


def _asked(called: Any) -> str | None:
    """The name of a clock or of dice, None for any other function."""
    name = getattr(called, "__name__", "")
    owner = getattr(called, "__self__", None)
    if name in _DATES:
        if isinstance(owner, type) and issubclass(owner, dt.date):
            return f"{owner.__name__}.{name}"
    elif name in _DICE:
        module = getattr(called, "__module__", None) or ""
        if isinstance(owner, random.Random):
            return f"random.{name}"
        if module in {"posix", "nt"}:
            return f"os.{name}"
    elif getattr(called, "__module__", None) == "time" and called in _CLOCKS:
        return f"time.{name}"
    return None


_Watch = tuple[tuple[str, ...], dict[str, None]]


class _Guard:
    """The one audit hook of this process; hooks can't be taken away again."""

    def __init__(self) -> None:
        self.installed = False
        # By thread, the innermost last: the events, and those that came.
        self.watches: dict[int, list[_Watch]] = {}

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        watches = self.watches.get(threading.get_ident())
        if not watches:
            return
        events, found = watches[-1]
        if event.startswith(events):
            detail = f" {arguments[0]!r}" if event == "open" else ""
            found[f"{event}{detail}"] = None
            raise Forbidden(f"A kind must not ask for {event}.")


_guard: Final = _Guard()


@contextmanager
def outside_calls(*, files: bool) -> Iterator[dict[str, None]]:
    """Within, this thread can't go outside; the names of its attempts are given.

    files: whether files may be read.
    """
    if not _guard.installed:
        sys.addaudithook(_guard.hear)
        _guard.installed = True
    found: dict[str, None] = {}
    watches = _guard.watches.setdefault(threading.get_ident(), [])
    watches.append((_OUTSIDE if files else _OUTSIDE + _FILES, found))
    try:
        yield found
    finally:
        watches.pop()
