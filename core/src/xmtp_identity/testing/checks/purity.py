"""A verifier is a function of what it is given, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..calls import attempt, describe
from ..pool import pool_of
from ..watch import clock_reads, outside_calls
from .base import Check, numbered

if TYPE_CHECKING:
    from ...kinds import SignatureItem
    from ..bench import Bench

__all__ = ["NoClock", "NoNetwork", "NoState"]


class NoState(Check):
    """What a client saw before does not change what it says now, so that all come
    to one state."""

    name = "no-state"
    group = "purity"
    fix = "Keep nothing between calls but caches of pure functions; count no calls."

    def look(self, bench: Bench) -> Iterator[str]:
        """Ask the same again, after other things were asked."""
        for number, items in pool_of(bench, "no-state").items():
            first = [describe(bench.verify_one(number, item)) for item in items]
            later = {
                "once more": range(len(items)),
                "from the last to the first": range(len(items) - 1, -1, -1),
            }
            for what, order in later.items():
                again = {
                    index: describe(bench.verify_one(number, items[index]))
                    for index in order
                }
                wrong = [
                    index for index in sorted(again) if again[index] != first[index]
                ]
                if wrong:
                    yield (
                        f"Proof {number}, asked {what}: other answers to "
                        f"{numbered(wrong)}, such as {again[wrong[0]]} after "
                        f"{first[wrong[0]]}"
                    )
        parse = bench.kind.parse
        for text in bench.case.valid:
            if describe(attempt(parse, text)) != describe(attempt(parse, text)):
                yield f"{text!r} is parsed to two identifiers."


class NoClock(Check):
    """A log is judged today as it will be in ten years, whatever the clock of a
    client says."""

    name = "no-clock"
    group = "purity"
    fix = (
        "Judge signatures without the time and without dice; what must be recent is "
        "for admission (`Proof.admit`)."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Watch which functions are called while items are verified."""
        parse = bench.kind.parse
        for number, items in pool_of(bench, "no-clock").items():
            bench.verify(number, items)  # loads what loads on first use
            for name in clock_reads(partial(bench.verify, number, items)):
                yield f"The verifier of proof {number} asks {name}."
        for text in bench.case.valid:
            attempt(parse, text)
            for name in clock_reads(partial(attempt, parse, text)):
                yield f"`parse` asks {name}."


class NoNetwork(Check):
    """Verifying tells nobody what is verified, and does not depend on who answers;
    a chain is asked through the context alone."""

    name = "no-network"
    group = "purity"
    fix = "Take what must be asked from the context that the caller passes."

    def look(self, bench: Bench) -> Iterator[str]:
        """Verify and parse where no network, process or file can be had."""
        pools = pool_of(bench, "no-network")
        texts = [*bench.case.valid, *bench.case.invalid]
        asked: dict[str, None] = {}  # in the order in which it asked
        # What loads on first use is read from files, and not again.
        for files in (True, False):
            with outside_calls(files=files) as found:
                self._work(bench, pools, texts)
            asked |= found
        for name in asked:
            yield f"It asks for {name}."

    @staticmethod
    def _work(
        bench: Bench, pools: dict[int, list[SignatureItem]], texts: list[str]
    ) -> None:
        for number, items in pools.items():
            bench.verify(number, items)
        for text in texts:
            attempt(bench.kind.parse, text)
