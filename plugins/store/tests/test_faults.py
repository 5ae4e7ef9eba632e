"""What was acknowledged is there, once, whatever was killed in between."""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest
from tests.support.postgres import Postgres, server

from xmtp_identity_store.errors import StoreUnavailable
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.store import Store

from .appending import commit_all, plain
from .support import check_sound
from .test_concurrency import INBOXES, acknowledged, committer, stored

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="SIGKILL is a matter of POSIX"
)

KILLS: Final = 8
SEED: Final = 6


@pytest.fixture
def mortal() -> Iterator[Postgres]:
    """A server that no other test needs."""
    server()  # skips where there is none
    started = Postgres()
    yield started
    started.stop()


def test_a_process_that_is_killed_loses_nothing_that_it_acknowledged(
    target: str,
) -> None:
    chance = random.Random(SEED)
    acks: list[tuple[str, str]] = []
    for kill in range(KILLS):
        with committer(target, str(kill), 300) as process:
            assert process.stdout is not None
            # At a random line, which is at a random place of some transaction.
            for _ in range(chance.randrange(1, 60)):
                acks += acknowledged(process.stdout.readline())
            process.kill()
            acks += acknowledged(process.stdout.read())
        assert process.returncode == -signal.SIGKILL
    found = stored(target)
    assert set(found.values()) == {1}
    assert set(acks) <= set(found)
    # Of each process at most the last transaction is there without its word.
    assert len(found) - len(acks) <= KILLS * len(INBOXES)


def test_a_postgresql_that_is_killed_loses_nothing_and_is_gone_on_with(
    mortal: Postgres,
) -> None:
    target = mortal.new_store()
    updates, names = 40, ("a", "b")
    processes = [committer(target, name, updates) for name in names]
    outputs = ["", ""]
    for at in range(6):
        process = processes[at % 2]
        assert process.stdout is not None
        for _ in range(20):
            outputs[at % 2] += process.stdout.readline()
        mortal.kill()
        mortal.start()
    outputs = [
        before + process.communicate()[0]
        for before, process in zip(outputs, processes, strict=True)
    ]
    assert [process.returncode for process in processes] == [0, 0]
    acks = [ack for output in outputs for ack in acknowledged(output)]
    assert len(acks) == len(names) * updates * len(INBOXES)
    assert stored(target) == Counter(acks)


def test_a_database_that_is_away_is_an_error_to_be_tried_again(
    mortal: Postgres,
) -> None:
    with Store.open(mortal.new_store()) as store:
        commit_all(store, [plain("i")])
        mortal.kill()
        for question in (
            lambda: store.heads(["i"]),
            lambda: store.log("i"),
            lambda: store.commit([plain("j")], now_ns=1),
        ):
            with pytest.raises(StoreUnavailable) as caught:
                question()
            assert caught.value.code == "store_unavailable"
            assert caught.value.retryable
        mortal.start()
        assert store.log("i") == [b"update"]
        commit_all(store, [plain("j")])
        check_sound(store)


def test_connections_that_the_server_ended_are_not_noticed(store_dsn: str) -> None:
    with Store.open(store_dsn) as store:
        store.append("i", [Entry(b"1")])
        with server().connect("postgres") as other:
            other.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'xmtp-identity-store'"
            )
        store.append("i", [Entry(b"2")])
        assert store.log("i") == [b"1", b"2"]
