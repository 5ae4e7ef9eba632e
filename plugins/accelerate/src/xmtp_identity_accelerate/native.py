"""The extension module, typed. Its import fails where it was not compiled."""

from __future__ import annotations

from importlib import import_module
from typing import Final, Protocol, cast

__all__ = ["check_many"]


class _CheckMany(Protocol):
    def __call__(self, records: bytes, context: bytes, /) -> bytes: ...


check_many: Final = cast(
    "_CheckMany", import_module("_xmtp_identity_accelerate").check_many
)
"""Check signatures, without holding Python's lock meanwhile.

records: for each one the key (32 bytes), the signature (64) and the SHA-512 of
    the message (64), one after the other.
context: at most 255 bytes.

The answer has one byte for each record, which is a verdict as
`xmtp_identity.installation.ed25519ph` has them. Raises ValueError for other
lengths.
"""
