from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MemberIdentifier(_message.Message):
    __slots__ = ("m1", "m2", "m3", "m100", "m101", "m102", "m103", "m104", "m105", "m106")
    M1_FIELD_NUMBER: _ClassVar[int]
    M2_FIELD_NUMBER: _ClassVar[int]
    M3_FIELD_NUMBER: _ClassVar[int]
    M100_FIELD_NUMBER: _ClassVar[int]
    M101_FIELD_NUMBER: _ClassVar[int]
    M102_FIELD_NUMBER: _ClassVar[int]
    M103_FIELD_NUMBER: _ClassVar[int]
    M104_FIELD_NUMBER: _ClassVar[int]
    M105_FIELD_NUMBER: _ClassVar[int]
    M106_FIELD_NUMBER: _ClassVar[int]
    m1: bytes
    m2: bytes
    m3: bytes
    m100: bytes
    m101: bytes
    m102: bytes
    m103: bytes
    m104: bytes
    m105: bytes
    m106: bytes
    def __init__(self, m1: _Optional[bytes] = ..., m2: _Optional[bytes] = ..., m3: _Optional[bytes] = ..., m100: _Optional[bytes] = ..., m101: _Optional[bytes] = ..., m102: _Optional[bytes] = ..., m103: _Optional[bytes] = ..., m104: _Optional[bytes] = ..., m105: _Optional[bytes] = ..., m106: _Optional[bytes] = ...) -> None: ...

class Signature(_message.Message):
    __slots__ = ("s1", "s2", "s3", "s4", "s5", "s100", "s101", "s102", "s103", "s104", "s105", "s106")
    S1_FIELD_NUMBER: _ClassVar[int]
    S2_FIELD_NUMBER: _ClassVar[int]
    S3_FIELD_NUMBER: _ClassVar[int]
    S4_FIELD_NUMBER: _ClassVar[int]
    S5_FIELD_NUMBER: _ClassVar[int]
    S100_FIELD_NUMBER: _ClassVar[int]
    S101_FIELD_NUMBER: _ClassVar[int]
    S102_FIELD_NUMBER: _ClassVar[int]
    S103_FIELD_NUMBER: _ClassVar[int]
    S104_FIELD_NUMBER: _ClassVar[int]
    S105_FIELD_NUMBER: _ClassVar[int]
    S106_FIELD_NUMBER: _ClassVar[int]
    s1: bytes
    s2: bytes
    s3: bytes
    s4: bytes
    s5: bytes
    s100: bytes
    s101: bytes
    s102: bytes
    s103: bytes
    s104: bytes
    s105: bytes
    s106: bytes
    def __init__(self, s1: _Optional[bytes] = ..., s2: _Optional[bytes] = ..., s3: _Optional[bytes] = ..., s4: _Optional[bytes] = ..., s5: _Optional[bytes] = ..., s100: _Optional[bytes] = ..., s101: _Optional[bytes] = ..., s102: _Optional[bytes] = ..., s103: _Optional[bytes] = ..., s104: _Optional[bytes] = ..., s105: _Optional[bytes] = ..., s106: _Optional[bytes] = ...) -> None: ...

class CreateInbox(_message.Message):
    __slots__ = ("initial_identifier", "nonce", "initial_identifier_signature", "initial_identifier_kind", "relying_party")
    INITIAL_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    INITIAL_IDENTIFIER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    INITIAL_IDENTIFIER_KIND_FIELD_NUMBER: _ClassVar[int]
    RELYING_PARTY_FIELD_NUMBER: _ClassVar[int]
    initial_identifier: str
    nonce: int
    initial_identifier_signature: Signature
    initial_identifier_kind: int
    relying_party: str
    def __init__(self, initial_identifier: _Optional[str] = ..., nonce: _Optional[int] = ..., initial_identifier_signature: _Optional[_Union[Signature, _Mapping]] = ..., initial_identifier_kind: _Optional[int] = ..., relying_party: _Optional[str] = ...) -> None: ...

