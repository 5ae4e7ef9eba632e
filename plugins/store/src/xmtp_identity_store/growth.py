"""Letting logs grow, and the feed with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from .errors import InboxClash
from .keys import BUCKETS, bucket_of, row_key
from .schema import NOT_REPLAYED, buckets, entries, feed, inboxes

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Entry", "Growth", "State"]

_MOST: Final = 1 << 62
"""Numbers from elsewhere that are above it are not gone on from."""


class Entry(NamedTuple):
    """One entry of a log.

    update: a serialized `IdentityUpdate`, or None for an entry without one.
    sequence_id, server_timestamp_ns: as the node gave them, unsigned 64-bit;
        None where they are not known.
    """

    update: bytes | None
    sequence_id: int | None = None
    server_timestamp_ns: int | None = None


@dataclass(slots=True)
class State:
    """The row of an inbox; see `schema.inboxes`."""

    id: int
    inbox_id: str
    entries: int = 0
    replayed: int = NOT_REPLAYED
    version: int = 0
    served: int = 0
    served_ns: int = 0
    size: int = 0


class Growth:
    """Logs that grow, written together. Until the transaction ends nobody else
    writes to them, nor appends to a log of the same buckets."""

    __slots__ = ("_connection", "_entries", "_feed", "_grown", "_heads", "_known")

    def __init__(
        self,
        connection: Connection,
        inbox_ids: Iterable[str],
        held: Iterable[int] = (),
    ) -> None:
        """held: other buckets to hold.

        Buckets come first and in order, then inboxes in order: who takes
        locks in one order is in nobody's way for ever.
        """
        self._connection = connection
        keys = {row_key(inbox_id) for inbox_id in inbox_ids}
        wanted = {*map(bucket_of, keys), *held}
        locked = select(buckets).order_by(buckets.c.bucket).with_for_update()
        if len(wanted) < BUCKETS:
            locked = locked.where(buckets.c.bucket.in_(sorted(wanted)))
        self._heads: dict[int, int] = {
            row.bucket: row.head for row in connection.execute(locked)
        }
        found = connection.execute(
            select(inboxes)
            .where(inboxes.c.id.in_(keys))
            .order_by(inboxes.c.id)
            .with_for_update()
        )
        self._known = {row.id: State(*row) for row in found}
        self._grown: dict[int, bool] = {}
        """By row whether it is new."""
        self._entries: list[dict[str, Any]] = []
        self._feed: list[dict[str, Any]] = []

    def state(self, inbox_id: str) -> State:
        """The row of an inbox; one to be made has no entries.

        Raises `InboxClash` if it is another inbox's.
        """
        key = row_key(inbox_id)
        state = self._known.get(key)
        if state is None:
            return State(key, inbox_id)
        if state.inbox_id != inbox_id:
            raise InboxClash(
                f"{inbox_id!r} has the row key of another inbox, {state.inbox_id!r}."
            )
        return state

    def grows(self, inbox_id: str) -> bool:
        """Whether a log has entries that are not yet written."""
        return row_key(inbox_id) in self._grown

    def add(self, state: State, new: Sequence[Entry]) -> None:
        """Append entries to a log; one without any is not made."""
        for entry in new:
            self._place(state, entry.sequence_id)
            at = entry.server_timestamp_ns
            if at is not None and at < _MOST:
                state.served_ns = max(state.served_ns, at)
            self._append(state, entry)

    def commit(self, state: State, update: bytes, now_ns: int) -> None:
        """Append an entry that gets its numbers here."""
        self._place(state, None)
        state.served_ns = max(state.served_ns, now_ns)
        self._append(state, Entry(update, state.served, state.served_ns))

    def change(self, state: State) -> None:
        """Write the row of an inbox, together with what is appended."""
        if state.id not in self._grown:
            self._grown[state.id] = state.id not in self._known
            self._known[state.id] = state

    def _place(self, state: State, given: int | None) -> None:
        """Take the next place in the feed, and the sequence ID for it."""
        bucket = bucket_of(state.id)
        number = self._heads[bucket] = self._heads[bucket] + 1
        self._feed.append(
            {
                "bucket": bucket,
                "number": number,
                "inbox": state.id,
                "position": state.entries,
            }
        )
        if given is not None and state.served < given < _MOST:
            state.served = given
        else:
            state.served = max(number * BUCKETS + bucket, state.served + 1)

    def _append(self, state: State, entry: Entry) -> None:
        self.change(state)
        self._entries.append(
            {
                "inbox": state.id,
                "position": state.entries,
                "update": entry.update,
                "sequence_id": entry.sequence_id,
                "server_timestamp_ns": entry.server_timestamp_ns,
                "served": state.served,
            }
        )
        state.entries += 1
        state.size += len(entry.update or b"")

    def write(self) -> None:
        """Write what was added."""
        connection = self._connection
        new, old = [], []
        for row, is_new in self._grown.items():
            state = self._known[row]
            values = {
                "entries": state.entries,
                "replayed": state.replayed,
                "version": state.version,
                "served": state.served,
                "served_ns": state.served_ns,
                "size": state.size,
            }
            if is_new:
                new.append({"id": row, "inbox_id": state.inbox_id, **values})
            else:
                old.append({"row": row, **values})
        if new:
            connection.execute(insert(inboxes), new)
        if old:
            connection.execute(_CHANGE, old)
        if self._entries:
            connection.execute(insert(entries), self._entries)
            connection.execute(insert(feed), self._feed)
            touched = {place["bucket"] for place in self._feed}
            connection.execute(
                _MOVE,
                [{"row": bucket, "to": self._heads[bucket]} for bucket in touched],
            )
        self._grown, self._entries, self._feed = {}, [], []


_CHANGE: Final = update(inboxes).where(inboxes.c.id == bindparam("row"))
_MOVE: Final = (
    update(buckets)
    .where(buckets.c.bucket == bindparam("row"))
    .values(head=bindparam("to"))
)
