"""An update field by field, as its bytes have it: nothing is judged or dropped.

The walk is that of `wire.scan`, so whatever the reference client can't decode
is shown up to where it breaks. Names come from the schemas of the core and of
the packages that own extensions, where those are installed.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from ..allotment import ALLOTMENT
from ..errors import IdentityError, Undecodable
from ..identifier import MemberIdentifier
from ..v1 import identity_pb2
from ..wire.scan import EGROUP, I32, I64, LEN, SGROUP, VARINT, fields, read_varint

if TYPE_CHECKING:
    from ..registry import Registry

__all__ = ["Field", "Reading", "read_fields"]

WIRE_TYPES: Final = {
    VARINT: "varint",
    I64: "i64",
    LEN: "len",
    SGROUP: "group",
    EGROUP: "end of group",
    I32: "i32",
}
"""Wire types by the names that protobuf's documentation gives them."""

_UPDATE: Final[Any] = identity_pb2.IdentityUpdate.DESCRIPTOR
_MEMBER: Final = identity_pb2.MemberIdentifier.DESCRIPTOR
_SIGNATURE: Final = identity_pb2.Signature.DESCRIPTOR


@dataclass(slots=True)
class Field:
    """One occurrence of a field.

    name: None if no schema here knows the number.
    raw: the bytes of its value, without tag and length.
    value: a varint in decimal, or a string; None otherwise.
    label: what an enum's number is called.
    inside: what the message in it holds.
    kind: the kind that the variant of a union belongs to, if it is known.
    identifier: what that kind reads in the variant of a `MemberIdentifier`.
    error: why the value can't be read, a sentence.
    """

    number: int
    wire_type: int
    raw: bytes
    name: str | None = None
    value: str | None = None
    label: str | None = None
    inside: Reading | None = None
    kind: str | None = None
    identifier: MemberIdentifier | None = None
    error: str | None = None

    def as_object(self) -> dict[str, Any]:
        """The field as JSON."""
        found: dict[str, Any] = {
            "number": self.number,
            "name": self.name,
            "wire_type": WIRE_TYPES[self.wire_type],
        }
        if self.value is not None:
            found["value"] = self.value
        if self.label is not None:
            found["label"] = self.label
        if self.kind is not None:
            found["kind"] = self.kind
        if self.identifier is not None:
            found["identifier"] = self.identifier.value
        if self.inside is not None:
            found.update(self.inside.as_object())
        elif self.value is None or self.name is None:
            found["hex"] = self.raw.hex()
        if self.error is not None:
            found["error"] = self.error
        return found


@dataclass(slots=True)
class Reading:
    """The fields of one message, up to its end or to where it breaks.

    error: why the rest can't be read, or None.
    rest: the bytes from there on.
    """

    fields: list[Field] = field(default_factory=list)
    error: str | None = None
    rest: bytes = b""

    def as_object(self) -> dict[str, Any]:
        """The fields as JSON."""
        found: dict[str, Any] = {"fields": [one.as_object() for one in self.fields]}
        if self.error is not None:
            found["broken"] = {"error": self.error, "rest": self.rest.hex()}
        return found


def read_fields(update: bytes, registry: Registry) -> Reading:
    """Read any bytes as an `IdentityUpdate`; never raises."""
    _load_schemas(registry)
    return _read(update, _UPDATE, registry, 0)


def _read(data: bytes, message: Descriptor, registry: Registry, depth: int) -> Reading:
    reading = Reading()
    after = 0
    try:
        for number, wire_type, start, end in fields(data, depth):
            one = Field(number, wire_type, data[start:end])
            reading.fields.append(one)
            after = end
            if wire_type == SGROUP:
                # The tag that ends the group belongs to it.
                _, after = read_varint(data, end, len(data))
            _explain(one, message, registry, depth)
    except Undecodable as error:
        reading.error = error.detail
        reading.rest = data[after:]
    return reading


def _explain(one: Field, message: Descriptor, registry: Registry, depth: int) -> None:
    """Say what a field is."""
    known = _find(message, one.number)
    if one.wire_type == VARINT:
        number, _ = read_varint(one.raw, 0, len(one.raw))
        one.value = str(number)
    if message in (_MEMBER, _SIGNATURE):
        _explain_variant(one, message, registry)
    if known is None:
        return
    one.name = known.full_name if known.is_extension else known.name
    if one.wire_type != _wire_type(known):
        one.error = "The field has the wrong wire type."
    elif known.message_type is not None:
        one.inside = _read(one.raw, known.message_type, registry, depth + 1)
    elif known.type == FieldDescriptor.TYPE_STRING:
        try:
            one.value = one.raw.decode()
        except UnicodeDecodeError:
            one.error = "The string is not UTF-8."
    elif known.enum_type is not None and one.value is not None:
        label = known.enum_type.values_by_number.get(int(one.value))
        one.label = label.name if label else None


def _explain_variant(one: Field, message: Descriptor, registry: Registry) -> None:
    """Say whose variant of a union it is, and what its kind reads in it."""
    if message == _SIGNATURE:
        owned = registry.by_signature.get(one.number)
        one.kind = owned.kind.name if owned else _allotted(one.number, signature=True)
        return
    kind = registry.by_member.get(one.number)
    if kind is None:
        one.kind = _allotted(one.number, signature=False)
        return
    one.kind = kind.name
    if one.wire_type == LEN:
        try:
            identifier = kind.decode(one.raw)
        except IdentityError as error:
            one.error = error.detail
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            one.error = f"The kind {kind.name} broke ({type(error).__name__})."
        else:
            if isinstance(identifier, MemberIdentifier):
                one.identifier = identifier


def _allotted(number: int, *, signature: bool) -> str | None:
    for entry in ALLOTMENT.values():
        if number in (entry.signatures if signature else (entry.number,)):
            return entry.name
    return None


def _find(message: Descriptor, number: int) -> FieldDescriptor | None:
    known = message.fields_by_number.get(number)
    if known is None and message.is_extendable:
        try:
            known = descriptor_pool.Default().FindExtensionByNumber(message, number)
        except KeyError:
            return None
    return known


def _wire_type(known: FieldDescriptor) -> int:
    """Strings, bytes and messages are delimited; all other fields in the
    schemas of identity updates are varints."""
    delimited = (
        FieldDescriptor.TYPE_STRING,
        FieldDescriptor.TYPE_BYTES,
        FieldDescriptor.TYPE_MESSAGE,
    )
    return LEN if known.type in delimited else VARINT


def _load_schemas(registry: Registry) -> None:
    for kind in registry.kinds:
        _load_schema(kind.extension.rpartition(".")[0])


@cache
def _load_schema(package: str) -> None:
    """Import a plugin's generated code, by the house's rule that the package
    of its .proto and of its Python are of one name. Without it the fields of
    its messages have numbers alone."""
    try:
        found = importlib.import_module(package)
        for module in pkgutil.iter_modules(found.__path__):
            if module.name.endswith("_pb2"):
                importlib.import_module(f"{package}.{module.name}")
    except Exception:  # noqa: BLE001 - a plugin may raise anything; names are a comfort
        return
