"""Many signatures in one call are judged as each would be alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from typing import TYPE_CHECKING, Final

from ...kinds import SignatureItem
from ..calls import Answer, Crash, describe, verify_together
from ..pool import pool_of
from .base import Check, numbered

if TYPE_CHECKING:
    from ..bench import Bench

__all__ = ["Batches", "ask_alone", "differences"]

_HUGE: Final = 2048
_SHUFFLES: Final = 3


def ask_alone(bench: Bench, number: int, items: Sequence[SignatureItem]) -> list[str]:
    """What is said of each item, asked one by one."""
    return [describe(bench.verify_one(number, item)) for item in items]


def differences(expected: list[str], answers: Sequence[Answer]) -> list[int]:
    """The places of the answers that are not as expected."""
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
    wrong = differences(alone, answers)
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
            alone = ask_alone(bench, number, items)
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
