"""What must hold of a node's log after whatever happened to it.

The answers of the node and the content of its store are held against what was
published, and against a replay of every log from its first entry.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

import psycopg

from xmtp_identity import Registry, ReplayResult, load_registry, replay
from xmtp_identity_store.feed import Cursor
from xmtp_identity_store.growth import Entry
from xmtp_identity_store.store import Store

from .client import Client, Logged
from .workload import Plan

__all__ = ["check_everything", "check_logs", "check_store", "read_feed"]

_IDENTIFIER_KINDS: Final = {1: 1, 3: 2}
"""From root kinds' numbers in `MemberIdentifier` to `IdentifierKind`; an
installation is not looked up, and a leaf kind has one number for both."""

_OTHERS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
AND backend_type = 'client backend'
"""

_PEOPLE_WITHOUT_LOOKUP: Final = frozenset({2})

Address = tuple[int, str]
Logs = dict[str, list[Logged]]


@cache
def registry() -> Registry:
    """All kinds that are installed."""
    return load_registry(strict=True)


async def check_everything(
    client: Client,
    target: str,
    plans: Sequence[Plan],
    acknowledged: Collection[bytes],
    *,
    in_order: bool = True,
) -> Logs:
    """All checks, by the node's answers and by its store.

    target: of the store.
    acknowledged: the updates that the node said it took.
    in_order: whether each plan was published one update after the other.
    """
    logs = await client.logs([plan.inbox_id for plan in plans])
    results = check_logs(plans, logs, acknowledged, in_order=in_order)
    asked = {
        (_IDENTIFIER_KINDS.get(number, number), value)
        for plan in plans
        for number, value in plan.people
        if number not in _PEOPLE_WITHOUT_LOOKUP
    }
    found = await client.inbox_ids(sorted(asked))
    expected = {
        (_IDENTIFIER_KINDS.get(number, number), value): inbox_id
        for (number, value), inbox_id in expected_inboxes(logs, results).items()
    }
    assert found == {key: expected.get(key) for key in asked}
    with Store.open(target) as store:
        check_store(store, plans, logs, results)
        feed = read_feed(store)
    assert sorted(await client.follow(len(feed))) == sorted(feed)
    return logs


def check_logs(
    plans: Sequence[Plan],
    logs: Logs,
    acknowledged: Collection[bytes],
    *,
    in_order: bool = True,
) -> dict[str, ReplayResult]:
    """Every acknowledged update is there, none is there twice, nothing else is,
    and sequence ids and times rise. Gives a replay of each log that is there.
    """
    results = {}
    there: set[bytes] = set()
    for plan in plans:
        log = logs.get(plan.inbox_id, [])
        updates = [entry.update for entry in log]
        if in_order:
            assert updates == list(plan.updates[: len(updates)])
        else:
            assert set(updates) <= set(plan.updates)
            assert max(Counter(updates).values(), default=1) == 1
        numbers = [entry.sequence_id for entry in log]
        assert all(0 < one < other for one, other in pairwise([*numbers, 1 << 63]))
        times = [entry.server_timestamp_ns for entry in log]
        assert all(one <= other for one, other in pairwise(times))
        there.update(updates)
        if updates:
            result = replay(plan.inbox_id, updates, registry())
            assert {one.code for one in result.outcomes} == {""}
            results[plan.inbox_id] = result
    lost = set(acknowledged) - there
    assert not lost, f"{len(lost)} acknowledged updates are not in the log"
    return results


