"""The kind's place in the signed text and in the wire format."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import FieldDescriptor

from ...allotment import ALLOTMENT
from ...identifier import is_printable
from ...protocol.text import INSTALLATION_LINES, KindLines, kind_lines
from ...v1 import identity_pb2
from ...wire.decode import decode_update
from ...wire.encode import encode_update
from ...wire.records import RawAdd, RawRevoke, RawUpdate, Variant
from ..bench import ALICE, BOB
from .base import Check

if TYPE_CHECKING:
    from ...wire.records import RawAction
    from ..bench import Bench

__all__ = ["Presence", "TextLines", "WireRoundTrip"]

_LINE_FEEDS_OF_A_LINK: Final = 8
_UPDATE: Final = "ab" * 32


class TextLines(Check):
    """A person who reads the text sees who is added, in lines that only this kind
    and this identifier make."""

    name = "text-lines"
    group = "wire"
    fix = "Choose another noun; keep identifiers to printable ASCII."

    def look(self, bench: Bench) -> Iterator[str]:
        """Compare the kind's lines with those of all others, and read a text."""
        own = bench.lines
        for begin in own:
            if not begin.replace("\n", "").isascii() or begin.count("\n") != 1:
                yield f"The line {begin!r} is not two lines of ASCII."
        for noun, lines in _other_lines(bench):
            if set(lines) & set(own):
                yield f"The lines of this kind are those of {noun!r}."
        for name in bench.makers:
            identifier = bench.signer(name, ALICE).identifier
            for unlink in (False, True):
                text = bench.text("text-lines", identifier, unlink=unlink)
                begin = own.unlink if unlink else own.link
                if text.count(f"{begin}{identifier.value})\n") != 1:
                    yield f"{identifier.value!r} does not stand once in {text!r}."
                if text.count("\n") != _LINE_FEEDS_OF_A_LINK or not all(
                    is_printable(line.replace(" ", "")) for line in text.split("\n")
                ):
                    yield f"The text has other lines than it should: {text!r}."
        names = [bench.text("text-lines", one) for one in bench.known()]
        if len(set(names)) < len(names):
            yield "Two identifiers give one text."


def _other_lines(bench: Bench) -> Iterator[tuple[str, KindLines]]:
    for entry in ALLOTMENT.values():
        if entry.number != bench.kind.number:
            yield entry.noun, kind_lines(entry.noun)
    if bench.kind.number != 2:
        yield "installation", INSTALLATION_LINES


class WireRoundTrip(Check):
    """What one client writes every client reads, byte for byte, whether or not it
    knows the kind."""

    name = "wire-round-trip"
    group = "wire"
    fix = (
        "Let `encode` give plain bytes that `decode` reads; keep to the kind's number."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Write updates that name the kind, and read them."""
        for name in bench.makers:
            signed = bench.sign(name, ALICE, "wire-round-trip")
            other = bench.sign(name, BOB, "wire-round-trip")
            member = Variant(bench.kind.number, bench.kind.encode(signed.identifier))
            own = Variant(*signed.wire)
            actions: list[RawAction] = [
                RawAdd(member, Variant(1, b"\x0a\x00"), own),
                RawAdd(
                    Variant(bench.kind.number, bench.kind.encode(other.identifier)),
                    Variant(3, b"\x0a\x00"),
                    Variant(*other.wire),
                ),
                RawRevoke(member, Variant(1, b"\x0a\x00")),
            ]
            raw = RawUpdate(_UPDATE, 1, actions, bench.is_leaf, None)
            data = encode_update(raw)
            read = decode_update(data)
            if read[:4] != raw[:4]:
                yield f"An update of {name} is read as another than was written."
            if encode_update(read) != data:
                yield f"An update of {name} is written again in other bytes."


class Presence(Check):
    """Every client finds the kind in the same field, and an empty one is not an
    absent one."""

    name = "presence"
    group = "wire"
    fix = (
        "Extend `MemberIdentifier` and `Signature` in a .proto of the package's own, "
        "by the kind's number, as single `bytes` for a leaf kind; ship the code that "
        "protoc makes of it."
    )

    def look(self, bench: Bench) -> Iterator[str]:
        """Look for the fields in the schema that the package brings."""
        kind = bench.kind
        _load_schema(kind.extension)
        yield from _faults(
            bench, identity_pb2.MemberIdentifier.DESCRIPTOR, kind.number, kind.extension
        )
        for number in kind.proofs:
            yield from _faults(bench, identity_pb2.Signature.DESCRIPTOR, number, None)


def _faults(bench: Bench, union: Any, number: int, name: str | None) -> Iterator[str]:
    """What is wrong with the field of a number in a union, a descriptor."""
    field = union.fields_by_number.get(number)
    if field is None:
        try:
            field = descriptor_pool.Default().FindExtensionByNumber(union, number)
        except KeyError:
            yield f"No schema here has the number {number} in {union.name}."
            return
    if name is not None and field.full_name != name:
        yield f"The number {number} is {field.full_name} in the schema, not {name}."
    package = bench.kind.extension.rpartition(".")[0]
    if field.is_extension and field.file.package != package:
        yield f"The number {number} of {union.name} belongs to {field.file.package}."
    if not field.has_presence:  # no repeated field has it
        yield f"{field.full_name} is repeated, or can't be told from an absent one."
    if bench.is_leaf and field.type != FieldDescriptor.TYPE_BYTES:
        yield f"{field.full_name} is not of the type bytes."


def _load_schema(extension: str) -> None:
    """Import the generated code of the package in which an extension is."""
    package = extension.rpartition(".")[0]
    try:
        found = importlib.import_module(package)
    except ImportError:
        # Then the schema lacks the numbers, which is what will be said.
        return
    for module in pkgutil.iter_modules(getattr(found, "__path__", ())):
        if module.name.endswith("_pb2"):
            importlib.import_module(f"{package}.{module.name}")
