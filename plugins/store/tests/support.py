"""Inboxes for stores, what a store holds, and `xid` as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Executable, select
from tests.support.leaf_kinds import leaf_a, leaf_b
from tests.support.signers import Installation, Signer, Wallet
from tests.support.updates import Add, Inbox

from xmtp_identity import Registry, replay
from xmtp_identity.kinds import Context
from xmtp_identity.stored import dump
from xmtp_identity_store import schema
from xmtp_identity_store.keys import bucket_of, row_key
from xmtp_identity_store.logs import Entry, plain_entries
from xmtp_identity_store.store import Store

ROOT: Final = Path(__file__).resolve().parents[3]
CLIENT: Final = "ethereum,passkey,store"
"""The plugins of an older client."""


def owned(name: str) -> Inbox:
    """An inbox with an owner and nothing else."""
    return Inbox(Wallet(name))


def with_leaf(name: str, leaf: Signer) -> Inbox:
    inbox = owned(name)
    inbox.append_leaf(Add(leaf, inbox.owner))
    return inbox


def few() -> list[Inbox]:
    """One of each sort: plain, root updates, leaf a, leaf b, both."""
    roots = owned("roots")
    roots.append(Add(Installation("app"), roots.owner))
    both = with_leaf("both", leaf_a("x"))
    both.append_leaf(Add(leaf_b("y"), both.owner))
    return [
        owned("plain"),
        roots,
        with_leaf("a", leaf_a("a")),
        with_leaf("b", leaf_b("b")),
        both,
    ]


def fill(store: Store, inboxes: Iterable[Inbox]) -> None:
    store.put([(one.inbox_id, plain_entries(one.log)) for one in inboxes])


def grow(store: Store, inbox: Inbox, update: bytes | None) -> None:
    inbox.push(update)
    store.append(inbox.inbox_id, [Entry(update)])


def fresh(
    inbox_id: str, log: Sequence[bytes | None], registry: Registry, context: Context
) -> bytes:
    """The snapshot of a fresh replay."""
    snapshot = replay(inbox_id, log, registry, context=context).snapshot
    assert snapshot is not None
    return dump(snapshot, registry)


def check_up_to_date(
    store: Store, registry: Registry, context: Context | None = None
) -> None:
    """Every snapshot is that of a fresh replay, and nothing is stale."""
    for inbox_id in store.inboxes():
        saved = store.snapshot(inbox_id)
        assert saved is not None
        assert saved.data == fresh(
            inbox_id, store.log(inbox_id), registry, context or {}
        )
    assert list(store.stale(registry)) == []
    assert store.count_stale(registry) == 0


def content(store: Store) -> list[tuple[object, ...]]:
    """All that a store says of each inbox, without versions and what it served
    the entries with."""
    tables = {
        "entries": """
            SELECT inbox_id, position, "update", sequence_id, server_timestamp_ns
            FROM entries JOIN inboxes ON inbox = inboxes.id
        """,
        "snapshots": """
            SELECT inbox_id, entries, replayed, waits, records, data
            FROM inboxes
            LEFT JOIN snapshots ON snapshots.inbox = inboxes.id
            LEFT JOIN root_sets ON roots = root_sets.id
        """,
        "layers": """
            SELECT inbox_id, layers.number, extension, revision, waits
            FROM layers JOIN inboxes ON inbox = inboxes.id
            LEFT JOIN kinds ON kind = kinds.id
        """,
        "labels": """
            SELECT inbox_id, position, outcome, code
            FROM labels JOIN inboxes ON inbox = inboxes.id
        """,
        "addresses": """
            SELECT inbox_id, number, identifier, associated, revoked
            FROM addresses JOIN inboxes ON inbox = inboxes.id
        """,
    }
    check_sound(store)
    with store._database.reading() as connection:
        return [
            (table, *row)
            for table, sql in tables.items()
            for row in sorted(connection.exec_driver_sql(sql), key=repr)
        ]


def check_sound(store: Store) -> None:
    """What the tables repeat of each other agrees."""
    with store._database.reading() as connection:
        if connection.dialect.name == "sqlite":
            assert list(connection.exec_driver_sql("PRAGMA integrity_check")) == [
                ("ok",)
            ]
            assert not list(connection.exec_driver_sql("PRAGMA foreign_key_check"))
        rows = {row.id: row for row in connection.execute(select(schema.inboxes))}
        found: dict[int, list[Any]] = {row: [] for row in rows}
        for entry in connection.execute(
            select(schema.entries).order_by(schema.entries.c.position)
        ):
            found[entry.inbox].append(entry)
        fed: dict[int, list[Any]] = {}
        for place in connection.execute(
            select(schema.feed).order_by(schema.feed.c.number)
        ):
            fed.setdefault(place.bucket, []).append(place)
        heads = {
            row.bucket: row.head for row in connection.execute(select(schema.buckets))
        }
    for row, log in found.items():
        assert row == row_key(rows[row].inbox_id)
        assert [entry.position for entry in log] == list(range(rows[row].entries))
        served = [entry.served for entry in log]
        assert served == sorted(set(served))
        assert served[-1] == rows[row].served
        sizes = [len(entry._mapping["update"] or b"") for entry in log]
        assert sum(sizes) == rows[row].size
    for bucket, head in heads.items():
        places = fed.get(bucket, [])
        assert [place.number for place in places] == list(range(1, head + 1))
        assert all(bucket_of(place.inbox) == bucket for place in places)
    told = sorted((p.inbox, p.position) for places in fed.values() for p in places)
    assert told == sorted((e.inbox, e.position) for log in found.values() for e in log)


def execute(store: Store, statement: Executable) -> None:
    """Change what is in the tables behind the store's back."""
    store._database.write(lambda connection: connection.execute(statement))


def by_key(inboxes: Iterable[Inbox]) -> list[Inbox]:
    """In the order in which a store goes through them."""
    return sorted(inboxes, key=lambda inbox: row_key(inbox.inbox_id))


def as_json(inbox: Inbox) -> str:
    """A log as a line of JSON."""
    log = [None if update is None else update.hex() for update in inbox.log]
    return json.dumps({"inbox_id": inbox.inbox_id, "log": log})


# `xid` as a process


def environment(plugins: str) -> dict[str, str]:
    return {
        **os.environ,
        "XID_PLUGINS": plugins,
        "XID_STRICT_PLUGINS": "1",
        "PYTHONWARNINGS": "error",
    }


def start(*arguments: str, plugins: str = CLIENT) -> subprocess.Popen[bytes]:
    """`xid`, started and not waited for."""
    return subprocess.Popen(
        [sys.executable, "-m", "xmtp_identity", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(plugins),
    )


def xid(*arguments: str, plugins: str = CLIENT, code: int = 0) -> Any:
    """The JSON that `xid` answers with; ``code`` is its exit code."""
    with start(*arguments, "--json", plugins=plugins) as process:
        output, errors = process.communicate()
    assert process.returncode == code, errors.decode()
    assert code == 2 or errors == b"", errors.decode()
    return json.loads(output)
