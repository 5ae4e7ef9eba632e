"""Several processes on one store: one order, nothing lost, one owner."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from xmtp_identity_store.committing import Committed, Owned
from xmtp_identity_store.store import Store

from .appending import plain
from .support import check_sound

PROCESSES: Final = 3
INBOXES: Final = [f"inbox {number}" for number in range(10)]


def committer(
    target: str, name: str, updates: int, inboxes: Sequence[str] = INBOXES
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [
            *(sys.executable, Path(__file__).with_name("committer.py")),
            *(target, name, str(updates), *inboxes),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )


def acknowledged(output: str) -> list[tuple[str, str]]:
    """What a committer is sure of: each whole line."""
    lines = output.splitlines(keepends=True)
    whole = [line[:-1] for line in lines if line.endswith("\n")]
    return [(inbox, text) for inbox, _, text in (one.partition("\t") for one in whole)]


def stored(target: str) -> Counter[tuple[str, str]]:
    """Every update that is in the store, and how often."""
    with Store.open(target) as store:
        check_sound(store)
        return Counter(
            (inbox_id, (update or b"").decode())
            for inbox_id in store.inboxes()
            for update in store.log(inbox_id)
        )


def test_processes_that_commit_to_the_same_inboxes_lose_nothing(target: str) -> None:
    updates = 12
    processes = [
        # Each goes through the inboxes in an order of its own.
        committer(target, str(n), updates, INBOXES[n:] + INBOXES[:n])
        for n in range(PROCESSES)
    ]
    outputs = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES
    acks = [ack for output in outputs for ack in acknowledged(output)]
    assert len(acks) == PROCESSES * updates * len(INBOXES)
    assert stored(target) == Counter(acks)


def test_of_two_inboxes_that_one_owner_creates_at_once_one_is_made(
    target: str,
) -> None:
    """The two are of different buckets: it is the owner that is held."""
    rounds, threads = 25, 4
    answers: list[list[object]] = [[] for _ in range(rounds)]
    start = threading.Barrier(threads)
    Store.open(target).close()

    def create(name: int) -> None:
        with Store.open(target, connections=1) as store:
            for number, found in enumerate(answers):
                made = plain(f"{number} of {name}", owner=(1, f"owner {number}"))
                start.wait(60)
                found.extend(store.commit([made], now_ns=1))

    workers = [threading.Thread(target=create, args=(n,)) for n in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with Store.open(target) as store:
        for number, found in enumerate(answers):
            (owner,) = store.inbox_ids([(1, f"owner {number}")])
            assert Counter(map(type, found)) == {Committed: 1, Owned: threads - 1}
            assert {one for one in found if isinstance(one, Owned)} == {
                Owned(owner or "")
            }
        assert store.count() == rounds


def test_threads_share_a_store_and_wait_for_a_connection(target: str) -> None:
    threads, updates = 8, 10
    with Store.open(target, connections=2) as store:

        def work(name: int) -> None:
            for number in range(updates):
                made = plain(f"inbox {name}", b"%d" % number, number)
                assert isinstance(store.commit([made], now_ns=1)[0], Committed)
                assert len(store.log(f"inbox {name}")) == number + 1

        workers = [threading.Thread(target=work, args=(n,)) for n in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        check_sound(store)
        assert [len(store.log(f"inbox {n}")) for n in range(threads)] == [10] * threads
