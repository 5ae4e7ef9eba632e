"""Replays mutated logs, as many as one likes; not run by CI.

    python tests/protocol/fuzz_long.py --count 100000 --seed 1

Three of four logs are real ones (histories and odd logs), one is random with
leaf updates; each is damaged before it is replayed, and all promises of
`tests.support.promises` are checked. A log that breaks one is printed by its
number, which with the seed gives it again (``--only``).
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.leaf_kinds import full_registry  # noqa: E402 - needs the path
from tests.support.mutations import Log, mutate_log  # noqa: E402
from tests.support.promises import check_promises  # noqa: E402
from tests.support.random_logs import RandomLog  # noqa: E402
from tests.support.vectors import real_logs, stub_context  # noqa: E402

from xmtp_identity import ReplayResult  # noqa: E402
from xmtp_identity.kinds import Context  # noqa: E402

REAL = list(real_logs().values())


def mutated(seed: int, number: int) -> tuple[str, Log, Context]:
    """One damaged log."""
    random = Random(f"{seed} {number}")
    if random.random() < 0.25:
        log = RandomLog(random.randrange(1 << 32), size=8)
        return log.inbox_id, mutate_log(log.log, random), log.context
    inbox_id, real = random.choice(REAL)
    return inbox_id, mutate_log(real, random), stub_context()


class Figures:
    """What came out, counted."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.logs: Counter[str] = Counter()
        self.failures: list[int] = []

    def add(self, result: ReplayResult) -> None:
        for outcome in result.outcomes:
            self.outcomes[outcome.outcome.value] += 1
            mark = " (deviation)" if outcome.deviation else ""
            self.codes[(outcome.code or "applied") + mark] += 1
        self.logs["authoritative" if result.authoritative else "uncertain"] += 1
        self.logs["with a state"] += result.state is not None
        self.logs["deviating"] += result.deviates is not None
        self.logs["stopped"] += result.stopped_at is not None
        self.logs["with a layer left out"] += bool(result.missing)

    def show(self, count: int, seconds: float) -> None:
        print(f"{count} mutated logs in {seconds:.0f} s, {len(self.failures)} failures")
        print(f"entries: {sum(self.outcomes.values())}")
        for title, counter in (
            ("outcomes", self.outcomes),
            ("logs", self.logs),
            ("codes", self.codes),
        ):
            print(f"{title}:")
            for name, number in counter.most_common():
                print(f"  {number:9}  {name}")


def main() -> int:
    """Run it; the exit code is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description="Replay mutated identity logs.")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the number of one log")
    options = parser.parse_args()
    numbers = range(options.count) if options.only is None else [options.only]
    figures = Figures()
    start = time.perf_counter()
    for number in numbers:
        inbox_id, log, context = mutated(options.seed, number)
        try:
            figures.add(check_promises(inbox_id, log, full_registry(), context))
        except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
            figures.failures.append(number)
            traceback.print_exc()
            print(f"log {number} of seed {options.seed} broke a promise")
    figures.show(len(numbers), time.perf_counter() - start)
    return 1 if figures.failures else 0


if __name__ == "__main__":
    sys.exit(main())
