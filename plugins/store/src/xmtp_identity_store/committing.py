"""Appending updates that were admitted, many in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, tuple_

from xmtp_identity.errors import BadInput

from .errors import InboxClash
from .growth import Growth, State
from .keys import is_indexable, owner_bucket, row_key
from .logs import check_inbox_id
from .saving import Save, head_of, write_snapshots
from .schema import addresses, inboxes, snapshots

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from xmtp_identity.stored import StoredHead

__all__ = [
    "Append",
    "Clash",
    "Committed",
    "Head",
    "Moved",
    "Owned",
    "Owner",
    "SavedSnapshot",
    "commit",
    "heads",
]

Owner = tuple[int, str]
"""Number of a kind in `MemberIdentifier`, and an identifier."""


class SavedSnapshot(NamedTuple):
    """A snapshot as it is stored.

    data: see `xmtp_identity.stored`.
    version: rises with each write; `Save.version` names the one to replace.
    waits: code of what the last replay could not be finished for, or None.
    """

    data: bytes
    version: int
    waits: str | None


class Head(NamedTuple):
    """Where an inbox stands.

    entries: how many its log has.
    sequence_id: of the last one, as this store serves it.
    saved: its snapshot; None if it was never replayed.
    """

    entries: int
    sequence_id: int
    saved: SavedSnapshot | None


class Append(NamedTuple):
    """One update that was admitted.

    update: a serialized `IdentityUpdate`.
    expected: how many entries the log must have; 0 for a new inbox.
    save: the snapshot with the update applied, and what it replaces.
    owner: the owner, if the update creates the inbox.
    """

    update: bytes
    expected: int
    save: Save
    owner: Owner | None = None

    @property
    def inbox_id(self) -> str:
        """Whose log it is."""
        return self.save.inbox_id


class Committed(NamedTuple):
    """An update is in the log.

    sequence_id: rises within the inbox.
    server_timestamp_ns: nanoseconds since 1970; never falls within the inbox.
    version: of the snapshot that was saved with it.
    """

    sequence_id: int
    server_timestamp_ns: int
    version: int


class Moved(NamedTuple):
    """Nothing was appended: the log has another length, or its snapshot another
    version, than was expected.

    entries: how many the log has.
    """

    entries: int


class Owned(NamedTuple):
    """Nothing was appended: the owner belongs to another inbox.

    inbox_id: that inbox.
    """

    inbox_id: str


class Clash(NamedTuple):
    """Nothing was appended: another inbox has the row key.

    detail: a sentence for people.
    """

    detail: str


Done = Committed | Moved | Owned | Clash


def heads(connection: Connection, inbox_ids: Iterable[str]) -> dict[str, Head]:
    """Where inboxes stand; those that are not there are left out."""
    wanted = {row_key(inbox_id): inbox_id for inbox_id in inbox_ids}
    found = connection.execute(
        select(
            inboxes.c.id,
            inboxes.c.inbox_id,
            inboxes.c.entries,
            inboxes.c.served,
            snapshots.c.data,
            inboxes.c.version,
            snapshots.c.waits,
        )
        .join_from(inboxes, snapshots, isouter=True)
        .where(inboxes.c.id.in_(wanted))
    )
    return {
        inbox_id: Head(
            length,
            served,
            None if data is None else SavedSnapshot(data, version, waits),
        )
        for row, inbox_id, length, served, data, version, waits in found
        if wanted[row] == inbox_id
    }


def commit(
    connection: Connection,
    appends: Sequence[Append],
    now_ns: int,
    known: Collection[object],
) -> tuple[list[Done], set[object]]:
    """Append what fits, in order; see `Store.commit`.

    known: what is in tables that only grow; returns what is now.
    """
    for one in appends:
        check_inbox_id(connection, one.inbox_id)
    owners = {one.owner for one in appends if one.owner and is_indexable(one.owner[1])}
    growth = Growth(
        connection,
        (one.inbox_id for one in appends),
        (owner_bucket(*owner) for owner in owners),
    )
    belongs = _Belongings(connection, owners)
    new: list[tuple[int, Save, StoredHead]] = []
    done: list[Done] = []
    for one in appends:
        try:
            state = growth.state(one.inbox_id)
        except InboxClash as error:
            done.append(Clash(error.detail))
            continue
        if state.entries != one.expected or state.version != (one.save.version or 0):
            done.append(Moved(state.entries))
            continue
        other = None if one.owner is None else belongs.elsewhere(one.owner, state)
        if other is not None:
            done.append(Owned(other))
            continue
        head = _head(one)
        growth.commit(state, one.update, now_ns)
        state.version += 1
        state.replayed = head.position
        belongs.note(one.save, state)
        new.append((state.id, one.save, head))
        done.append(Committed(state.served, state.served_ns, state.version))
    growth.write()
    return done, write_snapshots(connection, new, known) if new else set()


def _head(one: Append) -> StoredHead:
    if one.save.data is None:
        raise BadInput("An update is appended together with a snapshot.")
    head = head_of(one.save, one.save.data)
    if head.position != one.expected + 1:
        raise BadInput(
            f"The snapshot has seen {head.position} entries, not the "
            f"{one.expected + 1} that the log will have."
        )
    return head


class _Belongings:
    """To which inboxes some identifiers belong while updates are appended."""

    __slots__ = ("_inboxes",)

    def __init__(self, connection: Connection, wanted: Collection[Owner]) -> None:
        self._inboxes: dict[Owner, dict[str, None]] = {owner: {} for owner in wanted}
        if not wanted:
            return
        found = connection.execute(
            select(addresses.c.number, addresses.c.identifier, inboxes.c.inbox_id)
            .join_from(addresses, inboxes)
            .where(
                tuple_(addresses.c.number, addresses.c.identifier).in_(sorted(wanted)),
                addresses.c.revoked.is_(None),
            )
            .order_by(addresses.c.inbox)
        )
        for number, identifier, inbox_id in found:
            self._inboxes[number, identifier][inbox_id] = None

    def elsewhere(self, owner: Owner, state: State) -> str | None:
        """Another inbox that an identifier belongs to, if there is one."""
        found = self._inboxes.get(owner, {})
        return next((one for one in found if one != state.inbox_id), None)

    def note(self, save: Save, state: State) -> None:
        """Know of what an update changes."""
        for owner in self._inboxes.keys() & save.associations.keys():
            if save.associations[owner][1] is None:
                self._inboxes[owner][state.inbox_id] = None
            else:
                self._inboxes[owner].pop(state.inbox_id, None)
