from xmtp_identity.v1 import identity_pb2 as _identity_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor
ETHEREUM_ADDRESS_FIELD_NUMBER: _ClassVar[int]
ethereum_address: _descriptor.FieldDescriptor
ERC_191_FIELD_NUMBER: _ClassVar[int]
erc_191: _descriptor.FieldDescriptor
ERC_6492_FIELD_NUMBER: _ClassVar[int]
erc_6492: _descriptor.FieldDescriptor
DELEGATED_ERC_191_FIELD_NUMBER: _ClassVar[int]
delegated_erc_191: _descriptor.FieldDescriptor

class RecoverableEcdsaSignature(_message.Message):
    __slots__ = ("bytes",)
    BYTES_FIELD_NUMBER: _ClassVar[int]
    bytes: bytes
    def __init__(self, bytes: _Optional[bytes] = ...) -> None: ...

class SmartContractWalletSignature(_message.Message):
    __slots__ = ("account_id", "block_number", "signature")
    ACCOUNT_ID_FIELD_NUMBER: _ClassVar[int]
    BLOCK_NUMBER_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    account_id: str
    block_number: int
    signature: bytes
    def __init__(self, account_id: _Optional[str] = ..., block_number: _Optional[int] = ..., signature: _Optional[bytes] = ...) -> None: ...

class LegacyDelegatedSignature(_message.Message):
    __slots__ = ("delegated_key", "signature")
    DELEGATED_KEY_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    delegated_key: SignedPublicKey
    signature: RecoverableEcdsaSignature
    def __init__(self, delegated_key: _Optional[_Union[SignedPublicKey, _Mapping]] = ..., signature: _Optional[_Union[RecoverableEcdsaSignature, _Mapping]] = ...) -> None: ...

class SignedPublicKey(_message.Message):
    __slots__ = ("key_bytes", "signature")
    KEY_BYTES_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    key_bytes: bytes
    signature: LegacySignature
    def __init__(self, key_bytes: _Optional[bytes] = ..., signature: _Optional[_Union[LegacySignature, _Mapping]] = ...) -> None: ...

class LegacySignature(_message.Message):
    __slots__ = ("ecdsa_compact", "wallet_ecdsa_compact")
    ECDSA_COMPACT_FIELD_NUMBER: _ClassVar[int]
    WALLET_ECDSA_COMPACT_FIELD_NUMBER: _ClassVar[int]
    ecdsa_compact: CompactEcdsaSignature
    wallet_ecdsa_compact: CompactEcdsaSignature
    def __init__(self, ecdsa_compact: _Optional[_Union[CompactEcdsaSignature, _Mapping]] = ..., wallet_ecdsa_compact: _Optional[_Union[CompactEcdsaSignature, _Mapping]] = ...) -> None: ...

class CompactEcdsaSignature(_message.Message):
    __slots__ = ("bytes", "recovery")
    BYTES_FIELD_NUMBER: _ClassVar[int]
    RECOVERY_FIELD_NUMBER: _ClassVar[int]
    bytes: bytes
    recovery: int
    def __init__(self, bytes: _Optional[bytes] = ..., recovery: _Optional[int] = ...) -> None: ...

class UnsignedPublicKey(_message.Message):
    __slots__ = ("created_ns", "secp256k1_uncompressed")
    CREATED_NS_FIELD_NUMBER: _ClassVar[int]
    SECP256K1_UNCOMPRESSED_FIELD_NUMBER: _ClassVar[int]
    created_ns: int
    secp256k1_uncompressed: Secp256k1PublicKey
    def __init__(self, created_ns: _Optional[int] = ..., secp256k1_uncompressed: _Optional[_Union[Secp256k1PublicKey, _Mapping]] = ...) -> None: ...

class Secp256k1PublicKey(_message.Message):
    __slots__ = ("bytes",)
    BYTES_FIELD_NUMBER: _ClassVar[int]
    bytes: bytes
    def __init__(self, bytes: _Optional[bytes] = ...) -> None: ...
