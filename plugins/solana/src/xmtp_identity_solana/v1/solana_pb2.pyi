from xmtp_identity.v1 import identity_pb2 as _identity_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
SOLANA_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
solana_identifier: _descriptor.FieldDescriptor
SOLANA_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
solana_signature: _descriptor.FieldDescriptor
