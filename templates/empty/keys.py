"""The signature scheme. All that the rest of the package knows of it is here.

Ed25519 from libsodium stands in for it. Replace the constants and the body of
each function; keep what the docstrings promise. Where there are several
libraries take one that is strict, and say here which and why: clients that
differ about a signature compute different states.
"""

from __future__ import annotations

import secrets
from typing import Final

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError

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

KEY_BYTES: Final = 32
"""How long a public key is. Of several encodings choose one, refuse the others."""

SECRET_BYTES: Final = 32
"""How long a private key is."""

SIGNATURE_BYTES: Final = 64
"""How long a signature is. Of several encodings choose one, refuse the others."""


def is_key(key: bytes) -> bool:
    """Whether bytes are a key that someone can have made; any bytes may come.

    False for points that are not on the curve, for those of small order, and for
    a second encoding of a key.
    """
    return len(key) == KEY_BYTES and crypto_core_ed25519_is_valid_point(key)


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of a key signed a message; any bytes may come.

    Never raises. False for what `is_key` refuses, and for every twin of a
    signature: high s, an unreduced number, another encoding.
    """
    if len(signature) != SIGNATURE_BYTES or not is_key(key):
        return False
    try:
        crypto_sign_open(signature + message, key)
    except BadSignatureError:
        return False
    return True


def is_secret(secret: bytes) -> bool:
    """Whether bytes can be a private key."""
    return len(secret) == SECRET_BYTES


def new_secret() -> bytes:
    """A fresh private key."""
    return secrets.token_bytes(SECRET_BYTES)


def public_key(secret: bytes) -> bytes:
    """The public key of a private key."""
    return crypto_sign_seed_keypair(secret)[0]


def sign(secret: bytes, message: bytes) -> bytes:
    """Sign a message."""
    _, keypair = crypto_sign_seed_keypair(secret)
    return crypto_sign(message, keypair)[:SIGNATURE_BYTES]


def readings(raw: bytes) -> list[bytes]:
    """What bytes from a wallet can be, in the one encoding that `verify` takes.

    Here belongs leniency: a wallet's DER becomes r || s, high s becomes low.
    """
    return [raw] if len(raw) == SIGNATURE_BYTES else []
