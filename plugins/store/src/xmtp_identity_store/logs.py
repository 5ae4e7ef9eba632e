"""Reading logs and letting them grow, in a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from xmtp_identity.errors import BadInput

from .errors import LogConflict, NoSuchInbox
from .growth import Entry, Growth
from .keys import bucket_of, row_key
from .schema import entries, inboxes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from xmtp_identity.replay import Log

__all__ = ["Entry", "append", "check_inbox_id", "find", "plain_entries", "put", "read"]

_PIECE: Final = 500
"""Logs that are looked up together."""


def plain_entries(log: Log) -> list[Entry]:
    """Entries of a log that came without what the node said."""
    return [Entry(one) for one in log]


def find(connection: Connection, inbox_id: str) -> int:
    """The row of an inbox; raises `NoSuchInbox`."""
    key = row_key(inbox_id)
    found = connection.scalar(select(inboxes.c.inbox_id).where(inboxes.c.id == key))
    if found != inbox_id:
        raise NoSuchInbox(f"There is no log of {inbox_id!r} in the store.")
    return key


def read(connection: Connection, inbox_id: str) -> list[Entry]:
    """The log of an inbox; raises `NoSuchInbox`."""
    found = connection.execute(
        select(
            entries.c["update"], entries.c.sequence_id, entries.c.server_timestamp_ns
        )
        .where(entries.c.inbox == find(connection, inbox_id))
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
    check_inbox_id(connection, inbox_id)
    growth = Growth(connection, [inbox_id])
    state = growth.state(inbox_id)
    if expected is not None and state.entries != expected:
        raise LogConflict(
            f"The log of {inbox_id} has {state.entries} entries now, it had {expected}."
        )
    growth.add(state, new)
    growth.write()
    return state.entries


def put(connection: Connection, logs: Sequence[tuple[str, Sequence[Entry]]]) -> int:
    """Make stored logs what whole logs say; raises `LogConflict`, `InboxClash`.

    Returns how many entries that brought. A log that is shorter than the
    stored one brings nothing.
    """
    for inbox_id, _ in logs:
        check_inbox_id(connection, inbox_id)
    brought = 0
    # Several pieces take their locks in one order, as `Growth` wants it.
    held = {bucket_of(row_key(inbox_id)) for inbox_id, _ in logs}
    rest = iter(sorted(logs, key=lambda log: row_key(log[0])))
    while piece := list(islice(rest, _PIECE)):
        growth = Growth(connection, [inbox_id for inbox_id, _ in piece], held)
        for inbox_id, log in piece:
            if growth.grows(inbox_id):
                # The same inbox again: it has to be compared with what it got.
                growth.write()
            state = growth.state(inbox_id)
            if state.entries:
                _compare(inbox_id, read(connection, inbox_id), log)
            new = log[state.entries :]
            growth.add(state, new)
            brought += len(new)
        growth.write()
    return brought


def _compare(inbox_id: str, stored: Sequence[Entry], log: Sequence[Entry]) -> None:
    for index, (before, now) in enumerate(zip(stored, log, strict=False)):
        if before.update != now.update:
            raise LogConflict(
                f"Entry {index} of {inbox_id} differs from the stored one: a log "
                "only grows."
            )


def check_inbox_id(connection: Connection, inbox_id: str) -> None:
    """Raise `BadInput` if an inbox ID can't be stored."""
    try:
        inbox_id.encode()
    except UnicodeEncodeError:
        raise BadInput("The inbox ID is not Unicode.") from None
    if not inbox_id:
        raise BadInput("The inbox ID is empty.")
    if "\0" in inbox_id and connection.dialect.name == "postgresql":
        raise BadInput("The inbox ID has a NUL character, which PostgreSQL can't keep.")
