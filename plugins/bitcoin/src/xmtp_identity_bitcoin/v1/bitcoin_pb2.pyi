from xmtp_identity.v1 import identity_pb2 as _identity_pb2
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor
BITCOIN_IDENTIFIER_FIELD_NUMBER: _ClassVar[int]
bitcoin_identifier: _descriptor.FieldDescriptor
BITCOIN_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
bitcoin_signature: _descriptor.FieldDescriptor
