"""Threads with a bounded number of things to do."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from ..errors import Closing, Deadline, Overloaded

__all__ = ["Pool"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


class Pool:
    """Runs functions in threads for callers on an event loop.

    name: what the threads do, for errors and thread names.
    most: what is run or waits to be run at once.
    seconds: how long a caller waits; what has begun by then is done to the end.
    """

    __slots__ = ("_busy", "_executor", "_lock", "_most", "_name", "_seconds")

    def __init__(self, name: str, threads: int, most: int, seconds: float) -> None:
        self._name = name
        self._most = most
        self._seconds = seconds
        self._busy = 0
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)

    async def run(
        self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs
    ) -> _R:
        """Run a function; raises what it raises, `Overloaded`, `Deadline`,
        `Closing`."""
        with self._lock:
            if self._busy >= self._most:
                raise Overloaded(
                    f"{self._most} requests ({self._name}) are waiting already."
                )
            self._busy += 1
        try:
            future = self._executor.submit(function, *args, **kwargs)
        except RuntimeError:
            self._done(None)
            raise Closing("The node is being stopped.") from None
        future.add_done_callback(self._done)
        try:
            async with asyncio.timeout(self._seconds) as scope:
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if not scope.expired():
                raise
            raise Deadline(
                f"It was not done within {self._seconds:g} seconds ({self._name})."
            ) from None

    def close(self, *, wait: bool) -> None:
        """Take nothing more and forget what has not begun.

        wait: return when what has begun is done.
        """
        self._executor.shutdown(wait=wait, cancel_futures=True)

    def _done(self, _: Future[_R] | None) -> None:
        with self._lock:
            self._busy -= 1
