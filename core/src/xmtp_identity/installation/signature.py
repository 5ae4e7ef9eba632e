"""Verifying the signatures of installations (number 3 in `Signature`)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha512
from typing import Final

from ..errors import SignatureError
from ..identifier import MemberIdentifier
from ..kinds import Context, SignatureItem, VerifiedSignature
from ..v1.identity_pb2 import RecoverableEd25519Signature
from ..wire.scan import strict_parse
from . import ed25519ph
from .ed25519ph import KEY_BYTES, SIGNATURE_BYTES, canonical_key
from .identifier import KIND

__all__ = ["SIGNATURE_CONTEXT", "encode_signature", "verify_many"]

SIGNATURE_CONTEXT: Final = b"IDENTITY UPDATE SIGNATURE"
"""The Ed25519ph context of identity updates.

Apps sign other things with the same key under other contexts.
"""

_BYTES_TAG: Final = b"\x0a\x40"  # field 1, 64 bytes
_KEY_TAG: Final = b"\x12\x20"  # field 2, 32 bytes
_BYTES_END: Final = len(_BYTES_TAG) + SIGNATURE_BYTES
_KEY_START: Final = _BYTES_END + len(_KEY_TAG)
_PAYLOAD_BYTES: Final = _KEY_START + KEY_BYTES


def verify_many(
    items: Sequence[SignatureItem], _: Context
) -> list[VerifiedSignature | SignatureError]:
    """Verify signatures of installations; see `Proof.verify_many`."""
    digests: dict[bytes, bytes] = {}
    results: list[VerifiedSignature | SignatureError] = []
    decoded: list[tuple[bytes, bytes, bytes] | SignatureError] = []
    for text, payload, _identifier in items:
        digest = digests.get(text)
        if digest is None:
            digest = digests[text] = sha512(text).digest()
        try:
            decoded.append((*_decode(payload), digest))
        except SignatureError as error:
            # A kept traceback would keep every local of this call alive.
            decoded.append(error.with_traceback(None))
    signed = [one for one in decoded if isinstance(one, tuple)]
    refusals = iter(ed25519ph.verify_many(signed, SIGNATURE_CONTEXT))
    for one in decoded:
        if isinstance(one, tuple):
            results.append(next(refusals) or _verified(*one[:2]))
        else:
            results.append(one)
    return results


def encode_signature(signature: bytes, key: bytes) -> bytes:
    """The payload for a signature of 64 bytes by a key of 32 bytes.

    It is a serialized ``RecoverableEd25519Signature``.
    """
    return _BYTES_TAG + signature + _KEY_TAG + key


def _verified(key: bytes, signature: bytes) -> VerifiedSignature:
    signer = MemberIdentifier(KIND, key.hex())
    return VerifiedSignature(signer, canonical_key(key), signature)


def _decode(payload: bytes) -> tuple[bytes, bytes]:
    """Key and signature of a payload; raises `Undecodable`."""
    if (
        len(payload) == _PAYLOAD_BYTES
        and payload.startswith(_BYTES_TAG)
        and payload.startswith(_KEY_TAG, _BYTES_END)
    ):
        return payload[_KEY_START:], payload[len(_BYTES_TAG) : _BYTES_END]
    message = strict_parse(RecoverableEd25519Signature, payload)
    return message.public_key, message.bytes
