"""Streams of new updates, over gRPC and HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from grpc import aio

from xmtp_identity_node.api import NODE
from xmtp_identity_node.server import Node
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.v1 import node_pb2

from .support import (
    REGISTRY,
    Client,
    client_of,
    creation,
    inbox_of,
    refusal,
    serving,
    settings_for,
)


def follow(client: Client, cursor: str = "") -> Any:
    stub: Any = client.channel.unary_stream(f"/{NODE}/Follow")
    return stub(node_pb2.FollowRequest(cursor=cursor).SerializeToString())


async def pieces(stream: Any) -> AsyncIterator[node_pb2.FollowResponse]:
    async for data in stream:
        yield node_pb2.FollowResponse.FromString(data)


async def first_entries(stream: Any) -> node_pb2.FollowResponse:
    async for piece in pieces(stream):
        if piece.entries:
            return piece
    raise AssertionError("the stream ended without entries")


def test_a_follower_gets_what_is_there_and_what_comes(tmp_path: Path) -> None:
    old, new = inbox_of("old"), inbox_of("new")

    async def work(client: Client) -> None:
        await client.publish(creation(old))
        stream = follow(client)
        (entry,) = (await first_entries(stream)).entries
        assert (entry.inbox_id, entry.position) == (old.inbox_id, 0)
        assert entry.update == creation(old)
        await client.publish(creation(new))
        piece = await first_entries(stream)
        assert [entry.update for entry in piece.entries] == [creation(new)]
        stream.cancel()
        again = follow(client, piece.cursor)
        third = inbox_of("third")
        await client.publish(creation(third))
        piece = await first_entries(again)
        assert [entry.inbox_id for entry in piece.entries] == [third.inbox_id]
        again.cancel()

    serving(tmp_path, work)


def test_a_cursor_that_this_node_never_gave_is_refused(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        with pytest.raises(aio.AioRpcError) as caught:
            await follow(client, "nonsense").read()
        answer = refusal(caught.value)
        assert (answer.status, answer.code) == ("INVALID_ARGUMENT", "bad_cursor")
        status, body = await client.get("/v1/updates?cursor=nonsense")
        assert (status, body["details"]) == (400, [{"reason": "bad_cursor"}])

    serving(tmp_path, work)


def test_a_client_has_so_many_streams_and_gets_one_back_when_one_ends(
    tmp_path: Path,
) -> None:
    async def work(client: Client) -> None:
        streams = [follow(client) for _ in range(2)]
        for stream in streams:
            await stream.read()
        with pytest.raises(aio.AioRpcError) as caught:
            await follow(client).read()
        assert refusal(caught.value).code == "rate_limited"
        streams[0].cancel()
        async with asyncio.timeout(10):
            while await _is_refused(follow(client)):
                pass

    serving(tmp_path, work, streams_a_client=2)


async def _is_refused(stream: Any) -> bool:
    try:
        await stream.read()
    except aio.AioRpcError:
        return True
    return False


def test_streams_end_well_when_the_node_stops(tmp_path: Path) -> None:
    async def run() -> None:
        node = Node(settings_for(tmp_path, stop_seconds=30.0), registry=REGISTRY)
        await node.__aenter__()
        async with client_of(node) as client:
            stream = follow(client)
            await stream.read()
            async with client.web.get("/v1/updates") as response:
                await response.content.readline()
                async with asyncio.timeout(5):
                    await node.__aexit__(None, None, None)
                    assert await stream.read() == aio.EOF
                    assert await response.read() == b""

    asyncio.run(run())


def test_http_follows_line_by_line(tmp_path: Path) -> None:
    old, new = inbox_of("old"), inbox_of("new")

    async def work(client: Client) -> None:
        await client.publish(creation(old))
        async with client.web.get("/v1/updates") as response:
            assert response.content_type == "application/x-ndjson"
            line = json.loads(await response.content.readline())
            assert [entry["inboxId"] for entry in line["entries"]] == [old.inbox_id]
            await client.publish(creation(new))
            while not (line := json.loads(await response.content.readline()))[
                "entries"
            ]:
                pass
            assert [entry["inboxId"] for entry in line["entries"]] == [new.inbox_id]

    serving(tmp_path, work)


def test_http_pages_do_not_wait_and_end_with_an_empty_one(tmp_path: Path) -> None:
    inboxes = [inbox_of(f"owner {number}") for number in range(5)]

    async def work(client: Client) -> None:
        for inbox in inboxes:
            await client.publish(creation(inbox))
        seen, cursor = [], ""
        while True:
            status, page = await client.get(f"/v1/updates?limit=2&cursor={cursor}")
            assert status == 200
            if not page["entries"]:
                break
            assert len(page["entries"]) <= 2
            seen += [entry["inboxId"] for entry in page["entries"]]
            cursor = page["cursor"]
        assert sorted(seen) == sorted(inbox.inbox_id for inbox in inboxes)

    serving(tmp_path, work)


def test_followers_beyond_the_bound_are_refused(tmp_path: Path) -> None:
    async def work(client: Client) -> None:
        stream = follow(client)
        await stream.read()
        with pytest.raises(aio.AioRpcError) as caught:
            await follow(client).read()
        answer = refusal(caught.value)
        assert (answer.status, answer.code) == ("RESOURCE_EXHAUSTED", "overloaded")
        stream.cancel()

    serving(tmp_path, work, limits=Limits(followers=1))
