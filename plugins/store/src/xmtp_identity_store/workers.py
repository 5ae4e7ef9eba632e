"""Who renews snapshots: this process, or others that end when it ends."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING

from .errors import ProcessLost
from .renewal import Renewal, renew
from .store import Job

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future

    from xmtp_identity import Registry
    from xmtp_identity.kinds import Context

__all__ = ["Renewals", "Submit", "interrupts_held", "pool", "workers"]

Renewals = Callable[[], list[Renewal]]
"""Waits for the renewals of some jobs."""

Submit = Callable[[list[Job]], Renewals]
"""Has jobs done."""


@contextmanager
def workers(
    registry: Registry, context: Context | None, processes: int
) -> Iterator[Submit]:
    """How to have jobs done, in this process or in several others.

    Raises `ProcessLost` if one of those was killed.
    """
    if processes == 1:
        yield lambda jobs: lambda: renew(jobs, registry, context)
        return
    with pool(processes) as executor:

        def submit(jobs: list[Job]) -> Renewals:
            with interrupts_held():
                # Processes start here, and keep what is held.
                future: Future[list[Renewal]] = executor.submit(
                    renew, jobs, registry, context
                )
            return future.result

        yield submit


@contextmanager
def pool(processes: int) -> Iterator[Executor]:
    """Other processes that end when this one ends; what is handed to them is
    handed over with `interrupts_held`.

    Raises `ProcessLost` if one of them was killed.
    """
    from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

    # Forking would carry over whatever threads the libraries started.
    executor = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=_begin
    )
    try:
        yield executor
    except BrokenExecutor:
        raise ProcessLost(
            "A process ended in the middle of its work; what was written is kept."
        ) from None
    finally:
        executor.shutdown(cancel_futures=True)


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Let Ctrl-C wait, where the system can, and be no matter of new processes."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """In a new process: leave Ctrl-C to the first one, and end when that ends.

    The executor's processes would wait for ever for one that was killed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
