"""Which inboxes are stale, and why.

A snapshot is stale where it has not seen the whole log, or where
`xmtp_identity.Snapshot.fits` says no. Indexes find those inboxes; what is
not stale is not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, Select, func, or_, select, union

from xmtp_identity.allotment import ALLOTMENT
from xmtp_identity.registry import KindRecord, record_of

from .keys import row_key
from .schema import NOT_REPLAYED, inboxes, kinds, layers, root_sets, snapshots

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from xmtp_identity import Registry

__all__ = ["Reason", "Stale", "Why", "count_stale", "root_key", "stale_after"]


class Why(StrEnum):
    """Why a snapshot is stale.

    NO_SNAPSHOT: the log was never replayed.
    NEW_ENTRIES: the log has grown since.
    KIND_ADDED: a leaf kind that the log names came.
    KIND_CHANGED: a leaf kind that the log names is another one, or of another
        revision.
    ROOT_KINDS: the root kinds are others, or of other revisions.
    DAMAGED: the bytes of the snapshot are not those that were written; only
        `Store.damaged` looks for that.
    WAITING: the last replay could not be finished; its cause says why.
    """

    NO_SNAPSHOT = "no_snapshot"
    NEW_ENTRIES = "new_entries"
    KIND_ADDED = "kind_added"
    KIND_CHANGED = "kind_changed"
    ROOT_KINDS = "root_kinds"
    DAMAGED = "damaged"
    WAITING = "waiting"


class Reason(NamedTuple):
    """One reason, and what it is about.

    kind: name of the kind, or names; None where it is about no kind.
    cause: the code of what the replay waits for, only where it waits.
    """

    why: Why
    kind: str | None = None
    cause: str | None = None


class Stale(NamedTuple):
    """A stale inbox and all reasons, at least one.

    row: its number in the store.
    entries: how many its log has.
    """

    row: int
    inbox_id: str
    entries: int
    reasons: tuple[Reason, ...]


@lru_cache(64)
def root_key(records: frozenset[KindRecord]) -> str:
    """A set of root kinds as the text that `root_sets` has."""
    return json.dumps([list(record) for record in sorted(records)])


def count_stale(connection: Connection, registry: Registry) -> int:
    """How many inboxes are stale."""
    found = union(*_branches(connection, registry)).subquery()
    return int(connection.scalar(select(func.count()).select_from(found)) or 0)


def stale_after(
    connection: Connection, registry: Registry, row: int, limit: int
) -> list[Stale]:
    """The first stale inboxes with numbers above ``row``, in order."""
    parts = [
        part.where(part.selected_columns.id > row)
        .order_by(part.selected_columns.id)
        .limit(limit)
        .subquery()
        for part in _branches(connection, registry)
    ]
    found = union(*(select(part.c.id) for part in parts)).subquery()
    rows = connection.scalars(
        select(found.c.id).order_by(found.c.id).limit(limit)
    ).all()
    return _explain(connection, registry, rows) if rows else []


def _branches(connection: Connection, registry: Registry) -> list[Select[tuple[int]]]:
    """For each reason the numbers of the inboxes, each answered by one index."""
    records = row_key(root_key(registry.root_records()))
    branches: list[Select[tuple[int]]] = [
        select(inboxes.c.id).where(inboxes.c.replayed != inboxes.c.entries)
    ]
    others = connection.scalars(select(root_sets.c.id).where(root_sets.c.id != records))
    branches += [
        select(snapshots.c.inbox.label("id")).where(snapshots.c.roots == other)
        for other in others
    ]
    for kind in registry.kinds:
        if kind.is_root:
            continue
        others = connection.scalars(
            select(kinds.c.id).where(
                kinds.c.number == kind.number,
                or_(
                    kinds.c.extension != kind.extension,
                    kinds.c.revision != kind.revision,
                ),
            )
        )
        made_by: list[ColumnElement[bool]] = [layers.c.kind.is_(None)]
        made_by += [layers.c.kind == other for other in others]
        branches += [
            select(layers.c.inbox.label("id")).where(
                layers.c.number == kind.number, condition
            )
            for condition in made_by
        ]
    return branches


def _explain(
    connection: Connection, registry: Registry, rows: Sequence[int]
) -> list[Stale]:
    of_layers: dict[int, list[Reason]] = {}
    found = connection.execute(
        select(
            layers.c.inbox,
            layers.c.number,
            layers.c.waits,
            kinds.c.extension,
            kinds.c.revision,
        )
        .join_from(layers, kinds, layers.c.kind == kinds.c.id, isouter=True)
        .where(layers.c.inbox.in_(rows))
        .order_by(layers.c.inbox, layers.c.number)
    )
    for inbox, number, waits, extension, revision in found:
        kind = registry.by_member.get(number)
        if kind is None:
            continue
        if extension is None:
            why = Why.KIND_ADDED if waits is None else Why.WAITING
            reason = Reason(why, kind.name, waits)
        elif record_of(kind) != (extension, revision):
            reason = Reason(Why.KIND_CHANGED, kind.name)
        else:
            continue
        of_layers.setdefault(inbox, []).append(reason)
    present = registry.root_records()
    stale = []
    for row in connection.execute(
        select(
            inboxes.c.id,
            inboxes.c.inbox_id,
            inboxes.c.entries,
            inboxes.c.replayed,
            snapshots.c.waits,
            root_sets.c.records,
        )
        .join_from(inboxes, snapshots, isouter=True)
        .join(root_sets, isouter=True)
        .where(inboxes.c.id.in_(rows))
        .order_by(inboxes.c.id)
    ):
        reasons = []
        if row.replayed == NOT_REPLAYED:
            reasons.append(Reason(Why.NO_SNAPSHOT))
        elif row.waits is not None:
            reasons.append(Reason(Why.WAITING, cause=row.waits))
        elif row.replayed != row.entries:
            reasons.append(Reason(Why.NEW_ENTRIES))
        if row.records is not None and row.records != root_key(present):
            changed = _changed(json.loads(row.records), registry)
            reasons.append(Reason(Why.ROOT_KINDS, changed))
        reasons += of_layers.get(row.id, ())
        stale.append(Stale(row.id, row.inbox_id, row.entries, tuple(reasons)))
    return stale


def _changed(stored: list[list[object]], registry: Registry) -> str:
    """The names of the root kinds that are not as they were."""
    names = {entry.extension: entry.name for entry in ALLOTMENT.values()}
    before = {(str(extension), revision) for extension, revision in stored}
    changed = before ^ set(registry.root_records())
    return ", ".join(sorted({names.get(e, e) for e, _ in changed}))
