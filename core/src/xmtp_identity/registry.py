"""The registry: every kind that a client knows, in plain dictionaries.

A registry is made once (`xmtp_identity.loading`) and never changes. Nothing
is looked up in plugins while updates are verified.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple, TypeVar

from .allotment import ALLOTMENT, FIRST_LEAF, LAST_LEAF
from .errors import PluginError, UnknownKind
from .kinds import API_VERSION, Kind, Proof
from .protocol.text import INSTALLATION_LINES, KindLines, kind_lines
from .wire.records import Space

__all__ = ["INSTALLATION_NAME", "KindRecord", "OwnedProof", "Registry"]

INSTALLATION_NAME: Final = "installation"
"""The one kind in the core: an app's key."""

_Key = TypeVar("_Key", int, str)

_NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_MAX_NAME: Final = 32
_MAX_NOUN: Final = 40
_MAX_REVISION: Final = 1 << 32


class OwnedProof(NamedTuple):
    """A proof and the kind that it belongs to."""

    kind: Kind
    proof: Proof


class KindRecord(NamedTuple):
    """Which implementation of a kind made a stored state."""

    extension: str
    revision: int


@dataclass(frozen=True, slots=True, init=False)
class Registry:
    """A frozen set of kinds.

    kinds: in rising order of their numbers.
    by_name, by_member (number in `MemberIdentifier`), by_signature (number in
    `Signature`), by_identifier_kind (`IdentifierKind`): the look-ups.
    lines: by name of kind, how its lines in the signed text begin.

    Raises `PluginError` if a kind is malformed or two kinds clash.
    """

    kinds: tuple[Kind, ...]
    by_name: Mapping[str, Kind]
    by_member: Mapping[int, Kind]
    by_signature: Mapping[int, OwnedProof]
    by_identifier_kind: Mapping[int, Kind]
    lines: Mapping[str, KindLines]

    def __init__(self, kinds: Iterable[Kind]) -> None:
        by_name: dict[str, Kind] = {}
        by_member: dict[int, Kind] = {}
        by_signature: dict[int, OwnedProof] = {}
        by_identifier_kind: dict[int, Kind] = {}
        nouns: dict[str, Kind] = {}
        ordered = tuple(sorted(kinds, key=lambda kind: kind.number))
        for kind in ordered:
            check_kind(kind)
            _claim(by_name, kind.name, kind, f"the name {kind.name!r}")
            _claim(by_member, kind.number, kind, f"the number {kind.number}")
            _claim(nouns, kind.noun.lower(), kind, f"the noun {kind.noun!r}")
            for number, proof in kind.proofs.items():
                if number in by_signature:
                    _clash(
                        f"the signature number {number}",
                        by_signature[number].kind,
                        kind,
                    )
                by_signature[number] = OwnedProof(kind, proof)
            if kind.identifier_kind is not None:
                number = kind.identifier_kind
                _claim(
                    by_identifier_kind, number, kind, f"the identifier kind {number}"
                )
                if number == 1:
                    # UNSPECIFIED is read as ETHEREUM (XIP-46's first clients).
                    by_identifier_kind[0] = kind
        lines = {kind.name: kind_lines(kind.noun) for kind in ordered}
        if INSTALLATION_NAME in lines:
            lines[INSTALLATION_NAME] = INSTALLATION_LINES
        for name, value in (
            ("kinds", ordered),
            ("by_name", MappingProxyType(by_name)),
            ("by_member", MappingProxyType(by_member)),
            ("by_signature", MappingProxyType(by_signature)),
            ("by_identifier_kind", MappingProxyType(by_identifier_kind)),
            ("lines", MappingProxyType(lines)),
        ):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[type[Registry], tuple[tuple[Kind, ...]]]:
        return (Registry, (self.kinds,))

    def kind(self, name: str) -> Kind:
        """The kind called ``name``; raises `UnknownKind`."""
        try:
            return self.by_name[name]
        except KeyError:
            raise UnknownKind(_absent(name, self.by_name)) from None

    def has(self, space: str, number: int) -> bool:
        """Whether a number of a space (`Space`) has an owner here."""
        if space == Space.MEMBER:
            return number in self.by_member
        if space == Space.SIGNATURE:
            return number in self.by_signature
        return space == Space.KIND and number in self.by_identifier_kind

    def without(self, *names: str) -> Registry:
        """The registry of a client that lacks these kinds; raises `UnknownKind`."""
        for name in names:
            self.kind(name)
        return Registry(kind for kind in self.kinds if kind.name not in names)

    def root_records(self) -> frozenset[KindRecord]:
        """Which root kinds decide here."""
        return frozenset(record_of(kind) for kind in self.kinds if kind.is_root)


