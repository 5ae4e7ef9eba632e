"""Whether the extensions in a plugin's .proto files are those that it may have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

from ..allotment import ALLOTMENT, FIRST_EXPERIMENT, FIRST_LEAF, LAST_LEAF
from ..v1 import identity_pb2

__all__ = ["Extension", "extensions_of", "faults_of", "open_schema"]

_MEMBER: Final = ".xmtp_identity.v1.MemberIdentifier"
_SIGNATURE: Final = ".xmtp_identity.v1.Signature"
_UNIONS: Final = {_MEMBER: "MemberIdentifier", _SIGNATURE: "Signature"}
_OTHERS: Final = frozenset({"google", "identity", "xmtp", "xmtp_identity"})
_MAX_NUMBER: Final = 1 << 29


class Extension(NamedTuple):
    """An extension of one of the core's messages."""

    union: str
    number: int
    full_name: str
    is_bytes: bool
    is_repeated: bool
    file: str


def open_schema() -> bytes:
    """The core's schema with every number open to extensions, as a
    `FileDescriptorSet`.

    protoc stops at the first number that is not declared; with this it reads
    all, and `faults_of` says what is wrong in words of the allotment.
    """
    schema = FileDescriptorProto.FromString(identity_pb2.DESCRIPTOR.serialized_pb)
    for message in schema.message_type:
        if message.extension_range:
            del message.extension_range[:]
            start = 1
            for taken in [*sorted(one.number for one in message.field), _MAX_NUMBER]:
                if taken > start:
                    message.extension_range.add(start=start, end=taken)
                start = taken + 1
    return FileDescriptorSet(file=[schema]).SerializeToString()


def extensions_of(schemas: Iterable[FileDescriptorProto]) -> list[Extension]:
    """The extensions of the two unions, in the order of the files."""
    return [
        extension
        for schema in schemas
        for extension in _extensions(schema.package, schema, schema.name)
    ]


def faults_of(schemas: Iterable[FileDescriptorProto]) -> Iterator[str]:
    """A sentence for everything that is wrong with a plugin's schemas."""
    schemas = list(schemas)
    for schema in schemas:
        yield from _fault_of_place(schema)
    extensions = extensions_of(schemas)
    if not extensions:
        yield (
            "No file extends xmtp_identity.v1.MemberIdentifier or "
            "xmtp_identity.v1.Signature."
        )
    for extension in extensions:
        fault = _fault_of_number(extension) or _fault_of_type(extension)
        if fault:
            yield f"{extension.file}: {fault}"
    yield from _lone_leaves(extensions)


def _extensions(
    scope: str, holder: FileDescriptorProto | DescriptorProto, file: str
) -> Iterator[Extension]:
    for field in holder.extension:
        if field.extendee in _UNIONS:
            yield Extension(
                union=_UNIONS[field.extendee],
                number=field.number,
                full_name=f"{scope}.{field.name}",
                is_bytes=field.type == FieldDescriptorProto.TYPE_BYTES,
                is_repeated=field.label == FieldDescriptorProto.LABEL_REPEATED,
                file=file,
            )
    nested = (
        holder.message_type
        if isinstance(holder, FileDescriptorProto)
        else holder.nested_type
    )
    for message in nested:
        yield from _extensions(f"{scope}.{message.name}", message, file)


def _fault_of_place(schema: FileDescriptorProto) -> Iterator[str]:
    package = schema.package
    folder = ".".join(PurePosixPath(schema.name).parent.parts)
    if package.partition(".")[0] in _OTHERS:
        yield (
            f"{schema.name}: the package {package} is not the plugin's own. Call it "
            "as its Python package and a version: xmtp_identity_example.v1."
        )
    elif package != folder:
        yield (
            f"{schema.name}: the package {package or '(none)'} must be that of its "
            f"folder, {folder or '(none)'}: the code that is made of it goes there."
        )


def _fault_of_number(extension: Extension) -> str | None:
    number, union, name = extension.number, extension.union, extension.full_name
    if FIRST_EXPERIMENT <= number <= LAST_LEAF:
        return None
    if number > LAST_LEAF:
        return (
            f"the number {number} of {name} is above {LAST_LEAF}, where no client "
            f"looks. Numbers from {FIRST_EXPERIMENT} to {LAST_LEAF} are open."
        )
    owner = _owners(union).get(number)
    if owner is None:
        return (
            f"the number {number} of {name} is not allotted in {union}. Numbers from "
            f"{FIRST_EXPERIMENT} to {LAST_LEAF} are open; for another one ask for a "
            "declaration in the core's identity.proto."
        )
    if owner != name:
        return f"the number {number} of {union} is allotted to {owner}, not to {name}."
    return None


def _owners(union: str) -> dict[int, str]:
    """The full names of the allotted extensions of a union, by number."""
    if union == "MemberIdentifier":
        return {number: entry.extension for number, entry in ALLOTMENT.items()}
    return {
        number: name
        for entry in ALLOTMENT.values()
        for number, name in entry.signatures.items()
    }


def _fault_of_type(extension: Extension) -> str | None:
    name = extension.full_name
    if extension.is_repeated:
        return f"{name} is repeated, and a union holds one value."
    if extension.number >= FIRST_LEAF and not extension.is_bytes:
        return (
            f"{name} must be of the type bytes, as all of a leaf kind: the core never "
            "parses inside, so that a malformed one can't spoil an update. A message "
            "can be serialized into it."
        )
    return None


def _lone_leaves(extensions: list[Extension]) -> Iterator[str]:
    """A leaf kind has one number for its identifiers and its signatures."""
    leaves = [one for one in extensions if one.number >= FIRST_LEAF]
    for one in leaves:
        other = next(name for name in _UNIONS.values() if name != one.union)
        if not any(two.number == one.number and two.union == other for two in leaves):
            yield (
                f"{one.file}: the number {one.number} of {one.full_name} is missing in "
                f"{other}; a leaf kind has one number in both."
            )