def check_store(
    store: Store,
    plans: Sequence[Plan],
    logs: Logs,
    results: Mapping[str, ReplayResult],
) -> None:
    """Logs, address log, snapshots and feed of a store agree with each other
    and with what the node answered."""
    expected_feed = []
    for inbox_id, result in results.items():
        log = logs[inbox_id]
        entries = [
            Logged(
                one.sequence_id or 0, one.server_timestamp_ns or 0, one.update or b""
            )
            for one in store.entries(inbox_id)
        ]
        assert entries == list(log)
        head = store.heads([inbox_id])[inbox_id]
        assert (head.entries, head.sequence_id) == (len(log), log[-1].sequence_id)
        assert address_log(store, inbox_id) == replayed_address_log(result)
        assert store.labels(inbox_id) == {}
        expected_feed += [
            (inbox_id, position, entry) for position, entry in enumerate(log)
        ]
    written = set(store.inboxes())
    assert written & {plan.inbox_id for plan in plans} == set(results)
    people = sorted({one for plan in plans for one in plan.people})
    inboxes = expected_inboxes(logs, results)
    assert store.inbox_ids(people) == [inboxes.get(one) for one in people]
    feed = [one for one in read_feed(store) if one[0] in results]
    assert sorted(feed) == sorted(expected_feed)
    for inbox_id in results:
        positions = [position for one, position, _ in feed if one == inbox_id]
        assert positions == sorted(positions)


def address_log(
    store: Store, inbox_id: str
) -> dict[Address, tuple[int | None, int | None]]:
    """The rows that a store has for an inbox."""
    rows = store.associations(inbox_id)
    table = {
        (row.number, row.identifier): (row.associated, row.revoked) for row in rows
    }
    assert len(table) == len(rows)
    return table


def replayed_address_log(
    result: ReplayResult,
) -> dict[Address, tuple[int | None, int | None]]:
    """The rows that a replay from the first entry gives."""
    return {
        (registry().kind(one.kind).number, one.value): (
            when.associated,
            when.revoked,
        )
        for one, when in result.associations.items()
    }


def expected_inboxes(
    logs: Logs, results: Mapping[str, ReplayResult]
) -> dict[Address, str | None]:
    """The inbox of everyone who ever was in one: of those that they are in now
    the one that they came to last, by the node's time."""
    latest: dict[Address, tuple[int, int, str]] = {}
    everyone: set[Address] = set()
    for inbox_id, result in results.items():
        for address, (associated, revoked) in replayed_address_log(result).items():
            everyone.add(address)
            if revoked is not None or associated is None:
                continue
            entry = logs[inbox_id][associated]
            candidate = (entry.server_timestamp_ns, entry.sequence_id, inbox_id)
            latest[address] = max(latest.get(address, candidate), candidate)
    return {
        address: latest[address][2] if address in latest else None
        for address in everyone
    }


def stored_logs(target: str, plans: Sequence[Plan]) -> dict[str, list[Logged]]:
    """The logs that a store has, as `Client.logs` gives them."""
    with Store.open(target) as store:
        there = store.heads([plan.inbox_id for plan in plans])
        return {inbox_id: logged(store.entries(inbox_id)) for inbox_id in there}


def wait_until_unused(target: str) -> None:
    """Wait until a killed process is out of its database.

    PostgreSQL finishes a COMMIT whose sender is gone: until then two looks at
    the store may differ. SQLite's part of a process dies with it.
    """
    if "://" not in target:
        return
    with psycopg.connect(target, autocommit=True) as connection:
        for _ in range(100_000):
            (others,) = connection.execute(_OTHERS).fetchone() or (0,)
            if not others:
                return
    raise AssertionError("Somebody still uses the database.")


def logged(entries: Iterable[Entry]) -> list[Logged]:
    """Entries of a store as a node gives them."""
    return [
        Logged(one.sequence_id or 0, one.server_timestamp_ns or 0, one.update or b"")
        for one in entries
    ]


def read_feed(store: Store, page: int = 100) -> list[tuple[str, int, Logged]]:
    """The whole feed of a store, a page at a time."""
    feed: list[tuple[str, int, Logged]] = []
    cursor = Cursor()
    while True:
        found, cursor = store.feed(cursor, limit=page, max_bytes=1 << 22)
        if not found:
            return feed
        entries = logged(one.entry for one in found)
        feed += [
            (one.inbox_id, one.position, entry)
            for one, entry in zip(found, entries, strict=True)
        ]


def totals(logs: Iterable[Sequence[Logged]]) -> int:
    """How many entries there are."""
    return sum(len(log) for log in logs)
