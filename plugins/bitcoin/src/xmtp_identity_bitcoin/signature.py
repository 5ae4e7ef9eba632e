"""The one proof of this kind: a signature as a Bitcoin wallet makes it.

Which of the forms a payload has follows from its bytes, which can't be of
two: BIP-137's are 65 bytes with a header that no other form of that length
can begin with, and no signature's witness stack begins like a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from xmtp_identity.errors import (
    InvalidIdentifier,
    InvalidSignature,
    SignatureError,
)
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import Context, SignatureItem, VerifiedSignature

from . import bip137, bip322, templates
from .addresses import Output
from .identifier import KIND, output_of

__all__ = ["MAX_BYTES", "NUMBER", "verify_many"]

NUMBER: Final = 101
"""The number of this proof in the `Signature` union, and of the kind."""

MAX_BYTES: Final = 4096
"""Longer payloads are refused; 20 signatures of 20 keys have 2,200."""

_Hashes = dict[bytes, bytes]


def verify_many(
    items: Sequence[SignatureItem], _context: Context
) -> list[VerifiedSignature | SignatureError]:
    """Verify signatures of Bitcoin addresses; see `xmtp_identity.kinds.Proof`.

    items: a payload is 65 bytes of BIP-137, or a witness stack or transaction
        of BIP-322 in consensus encoding; an identifier is always given.

    The word key is the output script, the account whatever signed for it; the
    payload is what is remembered.
    """
    older: _Hashes = {}
    newer: _Hashes = {}
    results: list[VerifiedSignature | SignatureError] = []
    for item in items:
        try:
            results.append(_verify(item, older, newer))
        except SignatureError as error:
            # The traceback would keep all items of the call in memory.
            error.__context__ = None
            results.append(error.with_traceback(None))
    return results


def _verify(item: SignatureItem, older: _Hashes, newer: _Hashes) -> VerifiedSignature:
    text, payload, identifier = item
    if identifier is None or identifier.kind != KIND:
        raise InvalidSignature("The signature does not say which address signed it.")
    if len(payload) > MAX_BYTES:
        raise InvalidSignature(
            f"A Bitcoin signature has at most {MAX_BYTES} bytes.",
            code="bitcoin_signature_form",
        )
    target = _output_of(identifier)
    if bip137.is_bip137(payload):
        bip137.check(payload, _hash(text, older, bip137.message_hash), target)
    else:
        hashed = _hash(text, newer, bip322.message_hash)
        templates.check(target, bip322.read(payload, hashed, target))
    return VerifiedSignature(identifier, target.script, payload)


def _output_of(identifier: MemberIdentifier) -> Output:
    try:
        return output_of(identifier.value)
    except InvalidIdentifier as error:
        raise InvalidSignature(error.detail) from None


def _hash(text: bytes, known: _Hashes, function: Callable[[bytes], bytes]) -> bytes:
    """The hash of a text, which has several signatures, once a call."""
    hashed = known.get(text)
    if hashed is None:
        hashed = known[text] = function(text)
    return hashed
