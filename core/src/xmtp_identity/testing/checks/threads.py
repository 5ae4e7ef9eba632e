"""Several threads at once are answered as one would be."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any, Final

from ...kinds import SignatureItem
from ..calls import Answer
from ..pool import pool_of
from ..watch import outside_calls
from .base import Check, numbered
from .batches import ask_alone, differences

if TYPE_CHECKING:
    from ..bench import Bench

__all__ = ["Threads"]

_THREADS: Final = 4
_PATIENCE: Final = 300


class Threads(Check):
    """A node that verifies on several threads comes to one answer."""

    name = "threads"
    group = "batches"
    fix = "Keep what a call works on in local variables, not in modules or objects."

    def look(self, bench: Bench) -> Iterator[str]:
        """Ask on several threads at the same time."""
        for number, items in pool_of(bench, "threads").items():
            alone = ask_alone(bench, number, items)
            wrong: set[int] = set()
            for answers in _ask_at_once(bench, number, items):
                wrong.update(differences(alone, answers))
            if wrong:
                yield (
                    f"Proof {number}: on {_THREADS} threads the items "
                    f"{numbered(sorted(wrong))} get other answers than on one."
                )


def _ask_at_once(
    bench: Bench, number: int, items: Sequence[SignatureItem]
) -> Iterator[list[Answer]]:
    """The answers to each thread, in the order of the items."""
    barrier = Barrier(_THREADS)

    def work(thread: int) -> list[Answer]:
        first = thread * 3 % len(items)  # each begins at another item
        barrier.wait(_PATIENCE)
        with outside_calls(files=True):
            answers = _interleaved(bench, number, [*items[first:], *items[:first]])
        last = len(items) - first
        return [*answers[last:], *answers[:last]]

    with ThreadPoolExecutor(_THREADS) as pool:
        yield from pool.map(work, range(_THREADS))


def _interleaved(
    bench: Bench, number: int, items: Sequence[SignatureItem]
) -> list[Answer]:
    """Ask, and let another thread go on at every line of Python: left to itself, a
    thread works for milliseconds, and what two do to each other shows too rarely."""

    def let_go(_frame: Any, _event: str, _argument: Any) -> Any:
        time.sleep(0)
        return let_go

    before = sys.gettrace()
    sys.settrace(let_go)
    try:
        return bench.verify(number, items)
    finally:
        sys.settrace(before)
