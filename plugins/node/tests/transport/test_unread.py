"""Clients that ask and don't read: what they are sent has a bound and an end."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import socket
import struct
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import structlog
from grpc import aio
from tests.support.protobuf import length

from xmtp_identity.v1 import api_pb2, log_pb2
from xmtp_identity_node.api import IDENTITY, NODE
from xmtp_identity_node.logs import configure
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.v1 import mls_pb2, node_pb2

from .support import (
    KEY_PACKAGE,
    Client,
    Refused,
    creation,
    inbox_of,
    refusal,
    refused,
    serving,
)

if TYPE_CHECKING:
    from tests.support.updates import Inbox

_UNREAD: Final = [("grpc.http2.bdp_probe", 0), ("grpc.http2.lookahead_bytes", 1)]
"""A client that says at once how little it wants to be sent."""

PADDING: Final = 100_000
MEGABYTE: Final = 1024 * 1024
SMALLER: Final = Limits(answer_bytes=2 * MEGABYTE)


async def large_inbox(client: Client) -> Inbox:
    """An inbox whose log has 100 KB, in a field that nobody knows."""
    inbox = inbox_of("alice")
    await client.publish(creation(inbox) + length(60, bytes(PADDING)))
    return inbox


def asked_for(inbox: Inbox, times: int = 1) -> bytes:
    request = api_pb2.GetIdentityUpdatesRequest()
    for _ in range(times):
        request.requests.add(inbox_id=inbox.inbox_id)
    return request.SerializeToString()


def stub_of(channel: aio.Channel, path: str = f"/{IDENTITY}/GetIdentityUpdates") -> Any:
    return channel.unary_stream(path)


async def refused_code(client: Client) -> str | None:
    try:
        await client.log("0" * 64)
    except Refused as error:
        return error.code
    return None


def test_a_grpc_client_that_takes_no_answer_is_hung_up_on(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        inbox = await large_inbox(client)
        async with aio.insecure_channel(
            f"127.0.0.1:{client.node.grpc_port}", options=_UNREAD
        ) as channel:
            call = stub_of(channel)(asked_for(inbox))
            async with asyncio.timeout(20):
                assert (await call.code()).name == "UNAVAILABLE"
        # Whoever reads is not.
        assert len(await client.log(inbox.inbox_id)) == 1

    serving(tmp_path, work, request_seconds=0.3)


@pytest.mark.parametrize("name", ["GetIdentityUpdates", "GetHistory"])
def test_unread_grpc_answers_are_refused_when_they_are_too_many(
    tmp_path: Path, name: str
) -> None:
    async def work(client: Client) -> None:
        inbox = await large_inbox(client)
        service, request = {
            "GetIdentityUpdates": (IDENTITY, asked_for(inbox)),
            "GetHistory": (
                NODE,
                node_pb2.GetHistoryRequest(inbox_id=inbox.inbox_id).SerializeToString(),
            ),
        }[name]
        async with aio.insecure_channel(
            f"127.0.0.1:{client.node.grpc_port}", options=_UNREAD
        ) as channel:
            calls = [
                stub_of(channel, f"/{service}/{name}")(request) for _ in range(100)
            ]
            ended: Counter[tuple[str, Any]] = Counter()
            async with asyncio.timeout(20):
                while sum(ended.values()) < 50:
                    ended.clear()
                    for call in calls:
                        if call.done():
                            trailing = dict(await call.trailing_metadata())
                            code = trailing.get("xmtp-identity-code")
                            ended[
                                (await call.code()).name, code or await call.details()
                            ] += 1
                    await asyncio.sleep(0.05)
            assert set(ended) == {("RESOURCE_EXHAUSTED", "overloaded")}
            # Small answers and publishes have room at all times.
            assert await client.log("0" * 64) == []
            await client.publish(creation(inbox_of("bob")))
            for call in calls:
                call.cancel()
        codes = set()
        async with asyncio.timeout(20):
            while True:
                try:
                    assert len(await client.log(inbox.inbox_id)) == 1
                    break
                except Refused as error:  # until there is room
                    codes.add(error.code)
        assert codes <= {"overloaded"}

    serving(tmp_path, work, answers_bytes=24 * MEGABYTE, limits=SMALLER)


def test_unread_http_answers_are_refused_when_they_are_too_many(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        inbox = await large_inbox(client)
        path = f"/v1/inboxes/{inbox.inbox_id}/history"
        sockets = []
        for _ in range(60):
            one = socket.socket()
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", client.node.http_port))
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            sockets.append(one)
        loop = asyncio.get_running_loop()
        begun = set()
        for one in sockets:
            one.setblocking(False)
            async with asyncio.timeout(20):
                begun.add(await loop.sock_recv(one, 12))
        assert begun == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
        assert (await client.get("/readyz"))[0] == 200
        for one in sockets:
            one.close()

    serving(
        tmp_path,
        work,
        answers_bytes=24 * MEGABYTE,
        limits=SMALLER,
        request_seconds=30.0,
    )


def test_a_large_answer_goes_to_whoever_reads_it(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        inbox = await large_inbox(client)
        answer = log_pb2.GetIdentityUpdatesResponse.FromString(
            await client.call("GetIdentityUpdates", asked_for(inbox, 30))
        )
        sizes = {len(one.updates[0].update) > PADDING for one in answer.responses}
        assert (len(answer.responses), sizes) == (30, {True})

    serving(tmp_path, work)


def test_key_packages_that_are_too_much_for_one_answer_are_refused(
    tmp_path: Path,
) -> None:
    package = bytes.fromhex(KEY_PACKAGE["key_package"])
    installation = bytes.fromhex(KEY_PACKAGE["installation"])

    async def work(client: Client) -> None:
        upload = mls_pb2.UploadKeyPackageRequest()
        upload.key_package.key_package_tls_serialized = package
        await client.call("UploadKeyPackage", upload)
        request = mls_pb2.FetchKeyPackagesRequest(installation_keys=[installation])
        await client.call("FetchKeyPackages", request)
        request = mls_pb2.FetchKeyPackagesRequest(
            installation_keys=[installation] * 1000
        )
        answer = await refused(client.call("FetchKeyPackages", request))
        assert answer.code == "answer_too_large"

    serving(tmp_path, work, limits=Limits(answer_bytes=100 * len(package)))


def test_a_burst_of_calls_is_answered_or_refused_with_our_code(tmp_path: Path) -> None:
    """gRPC ends calls as CANCELLED when it finds that too many wait."""

    async def ask(channel: aio.Channel) -> tuple[str, str | None]:
        stub: Any = channel.unary_unary(f"/{IDENTITY}/GetInboxIds")
        try:
            await stub(b"", timeout=60)
        except aio.AioRpcError as error:
            answer = refusal(error)
            return answer.status, answer.code
        return "OK", None

    async def work(client: Client) -> None:
        async with AsyncExitStack() as stack:
            asked = []
            for _ in range(20):
                channel = aio.insecure_channel(
                    f"127.0.0.1:{client.node.grpc_port}",
                    options=[("grpc.use_local_subchannel_pool", 1)],
                )
                await stack.enter_async_context(channel)
                asked += [ask(channel) for _ in range(250)]
            ends = Counter(await asyncio.gather(*asked))
        assert set(ends) <= {
            ("OK", None),
            ("RESOURCE_EXHAUSTED", "rate_limited"),
            ("RESOURCE_EXHAUSTED", "overloaded"),
        }, ends

    serving(tmp_path, work)


def test_one_client_may_make_so_many_calls_at_once(tmp_path: Path) -> None:
    async def nothing() -> Any:
        await asyncio.Event().wait()
        yield b""

    async def work(client: Client) -> None:
        stub: Any = client.channel.stream_unary(f"/{IDENTITY}/GetInboxIds")
        # More than fit: one that comes while a read has the last place is refused.
        calls = [stub(nothing()) for _ in range(30)]
        async with asyncio.timeout(20):
            while await refused_code(client) != "rate_limited":
                pass
        # Reads that hang do not stop writes.
        await client.publish(creation(inbox_of("alice")))
        for call in calls:
            call.cancel()

    serving(tmp_path, work, calls_a_client=5)


def test_hang_ups_are_not_in_the_log(tmp_path: Path) -> None:
    written = io.StringIO()

    async def work(client: Client) -> None:
        inbox = await large_inbox(client)
        head = (
            b"POST /identity/v1/get-inbox-ids HTTP/1.1\r\nHost: a\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        for sent in (head, head[:40]):
            for _ in range(5):
                with socket.create_connection(
                    ("127.0.0.1", client.node.http_port)
                ) as one:
                    one.sendall(sent)
                    await asyncio.sleep(0.01)
                    # Reset, and not only closed.
                    one.setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
        for _ in range(5):
            async with aio.insecure_channel(
                f"127.0.0.1:{client.node.grpc_port}", options=_UNREAD
            ) as channel:
                call = stub_of(channel)(asked_for(inbox))
                await asyncio.sleep(0.05)
                call.cancel()
        assert (await client.get("/readyz"))[0] == 200
        await asyncio.sleep(0.3)

    root = logging.getLogger()
    kept, level = root.handlers, root.level
    try:
        configure("info", written)
        serving(tmp_path, work)
    finally:
        root.handlers = kept
        root.setLevel(level)
        structlog.reset_defaults()
    events = [json.loads(line)["event"] for line in written.getvalue().splitlines()]
    assert Counter(events) == dict.fromkeys(
        ("ready", "serving", "call", "stopping", "stopped"), 1
    )
