"""XMTP's own messages, as reflection and JSON show them.

In this project the variants of the unions are extensions, and updates in
requests are bytes. XMTP's clients know plain fields under XMTP's names. So at
the start the schemas are made over, in a descriptor pool of their own: every
extension of an installed kind becomes a field of its union, and the messages
get upstream's names. Nothing of it enters the default pool, where XMTP's own
generated code may live.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import FieldDescriptor
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from xmtp_identity.registry import INSTALLATION_NAME
from xmtp_identity.v1 import api_pb2, identity_pb2, log_pb2

from .api import IDENTITY, METHODS, MLS
from .v1 import mls_pb2, node_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from xmtp_identity import Registry

__all__ = ["Upstream"]

_File = descriptor_pb2.FileDescriptorProto
_Field = descriptor_pb2.FieldDescriptorProto

_ASSOCIATIONS: Final = "xmtp.identity.associations"
_IDENTITY_API: Final = "xmtp.identity.api.v1"
_MLS_API: Final = "xmtp.mls.api.v1"
_UPDATE: Final = f".{_ASSOCIATIONS}.IdentityUpdate"
_KIND: Final = f".{_ASSOCIATIONS}.IdentifierKind"

_NAMES: Final = {
    "MemberIdentifier": {
        1: "ethereum_address",
        2: "installation_public_key",
        3: "passkey",
    },
    "Signature": {
        1: "erc_191",
        2: "erc_6492",
        3: "installation_key",
        4: "delegated_erc_191",
        5: "passkey",
    },
}
"""What XMTP calls the variants of its own; JSON names come from these."""

_ONEOFS: Final = {"MemberIdentifier": "kind", "Signature": "signature"}

_UPDATE_FIELDS: Final = {
    ("PublishIdentityUpdateRequest", "identity_update"),
    ("IdentityUpdateLog", "update"),
}
_NOT_EMPTY: Final = {"UploadKeyPackage": ".google.protobuf.Empty"}


class Upstream:
    """The messages for the kinds of a registry."""

    def __init__(self, registry: Registry) -> None:
        self.pool = descriptor_pool.DescriptorPool()
        self._add(_empty())
        payloads = [_without_extensions(file) for file in _files_of(registry)]
        for file in payloads:
            self._add(file)
        self._add(_associations(registry, [file.name for file in payloads]))
        self._add(_identity_api())
        self._add(_mls_api())
        others: tuple[Any, ...] = (node_pb2, health_pb2, reflection_pb2)
        for code in others:
            self._add(_File.FromString(code.DESCRIPTOR.serialized_pb))

    def message(self, name: str) -> type[Message]:
        """The class of a message, by its full name."""
        return message_factory.GetMessageClass(self.pool.FindMessageTypeByName(name))

    @property
    def update(self) -> type[Any]:
        """The class of XMTP's `IdentityUpdate`."""
        return self.message(_UPDATE[1:])

    def _add(self, file: _File) -> None:
        self.pool.AddSerializedFile(file.SerializeToString())


def _files_of(registry: Registry) -> Iterator[_File]:
    """The schemas of root kinds, whose signatures are messages. What leaf kinds
    put into the unions is bytes, so theirs are not needed."""
    for kind in registry.kinds:
        if not kind.is_root or kind.name == INSTALLATION_NAME:
            continue
        package = kind.extension.rpartition(".")[0]
        found = importlib.import_module(package)
        code: Any
        for module in pkgutil.iter_modules(found.__path__):
            if module.name.endswith("_pb2"):
                code = importlib.import_module(f"{package}.{module.name}")
                yield _File.FromString(code.DESCRIPTOR.serialized_pb)


def _without_extensions(file: _File) -> _File:
    del file.extension[:]
    del file.dependency[:]
    return file


def _associations(registry: Registry, payloads: list[str]) -> _File:
    file = _File.FromString(identity_pb2.DESCRIPTOR.serialized_pb)
    _rename(file, "identity/associations/association.proto", _ASSOCIATIONS)
    file.dependency.extend(payloads)
    for message in file.message_type:
        if message.name in _NAMES:
            _close_union(message, registry)
    (kinds,) = file.enum_type
    for kind in registry.kinds:
        if not kind.is_root:
            kinds.value.add(
                name=f"IDENTIFIER_KIND_{kind.name.upper()}", number=kind.number
            )
    return file


