"""Many inboxes: in order, the same as one by one, in constant memory."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.leaf_kinds import full_registry, leaf_crash
from tests.support.random_logs import RandomLog, seeds
from tests.support.results import everything
from tests.support.signers import Wallet, smart_wallet
from tests.support.updates import Add, Inbox
from tests.support.vectors import real_logs, stub_context

from xmtp_identity import ReplayResult, replay, replay_many
from xmtp_identity.replay import Log

OWNER = Wallet("owner")

Pairs = list[tuple[str, Log]]


def real_pairs() -> Pairs:
    return list(real_logs().values())


def one_by_one(pairs: Pairs) -> list[ReplayResult]:
    context = stub_context()
    return [replay(i, log, full_registry(), context=context) for i, log in pairs]


def check_same(results: list[ReplayResult], pairs: Pairs) -> None:
    expected = one_by_one(pairs)
    assert list(map(everything, results)) == list(map(everything, expected))
    assert [result.snapshot for result in results] == [None] * len(pairs)


def test_many_inboxes_are_the_same_as_one_by_one_and_in_order() -> None:
    pairs = real_pairs()
    results = list(replay_many(pairs, full_registry(), context=stub_context()))
    check_same(results, pairs)


def test_threads_give_the_same() -> None:
    pairs = real_pairs() * 3
    with ThreadPoolExecutor(2) as executor:
        results = list(
            replay_many(pairs, full_registry(), executor, context=stub_context())
        )
    check_same(results, pairs)


# Not "fork": a process with threads, as that of pytest's workers, must not fork.
@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_processes_give_the_same(method: str) -> None:
    pairs = real_pairs()
    pairs.append(_with_a_crash())
    workers = multiprocessing.get_context(method)
    with ProcessPoolExecutor(2, mp_context=workers) as executor:
        results = list(
            replay_many(pairs, full_registry(), executor, context=stub_context())
        )
    check_same(results, pairs)


def _with_a_crash() -> tuple[str, Log]:
    inbox = Inbox(OWNER)
    inbox.append_leaf(Add(leaf_crash("bad", signature=b"raise"), OWNER))
    return inbox.inbox_id, inbox.log


def test_the_cause_of_a_stop_comes_back_from_a_process() -> None:
    inbox = Inbox(OWNER)
    inbox.append(Add(smart_wallet("safe"), OWNER))
    workers = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=workers) as executor:
        pairs: Pairs = [(inbox.inbox_id, inbox.log)]
        (result,) = replay_many(pairs, full_registry(), executor)
    assert result.stopped_at == 1
    assert result.cause is not None
    assert result.cause.code == "chain_unavailable"
    assert result.cause.retryable


@given(st.lists(seeds, max_size=6))
def test_inboxes_do_not_touch_each_other(some: list[int]) -> None:
    """Whatever stops, breaks or is left out in one of a batch."""
    logs = [RandomLog(seed, size=6) for seed in some]
    context = logs[0].context if logs else {}
    pairs: Pairs = [(log.inbox_id, log.log) for log in logs]
    together = replay_many(pairs, full_registry(), context=context)
    for result, (inbox_id, log) in zip(together, pairs, strict=True):
        alone = replay(inbox_id, log, full_registry(), context=context)
        assert everything(result) == everything(alone)


def test_no_inboxes_give_no_results() -> None:
    assert list(replay_many([], full_registry())) == []
    with ThreadPoolExecutor(1) as executor:
        assert list(replay_many([], full_registry(), executor)) == []


def test_an_empty_log_is_an_inbox_without_a_state() -> None:
    (result,) = replay_many([("x", [])], full_registry())
    assert (result.state, result.outcomes, result.authoritative) == (None, (), True)


# Constant memory


class Counting:
    """Pairs without an end that know how many were taken."""

    def __init__(self) -> None:
        self.taken = 0

    def __iter__(self) -> Iterator[tuple[str, Log]]:
        while True:
            self.taken += 1
            yield ("an inbox", [None])


class Immediate(Executor):
    """Works at once, and counts what is done and not yet fetched."""

    def __init__(self) -> None:
        self.futures: list[Future[Any]] = []

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        self.futures.append(future)
        return future


def look_ahead(executor: Executor | None, after: int) -> int:
    """How many pairs more than results were taken, after so many results."""
    pairs = Counting()
    results = replay_many(pairs, full_registry(), executor)
    for _ in range(after):
        next(results)
    results.close()  # type: ignore[attr-defined]  # a generator
    return pairs.taken - after


def test_without_an_executor_at_most_one_chunk_is_read_ahead() -> None:
    ahead = [look_ahead(None, after) for after in (1, 100, 1000)]
    assert max(ahead) <= 256
    assert look_ahead(None, 3000) <= 256


def test_with_an_executor_the_look_ahead_is_constant() -> None:
    first, later = look_ahead(Immediate(), 1), look_ahead(Immediate(), 2000)
    assert later <= first + 256
    assert first <= 256 * 17


def test_who_stops_early_leaves_nothing_running() -> None:
    with ThreadPoolExecutor(1) as executor:
        results = replay_many(Counting(), full_registry(), executor)
        next(results)
        results.close()  # type: ignore[attr-defined]  # a generator
        assert executor.submit(int).result() == 0


def test_an_error_of_the_pairs_reaches_the_caller() -> None:
    def pairs() -> Iterator[tuple[str, Log]]:
        yield ("x", [])
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(replay_many(pairs(), full_registry()))
    with ThreadPoolExecutor(1) as executor, pytest.raises(OSError, match="disk"):
        list(replay_many(pairs(), full_registry(), executor))
