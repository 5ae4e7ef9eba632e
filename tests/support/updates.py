"""Identity updates, assembled from bytes.

The functions `create_action` to `identity_update` write the messages of
XMTP's schema canonically from parts that may be anything. `Create`, `Add`,
`Revoke` and `Change` are actions with signers, which `write` puts together.
The signed text is made here anew, not by the code under test.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Protocol

from .protobuf import length, optional, uint

if TYPE_CHECKING:
    # The core's tests of the wire need no plugin and none of its libraries.
    from .signers import Signer

SECOND: Final = 1_000_000_000
START: Final = 1_700_000_000 * SECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

CREATE: Final = 1
ADD: Final = 2
REVOKE: Final = 3
CHANGE: Final = 4


# Messages from parts


def create_action(
    identifier: str,
    nonce: int,
    signature: bytes,
    kind: int = 1,
    relying_party: str | None = None,
) -> bytes:
    return length(
        CREATE,
        optional(1, identifier)
        + optional(2, nonce)
        + length(3, signature)
        + (uint(4, kind) if kind else b"")
        + (b"" if relying_party is None else length(5, relying_party)),
    )


def add_action(member: bytes, existing: bytes, new: bytes) -> bytes:
    return length(ADD, length(1, member) + length(2, existing) + length(3, new))


def revoke_action(member: bytes, signature: bytes) -> bytes:
    return length(REVOKE, length(1, member) + length(2, signature))


def change_action(
    identifier: str,
    signature: bytes,
    kind: int = 1,
    relying_party: str | None = None,
) -> bytes:
    return length(
        CHANGE,
        optional(1, identifier)
        + length(2, signature)
        + (uint(3, kind) if kind else b"")
        + (b"" if relying_party is None else length(4, relying_party)),
    )


def identity_update(
    inbox_id: str,
    actions: Iterable[bytes] = (),
    *,
    leaf_actions: Iterable[bytes] = (),
    time_ns: int = START,
) -> bytes:
    return (
        b"".join(length(1, action) for action in actions)
        + optional(2, time_ns)
        + optional(3, inbox_id)
        + b"".join(length(100, action) for action in leaf_actions)
    )


def signed_text(inbox_id: str, time_ns: int, lines: Sequence[str]) -> bytes:
    """The text of XIP-46."""
    if time_ns >= 1 << 63:
        time_ns -= 1 << 64
    time = _EPOCH + timedelta(seconds=time_ns // SECOND)
    return "\n".join(
        [
            "XMTP : Authenticate to inbox",
            "",
            f"Inbox ID: {inbox_id}",
            f"Current time: {time:%Y-%m-%dT%H:%M:%SZ}",
            "",
            *lines,
            "",
            "For more info: https://xmtp.org/signatures",
        ]
    ).encode("utf-8", "surrogatepass")


def inbox_id_for(owner: Signer, nonce: int = 0) -> str:
    return hashlib.sha256(f"{owner.value}{nonce}".encode()).hexdigest()


# Actions with signers


class Action(Protocol):
    @property
    def lines(self) -> str:
        """Its two lines of the signed text."""

    def encode(self, text: bytes) -> bytes:
        """The serialized `IdentityAction`, signed."""


@dataclass(frozen=True)
class Create:
    owner: Signer
    nonce: int = 0
    by: Signer | None = None

    @property
    def lines(self) -> str:
        return f"- Create inbox\n  (Owner: {self.owner.value})"

    def encode(self, text: bytes) -> bytes:
        signature = (self.by or self.owner).sign(text)
        return create_action(
            self.owner.value, self.nonce, signature, self.owner.identifier_kind
        )


@dataclass(frozen=True)
class Add:
    """``new`` adds itself by ``by``; ``signed_by`` signs in its place."""

    new: Signer
    by: Signer
    signed_by: Signer | None = None

    @property
    def lines(self) -> str:
        return self.new.link

    def encode(self, text: bytes) -> bytes:
        signer = self.signed_by or self.new
        return add_action(self.new.member, self.by.sign(text), signer.sign(text))


@dataclass(frozen=True)
class Revoke:
    member: Signer
    by: Signer

    @property
    def lines(self) -> str:
        return self.member.unlink

    def encode(self, text: bytes) -> bytes:
        return revoke_action(self.member.member, self.by.sign(text))


@dataclass(frozen=True)
class Change:
    to: Signer
    by: Signer

    @property
    def lines(self) -> str:
        return f"- Change inbox recovery address\n  (Address: {self.to.value})"

    def encode(self, text: bytes) -> bytes:
        return change_action(self.to.value, self.by.sign(text), self.to.identifier_kind)


@dataclass(frozen=True)
class Raw:
    """An action whose bytes the test makes from the text."""

    lines: str
    make: Encoder

    def encode(self, text: bytes) -> bytes:
        return self.make(text)


class Encoder(Protocol):
    def __call__(self, text: bytes, /) -> bytes: ...


def write(
    inbox_id: str, *actions: Action, time_ns: int = START, leaf: bool = False
) -> bytes:
    """A signed update."""
    text = signed_text(inbox_id, time_ns, [action.lines for action in actions])
    encoded = [action.encode(text) for action in actions]
    if leaf:
        return identity_update(inbox_id, leaf_actions=encoded, time_ns=time_ns)
    return identity_update(inbox_id, encoded, time_ns=time_ns)


class Inbox:
    """The log of one inbox, which grows by a second an update."""

    def __init__(self, owner: Signer, nonce: int = 0) -> None:
        self.owner = owner
        self.inbox_id = inbox_id_for(owner, nonce)
        self.log: list[bytes | None] = []
        self.time_ns = START
        self.append(Create(owner, nonce))

    def update(self, *actions: Action, leaf: bool = False) -> bytes:
        """The next update, signed and not appended."""
        return write(self.inbox_id, *actions, time_ns=self.time_ns, leaf=leaf)

    def push(self, update: bytes | None) -> int:
        """Append bytes; gives their index."""
        self.log.append(update)
        self.time_ns += SECOND
        return len(self.log) - 1

    def append(self, *actions: Action) -> int:
        return self.push(self.update(*actions))

    def append_leaf(self, *actions: Action) -> int:
        return self.push(self.update(*actions, leaf=True))