def _absent(name: str, known: Iterable[str]) -> str:
    for entry in ALLOTMENT.values():
        if entry.name == name:
            return (
                f"The kind {name!r} is not here: pip install {entry.distribution}, and "
                "let XID_PLUGINS name it if that is set."
            )
    installed = ", ".join(known) or "none"
    return f"There is no kind {name!r} here; installed are: {installed}."


def record_of(kind: Kind) -> KindRecord:
    """What a snapshot remembers of a kind."""
    return KindRecord(kind.extension, kind.revision)


def check_kind(kind: Kind) -> None:
    """Refuse a kind that breaks a rule of its own; raises `PluginError`."""
    if kind.api_version != API_VERSION:
        raise PluginError(
            f"The kind {kind.name!r} is made for API version {kind.api_version}, "
            f"this is {API_VERSION}: upgrade the older of the two packages.",
            code="api_version",
        )
    if not (
        0 < len(kind.name) <= _MAX_NAME
        and set(kind.name) <= _NAME_CHARACTERS
        and kind.name[0].isalpha()
    ):
        raise PluginError(
            f"The kind's name {kind.name!r} is not made of a-z, 0-9 and _.",
            code="kind_name",
        )
    _check_noun(kind)
    _check_numbers(kind)


def _check_noun(kind: Kind) -> None:
    noun = kind.noun
    words = noun.split(" ")
    if not (
        0 < len(noun) <= _MAX_NOUN
        and noun.isascii()
        and all(word.isalnum() for word in words)
    ):
        raise PluginError(
            f"The noun {noun!r} of {kind.name} is not letters, digits and single "
            "spaces.",
            code="kind_noun",
        )
    reserved = {entry.noun.lower(): entry for entry in ALLOTMENT.values()}
    owner = reserved.get(noun.lower())
    if owner is not None and owner.number != kind.number:
        raise PluginError(
            f"The noun {noun!r} of {kind.name} is reserved for {owner.name}.",
            code="kind_noun",
        )


def _check_numbers(kind: Kind) -> None:
    number = kind.number
    if not 0 < kind.revision < _MAX_REVISION:
        raise PluginError(
            f"The revision {kind.revision} of {kind.name} is not a number from 1 on.",
            code="kind_revision",
        )
    allotted = ALLOTMENT.get(number)
    names = {entry.name: entry for entry in ALLOTMENT.values()}
    reserved = names.get(kind.name)
    if reserved is not None and reserved.number != number:
        raise PluginError(
            f"The name {kind.name!r} belongs to number {reserved.number}.",
            code="kind_name",
        )
    if number < 1000 and allotted is None:
        raise PluginError(
            f"The number {number} of {kind.name} is not allotted; numbers from 1000 "
            "to 1999 are open to experiments.",
            code="kind_number",
        )
    if number > LAST_LEAF:
        raise PluginError(
            f"The number {number} of {kind.name} is above {LAST_LEAF}.",
            code="kind_number",
        )
    if allotted is not None and (
        kind.name != allotted.name
        or kind.noun != allotted.noun
        or kind.extension != allotted.extension
        or set(kind.proofs) != set(allotted.signatures)
    ):
        raise PluginError(
            f"The number {number} is allotted to {allotted.name} "
            f"({allotted.extension}, {allotted.noun!r}), which {kind.name} "
            f"({kind.extension}, {kind.noun!r}) is not.",
            code="kind_number",
        )
    if number >= FIRST_LEAF and (
        set(kind.proofs) != {number} or kind.identifier_kind is not None
    ):
        raise PluginError(
            f"The leaf kind {kind.name} must have one proof, of its own number, and "
            "no identifier kind.",
            code="kind_number",
        )
    if any(proof.number != key for key, proof in kind.proofs.items()):
        raise PluginError(
            f"A proof of {kind.name} stands under another number than its own.",
            code="kind_number",
        )


def _claim(table: dict[_Key, Kind], key: _Key, kind: Kind, what: str) -> None:
    if key in table:
        _clash(what, table[key], kind)
    table[key] = kind


def _clash(what: str, first: Kind, second: Kind) -> None:
    raise PluginError(
        f"{second.name} ({second.extension}) claims {what}, which {first.name} "
        f"({first.extension}) has already.",
        code="kind_clash",
    )
