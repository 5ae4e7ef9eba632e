"""The proof ``solana``: a wallet's Ed25519 signature over the text.

Some wallets sign the text as it is, some wrap it first, and nothing in a
signature says how. So whatever a wallet may have signed is built anew from
the text and the key and tried in a fixed order (`messages`). Nothing that
is not in the update can come in, and no wrapped text is another text: ff,
the first byte of each wrapping, stands in no UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import Struct
from typing import Final

from nacl.bindings import crypto_core_ed25519_is_valid_point, crypto_sign_open
from nacl.exceptions import BadSignatureError

from xmtp_identity.errors import InvalidIdentifier, InvalidSignature, SignatureError
from xmtp_identity.kinds import Context, SignatureItem, VerifiedSignature

from .identifier import KEY_BYTES, encode

__all__ = [
    "SIGNATURE_BYTES",
    "is_key",
    "is_signature",
    "messages",
    "verify_many",
]

SIGNATURE_BYTES: Final = 64

_DOMAIN: Final = b"\xffsolana offchain"
_NO_APPLICATION: Final = bytes(32)
_LEGACY: Final = _DOMAIN + b"\x00"
_V0: Final = _DOMAIN + b"\x00" + _NO_APPLICATION
_V1: Final = _DOMAIN + b"\x01\x01"

# Bytes before the text, with format, number of signers, key and length.
_LEGACY_HEADER: Final = len(_LEGACY) + 1 + 2
_V0_HEADER: Final = len(_V0) + 1 + 1 + KEY_BYTES + 2

_FITS_HARDWARE: Final = 1232
_LARGEST: Final = 0xFFFF
# Format and how many bytes it allows, header and text. Format 0 is not here:
# it allows no line feeds, and every text that is signed has some.
_V0_FORMATS: Final = ((1, _FITS_HARDWARE), (2, _LARGEST))

_u16: Final = Struct("<H").pack

# A key with a part of order 2. libsodium before its repair of 2025
# (CVE-2025-69277) finds nothing wrong with it.
_MIXED_ORDER: Final = b"\x95" + b"\x99" * 31

if crypto_core_ed25519_is_valid_point(_MIXED_ORDER):
    raise ImportError(
        "The libsodium that PyNaCl uses takes keys that others refuse"
        " (CVE-2025-69277). Install PyNaCl 1.6.2 or newer, as a wheel."
    )


def verify_many(
    items: Sequence[SignatureItem], _context: Context
) -> list[VerifiedSignature | SignatureError]:
    """Verify wallets' signatures; see `xmtp_identity.kinds.Proof`.

    A payload is R || S, 64 bytes (RFC 8032). A sound signature over the bare
    text takes one Ed25519 verification, an unsound one at most five.
    """
    return [_verify(item) for item in items]


def _verify(item: SignatureItem) -> VerifiedSignature | SignatureError:
    text, signature, signer = item
    if signer is None:
        return InvalidSignature(
            "A Solana signature does not say whose it is: the address is needed too.",
            code="solana_signer",
        )
    if len(signature) != SIGNATURE_BYTES:
        return InvalidSignature(
            f"A Solana signature has {SIGNATURE_BYTES} bytes, this one has"
            f" {len(signature)}.",
            code="solana_signature_form",
        )
    try:
        key = encode(signer)
    except InvalidIdentifier as error:
        return InvalidSignature(error.detail, code="solana_signer")
    for message in messages(text, key):
        if is_signature(key, signature, message):
            return VerifiedSignature(signer, key, signature)
    return InvalidSignature(
        "The signature is not of this text by this address, in none of the ways in"
        " which Solana wallets sign."
    )


def messages(text: bytes, key: bytes) -> Iterator[bytes]:
    """All that a wallet may have signed for a text: at most five messages.

    text: UTF-8.
    key: the signer's, 32 bytes.

    In this order: the text itself; version 0 of Solana's off-chain messages
    in the formats 1 and 2 without an application domain; the Solana command
    line's older layout of it, without domain and signer; version 1. A format
    is left out where the text is too long for it.
    """
    yield text
    size = len(text)
    for number, most in _V0_FORMATS:
        if _V0_HEADER + size <= most:
            yield b"%b%c\x01%b%b%b" % (_V0, number, key, _u16(size), text)
    if _LEGACY_HEADER + size <= _LARGEST:
        number = 1 if _LEGACY_HEADER + size <= _FITS_HARDWARE else 2
        yield b"%b%c%b%b" % (_LEGACY, number, _u16(size), text)
    yield b"%b%b%b" % (_V1, key, text)


def is_signature(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of a key signed a message (RFC 8032, section 5.1.7).

    Strict, as ``verify_strict`` of ed25519-dalek: keys and points R of small
    order, S from L on and unreduced encodings are refused, the equation is
    checked without the cofactor.
    """
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        crypto_sign_open(signature + message, key)
    except BadSignatureError:
        return False
    return True


def is_key(key: bytes) -> bool:
    """Whether 32 bytes are a key that someone can have made.

    Every key is a multiple of the base point, so it is a canonical point of
    prime order (RFC 8032, section 5.1.5).
    """
    return crypto_core_ed25519_is_valid_point(key)
