"""What a store serves of an inbox, read from its tables or as it should be."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, Table, select

from xmtp_identity.stored import peek

from ..keys import is_indexable, row_key
from ..saving import kind_key
from ..schema import addresses, entries, inboxes, labels, layers, snapshots
from ..staleness import root_key

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from ..saving import Save

__all__ = ["Served", "Subject", "digest_of", "expected", "read_served", "subjects"]


class Served(NamedTuple):
    """What the tables say of one inbox, but for its log.

    entries: how many the log should have.
    replayed: how many of them the snapshot has seen.
    data: the snapshot; None if there is none.
    roots: key of the root kinds that made it; None without a snapshot.
    layers: of each leaf number that the log names the key of the kind that made
        the layer, or None, and what the layer was left out for.
    labels, addresses: see `xmtp_identity_store.saving.Save`.
    """

    entries: int
    replayed: int
    data: bytes | None
    roots: int | None
    layers: dict[int, tuple[int | None, str | None]]
    labels: dict[int, tuple[str, str]]
    addresses: dict[tuple[int, str], tuple[int | None, int | None]]


class Subject(NamedTuple):
    """An inbox, its log and what is served of it, as of one moment.

    version: of the snapshot; 0 if there is none.
    """

    row: int
    inbox_id: str
    version: int
    log: list[bytes | None]
    served: Served


def expected(save: Save, length: int) -> Served | None:
    """What should be served after a whole log of this length was replayed;
    None if the replay could not be finished."""
    if save.data is None or not save.is_final:
        return None
    head = peek(save.data)
    return Served(
        length,
        head.position,
        save.data,
        row_key(root_key(head.roots)),
        {
            number: (
                kind_key(number, *head.layers[number])
                if number in head.layers
                else None,
                None,
            )
            for number in head.named
        },
        dict(save.labels),
        {one: when for one, when in save.associations.items() if is_indexable(one[1])},
    )


def digest_of(served: Served) -> bytes:
    """SHA-256 of it: the same for the same, whatever the order of rows."""
    rest = (
        served.entries,
        served.replayed,
        served.roots,
        sorted(served.layers.items()),
        sorted(served.labels.items()),
        sorted(served.addresses.items()),
    )
    digest = hashlib.sha256(repr(rest).encode())
    digest.update(b"" if served.data is None else served.data)
    return digest.digest()


def read_served(
    connection: Connection, rows: Sequence[int]
) -> dict[int, tuple[str, int, Served]]:
    """The ID, the snapshot's version and what is served of each inbox.

    rows: keys of inboxes, in order, without one left out between them.
    """
    if not rows:
        return {}
    found: dict[int, tuple[str, int, Served]] = {}
    for row in connection.execute(
        select(
            inboxes.c.id,
            inboxes.c.inbox_id,
            inboxes.c.version,
            inboxes.c.entries,
            inboxes.c.replayed,
            snapshots.c.data,
            snapshots.c.roots,
        )
        .join_from(inboxes, snapshots, isouter=True)
        .where(_within(inboxes, rows, "id"))
    ):
        inbox, inbox_id, version, length, replayed, data, roots = row
        served = Served(length, replayed, data, roots, {}, {}, {})
        found[inbox] = (inbox_id, version, served)
    for inbox, number, kind, waits in connection.execute(
        select(layers.c.inbox, layers.c.number, layers.c.kind, layers.c.waits).where(
            _within(layers, rows)
        )
    ):
        found[inbox][2].layers[number] = (kind, waits)
    for inbox, position, outcome, code in connection.execute(
        select(labels).where(_within(labels, rows))
    ):
        found[inbox][2].labels[position] = (outcome, code)
    for inbox, number, identifier, associated, revoked in connection.execute(
        select(
            addresses.c.inbox,
            addresses.c.number,
            addresses.c.identifier,
            addresses.c.associated,
            addresses.c.revoked,
        ).where(_within(addresses, rows))
    ):
        found[inbox][2].addresses[number, identifier] = (associated, revoked)
    return found


def subjects(connection: Connection, rows: Sequence[int]) -> list[Subject]:
    """Some inboxes with their logs, wherever they lie; one a key, in order."""
    found: dict[int, tuple[str, int, Served]] = {}
    logs: dict[int, list[bytes | None]] = {row: [] for row in rows}
    for row in rows:
        found.update(read_served(connection, [row]))
    for inbox, update in connection.execute(
        select(entries.c.inbox, entries.c["update"])
        .where(entries.c.inbox.in_(rows))
        .order_by(entries.c.inbox, entries.c.position)
    ):
        logs[inbox].append(update)
    return [
        Subject(row, inbox_id, version, logs[row], served)
        for row in rows
        for inbox_id, version, served in [found[row]]
    ]


def _within(
    table: Table, rows: Sequence[int], column: str = "inbox"
) -> ColumnElement[bool]:
    """A range is one walk along an index, however many inboxes it has."""
    return table.c[column].between(rows[0], rows[-1])
