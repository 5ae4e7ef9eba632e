"""Recoverable ECDSA on secp256k1 (SEC 1) over SHA-256. The one module that
knows coincurve.

A signature is r || s || v. It counts in one form alone: s in the lower half of
the group's order, v the parity of R, 0 or 1.
"""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import Final

from coincurve import PrivateKey, PublicKey

__all__ = [
    "KEY_BYTES",
    "SECRET_BYTES",
    "SIGNATURE_BYTES",
    "is_key",
    "is_secret",
    "new_secret",
    "public_key",
    "readings",
    "recover",
    "sign",
]

KEY_BYTES: Final = 33
"""How long a public key is, in its one encoding: compressed (SEC 1, 2.3.3)."""

SECRET_BYTES: Final = 32
"""How long a private key is: a number from 1 to n - 1, big-endian."""

SIGNATURE_BYTES: Final = 65
"""How long a signature is: r || s || v."""

_ORDER: Final = (
    0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
)
_COMPACT_BYTES: Final = 64
_WITH_27: Final = 27


def is_key(key: bytes) -> bool:
    """Whether bytes are a key: a point of the curve, compressed."""
    # libsecp256k1 takes hybrid encodings too, and reads as far as it likes.
    if len(key) != KEY_BYTES or key[0] not in {0x02, 0x03}:
        return False
    try:
        PublicKey(key)
    except ValueError:
        return False
    return True


def recover(signature: bytes, message: bytes) -> bytes | None:
    """The key that made a signature of a message (SEC 1, section 4.1.6).

    Any bytes may come; None if no key made it in the one form that counts. A
    key that comes out proves nothing until it is compared with a known one.
    """
    if (
        len(signature) != SIGNATURE_BYTES
        or signature[-1] > 1
        or _s_of(signature) > _ORDER // 2
    ):
        return None
    try:
        digest = sha256(message).digest()
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError:
        return None
    return key.format(compressed=True)


def is_secret(secret: bytes) -> bool:
    """Whether bytes can be a private key."""
    return len(secret) == SECRET_BYTES and 0 < int.from_bytes(secret, "big") < _ORDER


def new_secret() -> bytes:
    """A fresh private key."""
    return (1 + secrets.randbelow(_ORDER - 1)).to_bytes(SECRET_BYTES, "big")


def public_key(secret: bytes) -> bytes:
    """The public key of a private key."""
    return PrivateKey(secret).public_key.format(compressed=True)


def sign(secret: bytes, message: bytes) -> bytes:
    """Sign a message (RFC 6979), with low s."""
    digest = sha256(message).digest()
    return PrivateKey(secret).sign_recoverable(digest, hasher=None)


def readings(raw: bytes) -> list[bytes]:
    """What bytes from a wallet can be, in the one form that counts.

    Taken are high s, v of 27 and 28, and 64 bytes without v, which can be two
    signatures.
    """
    if len(raw) == _COMPACT_BYTES:
        return [*readings(raw + b"\x00"), *readings(raw + b"\x01")]
    if len(raw) != SIGNATURE_BYTES:
        return []
    v = raw[-1] - _WITH_27 if raw[-1] >= _WITH_27 else raw[-1]
    s = _s_of(raw)
    if v > 1 or not 0 < s < _ORDER:
        return []
    if s > _ORDER // 2:
        s, v = _ORDER - s, 1 - v
    return [raw[:32] + s.to_bytes(32, "big") + bytes((v,))]


def _s_of(signature: bytes) -> int:
    return int.from_bytes(signature[32:_COMPACT_BYTES], "big")
