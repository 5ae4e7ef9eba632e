"""The member identifier: which kind, and which one of it."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["MAX_LEAF_IDENTIFIER", "MemberIdentifier", "is_printable"]

MAX_LEAF_IDENTIFIER = 128
"""Characters that the identifier of a leaf kind may have at most."""


@dataclass(frozen=True, slots=True)
class MemberIdentifier:
    """One identity of one kind (XIP-46, "member identifier").

    ``kind`` is the kind's name, such as ``"ethereum"``. ``value`` is the
    identifier as people and signed texts see it: an address as it was
    written, the hex of a key in lower case for passkeys and installations.

    ``relying_party`` belongs to passkeys: what the wire says of it, or the
    origin of the assertion that proved it. It takes no part in equality, as
    in XMTP's reference client.
    """

    kind: str
    value: str
    relying_party: str | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        # A string remembers its hash: several times faster than a tuple's, and
        # two kinds with one value are too rare to matter.
        return hash(self.value)

    def __reduce__(self) -> tuple[type[MemberIdentifier], tuple[str, str, str | None]]:
        # Results of bulk replay cross processes; this is half of what the
        # pickling of a slotted data class costs.
        return MemberIdentifier, (self.kind, self.value, self.relying_party)

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


def is_printable(value: str) -> bool:
    """Whether ``value`` is printable ASCII without spaces.

    Anything else could forge a line of the signed text. The empty string
    passes: it can't forge anything, and the reference client takes it.
    """
    return value.isascii() and value.isprintable() and " " not in value
