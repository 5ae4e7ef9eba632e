"""What was asked for, judged before the store is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from xmtp_identity.allotment import ALLOTMENT, FIRST_LEAF
from xmtp_identity.errors import InvalidIdentifier, UnknownKind
from xmtp_identity.identifier import is_printable

from ..errors import BatchTooLarge

if TYPE_CHECKING:
    from collections.abc import Sized

    from xmtp_identity import Registry
    from xmtp_identity.kinds import Kind

__all__ = ["check_batch", "indexed", "is_inbox_id", "kind_of"]

_INBOX_ID: Final = re.compile(r"[0-9a-f]{64}")
_MAX_IDENTIFIER: Final = 256
"""Characters of an identifier in the address log."""

_IDENTIFIER_KINDS: Final = {0: 1, 1: 1, 2: 3}
"""From XMTP's `IdentifierKind` to the number in `MemberIdentifier`."""


def is_inbox_id(text: str) -> bool:
    """Whether a text has the form of an inbox ID; no other is in a store."""
    return _INBOX_ID.fullmatch(text) is not None


def check_batch(asked: Sized, most: int) -> None:
    """Refuse a request for too many things; raises `BatchTooLarge`."""
    if len(asked) > most:
        raise BatchTooLarge(f"{len(asked)} at once; the node answers {most}.")


def kind_of(number: int, registry: Registry) -> Kind:
    """The kind of an `IdentifierKind` number, which for leaf kinds is their own.

    Raises `UnknownKind` that names the package to install.
    """
    kind = registry.by_identifier_kind.get(number)
    if kind is None and number >= FIRST_LEAF:
        kind = registry.by_member.get(number)
    if kind is not None:
        return kind
    entry = ALLOTMENT.get(
        number if number >= FIRST_LEAF else _IDENTIFIER_KINDS.get(number, 0)
    )
    if entry is None:
        raise UnknownKind(f"No kind has the identifier kind {number}.")
    raise UnknownKind(
        f"The node lacks the kind {entry.name} (identifier kind {number}). Install "
        f"{entry.distribution} there."
    )


def indexed(identifier: str, kind: Kind) -> tuple[int, str] | None:
    """The key of the address log for what a client wrote; None if no entry can
    have it.

    A checksummed or upper-case address is found as well; what the kind's own
    parser refuses is looked for as it stands, for logs hold what no parser
    takes.
    """
    if not 0 < len(identifier) <= _MAX_IDENTIFIER or not is_printable(identifier):
        return None
    try:
        value = kind.parse(identifier).value
    except InvalidIdentifier:
        value = identifier
    return kind.number, value
