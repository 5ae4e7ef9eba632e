"""Faults by the dozen; not run by CI.

    python -m tests.faults.long_run kill-node --kills 50
    python -m tests.faults.long_run kill-node --kills 50 --postgres
    python -m tests.faults.long_run kill-postgres --kills 20
    python -m tests.faults.long_run two-nodes --rounds 5

Each run is made from ``--seed`` but for what a killed process was just doing.
It ends with what happened, in figures, or with the first thing that is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from random import Random

from ..support.postgres import Postgres
from .load import Load
from .processes import NodeProcess
from .scenes import (
    kill_again_and_again,
    kill_postgres_again_and_again,
    publish_together,
    race_for_owners,
)
from .workload import plans


def _postgres(stack: ExitStack) -> Postgres:
    postgres = Postgres(safe=True)
    stack.callback(postgres.stop)
    return postgres


def kill_node(arguments: argparse.Namespace, stack: ExitStack, folder: Path) -> object:
    """SIGKILL of the node, at random points of a load and of a transaction."""
    random = Random(arguments.seed)
    store = (
        _postgres(stack).new_store() if arguments.postgres else str(folder / "node.db")
    )
    load = Load(plans(f"long {arguments.seed}", 4 * arguments.kills, 24))
    node = stack.enter_context(NodeProcess(store, folder / "node.log"))
    return asyncio.run(
        kill_again_and_again(
            node, load, random, arguments.kills, delay=lambda: random.random() / 50
        )
    )


def kill_postgres(
    arguments: argparse.Namespace, stack: ExitStack, folder: Path
) -> object:
    """SIGKILL of PostgreSQL, which is started again at once."""
    postgres = _postgres(stack)
    size = min(150, 4 * arguments.kills)
    load = Load(plans(f"long {arguments.seed}", arguments.kills * 96 // size, size))
    node = stack.enter_context(NodeProcess(postgres.new_store(), folder / "node.log"))
    random = Random(arguments.seed)
    return asyncio.run(
        kill_postgres_again_and_again(node, postgres, load, random, arguments.kills)
    )


def two_nodes(arguments: argparse.Namespace, stack: ExitStack, folder: Path) -> object:
    """1,000 publishes at once, and races for owners, at two nodes."""
    store = _postgres(stack).new_store()
    nodes = [
        stack.enter_context(NodeProcess(store, folder / f"{name}.log"))
        for name in ("one", "two")
    ]
    seconds = []
    for turn in range(arguments.rounds):
        name = f"together {arguments.seed} {turn}"
        all_plans = plans(name, 10, 100, in_any_order=True)
        start = time.perf_counter()
        failures = asyncio.run(publish_together(nodes, all_plans))
        seconds.append(round(time.perf_counter() - start, 1))
        asyncio.run(race_for_owners(nodes, 100, name))
    return {"rounds": arguments.rounds, "seconds": seconds, "again": failures}


def main() -> None:
    """Run one of them."""
    parser = argparse.ArgumentParser(description="Faults by the dozen.")
    what = {
        "kill-node": kill_node,
        "kill-postgres": kill_postgres,
        "two-nodes": two_nodes,
    }
    parser.add_argument("what", choices=what)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", action="store_true")
    arguments = parser.parse_args()
    start = time.perf_counter()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        print(what[arguments.what](arguments, stack, folder))
    print(f"{time.perf_counter() - start:.0f} s, all as it must be")


if __name__ == "__main__":
    main()
