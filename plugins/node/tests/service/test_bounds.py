"""The parts that keep a service within its bounds."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import BadInput
from xmtp_identity_node.service.cache import Cache, Known
from xmtp_identity_node.service.committing import CommitResult, Commits
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.service.pool import Pool
from xmtp_identity_node.service.service import Service
from xmtp_identity_store.committing import Append, Committed
from xmtp_identity_store.errors import StoreUnavailable
from xmtp_identity_store.saving import Save
from xmtp_identity_store.store import Store

from .support import creation, inbox_of, refused, serving


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 3000), st.booleans()), max_size=60
    )
)
def test_a_cache_keeps_to_its_bounds_and_counts_right(
    steps: list[tuple[int, int, bool]],
) -> None:
    cache = Cache(4, 20_000)
    for version, (inbox, size, drop) in enumerate(steps, 1):
        if drop:
            cache.drop(str(inbox))
            assert cache.get(str(inbox)) is None
        else:
            cache.put(str(inbox), Known(1, version, None, size))
        assert len(cache) <= 4
        assert cache.bytes <= 20_000
    for inbox in range(10):
        cache.drop(str(inbox))
    assert (len(cache), cache.bytes) == (0, 0)


def test_a_cache_forgets_what_was_used_longest_ago() -> None:
    cache = Cache(2, 1 << 20)
    for name in "ab":
        cache.put(name, Known(1, 1, None))
    cache.get("a")
    cache.put("c", Known(1, 1, None))
    assert [cache.get(name) is None for name in "abc"] == [False, True, False]


def test_a_cache_does_not_go_back_to_an_older_version() -> None:
    cache = Cache(2, 1 << 20)
    cache.put("a", Known(5, 5, None))
    cache.put("a", Known(4, 4, None))
    assert cache.get("a") == Known(5, 5, None)


def test_a_pool_refuses_what_is_over_its_bound_and_recovers() -> None:
    go = threading.Event()

    async def work() -> None:
        pool = Pool("test", 1, 2, 60.0)
        tasks = [asyncio.ensure_future(pool.run(go.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        assert await refused(pool.run(go.wait)) == "overloaded"
        go.set()
        assert await asyncio.gather(*tasks) == [True, True]
        assert await pool.run(go.wait)
        pool.close(wait=True)
        assert await refused(pool.run(go.wait)) == "closing"

    asyncio.run(work())


def test_whoever_waits_too_long_is_told_and_keeps_no_place() -> None:
    go = threading.Event()
    ran: list[int] = []

    async def work() -> None:
        pool = Pool("test", 1, 2, 0.01)
        assert await refused(pool.run(go.wait)) == "deadline"
        assert await refused(pool.run(ran.append, 1)) == "deadline"
        go.set()
        pool.close(wait=True)
        # What had not begun when nobody waited for it any more is not done.
        assert ran == []

    asyncio.run(work())


class Poisoned:
    """A store that can't write what is called "bad"."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        self.written: list[bytes] = []
        self.sizes: list[int] = []

    def commit(self, appends: Sequence[Append], *, now_ns: int) -> list[Committed]:
        self.sizes.append(len(appends))
        if any(one.update == b"bad" for one in appends):
            raise self.error
        self.written += [one.update for one in appends]
        return [Committed(1, now_ns, 1) for _ in appends]


def committing(
    store: Any, updates: Sequence[bytes], hold: Callable[[], None] = lambda: None
) -> list[Future[CommitResult]]:
    commits = Commits(store, 3, lambda: 7, hold)
    futures = [
        commits.add(Append(one, 0, Save("inbox", None, None))) for one in updates
    ]
    commits.close(60.0)
    assert all(one.done() for one in futures)
    return futures


def test_updates_are_written_in_groups_and_in_order() -> None:
    store = Poisoned(BadInput("x"))
    updates = [b"%d" % number for number in range(10)]
    committing(store, updates)
    assert store.written == updates
    assert max(store.sizes) <= 3
    assert len(store.sizes) < len(updates)


def test_one_that_can_not_be_written_does_not_fail_the_others() -> None:
    store = Poisoned(BadInput("no"))
    futures = committing(store, [b"1", b"bad", b"2", b"3"])
    assert store.written == [b"1", b"2", b"3"]
    assert [one.exception() is None for one in futures] == [True, False, True, True]


def test_a_database_that_is_away_is_not_asked_for_each_of_them() -> None:
    store = Poisoned(StoreUnavailable("away"))
    futures = committing(store, [b"bad", b"1", b"2"])
    assert isinstance(futures[0].exception(), StoreUnavailable)
    assert len(store.sizes) <= len(futures)


def test_an_update_that_is_not_written_in_time_is_given_up(store: Store) -> None:
    inbox = inbox_of("alice")

    async def work(service: Service) -> None:
        assert await refused(service.publish(creation(inbox))) == "deadline"

    serving(store, work, limits=Limits(publish_seconds=1e-9))


def test_bytes_that_wait_are_bounded(store: Store) -> None:
    inboxes = [inbox_of(f"owner {number}") for number in range(3)]
    size = len(creation(inboxes[0]))

    async def work(service: Service) -> None:
        results = await asyncio.gather(
            *(service.publish(creation(one)) for one in inboxes),
            return_exceptions=True,
        )
        assert [getattr(one, "code", "") for one in results].count("overloaded") >= 1
        for one in inboxes[2:]:
            await service.publish(creation(one))

    serving(store, work, limits=Limits(publish_bytes=2 * size + 10))


def test_a_limit_is_positive() -> None:
    with pytest.raises(BadInput, match="publishes"):
        Limits(publishes=0)
    with pytest.raises(BadInput, match="read_seconds"):
        Limits(read_seconds=0.0)


def test_a_limit_of_a_chain_is_positive() -> None:
    with pytest.raises(BadInput, match="wallet_blocks_by_chain"):
        Limits(wallet_blocks_by_chain={1: -1})