class AddAssociation(_message.Message):
    __slots__ = ("new_member_identifier", "existing_member_signature", "new_member_signature", "relying_party")
    NEW_MEMBER_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    EXISTING_MEMBER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    NEW_MEMBER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    RELYING_PARTY_FIELD_NUMBER: _ClassVar[int]
    new_member_identifier: MemberIdentifier
    existing_member_signature: Signature
    new_member_signature: Signature
    relying_party: str
    def __init__(self, new_member_identifier: _Optional[_Union[MemberIdentifier, _Mapping]] = ..., existing_member_signature: _Optional[_Union[Signature, _Mapping]] = ..., new_member_signature: _Optional[_Union[Signature, _Mapping]] = ..., relying_party: _Optional[str] = ...) -> None: ...

class RevokeAssociation(_message.Message):
    __slots__ = ("member_to_revoke", "recovery_identifier_signature")
    MEMBER_TO_REVOKE_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_IDENTIFIER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    member_to_revoke: MemberIdentifier
    recovery_identifier_signature: Signature
    def __init__(self, member_to_revoke: _Optional[_Union[MemberIdentifier, _Mapping]] = ..., recovery_identifier_signature: _Optional[_Union[Signature, _Mapping]] = ...) -> None: ...

class ChangeRecoveryAddress(_message.Message):
    __slots__ = ("new_recovery_identifier", "existing_recovery_identifier_signature", "new_recovery_identifier_kind", "relying_party")
    NEW_RECOVERY_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
    EXISTING_RECOVERY_IDENTIFIER_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    NEW_RECOVERY_IDENTIFIER_KIND_FIELD_NUMBER: _ClassVar[int]
    RELYING_PARTY_FIELD_NUMBER: _ClassVar[int]
    new_recovery_identifier: str
    existing_recovery_identifier_signature: Signature
    new_recovery_identifier_kind: int
    relying_party: str
    def __init__(self, new_recovery_identifier: _Optional[str] = ..., existing_recovery_identifier_signature: _Optional[_Union[Signature, _Mapping]] = ..., new_recovery_identifier_kind: _Optional[int] = ..., relying_party: _Optional[str] = ...) -> None: ...

class IdentityAction(_message.Message):
    __slots__ = ("create_inbox", "add", "revoke", "change_recovery_address")
    CREATE_INBOX_FIELD_NUMBER: _ClassVar[int]
    ADD_FIELD_NUMBER: _ClassVar[int]
    REVOKE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_RECOVERY_ADDRESS_FIELD_NUMBER: _ClassVar[int]
    create_inbox: CreateInbox
    add: AddAssociation
    revoke: RevokeAssociation
    change_recovery_address: ChangeRecoveryAddress
    def __init__(self, create_inbox: _Optional[_Union[CreateInbox, _Mapping]] = ..., add: _Optional[_Union[AddAssociation, _Mapping]] = ..., revoke: _Optional[_Union[RevokeAssociation, _Mapping]] = ..., change_recovery_address: _Optional[_Union[ChangeRecoveryAddress, _Mapping]] = ...) -> None: ...

class IdentityUpdate(_message.Message):
    __slots__ = ("actions", "client_timestamp_ns", "inbox_id", "leaf_actions")
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    CLIENT_TIMESTAMP_NS_FIELD_NUMBER: _ClassVar[int]
    INBOX_ID_FIELD_NUMBER: _ClassVar[int]
    LEAF_ACTIONS_FIELD_NUMBER: _ClassVar[int]
    actions: _containers.RepeatedCompositeFieldContainer[IdentityAction]
    client_timestamp_ns: int
    inbox_id: str
    leaf_actions: _containers.RepeatedCompositeFieldContainer[IdentityAction]
    def __init__(self, actions: _Optional[_Iterable[_Union[IdentityAction, _Mapping]]] = ..., client_timestamp_ns: _Optional[int] = ..., inbox_id: _Optional[str] = ..., leaf_actions: _Optional[_Iterable[_Union[IdentityAction, _Mapping]]] = ...) -> None: ...
