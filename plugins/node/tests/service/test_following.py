"""Streams of new entries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from xmtp_identity_node.service.answers import FeedPiece
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.service.service import Service
from xmtp_identity_store.feed import Cursor
from xmtp_identity_store.store import Entry, Store

from .support import creation, inbox_of, refused, serving


async def until_caught_up(stream: AsyncIterator[FeedPiece]) -> list[FeedPiece]:
    pieces = []
    async for piece in stream:
        if not piece.entries:
            break
        pieces.append(piece)
    return pieces


def test_a_follower_gets_what_was_there_and_what_comes(store: Store) -> None:
    inboxes = [inbox_of(f"owner {number}") for number in range(6)]

    async def work(service: Service) -> None:
        for one in inboxes[:3]:
            await service.publish(creation(one))
        stream = service.follow(Cursor())
        pieces = await until_caught_up(stream)
        for one in inboxes[3:]:
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            await service.publish(creation(one))
            while not (piece := await waiting).entries:
                waiting = asyncio.ensure_future(anext(stream))
            pieces.append(piece)
        entries = [entry for piece in pieces for entry in piece.entries]
        assert {one.inbox_id for one in entries} == {one.inbox_id for one in inboxes}
        assert {one.entry.update for one in entries} == set(map(creation, inboxes))
        assert len(entries) == len(inboxes)

    # So long a wait that only being woken can end it in time.
    serving(store, work, limits=Limits(follow_poll_seconds=60.0))


def test_a_follower_goes_on_where_it_stopped(store: Store) -> None:
    inboxes = [inbox_of(f"owner {number}") for number in range(9)]

    async def work(service: Service) -> None:
        for one in inboxes:
            await service.publish(creation(one))
        cursor = Cursor()
        seen = []
        while True:
            piece = await anext(service.follow(Cursor.decode(cursor.encode())))
            if not piece.entries:
                break
            assert len(piece.entries) <= 2
            seen += [entry.inbox_id for entry in piece.entries]
            cursor = piece.cursor
        assert sorted(seen) == sorted(one.inbox_id for one in inboxes)

    serving(store, work, limits=Limits(follow_batch=2))


def test_what_another_process_writes_is_found(store: Store) -> None:
    inbox = inbox_of("alice")

    async def work(service: Service) -> None:
        stream = service.follow(Cursor())
        assert not (await anext(stream)).entries
        store.append(inbox.inbox_id, [Entry(creation(inbox))])
        while not (piece := await anext(stream)).entries:
            pass
        assert piece.entries[0].inbox_id == inbox.inbox_id

    serving(
        store, work, limits=Limits(follow_poll_seconds=0.01, follow_alive_seconds=0.01)
    )


def test_followers_are_counted_and_give_their_place_back(store: Store) -> None:
    async def work(service: Service) -> None:
        one, two = service.follow(Cursor()), service.follow(Cursor())
        await anext(one)
        await anext(two)
        assert await refused(anext(service.follow(Cursor()))) == "overloaded"
        await one.aclose()  # type: ignore[attr-defined]  # it is a generator
        await anext(service.follow(Cursor()))

    serving(store, work, limits=Limits(followers=2))


def test_streams_end_when_the_service_is_closed(store: Store) -> None:
    async def work(service: Service) -> None:
        stream = service.follow(Cursor())
        await anext(stream)
        waiting = asyncio.ensure_future(anext(stream, None))
        await asyncio.sleep(0)
        await service.close()
        assert await waiting is None

    serving(store, work, limits=Limits(follow_poll_seconds=60.0))
