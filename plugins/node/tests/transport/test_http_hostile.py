"""HTTP: what clients can't do to the node."""

from __future__ import annotations

import asyncio
import gzip
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from .support import Client, serving

PUBLISH: Final = "/identity/v1/publish-identity-update"


def test_a_body_of_fifty_megabytes_is_refused(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        status, body = await client.post(PUBLISH, bytes(50_000_000))
        assert (status, body["details"]) == (413, [{"reason": "request_too_large"}])
        assert (await client.get("/readyz"))[0] == 200

    serving(tmp_path, work)


def test_a_compressed_body_is_refused(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        async with client.web.post(
            PUBLISH,
            data=gzip.compress(bytes(50_000_000)),
            headers={"Content-Encoding": "gzip"},
        ) as response:
            assert response.status == 400

    serving(tmp_path, work)


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"", b""),
        (b"POST /identity/v1/get-inbox-ids HTTP/1.1\r\nHost: a\r\nX-", b""),
        (
            b"POST /identity/v1/get-inbox-ids HTTP/1.1\r\n%b{"
            % b"Host: a\r\nContent-Length: 9\r\n\r\n",
            b"HTTP/1.1 408",
        ),
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_slow_client_is_let_go_of(
    tmp_path: Path, sent: bytes, answered: bytes
) -> None:
    async def work(client: Client) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", client.node.http_port
        )
        writer.write(sent)
        async with asyncio.timeout(10):
            assert (await _until_closed(reader)).startswith(answered)
        writer.close()

    serving(tmp_path, work, request_seconds=0.3, idle_seconds=0.3)


def test_a_client_that_does_not_read_its_answers_is_let_go_of(tmp_path: Path) -> None:
    asked = {"requests": [{"inboxId": "f" * 3000} for _ in range(300)]}
    body = json.dumps(asked).encode()
    head = (
        "POST /identity/v1/get-identity-updates HTTP/1.1\r\nHost: a\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()

    async def work(client: Client) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", client.node.http_port, limit=1024
        )
        # More answers than the sockets' buffers hold.
        for _ in range(40):
            writer.write(head + body)
        async with asyncio.timeout(20):
            with pytest.raises(ConnectionError):
                await writer.drain()
        assert (await client.get("/readyz"))[0] == 200
        del reader

    serving(tmp_path, work, request_seconds=0.3)


def test_a_body_without_a_length_is_bounded_too(tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield bytes(1_000_000)

    async def work(client: Client) -> None:
        async with client.web.post(PUBLISH, data=chunks()) as response:
            assert response.status == 413

    serving(tmp_path, work)


def test_a_body_that_breaks_off_is_not_answered(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", client.node.http_port)
        head = b"Host: a\r\nContent-Length: 9\r\n\r\n{"
        writer.write(b"POST %b HTTP/1.1\r\n%b" % (PUBLISH.encode(), head))
        writer.close()
        await writer.wait_closed()
        counted = f'requests_total{{method="POST",route="{PUBLISH}",status="0"}} 1.0'
        text = ""
        async with asyncio.timeout(10):
            while counted not in text:
                text = (await client.get("/metrics"))[1].decode()
        assert 'code="internal_error"' not in text

    serving(tmp_path, work)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00",  # TLS, where none is spoken
        b"GET / HTTP/9\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 1000 + b"\r\n",
        b"POST /identity/v1/get-inbox-ids HTTP/1.1\r\nHost: a\r\n%bzz\r\n"
        % b"Transfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["TLS", "version", "long line", "many headers", "bad chunk"],
)
def test_what_is_no_http_is_answered_and_closed(tmp_path: Path, sent: bytes) -> None:
    async def work(client: Client) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", client.node.http_port
        )
        writer.write(sent)
        async with asyncio.timeout(10):
            answer = await _until_closed(reader)
        assert answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400")), answer
        writer.close()

    serving(tmp_path, work)


async def _connect(client: Client) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", client.node.http_port)


