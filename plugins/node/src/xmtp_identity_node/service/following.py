"""Streams of new entries, for mirrors."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

from ..errors import Overloaded
from .answers import FeedPiece
from .pool import Pool

if TYPE_CHECKING:
    from xmtp_identity_store.feed import Cursor
    from xmtp_identity_store.store import Store

    from .limits import Limits

__all__ = ["Followers"]

_PAUSE_S: Final = 0.02
"""Seconds for which followers let new entries gather: one look for many."""


class Followers:
    """Reads the feed for whoever follows it."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store = store
        self._limits = limits
        self._pool = Pool("follow", 2, limits.followers, limits.read_seconds)
        self._count = 0
        self._closing = False
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Say that this node wrote something; on the event loop."""
        self._news.set()
        self._news = asyncio.Event()

    def close(self) -> None:
        """End all streams."""
        self._closing = True
        self.wake()
        self._pool.close(wait=False)

    def close_threads(self, *, wait: bool) -> None:
        """The same as `Pool.close`, for the threads that read the feed."""
        self._pool.close(wait=wait)

    async def follow(self, cursor: Cursor) -> AsyncIterator[FeedPiece]:
        """What came since a cursor, and then what comes, until the node stops.

        A piece without entries says that there is nothing new, each time that
        this becomes so, and now and then that the stream is alive.

        Raises `Overloaded` if too many follow, and what the store raises: then
        go on from the last cursor.
        """
        if self._count >= self._limits.followers:
            raise Overloaded(f"{self._count} are following already.")
        self._count += 1
        try:
            silent = float("inf")  # seconds since something was said
            while not self._closing:
                news = self._news
                entries, cursor = await self._pool.run(
                    self._store.feed,
                    cursor,
                    limit=self._limits.follow_batch,
                    max_bytes=self._limits.follow_bytes,
                )
                if entries:
                    yield FeedPiece(entries, cursor)
                    silent = float("inf")
                    continue
                if silent >= self._limits.follow_alive_seconds:
                    yield FeedPiece([], cursor)
                    silent = 0.0
                silent += await self._wait(news)
        finally:
            self._count -= 1

    async def _wait(self, news: asyncio.Event) -> float:
        """Wait until there may be something new; how many seconds that took."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        # Other nodes on the same database do not wake this one: look anyway.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.follow_poll_seconds):
                await news.wait()
            await asyncio.sleep(_PAUSE_S)
        return loop.time() - begun
