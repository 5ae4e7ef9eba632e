"""Ed25519ph with a context (RFC 8032, section 5.1), on libsodium's curve.

libsodium's own Ed25519ph knows the empty context only, so the scheme is put
together here from its arithmetic on points and scalars.

`verify` decides exactly as ``verify_prehashed`` of ed25519-dalek 2 does, the
library of XMTP's reference client, since all clients must come to the same
state. It is more lenient than libsodium about keys (small order, mixed order,
unreduced encodings) and more exact about signatures: the equation is checked
without the cofactor and R is compared as bytes.

`verify_many` takes a whole batch, in C where that is installed (see
`accelerator`), with the same decisions.

Keys and points are 32 bytes: y in little-endian order, the top bit the sign
of x. Scalars are 32 bytes in little-endian order. L is the order of the base
point, p the field's prime.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha512
from typing import Final

from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_core_ed25519_sub,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_scalarmult_ed25519_noclamp,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import RuntimeError as SodiumRefusal

from ..errors import InvalidSignature
from .accelerator import accelerator

__all__ = [
    "KEY_BYTES",
    "SIGNATURE_BYTES",
    "canonical_key",
    "is_safe_key",
    "public_key",
    "sign",
    "verify",
    "verify_many",
]

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

_L: Final = 2**252 + 27742317777372353535851937790883648493
_P: Final = 2**255 - 19
_Y_BITS: Final = (1 << 255) - 1
_SIGN_BIT: Final = 0x80
_MINUS_ONE: Final = (_L - 1).to_bytes(32, "little")
_ZERO: Final = bytes(32)
_IDENTITY: Final = (1).to_bytes(32, "little")

# Verdicts, as the accelerator has them too.
_VALID: Final = 0
_UNREDUCED_SCALAR: Final = 1
_NO_POINT: Final = 2
_OTHER: Final = 3

_DOM2: Final = b"SigEd25519 no Ed25519 collisions\x01"


def public_key(seed: bytes) -> bytes:
    """The public key, 32 bytes, of a private key (the 32-byte seed)."""
    return crypto_sign_seed_keypair(seed)[0]


def sign(seed: bytes, message: bytes, context: bytes) -> bytes:
    """Sign ``message``; the answer is R || S, 64 bytes (RFC 8032, 5.1.6).

    seed: the private key, 32 bytes.
    context: at most 255 bytes.

    Raises ValueError for a seed or a context of another length.
    """
    # The public key is derived here and not taken from the caller: signing
    # twice with one seed and two public keys would give the seed away.
    key = public_key(seed)
    expanded = sha512(seed).digest()
    scalar = _clamp(expanded[:32])
    domain, digest = _dom2(context), sha512(message).digest()
    nonce = _reduce(domain + expanded[32:] + digest)
    commitment = crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = _reduce(domain + commitment + key + digest)
    product = crypto_core_ed25519_scalar_mul(challenge, scalar)
    return commitment + crypto_core_ed25519_scalar_add(nonce, product)


def verify(key: bytes, signature: bytes, digest: bytes, context: bytes) -> None:
    """Check a signature as ed25519-dalek's ``verify_prehashed`` does.

    key: the public key as it was sent; it is hashed in that encoding.
    signature: R || S.
    digest: SHA-512 of the message, so that a message with several signatures
        is hashed once.
    context: at most 255 bytes.

    Raises `InvalidSignature`; with the code ``invalid_public_key`` where the
    key is the reason.
    """
    (refusal,) = verify_many([(key, signature, digest)], context)
    if refusal is not None:
        raise refusal


def verify_many(
    signed: Sequence[tuple[bytes, bytes, bytes]], context: bytes
) -> list[InvalidSignature | None]:
    """`verify` for a batch, its errors given and not raised; None for a sound one.

    signed: key, signature and digest of each.
    """
    lengths = [_refusal_by_length(key, signature) for key, signature, _ in signed]
    fit = [one for one, refusal in zip(signed, lengths, strict=True) if not refusal]
    check = accelerator()
    if check is None:
        verdicts = bytes(_verdict(*one, context) for one in fit)
    else:
        verdicts = check(b"".join([part for one in fit for part in one]), context)
    found = iter(verdicts)
    return [refusal or _refusal(next(found)) for refusal in lengths]


def canonical_key(key: bytes) -> bytes:
    """The one canonical encoding of the point that ``key`` encodes.

    y is reduced modulo p, and the sign of x = 0 is cleared. 32 bytes that
    encode no point come back with these two rules applied, nothing more.
    """
    y = int.from_bytes(key, "little") & _Y_BITS
    if 1 < y < _P - 1:
        return key
    y %= _P
    canonical = bytearray(y.to_bytes(32, "little"))
    if y not in (1, _P - 1):
        canonical[31] |= key[31] & _SIGN_BIT
    return bytes(canonical)


def is_safe_key(key: bytes) -> bool:
    """Whether ``key`` is canonical and its point has prime order.

    With any other key, signatures can be made without a private key, or
    several keys stand for one point.
    """
    if len(key) != KEY_BYTES:
        return False
    try:
        product = crypto_scalarmult_ed25519_noclamp(_MINUS_ONE, key)
    except SodiumRefusal:
        return False
    # (L - 1) A = -A is L A = 0. Not left to libsodium: before its repair of
    # 2025 (CVE-2025-69277) its own test let points of order 2 L through.
    return product == key[:31] + bytes((key[31] ^ _SIGN_BIT,))


def _refusal_by_length(key: bytes, signature: bytes) -> InvalidSignature | None:
    if len(signature) != SIGNATURE_BYTES:
        return InvalidSignature("An installation's signature has 64 bytes.")
    if len(key) != KEY_BYTES:
        return InvalidSignature(
            "An installation's public key has 32 bytes.", code="invalid_public_key"
        )
    return None


def _refusal(verdict: int) -> InvalidSignature | None:
    if verdict == _VALID:
        return None
    if verdict == _UNREDUCED_SCALAR:
        return InvalidSignature("The signature's scalar S is not reduced.")
    if verdict == _NO_POINT:
        return InvalidSignature(
            "The installation's public key is no point of the curve.",
            code="invalid_public_key",
        )
    return InvalidSignature("The signature is not of this text by this key.")


def _verdict(key: bytes, signature: bytes, digest: bytes, context: bytes) -> int:
    """The verdict on one signature, of the right lengths, without an accelerator."""
    commitment, scalar = signature[:32], signature[32:]
    if int.from_bytes(scalar, "little") >= _L:
        return _UNREDUCED_SCALAR
    challenge = sha512(_dom2(context) + commitment + key + digest).digest()
    product = _multiply(int.from_bytes(challenge, "little") % _L, key)
    if product is None:
        return _NO_POINT
    # libsodium refuses to give the point at infinity.
    base = (
        _IDENTITY if scalar == _ZERO else crypto_scalarmult_ed25519_base_noclamp(scalar)
    )
    same = crypto_core_ed25519_sub(base, product) == commitment
    return _VALID if same else _OTHER


def _multiply(scalar: int, key: bytes) -> bytes | None:
    """``scalar`` times the point of ``key``, for a scalar below L.

    None for a key that is no point.

    libsodium takes canonical keys of prime order, which all honest ones are,
    and gives no point at infinity; the rest goes the long way.
    """
    try:
        return crypto_scalarmult_ed25519_noclamp(scalar.to_bytes(32, "little"), key)
    except SodiumRefusal:
        pass
    return _multiply_any(scalar, key)


def _multiply_any(scalar: int, key: bytes) -> bytes | None:
    """As `_multiply`, for every key that decodes to a point.

    8 A has prime order whatever A is, so the scalar is split as 8 q + r: the
    product is q (8 A) + r A, and r A is at most three additions.
    """
    # libsodium reads unreduced encodings here too, but does not promise to.
    point = canonical_key(key)
    try:
        double = crypto_core_ed25519_add(point, point)
    except SodiumRefusal:
        return None
    fourfold = crypto_core_ed25519_add(double, double)
    eightfold = crypto_core_ed25519_add(fourfold, fourfold)
    product, high = _IDENTITY, scalar >> 3
    if high and eightfold != _IDENTITY:
        product = crypto_scalarmult_ed25519_noclamp(
            high.to_bytes(32, "little"), eightfold
        )
    for bit, multiple in ((1, point), (2, double), (4, fourfold)):
        if scalar & bit:
            product = crypto_core_ed25519_add(product, multiple)
    return product


def _dom2(context: bytes) -> bytes:
    """RFC 8032, section 2: dom2(1, context)."""
    return _DOM2 + bytes((len(context),)) + context


def _reduce(data: bytes) -> bytes:
    """SHA-512 of ``data`` modulo L. In libsodium: it may depend on a secret."""
    return crypto_core_ed25519_scalar_reduce(sha512(data).digest())


def _clamp(scalar: bytes) -> bytes:
    """RFC 8032, section 5.1.5, step 2."""
    return bytes((scalar[0] & 0xF8, *scalar[1:31], scalar[31] & 0x3F | 0x40))
