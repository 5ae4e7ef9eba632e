"""The kind ``experiment``: an Ed25519 key that signs the text as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from xmtp_identity import Kind, MemberIdentifier
from xmtp_identity.errors import InvalidIdentifier, InvalidSignature, SignatureError
from xmtp_identity.hookspecs import hookimpl
from xmtp_identity.kinds import Context, Proof, SignatureItem, VerifiedSignature

__all__ = ["register_kinds"]

NUMBER: Final = 1234
NAME: Final = "experiment"
_KEY_BYTES: Final = 32


def parse(text: str) -> MemberIdentifier:
    """Read 64 hex digits."""
    try:
        return decode(bytes.fromhex(text))
    except ValueError:
        raise InvalidIdentifier("A key is 64 hex digits.") from None


def decode(payload: bytes) -> MemberIdentifier:
    """Read the 32 bytes of a key."""
    if len(payload) != _KEY_BYTES:
        raise InvalidIdentifier("A key has 32 bytes.")
    return MemberIdentifier(NAME, payload.hex())


def encode(identifier: MemberIdentifier) -> bytes:
    """Give the 32 bytes of a key."""
    return bytes.fromhex(identifier.value)


def verify_many(
    items: Sequence[SignatureItem], _context: Context
) -> list[VerifiedSignature | SignatureError]:
    """Verify signatures of 64 bytes."""
    return [_verify(item) for item in items]


def _verify(item: SignatureItem) -> VerifiedSignature | SignatureError:
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    if item.identifier is None:
        return InvalidSignature("The signature does not say whose it is.")
    key = encode(item.identifier)
    try:
        VerifyKey(key).verify(item.text, item.payload)
    except (BadSignatureError, ValueError):
        return InvalidSignature("The key did not sign this text.")
    return VerifiedSignature(item.identifier, key, item.payload)


@hookimpl
def register_kinds() -> list[Kind]:
    """Provide the kind."""
    return [
        Kind(
            number=NUMBER,
            name=NAME,
            noun="Experiment key",
            extension="xmtp_identity_experiment.v1.experiment_identifier",
            parse=parse,
            decode=decode,
            encode=encode,
            proofs={NUMBER: Proof(number=NUMBER, name=NAME, verify_many=verify_many)},
        )
    ]
