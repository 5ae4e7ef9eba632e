"""Live clients talk for as long as you like: ``python -m tests.real_client.long_run``.

Each talk is one group or direct message of two people on a node of its own,
with an installation that joins and restarts on the way, and is checked at the
end as the tests check theirs. One line of JSON a talk. An inbox has room for 64
leaf entries, so a talk has at most 33 rounds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import grpc

from xmtp_identity import load_registry

from ..faults.processes import NodeProcess
from .relay import Relay
from .talk import Kind, Talk

_MOST_ROUNDS = 33


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--talks", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=30, help=f"<= {_MOST_ROUNDS}")
    parser.add_argument("--sends", type=int, default=10, help="a client and round")
    parser.add_argument("--all-look", action="store_true", help="see Talk.round")
    parser.add_argument("--kinds", nargs=2, default=("solana", "bitcoin"))
    parser.add_argument("--store", help="of the node; without it, a new SQLite file")
    options = parser.parse_args()
    registry = load_registry(strict=True)
    kinds: tuple[Kind, ...] = ("group", "dm")
    for what in islice(cycle(kinds), options.talks):
        with (
            tempfile.TemporaryDirectory() as folder,
            NodeProcess(
                options.store or f"{folder}/node.sqlite", Path(folder, "log")
            ) as node,
            grpc.insecure_channel(node.target) as channel,
            Relay(node.target) as relay,
            Talk(
                relay, channel, registry, Path(folder), what, kinds=options.kinds
            ) as talk,
        ):
            begun = time.monotonic()
            for number in range(min(options.rounds, _MOST_ROUNDS)):
                if number == options.rounds // 3:
                    talk.join(talk.people[0])
                if number == options.rounds // 2:
                    talk.people[1].installations[0].restart()
                talk.round(options.sends, all_look=options.all_look)
            figures = talk.check()
            seconds = round(time.monotonic() - begun, 1)
            print(json.dumps({"what": what, "seconds": seconds, **figures}), flush=True)


if __name__ == "__main__":
    main()
