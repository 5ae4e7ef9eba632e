from xmtp_identity.v1 import identity_pb2 as _identity_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Member(_message.Message):
    __slots__ = ("identifier", "added_by_entity", "client_timestamp_ns", "added_on_chain_id")
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    ADDED_BY_ENTITY_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    ADDED_ON_CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    identifier: _identity_pb2.MemberIdentifier
    added_by_entity: _identity_pb2.MemberIdentifier
    client_timestamp_ns: int
    added_on_chain_id: int
    def __init__(self, identifier: _Optional[_Union[_identity_pb2.MemberIdentifier, _Mapping]] = ..., added_by_entity: _Optional[_Union[_identity_pb2.MemberIdentifier, _Mapping]] = ..., client_timestamp_ns: _Optional[int] = ..., added_on_chain_id: _Optional[int] = ...) -> None: ...

class MemberMap(_message.Message):
    __slots__ = ("key", "value")
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    key: _identity_pb2.MemberIdentifier
    value: Member
    def __init__(self, key: _Optional[_Union[_identity_pb2.MemberIdentifier, _Mapping]] = ..., value: _Optional[_Union[Member, _Mapping]] = ...) -> None: ...

class AssociationState(_message.Message):
    __slots__ = ("inbox_id", "members", "recovery_identifier", "seen_signatures", "recovery_identifier_kind", "relying_party")
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    SEEN_SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_IDENTIFIER_KIND_FIELD_NUMBER: _ClassVar[int]
    RELYING_PARTY_FIELD_NUMBER: _ClassVar[int]
    inbox_id: str
    members: _containers.RepeatedCompositeFieldContainer[MemberMap]
    recovery_identifier: str
    seen_signatures: _containers.RepeatedScalarFieldContainer[bytes]
    recovery_identifier_kind: _identity_pb2.IdentifierKind
    relying_party: str
    def __init__(self, inbox_id: _Optional[str] = ..., members: _Optional[_Iterable[_Union[MemberMap, _Mapping]]] = ..., recovery_identifier: _Optional[str] = ..., seen_signatures: _Optional[_Iterable[bytes]] = ..., recovery_identifier_kind: _Optional[_Union[_identity_pb2.IdentifierKind, str]] = ..., relying_party: _Optional[str] = ...) -> None: ...

class KindRecord(_message.Message):
    __slots__ = ("extension", "revision")
    EXTENSION_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    extension: str
    revision: int
    def __init__(self, extension: _Optional[str] = ..., revision: _Optional[int] = ...) -> None: ...

class LayerRecord(_message.Message):
    __slots__ = ("number", "made_by")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    MADE_BY_FIELD_NUMBER: _ClassVar[int]
    number: int
    made_by: KindRecord
    def __init__(self, number: _Optional[int] = ..., made_by: _Optional[_Union[KindRecord, _Mapping]] = ...) -> None: ...

class UsedWord(_message.Message):
    __slots__ = ("kind", "key", "text")
    KIND_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    kind: int
    key: bytes
    text: bytes
    def __init__(self, kind: _Optional[int] = ..., key: _Optional[bytes] = ..., text: _Optional[bytes] = ...) -> None: ...

class StoredLayer(_message.Message):
    __slots__ = ("number", "members", "words")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    number: int
    members: _containers.RepeatedCompositeFieldContainer[MemberMap]
    words: _containers.RepeatedCompositeFieldContainer[UsedWord]
    def __init__(self, number: _Optional[int] = ..., members: _Optional[_Iterable[_Union[MemberMap, _Mapping]]] = ..., words: _Optional[_Iterable[_Union[UsedWord, _Mapping]]] = ...) -> None: ...

class SnapshotHead(_message.Message):
    __slots__ = ("inbox_id", "position", "leaf_entries", "deviates", "unknown_root", "named", "roots", "layers")
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LEAF_ENTRIES_FIELD_NUMBER: _ClassVar[int]
    DEVIATES_FIELD_NUMBER: _ClassVar[int]
    UNKNOWN_ROOT_FIELD_NUMBER: _ClassVar[int]
    NAMED_FIELD_NUMBER: _ClassVar[int]
    ROOTS_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    inbox_id: str
    position: int
    leaf_entries: int
    deviates: int
    unknown_root: bool
    named: _containers.RepeatedScalarFieldContainer[int]
    roots: _containers.RepeatedCompositeFieldContainer[KindRecord]
    layers: _containers.RepeatedCompositeFieldContainer[LayerRecord]
    def __init__(self, inbox_id: _Optional[str] = ..., position: _Optional[int] = ..., leaf_entries: _Optional[int] = ..., deviates: _Optional[int] = ..., unknown_root: bool = ..., named: _Optional[_Iterable[int]] = ..., roots: _Optional[_Iterable[_Union[KindRecord, _Mapping]]] = ..., layers: _Optional[_Iterable[_Union[LayerRecord, _Mapping]]] = ...) -> None: ...

class SnapshotBody(_message.Message):
    __slots__ = ("state", "words", "layers")
    STATE_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    LAYERS_FIELD_NUMBER: _ClassVar[int]
    state: AssociationState
    words: _containers.RepeatedCompositeFieldContainer[UsedWord]
    layers: _containers.RepeatedCompositeFieldContainer[StoredLayer]
    def __init__(self, state: _Optional[_Union[AssociationState, _Mapping]] = ..., words: _Optional[_Iterable[_Union[UsedWord, _Mapping]]] = ..., layers: _Optional[_Iterable[_Union[StoredLayer, _Mapping]]] = ...) -> None: ...

class StoredSnapshot(_message.Message):
    __slots__ = ("format_version", "size", "head", "body", "checksum")
    FORMAT_VERSION_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    HEAD_FIELD_NUMBER: _ClassVar[int]
    BODY_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    format_version: int
    size: int
    head: SnapshotHead
    body: SnapshotBody
    checksum: bytes
    def __init__(self, format_version: _Optional[int] = ..., size: _Optional[int] = ..., head: _Optional[_Union[SnapshotHead, _Mapping]] = ..., body: _Optional[_Union[SnapshotBody, _Mapping]] = ..., checksum: _Optional[bytes] = ...) -> None: ...
