"""Ed25519 (RFC 8032), verified strictly. The one module that knows PyNaCl.

Libraries differ about odd keys and signatures. Clients that differ compute
different states, so a replacement must pass the tests of this module.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
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
"""How long a public key is, in its one encoding."""

SECRET_BYTES: Final = 32
"""How long a private key is: the seed of RFC 8032, section 5.1.5."""

SIGNATURE_BYTES: Final = 64
"""How long a signature is: R || S."""


def is_key(key: bytes) -> bool:
    """Whether bytes are a key that someone can have made.

    Every key is a multiple of the base point, hence a canonical point of prime
    order. For points of small order anyone can sign.
    """
    return len(key) == KEY_BYTES and _is_point(key)


@lru_cache(maxsize=1024)
def _is_point(key: bytes) -> bool:
    return crypto_core_ed25519_is_valid_point(key)


def verify(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of a key signed a message (RFC 8032, section 5.1.7).

    Any bytes may come. There is one signature that passes for each that the
    owner made: twins (S + L, torsion in R) are refused.
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
    """What bytes from a wallet can be as a signature; most often one thing."""
    return [raw] if len(raw) == SIGNATURE_BYTES else []
