"""Whose an MLS key package is.

Clients upload key packages without a name beside them: the installation that
one belongs to is the signature key of its leaf node. So the node reads that
far and not further, and sees that the package is signed by this very key, or
anyone could replace the packages of others. What is inside is the clients'
own affair.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from xmtp_identity.errors import BadInput

__all__ = ["INSTALLATION_KEY_BYTES", "BadKeyPackage", "installation_of"]

INSTALLATION_KEY_BYTES: Final = 32
"""Bytes of an installation's key: Ed25519."""

_SIGNATURE_BYTES: Final = 64
_MLS10: Final = 1
_ED25519_SUITES: Final = frozenset((1, 3))
"""The cipher suites whose signatures are Ed25519 (RFC 9420, 17.1)."""
_LABEL: Final = b"MLS 1.0 KeyPackageTBS"


class BadKeyPackage(BadInput):
    """Bytes are no key package that an installation signed."""

    code = "bad_key_package"
    remedy = "Make the key package anew with the installation's own key."


class _Vector(NamedTuple):
    content: bytes
    end: int


def installation_of(package: bytes) -> bytes:
    """The installation key, 32 bytes, that a key package belongs to.

    package: a KeyPackage as RFC 9420, section 10, serializes it, of a suite
        with Ed25519 signatures. Raises `BadKeyPackage`.
    """
    if len(package) < 4:
        raise BadKeyPackage("The key package ends within its head.")
    version = int.from_bytes(package[:2], "big")
    suite = int.from_bytes(package[2:4], "big")
    if version != _MLS10:
        raise BadKeyPackage(f"The key package is of MLS version {version}, not 1.")
    if suite not in _ED25519_SUITES:
        raise BadKeyPackage(f"Signatures of cipher suite {suite} are not Ed25519.")
    init_key = _vector(package, 4)
    encryption_key = _vector(package, init_key.end)
    key, _ = _vector(package, encryption_key.end)
    if len(key) != INSTALLATION_KEY_BYTES:
        raise BadKeyPackage(f"The installation key has {len(key)} bytes, not 32.")
    # The signature is the last vector, so its place follows from its length.
    start = len(package) - _SIGNATURE_BYTES - 2
    if start < encryption_key.end or _vector(package, start).end != len(package):
        raise BadKeyPackage("The key package does not end with its signature.")
    _verify(key, package[:start], package[start + 2 :])
    return key


def _verify(key: bytes, signed: bytes, signature: bytes) -> None:
    """VerifyWithLabel of RFC 9420, section 5.1.2."""
    from nacl.exceptions import CryptoError
    from nacl.signing import VerifyKey

    content = _encoded(_LABEL) + _encoded(signed)
    try:
        VerifyKey(key).verify(content, signature)
    except (CryptoError, ValueError):
        raise BadKeyPackage(
            "The key package is not signed by the installation key in it."
        ) from None


def _vector(data: bytes, start: int) -> _Vector:
    """A variable-size vector (RFC 9420, section 2.1.2), its length in 1, 2 or 4
    bytes and never in more than it takes."""
    if start >= len(data):
        raise BadKeyPackage("The key package ends too early.")
    size = 1 << (data[start] >> 6)
    if size > 4:
        raise BadKeyPackage("A length in the key package is malformed.")
    begin = start + size
    head = data[start:begin]
    length = int.from_bytes(head, "big") & ((1 << (8 * size - 2)) - 1)
    if len(head) < size or begin + length > len(data):
        raise BadKeyPackage("The key package ends too early.")
    if size > 1 and length < (1 << (8 * (size // 2) - 2)):
        raise BadKeyPackage("A length in the key package is longer than it must be.")
    return _Vector(data[begin : begin + length], begin + length)


def _encoded(content: bytes) -> bytes:
    """The vector of some bytes."""
    length = len(content)
    size = 1 if length < 1 << 6 else 2 if length < 1 << 14 else 4
    head = length | (size.bit_length() - 1) << (8 * size - 2)
    return head.to_bytes(size, "big") + content
