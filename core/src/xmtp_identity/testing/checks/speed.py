"""How long verifying takes beside the library call that does the work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from ..bench import ALICE
from ..results import NotChecked
from .base import Check

if TYPE_CHECKING:
    from ..bench import Bench

__all__ = ["Speed"]

_ITEMS: Final = 64
_ROUNDS: Final = 7


class Speed(Check):
    """Whoever verifies much sees what the kind adds to the bare cryptography; a
    number to look at, never a fault."""

    name = "speed"
    group = "package"
    fix = "Nothing has to be fixed; a ratio over 1.5 is worth a look at a profile."

    def look(self, bench: Bench) -> Iterator[str]:
        """Time both, in turns, and compare the best of each."""
        prepare = bench.case.raw_call
        if prepare is None:
            raise NotChecked("the case has no raw call to compare with")
        one = bench.sign("signer", ALICE, "speed")
        rounds = range(_ITEMS * _ROUNDS)
        most = len(bench.affordable(one.wire.number, one.item, rounds)) // _ROUNDS
        items = [
            bench.sign("signer", ALICE, f"speed {count}").item
            for count in range(max(most, 1))
        ]
        proof = bench.kind.proofs[one.wire.number]
        raw_calls = [prepare(item) for item in items]

        def verify() -> None:
            proof.verify_many(items, bench.case.context)

        def raw() -> None:
            for call in raw_calls:
                call()

        ours, bare = float("inf"), float("inf")
        for _ in range(_ROUNDS):
            ours = min(ours, _seconds(verify))
            bare = min(bare, _seconds(raw))
        self.note = (
            f"{ours / bare:.2f} times its raw call "
            f"({ours / len(items) * 1e6:.0f} and {bare / len(items) * 1e6:.0f} us)"
        )
        yield from ()


def _seconds(function: Callable[[], None]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start
