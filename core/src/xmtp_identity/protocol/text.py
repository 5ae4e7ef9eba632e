"""The text that every signer of an update signs (XIP-46, "signature text").

The text is built from typed fields and never parsed. It carries the inbox,
the time and each identifier in words, which binds a signature to its purpose.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "KindLines",
    "kind_lines",
    "owner_line",
    "recovery_line",
    "signature_text",
    "signed_time_ns",
]

_EPOCH: Final = date(1970, 1, 1).toordinal()
_NS_PER_SECOND: Final = 1_000_000_000
_SECONDS_PER_DAY: Final = 86_400


class KindLines(NamedTuple):
    """How the lines of a kind begin; the identifier and ")" follow."""

    link: str
    unlink: str


def kind_lines(noun: str) -> KindLines:
    """The lines of a kind that the signed text calls ``noun``."""
    label = noun[:1].upper() + noun[1:]
    return KindLines(
        f"- Link {noun} to inbox\n  ({label}: ",
        f"- Unlink {noun} from inbox\n  ({label}: ",
    )


INSTALLATION_LINES: Final = KindLines(
    "- Grant messaging access to app\n  (ID: ",
    "- Revoke messaging access from app\n  (ID: ",
)
"""XMTP's own words for an app's key."""


def owner_line(value: str) -> str:
    """The lines of `CreateInbox`."""
    return f"- Create inbox\n  (Owner: {value})"


def recovery_line(value: str) -> str:
    """The lines of `ChangeRecoveryAddress`, whatever the kind."""
    return f"- Change inbox recovery address\n  (Address: {value})"


def signature_text(
    inbox_id: str, client_timestamp_ns: int, lines: Sequence[str]
) -> str:
    """The whole text.

    client_timestamp_ns: nanoseconds since 1970, an unsigned 64-bit number
        that is read as a signed one, as the reference client does; the text
        shows whole seconds.
    lines: for each action its two lines, in order.
    """
    seconds = signed_time_ns(client_timestamp_ns) // _NS_PER_SECOND
    day, second = divmod(seconds, _SECONDS_PER_DAY)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return (
        f"XMTP : Authenticate to inbox\n\nInbox ID: {inbox_id}\n"
        f"Current time: {_date(day)}T{hour:02}:{minute:02}:{second:02}Z\n\n"
        + "\n".join(lines)
        + "\n\nFor more info: https://xmtp.org/signatures"
    )


def signed_time_ns(client_timestamp_ns: int) -> int:
    """An unsigned 64-bit time, read as the signed number that texts show."""
    if client_timestamp_ns >> 63:
        return client_timestamp_ns - (1 << 64)
    return client_timestamp_ns


@lru_cache(maxsize=1024)
def _date(day: int) -> str:
    """The date of a day counted from 1970; logs have many updates a day."""
    return date.fromordinal(_EPOCH + day).isoformat()
