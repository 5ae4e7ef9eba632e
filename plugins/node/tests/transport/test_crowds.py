"""Two thousand connections, and the node still answers."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from grpc import aio

from xmtp_identity_node.api import IDENTITY

from .support import Client, serving
from .test_serve import process, with_client

CONNECTIONS: Final = 2000
_GROWTH: Final = 200 * 1024 * 1024


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as both ends of so many connections take."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS + 500
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this system allows {hard} open files, the test takes {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def memory_of(client: Client) -> int:
    """Bytes that the node's process has in memory, as its metrics say."""
    _, text = await client.get("/metrics")
    for line in text.decode().splitlines():
        if line.startswith("process_resident_memory_bytes "):
            return int(float(line.split()[1]))
    raise AssertionError(text)


@pytest.mark.parametrize("port", ["grpc_port", "http_port"])
@pytest.mark.parametrize(
    "sent",
    [b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9"],
    ids=["silent", "http2", "http1"],
)
@pytest.mark.usefixtures("many_files")
def test_idle_connections_by_the_thousand_do_not_stop_the_node(
    tmp_path: Path, port: str, sent: bytes
) -> None:
    async def crowd(client: Client) -> None:
        assert await client.log("0" * 64) == []
        async with client.web.get("/healthz") as kept:
            await kept.read()  # the client's own connection is there first
        before = await memory_of(client)
        number = getattr(client.node, port)
        gate = asyncio.Semaphore(100)

        async def connect() -> asyncio.StreamWriter | None:
            async with gate:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", number)
                    writer.write(sent)
                except OSError:
                    return None
                return writer

        writers = await asyncio.gather(*(connect() for _ in range(CONNECTIONS)))
        assert await client.log("0" * 64) == []
        assert await memory_of(client) < before + _GROWTH
        for writer in writers:
            if writer is not None:
                writer.transport.abort()

    with process(tmp_path) as (_, event):
        with_client(event, crowd)


def test_grpc_connections_beyond_the_bound_are_closed(tmp_path: Path) -> None:
    async def ask(client: Client) -> str:
        # An option of its own gives each channel a connection of its own.
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        address = f"127.0.0.1:{client.node.grpc_port}"
        channel = aio.insecure_channel(address, options=options)
        stub: Any = channel.unary_unary(f"/{IDENTITY}/GetIdentityUpdates")
        open_ones.append(channel)
        try:
            await stub(b"", timeout=5)
        except aio.AioRpcError as error:
            return error.code().name
        return "OK"

    open_ones: list[aio.Channel] = []

    async def work(client: Client) -> None:
        ends = [await ask(client) for _ in range(8)]
        for channel in open_ones:
            await channel.close()
        assert ends[:4] == ["OK"] * 4
        assert set(ends[5:]) == {"UNAVAILABLE"}

    serving(tmp_path, work, grpc_connections=5)
