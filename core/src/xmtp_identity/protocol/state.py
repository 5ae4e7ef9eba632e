"""The state of an inbox: the root, and one layer for each leaf kind.

`RootState` and `LayerState` change while a log is replayed; what callers see
is an `AssociationState`, which does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from ..identifier import MemberIdentifier

__all__ = [
    "Association",
    "AssociationState",
    "LayerState",
    "Member",
    "MembershipChange",
    "RootState",
    "Word",
]


class Word(NamedTuple):
    """A signer and the text that it signed: usable once.

    kind: name of the signer's kind.
    key: its key in one canonical encoding.
    text: SHA-256 of the signed text.
    """

    kind: str
    key: bytes
    text: bytes


class Member(NamedTuple):
    """A member of an inbox (XIP-46, "member").

    added_by: the member or recovery identifier that added it; None for the owner.
    client_timestamp_ns: of the update that added it, as the client claims;
        nanoseconds since 1970, unsigned 64-bit; None for the owner.
    chain_id: EIP-155 chain of a smart wallet, else None.
    """

    identifier: MemberIdentifier
    added_by: MemberIdentifier | None
    client_timestamp_ns: int | None
    chain_id: int | None


class Association(NamedTuple):
    """When an identifier came into an inbox and when it left (XIP-46, the
    address log), by index of the log's entry.

    associated: the last entry that added it; None if that is not known, for
        it lies before the snapshot that a replay went on from.
    revoked: the entry that it left with; None while it is a member.
    """

    associated: int | None
    revoked: int | None

    def then(self, index: int, *, is_member: bool) -> Association:
        """What it becomes by entry ``index``, after which it is a member or not."""
        if is_member:
            return Association(index, None)
        return Association(self.associated, index)


class RootState:
    """Owner, members and recovery of an inbox; changed by root updates alone.

    Changes are undone if their update fails: `begin`, then `commit` or
    `rollback`.
    """

    __slots__ = (
        "_children",
        "_undo",
        "_undo_recovery",
        "members",
        "recovery",
        "seen",
        "words",
    )

    def __init__(self) -> None:
        self.recovery: MemberIdentifier | None = None
        self.members: dict[MemberIdentifier, Member] = {}
        self.words: set[Word] = set()
        self.seen: set[bytes] = set()
        self._children: dict[MemberIdentifier, set[MemberIdentifier]] = {}
        self._undo: list[tuple[MemberIdentifier, Member | None]] = []
        self._undo_recovery: MemberIdentifier | None = None

    def copy(self) -> RootState:
        """An independent copy."""
        other = RootState()
        other.recovery = self.recovery
        other.members = dict(self.members)
        other.words = set(self.words)
        other.seen = set(self.seen)
        other._children = {key: set(value) for key, value in self._children.items()}
        return other

    def begin(self) -> None:
        """Remember how things are now."""
        self._undo.clear()
        self._undo_recovery = self.recovery

    def rollback(self) -> None:
        """Back to where `begin` was called."""
        for identifier, member in reversed(self._undo):
            self._put(identifier, member)
        self._undo.clear()
        self.recovery = self._undo_recovery

    @property
    def touched(self) -> Iterator[MemberIdentifier]:
        """Whom the update since `begin` added or removed; not those whom it
        added and removed again."""
        before = dict(reversed(self._undo))
        return (
            identifier
            for identifier, member in before.items()
            if member is not None or identifier in self.members
        )

    def put(self, member: Member) -> None:
        """Add a member, or replace it."""
        identifier = member.identifier
        self._undo.append((identifier, self.members.get(identifier)))
        self._put(identifier, member)

    def remove(self, identifier: MemberIdentifier) -> None:
        """Remove a member if it is there."""
        member = self.members.get(identifier)
        if member is not None:
            self._undo.append((identifier, member))
            self._put(identifier, None)

    def added_by(self, identifier: MemberIdentifier) -> list[MemberIdentifier]:
        """The members that ``identifier`` added."""
        return list(self._children.get(identifier, ()))

    def _put(self, identifier: MemberIdentifier, member: Member | None) -> None:
        former = self.members.pop(identifier, None)
        if former is not None and former.added_by is not None:
            siblings = self._children[former.added_by]
            siblings.discard(identifier)
            if not siblings:
                del self._children[former.added_by]
        if member is not None:
            self.members[identifier] = member
            if member.added_by is not None:
                self._children.setdefault(member.added_by, set()).add(identifier)


class LayerState:
    """The members of one leaf kind, and the words that their updates used."""

    __slots__ = ("members", "words")

    def __init__(self) -> None:
        self.members: dict[MemberIdentifier, Member] = {}
        self.words: set[Word] = set()

    def copy(self) -> LayerState:
        """An independent copy."""
        other = LayerState()
        other.members = dict(self.members)
        other.words = set(self.words)
        return other


class MembershipChange(NamedTuple):
    """What differs between two states, each sorted by kind, then identifier."""

    added: tuple[MemberIdentifier, ...]
    removed: tuple[MemberIdentifier, ...]


@dataclass(frozen=True, slots=True)
class AssociationState:
    """Who may be reached at an inbox and who may act for it (XIP-46).

    recovery: the recovery identifier; it need not be a member.
    """

    inbox_id: str
    recovery: MemberIdentifier
    _root: dict[MemberIdentifier, Member] = field(repr=False)
    _layers: dict[int, dict[MemberIdentifier, Member]] = field(repr=False)

    @property
    def root(self) -> Mapping[MemberIdentifier, Member]:
        """The members of root kinds: those who may act."""
        return MappingProxyType(self._root)

    @property
    def layers(self) -> Mapping[int, Mapping[MemberIdentifier, Member]]:
        """The members of each leaf kind, by its number."""
        return MappingProxyType(self._layers)

    @property
    def members(self) -> tuple[Member, ...]:
        """All members, sorted by kind, then identifier."""
        return tuple(
            sorted(self._all(), key=lambda m: (m.identifier.kind, m.identifier.value))
        )

    def get(self, identifier: MemberIdentifier) -> Member | None:
        """The member with this identifier, or None."""
        for table in (self._root, *self._layers.values()):
            if identifier in table:
                return table[identifier]
        return None

    def diff(self, newer: AssociationState | None) -> MembershipChange:
        """The members that were added and removed from this state to ``newer``.

        None stands for an inbox that has not been created. A member that was
        added again is no difference.
        """
        before = {member.identifier for member in self._all()}
        after = {member.identifier for member in newer._all()} if newer else set()  # noqa: SLF001 - of this class
        return MembershipChange(_sorted(after - before), _sorted(before - after))

    def _all(self) -> Iterator[Member]:
        yield from self._root.values()
        for layer in self._layers.values():
            yield from layer.values()


def _sorted(identifiers: set[MemberIdentifier]) -> tuple[MemberIdentifier, ...]:
    return tuple(sorted(identifiers, key=lambda i: (i.kind, i.value)))
