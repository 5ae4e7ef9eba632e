from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Identity(_message.Message):
    __slots__ = ("kind", "identifier")
    KIND_FIELD_NUMBER: _ClassVar[int]
    IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    kind: str
    identifier: str
    def __init__(self, kind: _Optional[str] = ..., identifier: _Optional[str] = ...) -> None: ...

class Member(_message.Message):
    __slots__ = ("identity", "added_by", "client_timestamp_ns", "chain_id")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    ADDED_BY_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    identity: Identity
    added_by: Identity
    client_timestamp_ns: int
    chain_id: int
    def __init__(self, identity: _Optional[_Union[Identity, _Mapping]] = ..., added_by: _Optional[_Union[Identity, _Mapping]] = ..., client_timestamp_ns: _Optional[int] = ..., chain_id: _Optional[int] = ...) -> None: ...

class GetMembersRequest(_message.Message):
    __slots__ = ("inbox_id",)
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    inbox_id: str
    def __init__(self, inbox_id: _Optional[str] = ...) -> None: ...

class GetMembersResponse(_message.Message):
    __slots__ = ("inbox_id", "recovery", "members", "entries", "sequence_id", "authoritative", "missing", "deviates", "stopped_at", "detail")
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_ID_FIELD_NUMBER: _ClassVar[int]
    AUTHORITATIVE_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    DEVIATES_FIELD_NUMBER: _ClassVar[int]
    STOPPED_AT_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    inbox_id: str
    recovery: Identity
    members: _containers.RepeatedCompositeFieldContainer[Member]
    entries: int
    sequence_id: int
    authoritative: bool
    missing: _containers.RepeatedScalarFieldContainer[str]
    deviates: int
    stopped_at: int
    detail: str
    def __init__(self, inbox_id: _Optional[str] = ..., recovery: _Optional[_Union[Identity, _Mapping]] = ..., members: _Optional[_Iterable[_Union[Member, _Mapping]]] = ..., entries: _Optional[int] = ..., sequence_id: _Optional[int] = ..., authoritative: bool = ..., missing: _Optional[_Iterable[str]] = ..., deviates: _Optional[int] = ..., stopped_at: _Optional[int] = ..., detail: _Optional[str] = ...) -> None: ...

class GetIdentifiersRequest(_message.Message):
    __slots__ = ("inbox_id",)
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    inbox_id: str
    def __init__(self, inbox_id: _Optional[str] = ...) -> None: ...

class Association(_message.Message):
    __slots__ = ("identity", "associated", "revoked")
    IDENTITY_FIELD_NUMBER: _ClassVar[int]
    ASSOCIATED_FIELD_NUMBER: _ClassVar[int]
    REVOKED_FIELD_NUMBER: _ClassVar[int]
    identity: Identity
    associated: int
    revoked: int
    def __init__(self, identity: _Optional[_Union[Identity, _Mapping]] = ..., associated: _Optional[int] = ..., revoked: _Optional[int] = ...) -> None: ...

class GetIdentifiersResponse(_message.Message):
    __slots__ = ("inbox_id", "associations")
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    ASSOCIATIONS_FIELD_NUMBER: _ClassVar[int]
    inbox_id: str
    associations: _containers.RepeatedCompositeFieldContainer[Association]
    def __init__(self, inbox_id: _Optional[str] = ..., associations: _Optional[_Iterable[_Union[Association, _Mapping]]] = ...) -> None: ...

class GetHistoryRequest(_message.Message):
    __slots__ = ("inbox_id", "first", "limit")
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    inbox_id: str
    first: int
    limit: int
    def __init__(self, inbox_id: _Optional[str] = ..., first: _Optional[int] = ..., limit: _Optional[int] = ...) -> None: ...

class HistoryEntry(_message.Message):
    __slots__ = ("position", "sequence_id", "server_timestamp_ns", "update", "outcome", "code")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    position: int
    sequence_id: int
    server_timestamp_ns: int
    update: bytes
    outcome: str
    code: str
    def __init__(self, position: _Optional[int] = ..., sequence_id: _Optional[int] = ..., server_timestamp_ns: _Optional[int] = ..., update: _Optional[bytes] = ..., outcome: _Optional[str] = ..., code: _Optional[str] = ...) -> None: ...

class GetHistoryResponse(_message.Message):
    __slots__ = ("inbox_id", "entries")
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    inbox_id: str
    entries: _containers.RepeatedCompositeFieldContainer[HistoryEntry]
    def __init__(self, inbox_id: _Optional[str] = ..., entries: _Optional[_Iterable[_Union[HistoryEntry, _Mapping]]] = ...) -> None: ...

class FollowRequest(_message.Message):
    __slots__ = ("cursor",)
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    def __init__(self, cursor: _Optional[str] = ...) -> None: ...

class FeedEntry(_message.Message):
    __slots__ = ("inbox_id", "position", "sequence_id", "server_timestamp_ns", "update")
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_ID_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    UPDATE_FIELD_NUMBER: _ClassVar[int]
    inbox_id: str
    position: int
    sequence_id: int
    server_timestamp_ns: int
    update: bytes
    def __init__(self, inbox_id: _Optional[str] = ..., position: _Optional[int] = ..., sequence_id: _Optional[int] = ..., server_timestamp_ns: _Optional[int] = ..., update: _Optional[bytes] = ...) -> None: ...

class FollowResponse(_message.Message):
    __slots__ = ("entries", "cursor")
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[FeedEntry]
    cursor: str
    def __init__(self, entries: _Optional[_Iterable[_Union[FeedEntry, _Mapping]]] = ..., cursor: _Optional[str] = ...) -> None: ...