def _close_union(message: descriptor_pb2.DescriptorProto, registry: Registry) -> None:
    """Make a union of extensions the oneof that it is upstream."""
    names = _NAMES[message.name]
    del message.extension_range[:]
    message.oneof_decl.add(name=_ONEOFS[message.name])
    for field in message.field:
        field.name = names[field.number]
        field.ClearField("json_name")
        field.ClearField("options")
        field.oneof_index = 0
    signatures = message.name == "Signature"
    for kind in registry.kinds:
        numbers = kind.proofs if signatures else (kind.number,)
        for number in numbers:
            if number not in {field.number for field in message.field}:
                message.field.append(_variant(message.name, kind.extension, number))
    message.field.sort(key=lambda field: field.number)


def _variant(union: str, extension: str, number: int) -> _Field:
    """The field for an extension; bytes if it is a leaf kind's."""
    field = _Field(number=number, label=_Field.LABEL_OPTIONAL, oneof_index=0)
    if number not in _NAMES[union]:
        name = extension.rpartition(".")[2]
        if union == "Signature":
            name = f"{name.removesuffix('_identifier')}_signature"
        field.name = name
        field.type = _Field.TYPE_BYTES
        return field
    owner = identity_pb2.DESCRIPTOR.message_types_by_name[union]
    known: Any = descriptor_pool.Default().FindExtensionByNumber(owner, number)
    field.name = _NAMES[union][number]
    field.type = known.type
    if known.type == FieldDescriptor.TYPE_MESSAGE:
        field.type_name = f".{known.message_type.full_name}"
    return field


def _identity_api() -> _File:
    file = _File.FromString(api_pb2.DESCRIPTOR.serialized_pb)
    log = _File.FromString(log_pb2.DESCRIPTOR.serialized_pb)
    file.message_type.extend(log.message_type)
    _rename(file, "identity/api/v1/identity.proto", _IDENTITY_API)
    file.dependency.append("identity/associations/association.proto")
    for message in _all(file.message_type):
        for field in message.field:
            if (message.name, field.name) in _UPDATE_FIELDS:
                field.type, field.type_name = _Field.TYPE_MESSAGE, _UPDATE
                field.ClearField("options")
            elif field.name == "identifier_kind":
                field.type, field.type_name = _Field.TYPE_ENUM, _KIND
    _add_service(file, IDENTITY)
    return file


def _mls_api() -> _File:
    file = _File.FromString(mls_pb2.DESCRIPTOR.serialized_pb)
    _rename(file, "mls/api/v1/mls.proto", _MLS_API)
    file.dependency.append("google/protobuf/empty.proto")
    _add_service(file, MLS)
    return file


def _add_service(file: _File, service: str) -> None:
    added = file.service.add(name=service.rpartition(".")[2])
    for method in METHODS.values():
        if method.service == service:
            added.method.add(
                name=method.name,
                input_type=f".{file.package}.{method.name}Request",
                output_type=_NOT_EMPTY.get(
                    method.name, f".{file.package}.{method.name}Response"
                ),
            )


def _rename(file: _File, name: str, package: str) -> None:
    """Give a file and all references within it another name."""
    former = f".{file.package}."
    for message in _all(file.message_type):
        for field in message.field:
            if field.type_name.startswith(former):
                field.type_name = f".{package}.{field.type_name[len(former) :]}"
    file.name, file.package = name, package
    del file.dependency[:]


def _all(messages: Any) -> Iterator[descriptor_pb2.DescriptorProto]:
    for message in messages:
        yield message
        yield from _all(message.nested_type)


def _empty() -> _File:
    return _File(
        name="google/protobuf/empty.proto",
        package="google.protobuf",
        syntax="proto3",
        message_type=[descriptor_pb2.DescriptorProto(name="Empty")],
    )
