"""Writing snapshots: compare and swap, many in one transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from xmtp_identity.stored import SnapshotOfAnotherInbox, StoredHead, peek

from .errors import NoSuchInbox
from .keys import is_indexable, row_key
from .schema import (
    addresses,
    inboxes,
    kinds,
    labels,
    layers,
    root_sets,
    snapshots,
)
from .staleness import root_key

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Save", "kind_key", "save_all", "upsert", "write_snapshots"]

_TAKEN: Final = -1
"""No version: an inbox is written once a call."""


@dataclass(frozen=True, slots=True)
class Save:
    """What a replay of an inbox came to.

    version: of the snapshot that it replaces; None if there was none.
    data: the snapshot, as `xmtp_identity.stored.dump` makes it; None keeps
        the one that is stored and only notes what is waited for.
    waits: code of what the replay could not be finished for, or None.
    layers_wait: the same for layers that the snapshot had to leave out, by
        their numbers.
    associations: positions of the entries that each identifier came in with
        and left with, by number of its kind and identifier; see
        `xmtp_identity.protocol.state.Association`.
    labels: outcome and code of each entry that was not applied, by position.
    whole: whether the whole log was replayed. Then all labels of the inbox
        are replaced, and all associations of `kinds`; else these are added.
    kinds: numbers of the kinds that the replay could judge.
    """

    inbox_id: str
    version: int | None
    data: bytes | None
    waits: str | None = None
    layers_wait: Mapping[int, str] = field(default_factory=dict)
    associations: Mapping[tuple[int, str], tuple[int | None, int | None]] = field(
        default_factory=dict
    )
    labels: Mapping[int, tuple[str, str]] = field(default_factory=dict)
    whole: bool = False
    kinds: frozenset[int] = frozenset()

    @property
    def is_final(self) -> bool:
        """Whether nothing has to be tried again."""
        return self.waits is None and not self.layers_wait


def save_all(
    connection: Connection, saves: Sequence[Save], known: Collection[object]
) -> tuple[list[bool], set[object]]:
    """Write what nobody else wrote before; returns which were written, and what
    is known to be in tables that only grow.

    Everything that the tables say of a snapshot is read from its bytes.
    """
    rows = _rows(connection, saves)
    new: list[tuple[int, Save, StoredHead]] = []
    notes: list[dict[str, Any]] = []
    written = []
    for save in saves:
        row = row_key(save.inbox_id)
        inbox_id, version = rows.get(row, (None, 0))
        if inbox_id != save.inbox_id:
            raise NoSuchInbox(f"There is no log of {save.inbox_id!r} in the store.")
        fresh = version == (save.version or 0)
        written.append(fresh)
        if not fresh:
            continue
        if save.data is None:
            notes.append({"row": row, "waits": save.waits})
            continue
        rows[row] = (inbox_id, _TAKEN)
        new.append((row, save, head_of(save, save.data)))
    if notes:
        connection.execute(
            update(snapshots).where(snapshots.c.inbox == bindparam("row")), notes
        )
    if not new:
        return written, set()
    connection.execute(
        update(inboxes)
        .where(inboxes.c.id == bindparam("row"))
        .values(version=inboxes.c.version + 1),
        [{"row": row, "replayed": head.position} for row, _, head in new],
    )
    return written, write_snapshots(connection, new, known)


def head_of(save: Save, data: bytes) -> StoredHead:
    """The head of what is to be saved; raises `UnusableSnapshot`."""
    head = peek(data)
    if head.inbox_id != save.inbox_id:
        raise SnapshotOfAnotherInbox(
            f"The snapshot is of {head.inbox_id!r}, not of {save.inbox_id!r}."
        )
    return head


def _rows(
    connection: Connection, saves: Sequence[Save]
) -> dict[int, tuple[str | None, int]]:
    """The ID of each inbox and the version of its snapshot, by row; nobody else
    writes them until the transaction ends."""
    found = connection.execute(
        select(inboxes.c.id, inboxes.c.inbox_id, inboxes.c.version)
        .where(inboxes.c.id.in_({row_key(save.inbox_id) for save in saves}))
        .order_by(inboxes.c.id)
        .with_for_update()
    )
    return {row: (inbox_id, version) for row, inbox_id, version in found}


def write_snapshots(
    connection: Connection,
    new: Sequence[tuple[int, Save, StoredHead]],
    known: Collection[object],
) -> set[object]:
    """Write snapshots and what is to be found by them, all but the rows of
    their inboxes; of several of one inbox the last is the snapshot.

    known: what is in tables that only grow; returns what is now.
    """
    last = {row: (save, head) for row, save, head in new}
    now_known = _make_makers(connection, [head for _, _, head in new], known)
    put = upsert(connection, snapshots)
    connection.execute(
        put.on_conflict_do_update(
            index_elements=[snapshots.c.inbox],
            set_={
                "roots": put.excluded.roots,
                "waits": put.excluded.waits,
                "data": put.excluded.data,
            },
        ),
        [
            {
                "inbox": row,
                "roots": row_key(root_key(head.roots)),
                "waits": save.waits,
                "data": save.data,
            }
            for row, (save, head) in last.items()
        ],
    )
    old = [row for row, (save, _) in last.items() if save.version is not None]
    if old:
        connection.execute(delete(layers).where(layers.c.inbox.in_(old)))
    named = [
        {
            "inbox": row,
            "number": number,
            "kind": kind_key(number, *head.layers[number])
            if number in head.layers
            else None,
            "waits": save.layers_wait.get(number),
        }
        for row, (save, head) in last.items()
        for number in sorted(head.named)
    ]
    if named:
        connection.execute(insert(layers), named)
    _write_labels(connection, new)
    _write_addresses(connection, new)
    return now_known


def kind_key(number: int, extension: str, revision: int) -> int:
    """The row of a leaf kind."""
    return row_key(json.dumps([number, extension, revision]))


def _make_makers(
    connection: Connection, heads: Iterable[StoredHead], known: Collection[object]
) -> set[object]:
    """The rows of root sets and leaf kinds, made where they are missing."""
    sets: set[str] = set()
    makers: set[tuple[int, str, int]] = set()
    for head in heads:
        sets.add(root_key(head.roots))
        makers.update((number, *record) for number, record in head.layers.items())
    new_sets = sorted(one for one in sets if one not in known)
    if new_sets:
        connection.execute(
            upsert(connection, root_sets).on_conflict_do_nothing(),
            [{"id": row_key(records), "records": records} for records in new_sets],
        )
    new_makers = sorted(one for one in makers if one not in known)
    if new_makers:
        connection.execute(
            upsert(connection, kinds).on_conflict_do_nothing(),
            [
                {
                    "id": kind_key(number, extension, revision),
                    "number": number,
                    "extension": extension,
                    "revision": revision,
                }
                for number, extension, revision in new_makers
            ],
        )
    return {*new_sets, *new_makers}


def _write_labels(
    connection: Connection, new: Sequence[tuple[int, Save, StoredHead]]
) -> None:
    whole = [row for row, save, _ in new if save.whole and save.version is not None]
    if whole:
        connection.execute(delete(labels).where(labels.c.inbox.in_(whole)))
    rows = [
        {"inbox": row, "position": position, "outcome": outcome, "code": code}
        for row, save, _ in new
        for position, (outcome, code) in save.labels.items()
    ]
    if rows:
        put = upsert(connection, labels)
        connection.execute(
            put.on_conflict_do_update(
                index_elements=[labels.c.inbox, labels.c.position],
                set_={"outcome": put.excluded.outcome, "code": put.excluded.code},
            ),
            rows,
        )


def _write_addresses(
    connection: Connection, new: Sequence[tuple[int, Save, StoredHead]]
) -> None:
    whole: dict[frozenset[int], list[int]] = {}
    for row, save, _ in new:
        if save.whole and save.version is not None:
            whole.setdefault(save.kinds, []).append(row)
    for numbers, rows in whole.items():
        connection.execute(
            delete(addresses).where(
                addresses.c.inbox.in_(rows), addresses.c.number.in_(numbers)
            )
        )
    found = [
        {
            "number": number,
            "identifier": identifier,
            "inbox": row,
            "associated": associated,
            "revoked": revoked,
        }
        for row, save, _ in new
        for (number, identifier), (associated, revoked) in save.associations.items()
        if is_indexable(identifier)
    ]
    if found:
        put = upsert(connection, addresses)
        connection.execute(
            put.on_conflict_do_update(
                index_elements=[
                    addresses.c.number,
                    addresses.c.identifier,
                    addresses.c.inbox,
                ],
                set_={
                    "associated": func.coalesce(
                        put.excluded.associated, addresses.c.associated
                    ),
                    "revoked": put.excluded.revoked,
                },
            ),
            found,
        )


def upsert(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that can say what to do with a row that is there."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)
