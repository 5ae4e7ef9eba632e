"""ECDSA on P-256 (FIPS 186-5) over SHA-256. The one module that knows
cryptography.

A signature is r || s. It counts in one form alone: s in the lower half of the
group's order.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = [
    "KEY_BYTES",
    "SECRET_BYTES",
    "SIGNATURE_BYTES",
    "is_key",
    "is_secret",
    "new_secret",
    "public_key",
    "readings",
    "sign",
    "verify",
]

KEY_BYTES: Final = 33
"""How long a public key is, in its one encoding: compressed (SEC 1, 2.3.3)."""

SECRET_BYTES: Final = 32
"""How long a private key is: a number from 1 to n - 1, big-endian."""

SIGNATURE_BYTES: Final = 64
"""How long a signature is: r || s."""

_ORDER: Final = (
    0xFFFFFFFF_00000000_FFFFFFFF_FFFFFFFF_BCE6FAAD_A7179E84_F3B9CAC2_FC632551
)
_CURVE: Final = SECP256R1()
_ALGORITHM: Final = ECDSA(SHA256())


def is_key(key: bytes) -> bool:
    """Whether bytes are a key: a point of the curve, compressed."""
    if len(key) != KEY_BYTES or key[0] not in {0x02, 0x03}:
        return False
    try:
        _point(key)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def _point(key: bytes) -> EllipticCurvePublicKey:
    return EllipticCurvePublicKey.from_encoded_point(_CURVE, key)


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of a key signed a message (FIPS 186-5, section 6.4.2).

    Any bytes may come. Of the two values that s could have the high one is
    refused.
    """
    if len(signature) != SIGNATURE_BYTES or not is_key(key):
        return False
    r, s = _numbers(signature)
    if s > _ORDER // 2:
        return False
    try:
        _point(key).verify(encode_dss_signature(r, s), message, _ALGORITHM)
    except InvalidSignature:
        return False
    return True


def is_secret(secret: bytes) -> bool:
    """Whether bytes can be a private key."""
    return len(secret) == SECRET_BYTES and 0 < int.from_bytes(secret, "big") < _ORDER


def new_secret() -> bytes:
    """A fresh private key."""
    return (1 + secrets.randbelow(_ORDER - 1)).to_bytes(SECRET_BYTES, "big")


def public_key(secret: bytes) -> bytes:
    """The public key of a private key."""
    key = derive_private_key(int.from_bytes(secret, "big"), _CURVE).public_key()
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def sign(secret: bytes, message: bytes) -> bytes:
    """Sign a message, with low s."""
    key = derive_private_key(int.from_bytes(secret, "big"), _CURVE)
    return _low_s(*decode_dss_signature(key.sign(message, _ALGORITHM)))


def readings(raw: bytes) -> list[bytes]:
    """What bytes from a wallet can be, in the one form that counts.

    Taken are r || s and DER, with low s or high.
    """
    found = [_numbers(raw)] if len(raw) == SIGNATURE_BYTES else []
    with suppress(ValueError):
        found.append(decode_dss_signature(raw))
    return [_low_s(r, s) for r, s in found if 0 < r < _ORDER and 0 < s < _ORDER]


def _numbers(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")


def _low_s(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + min(s, _ORDER - s).to_bytes(32, "big")
