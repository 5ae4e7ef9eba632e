"""Clients that stop halfway, and crowds of them: others notice nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Final

import grpc
import pytest

from ..faults.client import Client
from ..faults.processes import NodeProcess
from ..faults.workload import Plan, plans
from ..support.protobuf import length
from . import frames
from .calls import FOLLOW, HISTORY, PUBLISH, UPDATES, valid_requests

CROWD: Final = 300
MANY: Final = 2000
MORE_MEMORY: Final = 200 << 20
ANSWERS_MEMORY: Final = 600 << 20

HALVES: Final[dict[str, bytes]] = {
    "nothing at all": b"",
    "half of the HTTP/2 preface": frames.PREFACE[:10],
    "no headers": frames.PREFACE + frames.settings(),
    "half of the headers": (
        frames.PREFACE + frames.settings() + frames.headers(PUBLISH)
    )[:-20],
    "no body": frames.PREFACE + frames.settings() + frames.headers(PUBLISH),
    "half of a body": frames.PREFACE
    + frames.settings()
    + frames.headers(PUBLISH)
    + frames.data(frames.grpc_message(bytes(4000))[:2000], flags=0),
}

_HEAD: Final = b"POST /identity/v1/get-identity-updates HTTP/1.1\r\nHost: x\r\n"

HTTP_HALVES: Final[dict[str, bytes]] = {
    "nothing at all": b"",
    "half of a line": _HEAD[:20],
    "half of the headers": _HEAD,
    "half of a body": _HEAD + b"Content-Length: 1000\r\n\r\n{",
    "half of a chunk": _HEAD + b"Transfer-Encoding: chunked\r\n\r\nff\r\n{",
}


@contextmanager
def crowd(port: int, count: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """So many connections on which the same was sent."""
    with ExitStack() as stack:
        sockets = []
        for _ in range(count):
            one = stack.enter_context(frames.connect(port, window=4096))
            one.sendall(sent)
            sockets.append(one)
        yield sockets


def publish_and_read(node: NodeProcess, name: str) -> None:
    """A new client is served as ever."""

    async def run() -> None:
        (plan,) = plans(name, 1, 3)
        async with Client(node.target, deadline=20) as client:
            for update in plan.updates:
                await client.publish(update)
            logs = await client.logs([plan.inbox_id])
        assert [entry.update for entry in logs[plan.inbox_id]] == list(plan.updates)

    asyncio.run(run())


@pytest.mark.parametrize("what", HALVES)
def test_half_sent_calls_hold_nobody_up(node: NodeProcess, what: str) -> None:
    node.forget_peak()
    before = node.memory
    with crowd(node.grpc_port, CROWD, HALVES[what]):
        publish_and_read(node, f"half-sent call: {what}")
    assert node.peak - before < MORE_MEMORY


@pytest.mark.parametrize("what", HTTP_HALVES)
def test_half_sent_http_requests_hold_nobody_up(node: NodeProcess, what: str) -> None:
    node.forget_peak()
    before = node.memory
    with crowd(node.http_port, CROWD, HTTP_HALVES[what]):
        publish_and_read(node, f"half-sent request: {what}")
    assert node.peak - before < MORE_MEMORY


@pytest.fixture(scope="module")
def large(node: NodeProcess) -> Plan:
    """An inbox whose log has 6 MB, most of it in a field that nobody knows."""
    (plan,) = plans("large", 1, 60, in_any_order=True)
    updates = tuple(
        update + length(60, bytes([number]) * 100_000)
        for number, update in enumerate(plan.updates)
    )

    async def run() -> None:
        async with Client(node.target) as client:
            for update in updates:
                await client.publish(update)

    asyncio.run(run())
    return replace(plan, updates=updates)


@pytest.mark.parametrize("path", [UPDATES, HISTORY, FOLLOW])
def test_readers_that_do_not_read_take_bounded_memory(
    node: NodeProcess, large: Plan, path: str
) -> None:
    request = valid_requests(large)[path]
    calls = b"".join(
        frames.request(path, request, stream) for stream in range(1, 101, 2)
    )
    node.forget_peak()
    before = node.memory
    # 3,000 answers of 6 MB are asked for, and not taken.
    with crowd(node.grpc_port, 60, frames.PREFACE + frames.settings() + calls):
        publish_and_read(node, f"not read: {path}")
    assert node.peak - before < ANSWERS_MEMORY


@pytest.mark.parametrize(
    "path", ["/v1/inboxes/{}/history", "/v1/updates", "/v1/updates?limit=1000"]
)
def test_http_readers_that_do_not_read_take_bounded_memory(
    node: NodeProcess, large: Plan, path: str
) -> None:
    ask = f"GET {path.format(large.inbox_id)} HTTP/1.1\r\nHost: x\r\n\r\n"
    node.forget_peak()
    before = node.memory
    with crowd(node.http_port, 200, ask.encode("ascii")):
        publish_and_read(node, f"not read: {path}")
    assert node.peak - before < ANSWERS_MEMORY


def test_two_thousand_connections_that_call_and_stay(
    node: NodeProcess, well_known: list[Plan]
) -> None:
    request = valid_requests(well_known[0])[UPDATES]
    call = frames.PREFACE + frames.settings() + frames.request(UPDATES, request)
    node.forget_peak()
    before, files = node.memory, node.files
    with crowd(node.grpc_port, MANY, call) as sockets:
        for one in sockets:
            assert one.recv(1)
        publish_and_read(node, "among two thousand")
        assert node.files - files >= MANY
    assert node.peak - before < MORE_MEMORY
    _wait_until(lambda: node.files - files < MANY // 10, node)


def test_two_thousand_http_connections_that_wait_lock_nobody_out(
    node: NodeProcess,
) -> None:
    node.forget_peak()
    before, files = node.memory, node.files
    with crowd(node.http_port, MANY, HTTP_HALVES["half of the headers"]):
        with frames.connect(node.http_port) as one:
            one.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            assert one.recv(4096).startswith(b"HTTP/1.1 200 ")
        publish_and_read(node, "beside two thousand")
    assert node.peak - before < MORE_MEMORY
    _wait_until(lambda: node.files - files < MANY // 10, node)


def test_calls_that_are_cancelled_at_once_cost_little(node: NodeProcess) -> None:
    """The "rapid reset" of CVE-2023-44487."""
    calls = b"".join(
        frames.headers(UPDATES, stream) + frames.reset(stream)
        for stream in range(1, 40_001, 2)
    )
    node.forget_peak()
    before = node.memory
    with frames.connect(node.grpc_port) as one:
        # The node may well hang up in the middle.
        with contextlib.suppress(OSError):
            one.sendall(frames.PREFACE + frames.settings() + calls)
        publish_and_read(node, "beside resets")
    assert node.peak - before < MORE_MEMORY


def test_headers_without_end_are_cut_off(node: NodeProcess) -> None:
    """CONTINUATION frames for ever (CVE-2024-27316 and its kin)."""
    node.forget_peak()
    before = node.memory
    with frames.connect(node.grpc_port) as one:
        with contextlib.suppress(OSError):
            one.sendall(frames.PREFACE + frames.settings() + frames.open_headers())
            for _ in range(2000):
                one.sendall(frames.continuation(16_000))
        publish_and_read(node, "beside headers")
    assert node.peak - before < MORE_MEMORY


def _wait_until(condition: Callable[[], bool], node: NodeProcess) -> None:
    """Ask the node until something holds; raises if it does not come to be."""
    with grpc.insecure_channel(node.target) as channel:
        ask = channel.unary_unary(UPDATES, bytes, bytes)
        for _ in range(5000):
            if condition():
                return
            ask(b"", timeout=30)
    raise AssertionError("It did not come to be.")
