"""Reading logs and letting them grow, in a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update

from xmtp_identity.errors import BadInput

from .errors import LogConflict, NoSuchInbox
from .schema import NOT_REPLAYED, entries, inboxes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from xmtp_identity.replay import Log

__all__ = ["Entry", "append", "plain_entries", "put", "read"]

_PIECE: Final = 500
"""Logs that are looked up together."""


class Entry(NamedTuple):
    """One entry of a log.

    update: a serialized `IdentityUpdate`, or None for an entry without one.
    sequence_id, server_timestamp_ns: as the node gave them, unsigned 64-bit;
        None where they are not known.
    """

    update: bytes | None
    sequence_id: int | None = None
    server_timestamp_ns: int | None = None


def plain_entries(log: Log) -> list[Entry]:
    """Entries of a log that came without what the node said."""
    return [Entry(one) for one in log]


def read(connection: Connection, inbox_id: str) -> list[Entry]:
    """The log of an inbox; raises `NoSuchInbox`."""
    row = connection.scalar(select(inboxes.c.id).where(inboxes.c.inbox_id == inbox_id))
    if row is None:
        raise NoSuchInbox(f"There is no log of {inbox_id!r} in the store.")
    found = connection.execute(
        select(
            entries.c["update"], entries.c.sequence_id, entries.c.server_timestamp_ns
        )
        .where(entries.c.inbox == row)
        .order_by(entries.c.position)
    )
    return [Entry(*entry) for entry in found]


def append(
    connection: Connection,
    inbox_id: str,
    new: Sequence[Entry],
    expected: int | None,
) -> int:
    """Append entries and return the new length; raises `LogConflict` unless
    the log has as many entries as expected (None: any number)."""
    growth = _Growth(connection, [inbox_id])
    length = growth.length(inbox_id)
    if expected is not None and length != expected:
        raise LogConflict(
            f"The log of {inbox_id} has {length} entries now, it had {expected}."
        )
    growth.add(inbox_id, new)
    growth.write()
    return length + len(new)


def put(connection: Connection, logs: Sequence[tuple[str, Sequence[Entry]]]) -> int:
    """Make stored logs what whole logs say; raises `LogConflict`.

    Returns how many entries that brought. A log that is shorter than the
    stored one brings nothing.
    """
    brought = 0
    rest = iter(logs)
    while piece := list(islice(rest, _PIECE)):
        growth = _Growth(connection, [inbox_id for inbox_id, _ in piece])
        for inbox_id, log in piece:
            if growth.grows(inbox_id):
                # The same inbox again: it has to be compared with what it got.
                growth.write()
            stored = growth.length(inbox_id)
            if stored:
                _compare(inbox_id, read(connection, inbox_id), log)
            growth.add(inbox_id, log[stored:])
            brought += len(log[stored:])
        growth.write()
    return brought


def _compare(inbox_id: str, stored: Sequence[Entry], log: Sequence[Entry]) -> None:
    for index, (before, now) in enumerate(zip(stored, log, strict=False)):
        if before.update != now.update:
            raise LogConflict(
                f"Entry {index} of {inbox_id} differs from the stored one: a log "
                "only grows."
            )


class _Growth:
    """Entries to be appended to logs, written together."""

    __slots__ = ("_connection", "_grown", "_known", "_new", "_next", "_rows")

    def __init__(self, connection: Connection, inbox_ids: Sequence[str]) -> None:
        for inbox_id in inbox_ids:
            _check_inbox_id(inbox_id)
        self._connection = connection
        # The row and the length of each log that is known.
        self._known: dict[str, tuple[int, int]] = {
            found.inbox_id: (found.id, found.entries)
            for found in connection.execute(
                select(inboxes.c.inbox_id, inboxes.c.id, inboxes.c.entries).where(
                    inboxes.c.inbox_id.in_(inbox_ids)
                )
            )
        }
        last = connection.scalar(select(func.max(inboxes.c.id)))
        self._next: int = 1 if last is None else last + 1
        self._new: list[dict[str, Any]] = []
        self._grown: dict[str, tuple[int, int]] = {}
        self._rows: list[dict[str, Any]] = []

    def length(self, inbox_id: str) -> int:
        """How many entries a log has."""
        return self._known.get(inbox_id, (0, 0))[1]

    def grows(self, inbox_id: str) -> bool:
        """Whether a log has entries that are not yet written."""
        return inbox_id in self._grown

    def add(self, inbox_id: str, new: Sequence[Entry]) -> None:
        """Append entries to a log; one without any is not made."""
        if not new:
            return
        row, length = self._known.get(inbox_id, (0, 0))
        if not row:
            row, self._next = self._next, self._next + 1
            self._new.append(
                {
                    "id": row,
                    "inbox_id": inbox_id,
                    "entries": len(new),
                    "replayed": NOT_REPLAYED,
                }
            )
        self._rows += (
            {"inbox": row, "position": position, **entry._asdict()}
            for position, entry in enumerate(new, length)
        )
        self._known[inbox_id] = self._grown[inbox_id] = (row, length + len(new))

    def write(self) -> None:
        """Write what was added."""
        connection = self._connection
        if self._new:
            connection.execute(insert(inboxes), self._new)
        if self._grown:
            connection.execute(
                update(inboxes).where(inboxes.c.id == bindparam("row")),
                [
                    {"row": row, "entries": length}
                    for row, length in self._grown.values()
                ],
            )
            connection.execute(insert(entries), self._rows)
        self._new, self._grown, self._rows = [], {}, []


def _check_inbox_id(inbox_id: str) -> None:
    try:
        inbox_id.encode()
    except UnicodeEncodeError:
        raise BadInput("The inbox ID is not Unicode.") from None
    if not inbox_id:
        raise BadInput("The inbox ID is empty.")
