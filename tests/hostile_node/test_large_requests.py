"""Requests of 50 MB and batches of 10,000: refused, and forgotten at once."""

from __future__ import annotations

import contextlib
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import grpc
import pytest

from ..faults.processes import NodeProcess
from ..faults.workload import Plan
from . import frames
from .calls import FETCH, FOLLOW, INBOX_IDS, UNARY, UPDATES, VERIFY, batch
from .http_paths import POSTS

MEGABYTE: Final = 1 << 20
LARGE: Final = 50 * MEGABYTE
AT_ONCE: Final = 4
MORE_MEMORY: Final = 100 * MEGABYTE
"""What the node may take at the most for all of them."""


def refusal(node: NodeProcess, path: str, request: bytes) -> tuple[Any, str | None]:
    """The status, and our own code if the request came as far as that."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(node.target, options=options) as channel:
        call = channel.unary_unary(path, bytes, bytes).future(request, timeout=60)
        status = call.code()
        metadata = dict(call.trailing_metadata() or ())
    code = metadata.get("xmtp-identity-code")
    return status, None if code is None else str(code)


@pytest.mark.parametrize("path", [*UNARY, FOLLOW])
def test_fifty_megabytes_are_refused_by_every_rpc(node: NodeProcess, path: str) -> None:
    node.forget_peak()
    before = node.memory
    with ThreadPoolExecutor(AT_ONCE) as threads:
        calls = list(
            threads.map(lambda _: refusal(node, path, bytes(LARGE)), range(AT_ONCE))
        )
    assert {status for status, _ in calls} == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert node.peak - before < MORE_MEMORY


@pytest.mark.parametrize("path", POSTS)
def test_fifty_megabytes_are_refused_by_every_http_path(
    node: NodeProcess, path: str
) -> None:
    node.forget_peak()
    before = node.memory
    with ThreadPoolExecutor(AT_ONCE) as threads:
        statuses = list(threads.map(lambda _: _post_large(node, path), range(AT_ONCE)))
    assert set(statuses) == {413}
    assert node.peak - before < MORE_MEMORY


def _post_large(node: NodeProcess, path: str) -> int:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {LARGE}\r\n\r\n"
    )
    with frames.connect(node.http_port) as one:

        def send() -> None:
            # The node may well hang up in the middle.
            with contextlib.suppress(OSError):
                one.sendall(head.encode("ascii"))
                for _ in range(LARGE // MEGABYTE):
                    one.sendall(bytes(MEGABYTE))

        sender = threading.Thread(target=send)
        sender.start()
        answer = one.recv(4096)
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        sender.join()
    return int(answer.split(b" ")[1])


@pytest.mark.parametrize("path", [UPDATES, INBOX_IDS, VERIFY, FETCH])
def test_ten_thousand_requests_in_one_batch_are_refused(
    node: NodeProcess, well_known: list[Plan], path: str
) -> None:
    node.forget_peak()
    before = node.memory
    status, code = refusal(node, path, batch(path, well_known[0], 10_000))
    assert status is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert code == "batch_too_large"
    assert node.peak - before < MORE_MEMORY
