"""The projection theorem over as many random logs as one likes; not run by CI.

    python tests/projection/long_run.py --count 100000 --seed 1

Each log is replayed by a client with random leaf kinds and by one with some
more; every tenth also with its chains up and down. A log for which the theorem
does not hold is printed with its number, which gives it again (``--only``).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.projection.clients import LEAVES, XMTP, client  # noqa: E402 - needs the path
from tests.projection.scripts import Script, script_of  # noqa: E402
from tests.projection.theorem import (  # noqa: E402
    Breach,
    chain_down,
    compare,
    see,
    stopped,
)

from xmtp_identity import ReplayResult  # noqa: E402

_ROOTS = (XMTP,) * 6 + (frozenset({"ethereum"}), frozenset({"passkey"}))
_EVERY = 10


class Figures:
    """What came out, counted."""

    def __init__(self) -> None:
        self.logs: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.breaches = 0

    def add(self, result: ReplayResult) -> None:
        """Count the larger client's result."""
        for outcome in result.outcomes:
            self.outcomes[outcome.outcome.value] += 1
            self.codes[outcome.code or "applied"] += 1
        layers = result.state.layers if result.state else {}
        self.logs["with a state"] += result.state is not None
        self.logs["with leaf members"] += any(layers.values())
        self.logs["with members in two layers or more"] += (
            sum(map(bool, layers.values())) > 1
        )
        self.logs["not authoritative"] += not result.authoritative
        self.logs["deviating"] += result.deviates is not None
        self.logs["stopped"] += result.stopped_at is not None
        self.logs["with a layer left out"] += bool(result.missing)

    def show(self, count: int, seconds: float) -> None:
        """Print it all."""
        print(f"{count} logs in {seconds:.0f} s, {self.breaches} breaches")
        print(f"entries: {self.outcomes.total()}")
        for title, counter in vars(self).items():
            if isinstance(counter, Counter):
                print(f"{title}:")
                for name, number in counter.most_common():
                    print(f"  {number:9}  {name}")


def one(seed: int, number: int, figures: Figures) -> tuple[Script, list[Breach]]:
    """Try one log."""
    random = Random(f"{seed} {number}")
    script = script_of(random)
    more = frozenset(name for name in LEAVES if random.random() < 0.75)
    less = frozenset(name for name in more if random.random() < 0.5)
    roots = random.choice(_ROOTS)
    small, large = client(less, roots), client(more, roots)
    lacking = frozenset(large.by_member) - frozenset(small.by_member)
    view = see(f"{sorted(more)}", script, large)
    figures.add(view.result)
    found = [
        *compare(see(f"{sorted(less)}", script, small), view, lacking, script.log())
    ]
    if number % _EVERY == 0:
        found += chain_down(script, large)
        found += stopped(script, large)
    return script, found


def main() -> int:
    """Run it; the exit code is 1 if the theorem did not hold."""
    parser = argparse.ArgumentParser(description="Try the projection theorem.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the number of one log")
    options = parser.parse_args()
    numbers = range(options.count) if options.only is None else [options.only]
    figures = Figures()
    start = time.perf_counter()
    for number in numbers:
        script, found = one(options.seed, number, figures)
        if found:
            figures.breaches += 1
            print(f"log {number} of seed {options.seed}: {script}\n{found[0]}")
    figures.show(len(numbers), time.perf_counter() - start)
    return 1 if figures.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
