"""Schnorr signatures of BIP-340 over SHA-256. The one module that knows
coincurve."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Final

from coincurve import PrivateKey, PublicKeyXOnly

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
    "verify_digest",
]

KEY_BYTES: Final = 32
"""How long a public key is, in its one encoding: the x coordinate."""

SECRET_BYTES: Final = 32
"""How long a private key is: a number from 1 to n - 1, big-endian."""

SIGNATURE_BYTES: Final = 64
"""How long a signature is: R's x coordinate and s."""

_ORDER: Final = (
    0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
)


def is_key(key: bytes) -> bool:
    """Whether bytes are a key: the x coordinate of a point of the curve."""
    # coincurve hands them on without a look at their length.
    if len(key) != KEY_BYTES:
        return False
    try:
        PublicKeyXOnly(key)
    except ValueError:
        return False
    return True


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of a key signed the SHA-256 of a message."""
    return verify_digest(key, signature, sha256(message).digest())


def verify_digest(key: bytes, signature: bytes, digest: bytes) -> bool:
    """Whether the owner of a key signed 32 bytes (BIP-340, "Verification").

    Any bytes may come as key and signature.
    """
    if len(key) != KEY_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        return PublicKeyXOnly(key).verify(signature, digest)
    except ValueError:
        return False


def is_secret(secret: bytes) -> bool:
    """Whether bytes can be a private key."""
    return len(secret) == SECRET_BYTES and 0 < int.from_bytes(secret, "big") < _ORDER


def new_secret() -> bytes:
    """A fresh private key."""
    return (1 + secrets.randbelow(_ORDER - 1)).to_bytes(SECRET_BYTES, "big")


def public_key(secret: bytes) -> bytes:
    """The public key of a private key."""
    return PublicKeyXOnly.from_secret(secret).format()


def sign(secret: bytes, message: bytes) -> bytes:
    """Sign the SHA-256 of a message, with fresh randomness beside the key."""
    return PrivateKey(secret).sign_schnorr(sha256(message).digest())


def readings(raw: bytes) -> list[bytes]:
    """What bytes from a wallet can be as a signature; most often one thing."""
    return [raw] if len(raw) == SIGNATURE_BYTES else []
