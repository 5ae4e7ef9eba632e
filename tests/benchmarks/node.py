"""What a node does in a second, on each store: publishes and look-ups.

Three servers are asked by the same client, in turns and each in a process of
its own: the node on SQLite, the node on PostgreSQL, and one that does nothing.
Only the ratios between them travel from one machine to another. Beside them
stands the time that the signatures of the published updates cost as bare
library calls.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import grpc

from xmtp_identity.v1.api_pb2 import (
    GetIdentityUpdatesRequest,
    GetInboxIdsRequest,
    PublishIdentityUpdateRequest,
)

from ..faults.client import IDENTITY_API, Client
from ..faults.processes import NodeProcess, cpu_seconds, free_port
from ..support.postgres import Postgres
from ..support.signers import Installation, Wallet
from ..support.updates import Add, Inbox
from .rows import Row

__all__ = ["Figures", "Log", "node_load"]

INBOXES: Final = 50
UPDATES: Final = 20
LOOKUPS: Final = 2000
AT_ONCE: Final = 50

Call = tuple[str, bytes]


@dataclass
class Log:
    """An inbox whose log is published."""

    inbox_id: str
    owner: str
    log: list[bytes]


@dataclass
class Figures:
    """What one server did with one sort of calls.

    rate: calls a second, of the best round.
    times: seconds that each call took, of all rounds.
    cpu: seconds of a processor that the server took for a call, in the best
        round; a busy machine changes them little.
    """

    rate: float = 0.0
    times: list[float] = field(default_factory=list)
    cpu: float = float("inf")

    def add(self, seconds: float, times: Sequence[float], cpu: float) -> None:
        """Another round, with the processor time of the server."""
        self.rate = max(self.rate, len(times) / seconds)
        self.cpu = min(self.cpu, cpu / len(times))
        self.times += times

    def rows(self, name: str) -> Iterator[Row]:
        """Rate, median and the hundredth slowest."""
        times = sorted(self.times)
        yield Row(name, self.rate, "calls/s")
        yield Row(f"{name}, p50", times[len(times) // 2] * 1e3, "ms")
        yield Row(f"{name}, p99", times[len(times) * 99 // 100] * 1e3, "ms")
        yield Row(f"{name}, processor time of the server", self.cpu * 1e3, "ms/call")


def signed_logs(name: str) -> list[Log]:
    """Inboxes to which wallets and apps come in turns."""
    logs = []
    for number in range(INBOXES):
        owner = Wallet(f"benchmark {name} {number}")
        inbox = Inbox(owner)
        while len(inbox.log) < UPDATES:
            person = f"{owner.name} {len(inbox.log)}"
            make = Installation if len(inbox.log) % 2 else Wallet
            inbox.append(Add(make(person), owner))
        log = [update for update in inbox.log if update is not None]
        logs.append(Log(inbox.inbox_id, owner.value, log))
    return logs


def publishes(logs: Sequence[Log]) -> list[list[Call]]:
    """One client an inbox, update after update."""
    return [
        [
            (
                f"{IDENTITY_API}PublishIdentityUpdate",
                PublishIdentityUpdateRequest(
                    identity_update=update
                ).SerializeToString(),
            )
            for update in one.log
        ]
        for one in logs
    ]


def reads(logs: Sequence[Log]) -> list[list[Call]]:
    """Clients that read one whole log with each call."""
    return _in_turns(
        [
            (
                f"{IDENTITY_API}GetIdentityUpdates",
                GetIdentityUpdatesRequest(
                    requests=[GetIdentityUpdatesRequest.Request(inbox_id=one.inbox_id)]
                ).SerializeToString(),
            )
            for one in logs
        ]
    )


def look_ups(logs: Sequence[Log]) -> list[list[Call]]:
    """Clients that look one address up with each call."""
    return _in_turns(
        [
            (
                f"{IDENTITY_API}GetInboxIds",
                GetInboxIdsRequest(
                    requests=[
                        GetInboxIdsRequest.Request(
                            identifier=one.owner, identifier_kind=1
                        )
                    ]
                ).SerializeToString(),
            )
            for one in logs
        ]
    )


def _in_turns(calls: Sequence[Call]) -> list[list[Call]]:
    each = LOOKUPS // AT_ONCE
    return [
        [calls[(client + turn) % len(calls)] for turn in range(each)]
        for client in range(AT_ONCE)
    ]


async def _measure(
    target: str, clients: Sequence[Sequence[Call]]
) -> tuple[float, list[float]]:
    """Seconds for all calls, and for each."""
    times: list[float] = []

    async def one(client: Client, calls: Sequence[Call]) -> None:
        for method, request in calls:
            start = time.perf_counter()
            await client.call(method, request)
            times.append(time.perf_counter() - start)

    async with Client(target) as client:
        await client.ready()
        start = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for calls in clients:
                tasks.create_task(one(client, calls))
        return time.perf_counter() - start, times


@dataclass
class _Server:
    name: str
    target: str
    pid: int
    calls: dict[str, Figures] = field(default_factory=dict)


@contextmanager
def _nothing() -> Iterator[_Server]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.node_nothing", str(port)]
    )
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            grpc.channel_ready_future(channel).result(timeout=30)
        yield _Server("nothing", f"127.0.0.1:{port}", process.pid)
    finally:
        process.kill()
        process.wait()


def node_load(verify: Callable[[Log], Callable[[], object]], rounds: int) -> list[Row]:
    """All figures.

    verify: makes a function of a log that verifies all its signatures by the
        bare library calls.
    """
    raw = float("inf")
    with ExitStack() as stack:
        servers = list(_servers(stack))
        for turn in range(rounds):
            logs = signed_logs(f"round {turn}")
            sorts = {
                "publishes": publishes(logs),
                "reads of a log": reads(logs),
                "look-ups": look_ups(logs),
            }
            for sort, clients in sorts.items():
                for server in servers:
                    figures = server.calls.setdefault(sort, Figures())
                    before = cpu_seconds(server.pid)
                    seconds, times = asyncio.run(_measure(server.target, clients))
                    figures.add(seconds, times, cpu_seconds(server.pid) - before)
            verifications = [verify(log) for log in logs]
            start = time.perf_counter()
            for verification in verifications:
                verification()
            raw = min(raw, time.perf_counter() - start)
    return list(_rows(servers, INBOXES * UPDATES / raw))


def _servers(stack: ExitStack) -> Iterator[_Server]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    yield stack.enter_context(_nothing())
    postgres = Postgres(safe=True)
    stack.callback(postgres.stop)
    stores = {"SQLite": str(folder / "node.db"), "PostgreSQL": postgres.new_store()}
    for name, store in stores.items():
        node = NodeProcess(store, folder / f"{name}.log")
        stack.enter_context(node)
        yield _Server(name, node.target, node.pid)


def _rows(servers: Sequence[_Server], verified: float) -> Iterator[Row]:
    nothing, *nodes = servers
    yield Row("raw verification of published updates", verified, "updates/s")
    for sort, idle in nothing.calls.items():
        yield from idle.rows(f"{sort}, a server that does nothing")
        for node in nodes:
            figures = node.calls[sort]
            yield from figures.rows(f"{sort}, {node.name}")
            yield Row(
                f"{sort}, {node.name}: ratio to nothing", idle.rate / figures.rate, "x"
            )
            yield Row(
                f"{sort}, {node.name}: processor time to nothing's",
                figures.cpu / idle.cpu,
                "x",
            )
            if sort == "publishes":
                yield Row(
                    f"{sort}, {node.name}: ratio to raw verification",
                    verified / figures.rate,
                    "x",
                )
