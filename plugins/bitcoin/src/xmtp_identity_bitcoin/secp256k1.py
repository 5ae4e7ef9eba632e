"""Signatures on secp256k1. The one module that knows coincurve.

Digests are the 32 bytes that are signed. Public keys are in SEC 1's form, 33
or 65 bytes; those of Schnorr signatures are the x coordinate, 32 bytes.
"""

from __future__ import annotations

from typing import Final

from coincurve import PrivateKey, PublicKey, PublicKeyXOnly

__all__ = [
    "COMPACT_BYTES",
    "SECRET_BYTES",
    "is_compressed",
    "is_low_s",
    "is_secret",
    "is_uncompressed",
    "public_key_of",
    "recover",
    "sign_ecdsa",
    "sign_recoverable",
    "sign_schnorr",
    "tweaked",
    "verify_ecdsa",
    "verify_schnorr",
]

COMPACT_BYTES: Final = 64
"""How long r || s is, and a Schnorr signature."""

SECRET_BYTES: Final = 32
"""How long a private key is."""

_ORDER: Final = (
    0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
)
_ORDER_BYTES: Final = _ORDER.to_bytes(32, "big")
_HALF_ORDER: Final = _ORDER // 2
_COMPRESSED_BYTES: Final = 33
_UNCOMPRESSED_BYTES: Final = 65
_X_BYTES: Final = 32


def is_compressed(key: bytes) -> bool:
    """Whether a public key has the form 02 or 03 and x."""
    return len(key) == _COMPRESSED_BYTES and key[0] in {0x02, 0x03}


def is_uncompressed(key: bytes) -> bool:
    """Whether a public key has the form 04, x and y.

    The hybrid forms 06 and 07, which libsecp256k1 takes too, are none.
    """
    return len(key) == _UNCOMPRESSED_BYTES and key[0] == 0x04


def verify_ecdsa(key: bytes, signature: bytes, digest: bytes) -> bool:
    """Whether a signature in strict DER (BIP-66), with low s, is right.

    key: compressed or uncompressed; whatever else is no key signed nothing.
    """
    # Both are rules of libsecp256k1 itself; many vectors hold it to them.
    if not (is_compressed(key) or is_uncompressed(key)):
        return False
    try:
        return PublicKey(key).verify(signature, digest, hasher=None)
    except ValueError:
        return False


def verify_schnorr(x: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a signature of BIP-340 is right.

    message: of any length; Bitcoin signs 32 bytes.
    """
    # coincurve hands x on without a look at its length.
    if len(x) != _X_BYTES:
        return False
    try:
        return PublicKeyXOnly(x).verify(signature, message)
    except ValueError:
        return False


def is_low_s(compact: bytes) -> bool:
    """Whether the s of r || s is in the lower half, as all wallets make it."""
    return int.from_bytes(compact[32:], "big") <= _HALF_ORDER


def recover(
    compact: bytes, parity: int, digest: bytes, *, compressed: bool
) -> bytes | None:
    """Give the public key that made a signature (SEC 1, section 4.1.6).

    compact: r || s, 64 bytes.
    parity: 0 or 1, that of the y coordinate of the point R, whose x is r.

    None if no key can have made it.
    """
    signature = compact + bytes((parity,))
    try:
        key = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except ValueError:
        return None
    return key.format(compressed=compressed)


def is_secret(secret: bytes) -> bool:
    """Whether 32 bytes are a private key: a number from 1 to n - 1."""
    return len(secret) == SECRET_BYTES and bytes(SECRET_BYTES) < secret < _ORDER_BYTES


def public_key_of(secret: bytes, *, compressed: bool = True) -> bytes:
    """Give the public key of a private key."""
    return PrivateKey(secret).public_key.format(compressed=compressed)


def tweaked(secret: bytes, tweak: bytes) -> bytes:
    """Give the private key for the key with an even y, plus a tweak (BIP-341).

    Raises `ValueError` if there is none, which no one will ever see.
    """
    if PrivateKey(secret).public_key.format()[0] == 0x03:
        secret = (_ORDER - int.from_bytes(secret, "big")).to_bytes(32, "big")
    return PrivateKey(secret).add(tweak).secret


def sign_ecdsa(secret: bytes, digest: bytes) -> bytes:
    """Sign (RFC 6979): strict DER with low s."""
    return PrivateKey(secret).sign(digest, hasher=None)


def sign_recoverable(secret: bytes, digest: bytes) -> tuple[bytes, int]:
    """Sign (RFC 6979): r || s with low s, and the parity for `recover`."""
    signature = PrivateKey(secret).sign_recoverable(digest, hasher=None)
    return signature[:COMPACT_BYTES], signature[COMPACT_BYTES]


def sign_schnorr(secret: bytes, digest: bytes) -> bytes:
    """Sign (BIP-340), with fresh randomness beside the key."""
    return PrivateKey(secret).sign_schnorr(digest)
