"""ECDSA on secp256k1. The one module that knows coincurve.

Public keys are 64 bytes here, x || y; signatures 64 bytes, r || s; the parity
is that of the y coordinate of the point R. All numbers are big-endian.
"""

from __future__ import annotations

from typing import Final

from coincurve import PrivateKey, PublicKey

__all__ = [
    "is_secret",
    "lower_s",
    "parse_public_key",
    "public_key_of",
    "recover",
    "sign",
]

_ORDER: Final = (
    0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
)
_ORDER_BYTES: Final = _ORDER.to_bytes(32, "big")
_HALF_ORDER_BYTES: Final = (_ORDER // 2).to_bytes(32, "big")
_ZERO: Final = bytes(32)

_COMPRESSED_LENGTH: Final = 33
_UNCOMPRESSED_LENGTH: Final = 65


def lower_s(signature: bytes) -> bytes:
    """Give the signature with n - s in place of s if s is in the upper half.

    signature: 64 bytes. One whose s is not below n is left as it is; `recover`
    refuses it.
    """
    s = signature[32:]
    if s <= _HALF_ORDER_BYTES or s >= _ORDER_BYTES:
        return signature
    lowered = _ORDER - int.from_bytes(s, "big")
    return signature[:32] + lowered.to_bytes(32, "big")


def recover(signature: bytes, parity: int, digest: bytes) -> bytes:
    """Give the public key that made a signature (SEC 1, section 4.1.6).

    signature: 64 bytes, r and s each from 1 to n - 1.
    parity: 0 or 1. The recovery ids 2 and 3 say that x was reduced by n;
        the reference client knows no such signatures.
    digest: the 32 bytes that were signed.

    Raises `ValueError` if there is no such key.
    """
    if parity not in {0, 1}:
        raise ValueError("The parity must be 0 or 1.")
    key = PublicKey.from_signature_and_message(
        signature + bytes((parity,)), digest, hasher=None
    )
    return key.format(compressed=False)[1:]


def parse_public_key(sec1: bytes) -> bytes:
    """Read a public key in one of the forms that k256, the Rust crate, takes.

    sec1: tag 02 or 03 and x; 04, x and y; or 05 and x, which stands for the
        point with the even y. The hybrid forms 06 and 07, which coincurve
        would take, and the point at infinity are refused.

    Raises `ValueError`.
    """
    length, tag = len(sec1), sec1[:1]
    if length == _COMPRESSED_LENGTH and tag in {b"\x02", b"\x03"}:
        key = sec1
    elif length == _COMPRESSED_LENGTH and tag == b"\x05":
        key = b"\x02" + sec1[1:]
    elif length == _UNCOMPRESSED_LENGTH and tag == b"\x04":
        key = sec1
    else:
        raise ValueError("The bytes are no public key in SEC 1's form.")
    return PublicKey(key).format(compressed=False)[1:]


def is_secret(secret: bytes) -> bool:
    """Whether 32 bytes are a private key: a number from 1 to n - 1."""
    return len(secret) == len(_ORDER_BYTES) and _ZERO < secret < _ORDER_BYTES


def public_key_of(secret: bytes) -> bytes:
    """Give the public key of a private key (32 bytes, see `is_secret`)."""
    return PrivateKey(secret).public_key.format(compressed=False)[1:]


def sign(secret: bytes, digest: bytes) -> tuple[bytes, int]:
    """Sign 32 bytes (RFC 6979): a signature with low s, and its parity.

    secret: 32 bytes, see `is_secret`.
    """
    signature = PrivateKey(secret).sign_recoverable(digest, hasher=None)
    return signature[:64], signature[64]
