"""What clients ask a store for: updates, inboxes of identifiers, key packages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from sqlalchemy import Select, and_, func, or_, select, tuple_

from xmtp_identity.errors import BadInput

from .errors import AnswerTooLarge
from .growth import Entry
from .keys import is_indexable, row_key
from .logs import find
from .saving import upsert
from .schema import addresses, entries, inboxes, key_packages, labels, notes

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = [
    "AddressRow",
    "associations_of",
    "inbox_ids_of",
    "key_packages_of",
    "labels_of",
    "note_of",
    "put_key_package",
    "set_note",
    "updates",
]

_PIECE: Final = 200
"""Things that are looked up by one statement."""

_MAX_KEY: Final = 1000
_MAX_NOTE: Final = 4000

T = TypeVar("T")


class AddressRow(NamedTuple):
    """One identifier that is or was a member of an inbox.

    number: of its kind in `MemberIdentifier`.
    associated: position of the last entry that added it; None if not known.
    revoked: position of the entry that it left with, or None.
    """

    number: int
    identifier: str
    associated: int | None
    revoked: int | None


class _Wanted(NamedTuple):
    row: int
    after: int


def updates(
    connection: Connection, asked: Sequence[tuple[str, int]], max_bytes: int
) -> list[list[Entry]]:
    """The entries of each inbox after a sequence ID; see `Store.updates`."""
    known: dict[int, tuple[str, int, int]] = {}
    for rows in _pieces(sorted({row_key(inbox_id) for inbox_id, _ in asked})):
        found = connection.execute(
            select(
                inboxes.c.id, inboxes.c.inbox_id, inboxes.c.served, inboxes.c.size
            ).where(inboxes.c.id.in_(rows))
        )
        known.update((row.id, (row.inbox_id, row.served, row.size)) for row in found)
    due: list[_Wanted | None] = []
    most = 0
    for inbox_id, after in asked:
        row = row_key(inbox_id)
        stored, served, size = known.get(row, (None, 0, 0))
        is_due = stored == inbox_id and served > after
        due.append(_Wanted(row, after) if is_due else None)
        most += size if is_due else 0
    read: dict[_Wanted, list[Entry]] = {one: [] for one in due if one is not None}
    distinct = sorted(read)
    if most > max_bytes:
        _measure(connection, due, distinct, max_bytes)
    for piece in _pieces(distinct):
        _read(connection, piece, read)
    return [[] if one is None else read[one] for one in due]


def _read(
    connection: Connection,
    piece: Sequence[_Wanted],
    read: dict[_Wanted, list[Entry]],
) -> None:
    by_row = _by_row(piece)
    statement = select(
        entries.c.inbox,
        entries.c.served,
        entries.c["update"],
        entries.c.server_timestamp_ns,
    )
    found = connection.execute(
        _after(statement, piece).order_by(entries.c.inbox, entries.c.position)
    )
    for row, served, update, timestamp in found:
        entry = Entry(update, served, timestamp)
        for one in by_row[row]:
            if served > one.after:
                read[one].append(entry)


def _by_row(piece: Sequence[_Wanted]) -> dict[int, list[_Wanted]]:
    by_row: dict[int, list[_Wanted]] = {}
    for one in piece:
        by_row.setdefault(one.row, []).append(one)
    return by_row


def _after(statement: Select[Any], piece: Sequence[_Wanted]) -> Select[Any]:
    whole = [one.row for one in piece if one.after <= 0]
    conditions = [
        and_(entries.c.inbox == one.row, entries.c.served > one.after)
        for one in piece
        if one.after > 0
    ]
    if whole:
        conditions.append(entries.c.inbox.in_(whole))
    return statement.where(or_(*conditions))


def _measure(
    connection: Connection,
    due: Sequence[_Wanted | None],
    distinct: Sequence[_Wanted],
    max_bytes: int,
) -> None:
    """Raise `AnswerTooLarge` if the answer has more than so many bytes."""
    sizes = dict.fromkeys(distinct, 0)
    for piece in _pieces(distinct):
        by_row = _by_row(piece)
        statement = select(
            entries.c.inbox, entries.c.served, func.length(entries.c["update"])
        )
        for row, served, size in connection.execute(_after(statement, piece)):
            for one in by_row[row]:
                if served > one.after:
                    sizes[one] += size or 0
    total = sum(sizes[one] for one in due if one is not None)
    if total > max_bytes:
        raise AnswerTooLarge(
            f"The updates that were asked for have {total:,} bytes; an answer has at "
            f"most {max_bytes:,}."
        )


def inbox_ids_of(
    connection: Connection, identifiers: Sequence[tuple[int, str]]
) -> list[str | None]:
    """The inbox of each identifier; see `Store.inbox_ids`."""
    latest: dict[tuple[int, str], tuple[tuple[int, int], str]] = {}
    wanted = sorted({one for one in identifiers if is_indexable(one[1])})
    for piece in _pieces(wanted):
        found = connection.execute(
            select(
                addresses.c.number,
                addresses.c.identifier,
                inboxes.c.inbox_id,
                entries.c.server_timestamp_ns,
                entries.c.served,
            )
            .join_from(addresses, inboxes)
            .join(
                entries,
                and_(
                    entries.c.inbox == addresses.c.inbox,
                    entries.c.position == addresses.c.associated,
                ),
                isouter=True,
            )
            .where(
                tuple_(addresses.c.number, addresses.c.identifier).in_(piece),
                addresses.c.revoked.is_(None),
            )
        )
        for number, identifier, inbox_id, timestamp, served in found:
            rank = ((timestamp or 0, served or 0), inbox_id)
            key = (number, identifier)
            latest[key] = max(latest.get(key, rank), rank)
    return [latest[one][1] if one in latest else None for one in identifiers]


def associations_of(connection: Connection, inbox_id: str) -> list[AddressRow]:
    """The address log of an inbox; raises `NoSuchInbox`."""
    found = connection.execute(
        select(
            addresses.c.number,
            addresses.c.identifier,
            addresses.c.associated,
            addresses.c.revoked,
        )
        .where(addresses.c.inbox == find(connection, inbox_id))
        .order_by(addresses.c.associated, addresses.c.number, addresses.c.identifier)
    )
    return [AddressRow(*row) for row in found]


def labels_of(connection: Connection, inbox_id: str) -> dict[int, tuple[str, str]]:
    """Outcome and code of each entry that was not applied; raises `NoSuchInbox`."""
    found = connection.execute(
        select(labels.c.position, labels.c.outcome, labels.c.code)
        .where(labels.c.inbox == find(connection, inbox_id))
        .order_by(labels.c.position)
    )
    return {position: (outcome, code) for position, outcome, code in found}


def put_key_package(
    connection: Connection, installation: bytes, package: bytes
) -> None:
    """Keep the key package of an installation in place of its last one."""
    put = upsert(connection, key_packages)
    connection.execute(
        put.on_conflict_do_update(
            index_elements=[key_packages.c.installation],
            set_={"package": put.excluded.package},
        ),
        {"installation": installation, "package": package},
    )


def key_packages_of(
    connection: Connection, installations: Sequence[bytes]
) -> list[bytes | None]:
    """The key package of each installation."""
    known: dict[bytes, bytes] = {}
    for piece in _pieces(sorted(set(installations))):
        found = connection.execute(
            select(key_packages).where(key_packages.c.installation.in_(piece))
        )
        known.update((installation, package) for installation, package in found)
    return [known.get(installation) for installation in installations]


def set_note(connection: Connection, key: str, value: str) -> None:
    """Keep a short text under a key in place of the last one; see `Store`."""
    if not (_is_plain(key, _MAX_KEY) and _is_plain(value, _MAX_NOTE)):
        raise BadInput(
            f"A note is printable ASCII, with at most {_MAX_NOTE:,} characters under "
            f"a key of at most {_MAX_KEY:,}."
        )
    put = upsert(connection, notes)
    connection.execute(
        put.on_conflict_do_update(
            index_elements=[notes.c.key], set_={"value": put.excluded.value}
        ),
        {"key": key, "value": value},
    )


def note_of(connection: Connection, key: str) -> str | None:
    """The text that is kept under a key."""
    if not _is_plain(key, _MAX_KEY):
        return None
    return connection.scalar(select(notes.c.value).where(notes.c.key == key))


def _is_plain(text: str, most: int) -> bool:
    return len(text) <= most and text.isascii() and text.isprintable()


def _pieces(things: Sequence[T]) -> list[Sequence[T]]:
    return [things[at : at + _PIECE] for at in range(0, len(things), _PIECE)]