async def _is_alive(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> bool:
    reader, writer = connection
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    return (await reader.read(12)) == b"HTTP/1.1 200"


@pytest.mark.parametrize("bound", ["http_connections", "http_connections_a_client"])
def test_who_waited_longest_for_a_request_makes_room_for_a_new_connection(
    tmp_path: Path, bound: str
) -> None:
    async def work(client: Client) -> None:
        ones = [await _connect(client) for _ in range(10)]
        assert await _is_alive(ones[0])  # so it is the last of those who wait
        more = [await _connect(client) for _ in range(9)]
        async with asyncio.timeout(10):
            for reader, _ in ones[1:]:
                assert await _until_closed(reader) == b""
            for one in more:
                assert await _is_alive(one)
        for _, writer in ones + more:
            writer.close()

    settings: dict[str, Any] = {bound: 10}
    serving(tmp_path, work, **settings)


def test_connections_that_are_busy_are_not_given_up(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        head = (
            f"POST {PUBLISH} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n"
            "Expect: 100-continue\r\n\r\n"
        ).encode()
        ones = [await _connect(client) for _ in range(5)]
        for reader, writer in ones:
            writer.write(head)
            assert b"100 Continue" in await reader.readuntil(b"\r\n\r\n")
        reader, writer = await _connect(client)
        async with asyncio.timeout(10):
            assert await _until_closed(reader) == b""
        for one, other in ones:
            other.write(b"123456789")
            assert (await one.read(12)) == b"HTTP/1.1 400"
            other.close()
        writer.close()

    serving(tmp_path, work, http_connections=5)


def test_closed_connections_do_not_count(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        kept = await _connect(client)
        for _ in range(50):
            one = await _connect(client)
            assert await _is_alive(one)
            one[1].close()
            await one[1].wait_closed()
        assert await _is_alive(kept)
        kept[1].close()

    serving(tmp_path, work, http_connections=40, http_connections_a_client=40)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("get-identity-updates", r'{"requests":["\ud800"]}'),
        ("get-identity-updates", r'{"requests":[{"inboxId":"\udfff"}]}'),
        ("get-identity-updates", r'{"\ud800":[]}'),
        ("verify-smart-contract-wallet-signatures", r'{"signatures":["\ud800"]}'),
        ("publish-identity-update", r'{"identityUpdate":"\ud800"}'),
        ("publish-identity-update", r'{"identityUpdate":{"inboxId":"\ud800"}}'),
    ],
)
def test_half_of_a_surrogate_pair_is_the_clients_error(
    tmp_path: Path, path: str, body: str
) -> None:
    async def work(client: Client) -> None:
        status, answer = await client.post(f"/identity/v1/{path}", body.encode())
        assert (status, answer["details"]) == (400, [{"reason": "undecodable"}])
        whole = r'{"requests":[{"inboxId":"\ud83d\ude00"}]}'
        status, _ = await client.post(
            "/identity/v1/get-identity-updates", whole.encode()
        )
        assert status == 200

    serving(tmp_path, work)


@pytest.mark.parametrize(
    "body",
    [b"[" * 500_000, b'{"a":' * 100_000, b'"' + b'\\"' * 250_000 + b"\\"],
    ids=["arrays", "objects", "a string without an end"],
)
def test_deep_json_is_refused_before_it_is_parsed(tmp_path: Path, body: bytes) -> None:
    """Where a library raised the recursion limit, the parser would break."""

    async def work(client: Client) -> None:
        status, answer = await client.post("/identity/v1/get-inbox-ids", body)
        assert (status, answer["details"]) == (400, [{"reason": "undecodable"}])

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        serving(tmp_path, work)
    finally:
        sys.setrecursionlimit(limit)


def test_brackets_in_strings_are_no_nesting(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        body = b'{"requests":[{"identifier":"%s"}]}' % (b"[" * 100)
        status, _ = await client.post("/identity/v1/get-inbox-ids", body)
        assert status == 200

    serving(tmp_path, work)
