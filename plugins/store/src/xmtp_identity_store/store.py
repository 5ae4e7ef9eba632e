"""A store: the logs of many inboxes, and how far each was replayed.

Every method is a transaction of its own, safe beside other threads and other
processes on the same file. Iterators read ahead in small pieces and hold
nothing open between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import merge
from itertools import groupby
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from sqlalchemy import func, select

from xmtp_identity.stored import UnusableSnapshot, peek

from . import committing, feed, logs, lookups
from .committing import Append, Clash, Committed, Head, Moved, Owned, SavedSnapshot
from .database import CONNECTIONS
from .feed import Cursor, FeedEntry
from .logs import Entry
from .lookups import AddressRow
from .opening import open_database
from .saving import Save, save_all
from .schema import entries, inboxes, layers, snapshots
from .staleness import Reason, Stale, Why, count_stale, stale_after

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from xmtp_identity import Registry

    from .database import Database

__all__ = ["Entry", "Job", "SavedSnapshot", "Store"]

_PIECE: Final = 500
"""Inboxes that an iterator reads at once."""

_PIECE_WITH_DATA: Final = 50
"""The same, where snapshots are read as well."""


class Job(NamedTuple):
    """What it takes to bring one inbox up to date."""

    inbox_id: str
    log: list[bytes | None]
    saved: SavedSnapshot | None


class Store:
    """Identity logs and snapshots in a file or a PostgreSQL database.

    A log only grows: what is in a store is never changed, so that a snapshot
    stays true to its log.
    """

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(
        cls, target: str, *, create: bool = True, connections: int = CONNECTIONS
    ) -> Store:
        """Open a store; a new file is its owner's alone (mode 0600).

        target: name of an SQLite file, ``sqlite:///FILE``, or
            ``postgresql://USER:PASSWORD@HOST:PORT/DATABASE``.
        create: whether to make a store in a new file or an empty database.
        connections: how many are held at most; others wait for one.

        Raises `UnusableStore`, `NoStore`, `StoreVersion`, `StoreLocked`,
        `StoreUnavailable`, as every method does. None names a password.
        """
        return cls(open_database(target, create=create, connections=connections))

    def close(self) -> None:
        """Let go of the file or the database."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Logs

    def append(
        self, inbox_id: str, new: Sequence[Entry], *, expected: int | None = None
    ) -> int:
        """Append entries to a log; returns how many it has now.

        expected: how many it had when the entries were made; `LogConflict` if
            there are others now. None does not look.
        """
        return self._database.write(
            lambda connection: logs.append(connection, inbox_id, new, expected)
        )

    def put(self, whole: Sequence[tuple[str, Sequence[Entry]]]) -> int:
        """Make stored logs what whole logs say; returns how many entries that
        brought.

        What is stored already is left as it is, so that the same log can be
        put again; one that is shorter brings nothing. `LogConflict` if one of
        them contradicts the stored log: then nothing is written.
        """
        return self._database.write(lambda connection: logs.put(connection, whole))

    def log(self, inbox_id: str) -> list[bytes | None]:
        """The whole log of an inbox; raises `NoSuchInbox`."""
        return [entry.update for entry in self.entries(inbox_id)]

    def entries(self, inbox_id: str) -> list[Entry]:
        """The whole log with what the node said; raises `NoSuchInbox`."""
        with self._database.reading() as connection:
            return logs.read(connection, inbox_id)

    def inboxes(self) -> Iterator[str]:
        """The IDs of all inboxes, in the order of their row keys."""
        row = -1
        while True:
            with self._database.reading() as connection:
                piece = connection.execute(
                    select(inboxes.c.id, inboxes.c.inbox_id)
                    .where(inboxes.c.id > row)
                    .order_by(inboxes.c.id)
                    .limit(_PIECE)
                ).all()
            if not piece:
                return
            yield from (inbox_id for _, inbox_id in piece)
            row = piece[-1].id

    def count(self) -> int:
        """How many inboxes there are."""
        with self._database.reading() as connection:
            return int(connection.scalar(select(func.count(inboxes.c.id))) or 0)

    # Snapshots

    def snapshot(self, inbox_id: str) -> SavedSnapshot | None:
        """The snapshot of an inbox, or None."""
        found = self.heads([inbox_id]).get(inbox_id)
        return None if found is None else found.saved

    def save(self, saves: Sequence[Save]) -> list[bool]:
        """Write snapshots, all in one transaction; returns which were written.

        One is not written if another process wrote that inbox's since the
        version that it names. Raises `UnusableSnapshot` if one is damaged or
        of another inbox, `NoSuchInbox`; then nothing is written.
        """
        database = self._database
        written, known = database.write(
            lambda connection: save_all(connection, saves, database.remembered)
        )
        database.remember(known)
        return written

    # What a node does

    def heads(self, inbox_ids: Sequence[str]) -> dict[str, Head]:
        """Where inboxes stand, and their snapshots; missing ones are left out."""
        with self._database.looking() as connection:
            return committing.heads(connection, inbox_ids)

    def commit(
        self, appends: Sequence[Append], *, now_ns: int
    ) -> list[Committed | Moved | Owned | Clash]:
        """Append updates that were admitted, all in one transaction: log,
        snapshot, address log and feed change together or not at all.

        now_ns: the time, in nanoseconds since 1970.

        One that does not fit is left out, and the rest goes on. Several of one
        inbox are taken in order. Raises `UnusableSnapshot` or `BadInput` if one
        comes with the wrong snapshot; then nothing is written.
        """
        if not appends:
            return []
        database = self._database
        done, known = database.write(
            lambda connection: committing.commit(
                connection, appends, now_ns, database.remembered
            )
        )
        database.remember(known)
        return done

    def updates(
        self, asked: Sequence[tuple[str, int]], *, max_bytes: int
    ) -> list[list[Entry]]:
        """The entries after a sequence ID, for each (inbox ID, sequence ID).

        Sequence IDs are those that this store serves, which every entry has.
        Raises `AnswerTooLarge` if the updates have over ``max_bytes``.
        """
        with self._database.reading() as connection:
            return lookups.updates(connection, asked, max_bytes)

    def inbox_ids(self, identifiers: Sequence[tuple[int, str]]) -> list[str | None]:
        """The inbox of each (number of a kind, identifier): the latest that it
        came into and did not leave."""
        with self._database.looking() as connection:
            return lookups.inbox_ids_of(connection, identifiers)

    def associations(self, inbox_id: str) -> list[AddressRow]:
        """Who is or was a member of an inbox, as far as it was replayed; raises
        `NoSuchInbox`."""
        with self._database.reading() as connection:
            return lookups.associations_of(connection, inbox_id)

    def labels(self, inbox_id: str) -> dict[int, tuple[str, str]]:
        """Outcome and code of each entry that a replay did not apply, by position;
        raises `NoSuchInbox`."""
        with self._database.reading() as connection:
            return lookups.labels_of(connection, inbox_id)

    def feed(
        self, cursor: Cursor, *, limit: int, max_bytes: int
    ) -> tuple[list[FeedEntry], Cursor]:
        """The entries that came since a cursor, and the cursor after them.

        limit: how many at most, above 0. max_bytes: of their updates; at least
            one entry comes, however large it is.

        An inbox's entries come in order, and each entry comes once, whatever
        is written meanwhile. Raises `BadCursor` if it is of another store.
        """
        with self._database.reading() as connection:
            return feed.read_feed(connection, cursor, limit, max_bytes)

    def put_key_package(self, installation: bytes, package: bytes) -> None:
        """Keep the key package of an installation in place of its last one."""
        self._database.write(
            lambda connection: lookups.put_key_package(
                connection, installation, package
            )
        )

    def key_packages(self, installations: Sequence[bytes]) -> list[bytes | None]:
        """The key package of each installation, or None."""
        with self._database.looking() as connection:
            return lookups.key_packages_of(connection, installations)

    def set_note(self, key: str, value: str) -> None:
        """Keep a short text under a key in place of the last one.

        Both are printable ASCII; the key has at most 1,000 characters and the
        text 4,000. Raises `BadInput`.
        """
        self._database.write(
            lambda connection: lookups.set_note(connection, key, value)
        )

    def note(self, key: str) -> str | None:
        """What `set_note` keeps under a key, or None."""
        with self._database.looking() as connection:
            return lookups.note_of(connection, key)

    # What is stale

    def stale(self, registry: Registry, *, check: bool = False) -> Iterator[Stale]:
        """The inboxes whose snapshot is missing, has not seen the whole log or
        does not fit the registry, each with its reasons; each once, even if
        it becomes stale again meanwhile.

        check: read all other snapshots as well, to find damaged ones.
        """
        stale = self._stale(registry)
        if not check:
            yield from stale
            return
        both = merge(stale, self._damaged(), key=lambda one: one.row)
        for _, group in groupby(both, key=lambda one: one.row):
            one, *more = group
            yield one._replace(
                reasons=(*one.reasons, *(r for other in more for r in other.reasons))
            )

    def _stale(self, registry: Registry) -> Iterator[Stale]:
        row = -1
        while True:
            with self._database.reading() as connection:
                piece = stale_after(connection, registry, row, _PIECE)
            if not piece:
                return
            yield from piece
            row = piece[-1].row

    def _damaged(self) -> Iterator[Stale]:
        row = -1
        while True:
            with self._database.reading() as connection:
                piece = connection.execute(
                    select(
                        inboxes.c.id,
                        inboxes.c.inbox_id,
                        inboxes.c.entries,
                        snapshots.c.data,
                    )
                    .join_from(snapshots, inboxes)
                    .where(snapshots.c.inbox > row)
                    .order_by(snapshots.c.inbox)
                    .limit(_PIECE_WITH_DATA)
                ).all()
            if not piece:
                return
            for row, inbox_id, length, data in piece:
                if not _is_sound(data, inbox_id):
                    yield Stale(row, inbox_id, length, (Reason(Why.DAMAGED),))

    def count_stale(self, registry: Registry) -> int:
        """How many inboxes are stale."""
        with self._database.reading() as connection:
            return count_stale(connection, registry)

    def jobs(self, stale: Sequence[Stale]) -> list[Job]:
        """The logs and snapshots of a few inboxes, as of one moment."""
        with self._database.reading() as connection:
            return _jobs(connection, [one.row for one in stale])

    def named(self) -> Mapping[int, int]:
        """In how many inboxes each leaf number is named, by number."""
        with self._database.reading() as connection:
            found = connection.execute(
                select(layers.c.number, func.count().label("inboxes"))
                .group_by(layers.c.number)
                .order_by(layers.c.number)
            )
            return MappingProxyType({row.number: row.inboxes for row in found})


def _is_sound(data: bytes, inbox_id: str) -> bool:
    try:
        return peek(data).inbox_id == inbox_id
    except UnusableSnapshot:
        return False


def _jobs(connection: Connection, rows: Sequence[int]) -> list[Job]:
    read: dict[int, list[bytes | None]] = {row: [] for row in rows}
    for inbox, update in connection.execute(
        select(entries.c.inbox, entries.c["update"])
        .where(entries.c.inbox.in_(rows))
        .order_by(entries.c.inbox, entries.c.position)
    ):
        read[inbox].append(update)
    found = connection.execute(
        select(
            inboxes.c.id,
            inboxes.c.inbox_id,
            snapshots.c.data,
            inboxes.c.version,
            snapshots.c.waits,
        )
        .join_from(inboxes, snapshots, isouter=True)
        .where(inboxes.c.id.in_(rows))
        .order_by(inboxes.c.id)
    )
    return [
        Job(
            row.inbox_id,
            read[row.id],
            None
            if row.data is None
            else SavedSnapshot(row.data, row.version, row.waits),
        )
        for row in found
    ]
