"""Many signatures in one call are judged as each would be alone."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from threading import Barrier
from typing import TYPE_CHECKING, Final

from ...kinds import SignatureItem
from ..calls import Answer, Crash, describe, verify_together
from ..pool import pool_of
from ..watch import outside_calls
from .base import Check, numbered

if TYPE_CHECKING:
    from ..bench import Bench

__all__ = ["Batches", "Threads"]

_HUGE: Final = 2048
_SHUFFLES: Final = 3
_THREADS: Final = 4
_ROUNDS: Final = 4
_SWITCH: Final = 1e-5


def _alone(bench: Bench, number: int, items: Sequence[SignatureItem]) -> list[str]:
    """What is said of each item, asked one by one."""
    return [describe(bench.verify_one(number, item)) for item in items]


def _differences(expected: list[str], answers: Sequence[Answer]) -> list[int]:
    if len(answers) != len(expected):
        return list(range(len(expected)))
    return [
        index
        for index, answer in enumerate(answers)
        if describe(answer) != expected[index]
    ]


def _faults(
    bench: Bench, number: int, items: Sequence[SignatureItem], alone: list[str]
) -> Iterator[str]:
    """What one call for all items says otherwise than calls for each."""
    proof, context = bench.kind.proofs[number], bench.case.context
    answers = verify_together(proof, items, context)
    if isinstance(answers, Crash):
        yield f"it {answers.cause}."
        return
    wrong = _differences(alone, answers)
    if wrong:
        yield (
            f"other answers to {numbered(wrong)} than alone, such as "
            f"{describe(answers[wrong[0]])} for {alone[wrong[0]]}"
        )


class Batches(Check):
    """A client that verifies a whole log at once comes to the state of one that
    verifies update by update."""

    name = "batches"
    group = "batches"
    fix = (
        "Answer once for each item, in order; share between items only what follows "
        "from the bytes of both, such as the hash of one text."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Ask one by one and together, in several orders and sizes."""
        for number, items in pool_of(bench, "batches").items():
            alone = _alone(bench, number, items)
            huge = len(bench.affordable(number, items[0], range(_HUGE)))
            for what, order in self._orders(len(items), huge):
                asked = [items[index] for index in order]
                expected = [alone[index] for index in order]
                for fault in _faults(bench, number, asked, expected):
                    yield f"Proof {number}, {what}: {fault}"
            for fault in _faults(bench, number, tuple(items), alone):
                yield f"Proof {number}, in a tuple: {fault}"
            self.note = f"up to {huge} signatures in a call"

    @staticmethod
    def _orders(size: int, huge: int) -> Iterator[tuple[str, list[int]]]:
        whole = list(range(size))
        yield "without items", []
        yield "together", whole
        yield "turned around", whole[::-1]
        for seed in range(_SHUFFLES):
            shuffled = list(whole)
            random.Random(seed).shuffle(shuffled)  # noqa: S311 - any order will do
            yield f"shuffled ({seed})", shuffled
        yield "each twice", [index for index in whole for _ in range(2)]
        yield f"{huge} in a call", list(islice(cycle(whole), huge))


class Threads(Check):
    """A node that verifies on several threads comes to one answer."""

    name = "threads"
    group = "batches"
    fix = "Keep what a call works on in local variables, not in modules or objects."

    def look(self, bench: Bench) -> Iterator[str]:
        """Ask on several threads at the same time."""
        for number, items in pool_of(bench, "threads").items():
            alone = _alone(bench, number, items)
            wrong: set[int] = set()
            # Threads change places as often as they can.
            interval = sys.getswitchinterval()
            sys.setswitchinterval(_SWITCH)
            try:
                for answers in self._at_once(bench, number, items):
                    wrong.update(_differences(alone, answers))
            finally:
                sys.setswitchinterval(interval)
            if wrong:
                yield (
                    f"Proof {number}: on {_THREADS} threads the items "
                    f"{numbered(sorted(wrong))} get other answers than on one."
                )

    @staticmethod
    def _at_once(
        bench: Bench, number: int, items: Sequence[SignatureItem]
    ) -> Iterator[list[Answer]]:
        """The answers of each round of each thread, brought into the items' order."""
        barrier = Barrier(_THREADS)

        def work(thread: int) -> list[list[Answer]]:
            # Each thread begins at another item.
            order = [(index + thread * 3) % len(items) for index in range(len(items))]
            asked = [items[index] for index in order]
            rounds = []
            for _ in range(_ROUNDS):
                barrier.wait(timeout=60)
                with outside_calls(files=True):
                    answers = bench.verify(number, asked)
                rounds.append(
                    [
                        answer
                        for _, answer in sorted(
                            zip(order, answers, strict=True), key=lambda pair: pair[0]
                        )
                    ]
                )
            return rounds

        with ThreadPoolExecutor(_THREADS) as pool:
            for rounds in pool.map(work, range(_THREADS)):
                yield from rounds
