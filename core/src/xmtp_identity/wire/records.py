"""An identity update as the wire has it: numbers and bytes, nothing judged."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = [
    "MANY",
    "NONE",
    "RawAction",
    "RawAdd",
    "RawChange",
    "RawCreate",
    "RawOther",
    "RawRevoke",
    "RawUpdate",
    "Space",
    "Union",
    "Variant",
]

NONE: Final = 0
"""The number of a union that holds nothing."""

MANY: Final = -1
"""The number of a union that holds more than one."""


class Space:
    """The number spaces in which something can be unknown."""

    MEMBER: Final = "member"
    SIGNATURE: Final = "signature"
    KIND: Final = "kind"
    ACTION: Final = "action"


class Variant(NamedTuple):
    """What a union holds: its number, `NONE` or `MANY`, and its bytes."""

    number: int
    payload: bytes


class Union(NamedTuple):
    """Every number that a union holds, in rising order, and its space."""

    space: str
    numbers: tuple[int, ...]


class RawCreate(NamedTuple):
    """`CreateInbox`."""

    identifier: str
    nonce: int
    signature: Variant
    identifier_kind: int
    relying_party: str | None


class RawAdd(NamedTuple):
    """`AddAssociation`."""

    member: Variant
    existing: Variant
    new: Variant


class RawRevoke(NamedTuple):
    """`RevokeAssociation`."""

    member: Variant
    signature: Variant


class RawChange(NamedTuple):
    """`ChangeRecoveryAddress`."""

    identifier: str
    signature: Variant
    identifier_kind: int
    relying_party: str | None


class RawOther(NamedTuple):
    """An action whose union holds none of 1 to 4, or more than one number."""

    number: int


RawAction = RawCreate | RawAdd | RawRevoke | RawChange | RawOther


class RawUpdate(NamedTuple):
    """`IdentityUpdate`.

    actions: of a root update its `actions`, of a leaf update its `leaf_actions`.
    unions: every union of the update with all its numbers, or None where each
        is known to hold exactly one number of XMTP's or of the allotment
        (or nothing), which is so for whatever is encoded canonically.
    """

    inbox_id: str
    client_timestamp_ns: int
    actions: list[RawAction]
    is_leaf: bool
    unions: list[Union] | None
