"""The members and words of a stored snapshot (`xmtp_identity.stored`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from google.protobuf.message import DecodeError

from .errors import IdentityError
from .identifier import MemberIdentifier
from .protocol.state import LayerState, Member, RootState, Word
from .wire import stored_pb2 as wire
from .wire.encode import encode_variant
from .wire.scan import LEN, fields

if TYPE_CHECKING:
    from .kinds import Kind
    from .registry import Registry

__all__ = ["Body", "BodyReader", "Malformed", "write_body"]

_TEXT_BYTES: Final = 32


class Malformed(Exception):
    """Bytes are not the body of a stored snapshot."""


class Body(NamedTuple):
    """What a stored snapshot holds beside its head."""

    root: RootState
    layers: dict[int, LayerState]


# Writing


def write_body(
    inbox_id: str,
    root: RootState,
    layers: Mapping[int, LayerState],
    registry: Registry,
) -> bytes:
    """Serialize a root and its layers, whose kinds are all in the registry.

    Members and words have no order; they are sorted, so that the same state
    gives the same bytes.
    """
    writer = _Writer(registry)
    body = wire.SnapshotBody(
        words=writer.words(root.words),
        layers=[
            wire.StoredLayer(
                number=number,
                members=writer.members(layer.members.values()),
                words=writer.words(layer.words),
            )
            for number, layer in sorted(layers.items())
        ],
    )
    if root.recovery is not None:
        recovery = root.recovery
        body.state.CopyFrom(
            wire.AssociationState(
                inbox_id=inbox_id,
                members=writer.members(root.members.values()),
                recovery_identifier=recovery.value,
                seen_signatures=sorted(root.seen),
                recovery_identifier_kind=registry.kind(recovery.kind).identifier_kind,
                relying_party=recovery.relying_party,
            )
        )
    return body.SerializeToString()


class _Writer:
    """Members and words to messages."""

    __slots__ = ("_registry",)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def members(self, members: Iterable[Member]) -> list[wire.MemberMap]:
        encoded = [(self._union(member.identifier), member) for member in members]
        # Keys differ, so the members themselves are never compared.
        return [self._member(key, member) for key, member in sorted(encoded)]

    def _member(self, key: bytes, member: Member) -> wire.MemberMap:
        value = wire.Member(
            identifier=key,
            client_timestamp_ns=member.client_timestamp_ns,
            added_on_chain_id=member.chain_id,
        )
        if member.added_by is not None:
            value.added_by_entity = self._union(member.added_by)
        return wire.MemberMap(key=key, value=value)

    def words(self, words: Iterable[Word]) -> list[wire.UsedWord]:
        kind = self._registry.kind
        numbered = sorted((kind(w.kind).number, w.key, w.text) for w in words)
        return [wire.UsedWord(kind=n, key=k, text=t) for n, k, t in numbered]

    def _union(self, identifier: MemberIdentifier) -> bytes:
        """A serialized `MemberIdentifier`."""
        kind = self._registry.kind(identifier.kind)
        return encode_variant(kind.number, kind.encode(identifier))


# Reading


class BodyReader:
    """Bytes to a root and its layers."""

    __slots__ = ("_identifiers", "_registry")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        # Who added members is named again and again.
        self._identifiers: dict[bytes, tuple[int, MemberIdentifier]] = {}

    def read(self, data: bytes, inbox_id: str, numbers: frozenset[int]) -> Body:
        """Read a serialized `SnapshotBody`.

        numbers: of the layers that it must hold. Those of kinds that the
            registry lacks are passed over.

        Raises `Malformed`, whatever the bytes.
        """
        try:
            body = wire.SnapshotBody.FromString(data)
            found = [layer.number for layer in body.layers]
            _require(sorted(found) == sorted(numbers), "it has other layers.")
            return Body(
                self._root(body, inbox_id),
                {
                    layer.number: self._layer(layer)
                    for layer in body.layers
                    if layer.number in self._registry.by_member
                },
            )
        except (DecodeError, IdentityError) as error:
            raise Malformed(str(error)) from None

    def _root(self, body: wire.SnapshotBody, inbox_id: str) -> RootState:
        root = RootState()
        root.words = self._words(body.words)
        if not body.HasField("state"):
            _require(not root.words, "an inbox that does not exist has used words.")
            return root
        state = body.state
        _require(state.inbox_id == inbox_id, "the state is of another inbox.")
        root.recovery = self._recovery(state)
        root.seen = set(state.seen_signatures)
        for member in self._members(state.members, None).values():
            root.put(member)
        root.begin()
        return root

    def _recovery(self, state: wire.AssociationState) -> MemberIdentifier:
        kind = self._registry.by_identifier_kind.get(state.recovery_identifier_kind)
        read = kind.decode_string if kind else None
        if kind is None or read is None:
            raise Malformed("its recovery identifier is of an unknown kind.")
        party = state.relying_party if state.HasField("relying_party") else None
        return _ask(kind, lambda: read(state.recovery_identifier, party))

    def _layer(self, stored: wire.StoredLayer) -> LayerState:
        layer = LayerState()
        layer.words = self._words(stored.words)
        layer.members = self._members(stored.members, stored.number)
        return layer

    def _members(
        self, stored: Iterable[wire.MemberMap], leaf: int | None
    ) -> dict[MemberIdentifier, Member]:
        """The members of a layer, for None of the root."""
        members: dict[MemberIdentifier, Member] = {}
        for item in stored:
            value = item.value
            _require(item.key == value.identifier, "a member has two identifiers.")
            identifier = self._identifier(value.identifier, leaf)
            _require(identifier not in members, "a member stands in it twice.")
            members[identifier] = Member(
                identifier,
                self._identifier(value.added_by_entity, None)
                if value.HasField("added_by_entity")
                else None,
                value.client_timestamp_ns
                if value.HasField("client_timestamp_ns")
                else None,
                value.added_on_chain_id
                if value.HasField("added_on_chain_id")
                else None,
            )
        return members

    def _identifier(self, union: bytes, leaf: int | None) -> MemberIdentifier:
        known = self._identifiers.get(union)
        if known is None:
            known = self._identifiers[union] = self._decode(union)
        number, identifier = known
        _require(
            number == leaf if leaf else self._registry.by_member[number].is_root,
            "a member is in the wrong place.",
        )
        return identifier

    def _decode(self, union: bytes) -> tuple[int, MemberIdentifier]:
        variants = list(fields(union, 0))
        _require(len(variants) == 1, "an identifier has not exactly one number.")
        number, wire_type, start, end = variants[0]
        kind = self._registry.by_member.get(number)
        if kind is None or wire_type != LEN:
            raise Malformed("an identifier is of an unknown kind.")
        return number, _ask(kind, lambda: kind.decode(union[start:end]))

    def _words(self, stored: Iterable[wire.UsedWord]) -> set[Word]:
        words = set()
        for word in stored:
            kind = self._registry.by_member.get(word.kind)
            if kind is None or len(word.text) != _TEXT_BYTES:
                raise Malformed("a word is of an unknown kind or of the wrong size.")
            words.add(Word(kind.name, word.key, word.text))
        return words


def _ask(kind: Kind, read: Callable[[], MemberIdentifier]) -> MemberIdentifier:
    """What a kind reads; a plugin may raise anything."""
    try:
        return read()
    except IdentityError:
        raise
    except Exception as error:
        raise Malformed(f"{kind.name} broke ({type(error).__name__}).") from error


def _require(condition: bool, sentence: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not condition:
        raise Malformed(sentence)
