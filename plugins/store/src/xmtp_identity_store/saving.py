"""Writing snapshots: compare and swap, many in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from xmtp_identity.stored import SnapshotOfAnotherInbox, StoredHead, peek

from .errors import NoSuchInbox
from .schema import inboxes, kinds, layers, root_sets, snapshots
from .staleness import root_key

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Save", "save_all"]


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
    """

    inbox_id: str
    version: int | None
    data: bytes | None
    waits: str | None = None
    layers_wait: Mapping[int, str] = field(default_factory=dict)

    @property
    def is_final(self) -> bool:
        """Whether nothing has to be tried again."""
        return self.waits is None and not self.layers_wait


def save_all(connection: Connection, saves: Sequence[Save]) -> list[bool]:
    """Write what nobody else wrote before; returns which were written.

    The connection must be in a transaction that keeps other writers out.
    Everything that the tables say of a snapshot is read from its bytes.
    """
    rows = _rows(connection, [save.inbox_id for save in saves])
    new: list[tuple[int, Save, StoredHead]] = []
    notes: list[dict[str, Any]] = []
    written = []
    for save in saves:
        if save.inbox_id not in rows:
            raise NoSuchInbox(f"There is no log of {save.inbox_id!r} in the store.")
        row, version = rows[save.inbox_id]
        fresh = version == save.version
        written.append(fresh)
        if not fresh:
            continue
        if save.data is None:
            notes.append({"row": row, "waits": save.waits})
            continue
        head = peek(save.data)
        if head.inbox_id != save.inbox_id:
            raise SnapshotOfAnotherInbox(
                f"The snapshot is of {head.inbox_id!r}, not of {save.inbox_id!r}."
            )
        rows[save.inbox_id] = (row, _TAKEN)
        new.append((row, save, head))
    if notes:
        connection.execute(
            update(snapshots).where(snapshots.c.inbox == bindparam("row")), notes
        )
    if new:
        _write(connection, new)
    return written


def _rows(
    connection: Connection, inbox_ids: Sequence[str]
) -> dict[str, tuple[int, int | None]]:
    """The number of each inbox, and the version of its snapshot."""
    found = connection.execute(
        select(inboxes.c.inbox_id, inboxes.c.id, snapshots.c.version)
        .join_from(inboxes, snapshots, isouter=True)
        .where(inboxes.c.inbox_id.in_(inbox_ids))
    )
    return {inbox_id: (row, version) for inbox_id, row, version in found}


def _write(connection: Connection, new: list[tuple[int, Save, StoredHead]]) -> None:
    roots = _root_ids(connection, new)
    makers = _kind_ids(connection, new)
    put = upsert(snapshots)
    connection.execute(
        put.on_conflict_do_update(
            set_={
                "version": snapshots.c.version + 1,
                "roots": put.excluded.roots,
                "waits": put.excluded.waits,
                "data": put.excluded.data,
            }
        ),
        [
            {
                "inbox": row,
                "version": 1,
                "roots": roots[root_key(head.roots)],
                "waits": save.waits,
                "data": save.data,
            }
            for row, save, head in new
        ],
    )
    connection.execute(
        update(inboxes).where(inboxes.c.id == bindparam("row")),
        [{"row": row, "replayed": head.position} for row, _, head in new],
    )
    connection.execute(
        delete(layers).where(layers.c.inbox.in_([row for row, _, _ in new]))
    )
    named = [
        {
            "inbox": row,
            "number": number,
            "kind": makers[number, *head.layers[number]]
            if number in head.layers
            else None,
            "waits": save.layers_wait.get(number),
        }
        for row, save, head in new
        for number in head.named
    ]
    if named:
        connection.execute(insert(layers), named)


def _root_ids(
    connection: Connection, new: list[tuple[int, Save, StoredHead]]
) -> dict[str, int]:
    """The row of each set of root kinds, made where it is missing."""
    wanted = {root_key(head.roots) for _, _, head in new}
    connection.execute(
        upsert(root_sets).on_conflict_do_nothing(),
        [{"records": records} for records in sorted(wanted)],
    )
    return {
        records: row
        for row, records in connection.execute(
            select(root_sets.c.id, root_sets.c.records)
        )
    }


def _kind_ids(
    connection: Connection, new: list[tuple[int, Save, StoredHead]]
) -> dict[tuple[int, str, int], int]:
    """The row of each leaf kind that made a layer, made where it is missing."""
    wanted = {
        (number, *record)
        for _, _, head in new
        for number, record in head.layers.items()
    }
    if not wanted:
        return {}
    connection.execute(
        upsert(kinds).on_conflict_do_nothing(),
        [
            {"number": number, "extension": extension, "revision": revision}
            for number, extension, revision in sorted(wanted)
        ],
    )
    found = connection.execute(
        select(kinds.c.number, kinds.c.extension, kinds.c.revision, kinds.c.id)
    )
    return {(number, ext, rev): row for number, ext, rev, row in found}
