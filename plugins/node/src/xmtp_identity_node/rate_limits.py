"""How often a client may ask: windows of the library `limits`."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from limits import parse
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from xmtp_identity.errors import BadInput

from .errors import RateLimited

if TYPE_CHECKING:
    from limits import RateLimitItem

__all__ = ["BoundedMemory", "RateLimits", "StreamSlots"]

_MAX_CLIENTS: Final = 100_000
_AWAY_SECONDS: Final = 5.0
_REDIS_CONNECTIONS: Final = 32
_REDIS_TIMEOUT_SECONDS: Final = 0.5


class BoundedMemory(Storage):
    """Counters in this process, at most so many of them.

    The library's own memory walks through all its keys again and again, and
    keeps as many as there are clients. Here the counter that was made first
    goes when there is no room: what is lost is a part of one client's count.
    """

    STORAGE_SCHEME = ["xid-memory"]  # noqa: RUF012 - the library's own interface

    def __init__(
        self,
        uri: str | None = None,
        *,
        clients: int = _MAX_CLIENTS,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(uri)
        self._clients = clients
        self._now = now
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the storage may raise of its own."""
        return ValueError

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, in a window that begins with the first count."""
        end, count = self._counts.get(key, (0.0, 0))
        now = self._now()
        if end <= now:
            self._counts.pop(key, None)
            while len(self._counts) >= self._clients:
                self._counts.popitem(last=False)
            end, count = now + expiry, 0
        self._counts[key] = (end, count + amount)
        return count + amount

    async def get(self, key: str) -> int:
        """The count of the window that is open."""
        end, count = self._counts.get(key, (0.0, 0))
        return count if end > self._now() else 0

    async def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return self._counts.get(key, (self._now(), 0))[0]

    async def check(self) -> bool:
        """Whether it works: always."""
        return True

    async def reset(self) -> int:
        """Forget all counts; how many there were."""
        count = len(self._counts)
        self._counts.clear()
        return count

    async def clear(self, key: str) -> None:
        """Forget one count."""
        self._counts.pop(key, None)


class RateLimits:
    """Counts the calls of each client.

    limits: by class of call, such as ``{"read": "20000/5minutes"}``; a class
        that is missing is not limited.
    url: of a Redis that several nodes share, or None for this process alone.
    on_failure: called for each count that had to be made in memory because
        Redis was away: a node does not stop working for want of its counters.

    Raises `BadInput` if a text is no limit or no address.
    """

    def __init__(
        self,
        limits: Mapping[str, str],
        *,
        url: str | None = None,
        on_failure: Callable[[], None] = lambda: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._items = {name: _limit(text) for name, text in limits.items() if text}
        self._now = now
        self._own = FixedWindowRateLimiter(BoundedMemory(now=now))
        self._shared = FixedWindowRateLimiter(_redis(url)) if url else None
        self._on_failure = on_failure
        self._away_until = 0.0

    async def spend(self, kind: str, client: str) -> None:
        """Count one call of this class; raises `RateLimited`."""
        item = self._items.get(kind)
        if item is None:
            return
        limiter = self._own
        if self._shared is not None and self._now() >= self._away_until:
            try:
                if await self._shared.hit(item, kind, client):
                    return
                limiter = self._shared
            except Exception:  # noqa: BLE001 - of whichever client library
                self._lost()
        elif self._shared is not None:
            self._on_failure()
        if limiter is self._own and await limiter.hit(item, kind, client):
            return
        wait = await self._wait(limiter, item, kind, client)
        raise RateLimited(
            f"This client may make {item.amount} {kind} calls in "
            f"{item.get_expiry()} seconds; wait {wait} seconds."
        )

    async def close(self) -> None:
        """Let go of the connections to Redis."""
        if self._shared is not None:
            storage: Any = self._shared.storage
            with suppress(Exception):
                await storage.bridge.storage.aclose(close_connection_pool=True)

    def _lost(self) -> None:
        # Asking again with every call would make each as slow as a time-out.
        self._away_until = self._now() + _AWAY_SECONDS
        self._on_failure()

    async def _wait(
        self,
        limiter: FixedWindowRateLimiter,
        item: RateLimitItem,
        kind: str,
        client: str,
    ) -> int:
        try:
            stats = await limiter.get_window_stats(item, kind, client)
        except Exception:  # noqa: BLE001 - of whichever client library
            return int(item.get_expiry())
        return max(1, int(stats.reset_time - self._now()))


class StreamSlots:
    """How many streams a client may keep open at once."""

    def __init__(self, each: int) -> None:
        self._each = each
        self._open: dict[str, int] = {}

    def take(self, client: str) -> None:
        """Count one stream; raises `RateLimited` if there are too many."""
        count = self._open.get(client, 0)
        if count >= self._each:
            raise RateLimited(
                f"This client has {count} streams open, which is all that it may."
            )
        self._open[client] = count + 1

    def give_back(self, client: str) -> None:
        """A stream ended."""
        left = self._open[client] - 1
        if left:
            self._open[client] = left
        else:
            del self._open[client]


def _limit(text: str) -> RateLimitItem:
    try:
        return parse(text)
    except ValueError:
        raise BadInput(
            f"{text!r} is no rate limit; write 3000/5minutes, say.", code="bad_setting"
        ) from None


def _redis(url: str) -> Storage:
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise BadInput(
            "The address of the counters' store begins with redis://, rediss:// or "
            "unix://.",
            code="bad_setting",
        )
    try:
        from limits.aio.storage import RedisStorage
        from redis.asyncio import BlockingConnectionPool

        pool: Any = BlockingConnectionPool.from_url(
            url,
            max_connections=_REDIS_CONNECTIONS,
            timeout=_REDIS_TIMEOUT_SECONDS,
            socket_timeout=_REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=_REDIS_TIMEOUT_SECONDS,
        )
        return RedisStorage(
            "async+redis://", implementation="redispy", connection_pool=pool
        )
    except Exception as error:  # noqa: BLE001 - of whichever client library
        # Its own words may hold the address, and with it a password.
        raise BadInput(
            "The counters' store can't be used "
            f"({type(error).__name__}): install xmtp-identity-node[redis], and look "
            "at the address.",
            code="bad_setting",
        ) from None
