"""All new entries since a cursor, for those who follow a store."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from sqlalchemy import and_, func, or_, select

from .errors import BadCursor
from .growth import Entry
from .keys import BUCKETS
from .schema import buckets, entries, feed, inboxes

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["Cursor", "FeedEntry", "read_feed"]

_VERSION: Final = b"\x01"
_MOST_TEXT: Final = 1000
_MOST: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a feed was followed: of each bucket the number of the last entry."""

    numbers: tuple[int, ...] = (0,) * BUCKETS

    def encode(self) -> str:
        """As a short text that can stand in a URL; empty at the beginning."""
        if not any(self.numbers):
            return ""
        data = _VERSION + b"".join(_varint(number) for number in self.numbers)
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Self:
        """From the text; raises `BadCursor`."""
        if not text:
            return cls()
        cursor = cls(_read(text))
        if cursor.encode() != text:
            raise BadCursor("The cursor is not in the form that this store gives out.")
        return cursor


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _read(text: str) -> tuple[int, ...]:
    wrong = BadCursor("The cursor is not in the form that this store gives out.")
    if len(text) > _MOST_TEXT or not text.isascii():
        raise wrong
    try:
        data = base64.b64decode(
            text + "=" * (-len(text) % 4), altchars=b"-_", validate=True
        )
    except ValueError:
        raise wrong from None
    numbers, number, shift = [], 0, 0
    for byte in data[len(_VERSION) :]:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number, shift = 0, 0
    if (
        not data.startswith(_VERSION)
        or shift
        or len(numbers) != BUCKETS
        or max(numbers) >= _MOST
    ):
        raise wrong
    return tuple(numbers)


class FeedEntry(NamedTuple):
    """An entry that came, and where it stands in its log."""

    inbox_id: str
    position: int
    entry: Entry


class _Place(NamedTuple):
    bucket: int
    number: int
    inbox: int
    position: int


def read_feed(
    connection: Connection, cursor: Cursor, limit: int, max_bytes: int
) -> tuple[list[FeedEntry], Cursor]:
    """What came since a cursor; see `Store.feed`."""
    heads = {row.bucket: row.head for row in connection.execute(select(buckets))}
    numbers = list(cursor.numbers)
    if any(numbers[bucket] > head for bucket, head in heads.items()):
        raise BadCursor("The cursor is ahead of this store: it is another one's.")
    wanted = _share(numbers, heads, limit)
    if not wanted:
        return [], cursor
    places = _measured(connection, numbers, wanted, max_bytes)
    found = _entries(connection, places)
    answer = []
    for place in places:
        inbox_id, entry = found[place.inbox, place.position]
        answer.append(FeedEntry(inbox_id, place.position, entry))
        numbers[place.bucket] = place.number
    return answer, Cursor(tuple(numbers))


def _share(numbers: Sequence[int], heads: dict[int, int], limit: int) -> dict[int, int]:
    """Up to which number each bucket is read: none has to wait for another."""
    waiting = {
        bucket: head - numbers[bucket]
        for bucket, head in heads.items()
        if head > numbers[bucket]
    }
    wanted: dict[int, int] = {}
    for left, (bucket, count) in zip(
        range(len(waiting), 0, -1),
        sorted(waiting.items(), key=lambda item: item[1]),
        strict=True,
    ):
        take = min(count, -(-limit // left))
        limit -= take
        if take:
            wanted[bucket] = numbers[bucket] + take
    return wanted


def _measured(
    connection: Connection,
    numbers: Sequence[int],
    wanted: dict[int, int],
    max_bytes: int,
) -> list[_Place]:
    """The places to be read: as many as fit, and at least one."""
    found = connection.execute(
        select(
            feed.c.bucket,
            feed.c.number,
            feed.c.inbox,
            feed.c.position,
            func.length(entries.c["update"]),
        )
        .join_from(
            feed,
            entries,
            and_(
                entries.c.inbox == feed.c.inbox, entries.c.position == feed.c.position
            ),
        )
        .where(
            or_(
                *(
                    and_(
                        feed.c.bucket == bucket,
                        feed.c.number > numbers[bucket],
                        feed.c.number <= last,
                    )
                    for bucket, last in sorted(wanted.items())
                )
            )
        )
        .order_by(feed.c.number, feed.c.bucket)
    )
    places: list[_Place] = []
    for *place, size in found:
        max_bytes -= size or 0
        if max_bytes < 0 and places:
            break
        places.append(_Place(*place))
    return places


def _entries(
    connection: Connection, places: Sequence[_Place]
) -> dict[tuple[int, int], tuple[str, Entry]]:
    spans: dict[int, list[int]] = {}
    for place in places:
        spans.setdefault(place.inbox, []).append(place.position)
    found: dict[tuple[int, int], tuple[str, Entry]] = {}
    rows = sorted(spans)
    for at in range(0, len(rows), 200):
        piece = connection.execute(
            select(
                entries.c.inbox,
                entries.c.position,
                inboxes.c.inbox_id,
                entries.c["update"],
                entries.c.served,
                entries.c.server_timestamp_ns,
            )
            .join_from(entries, inboxes)
            .where(
                or_(
                    *(
                        and_(
                            entries.c.inbox == row,
                            entries.c.position >= min(spans[row]),
                            entries.c.position <= max(spans[row]),
                        )
                        for row in rows[at : at + 200]
                    )
                )
            )
        )
        for row, position, inbox_id, *entry in piece:
            found[row, position] = (inbox_id, Entry(*entry))
    return found
