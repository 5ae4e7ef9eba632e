"""The proof ``delegated_erc_191``: a key of XMTP V2 that a wallet once approved.

Which uses of it are legitimate is for the core to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from xmtp_identity.errors import InvalidSignature, SignatureError
from xmtp_identity.wire.scan import strict_parse

from .hashing import address_of, eip191_hash
from .secp256k1 import parse_public_key
from .signature import admit_signature, detached, recover_signer, verified
from .v1.ethereum_pb2 import (
    LegacyDelegatedSignature,
    SignedPublicKey,
    UnsignedPublicKey,
)

if TYPE_CHECKING:
    from xmtp_identity.kinds import Context, SignatureItem, VerifiedSignature

__all__ = ["NUMBER", "admit", "approval_text", "verify_many"]

NUMBER: Final = 4
"""The number of this proof in the `Signature` union."""


def approval_text(key_bytes: bytes) -> bytes:
    """Give the text by which a wallet approved a delegated key, in UTF-8.

    key_bytes: the serialized `UnsignedPublicKey`.
    """
    return (
        "XMTP : Create Identity\n"
        f"{key_bytes.hex()}\n"
        "\n"
        "For more info: https://xmtp.org/signatures/"
    ).encode("ascii")


def verify_many(
    items: Sequence[SignatureItem], _context: Context
) -> list[VerifiedSignature | SignatureError]:
    """Verify delegated signatures; see `xmtp_identity.kinds.Proof`.

    A payload is a serialized `LegacyDelegatedSignature`. The signer is the
    wallet, and the wallet's signature is what is remembered.
    """
    digests: dict[bytes, bytes] = {}
    results: list[VerifiedSignature | SignatureError] = []
    for text, payload, _ in items:
        digest = digests.get(text)
        if digest is None:
            digest = digests[text] = eip191_hash(text)
        try:
            results.append(_verify(digest, payload))
        except SignatureError as error:
            results.append(detached(error))
    return results


def admit(item: SignatureItem, _verified: VerifiedSignature, _policy: Any) -> None:
    """Admit the canonical form of both signatures; see `admit_signature`."""
    message = strict_parse(LegacyDelegatedSignature, item.payload)
    admit_signature(message.signature.bytes)
    admit_signature(_wallet_signature(message.delegated_key))


def _verify(digest: bytes, payload: bytes) -> VerifiedSignature:
    message = strict_parse(LegacyDelegatedSignature, payload)
    delegated = message.delegated_key
    # The reference client decodes these bytes as a message of their own, so
    # the nesting is counted anew.
    key = strict_parse(UnsignedPublicKey, delegated.key_bytes, depth=0)
    if not (message.HasField("delegated_key") and message.HasField("signature")):
        raise InvalidSignature(
            "A delegated signature needs a delegated key and that key's signature."
        )
    if key.WhichOneof("union") is None:
        raise InvalidSignature("The delegated key has no key bytes.")
    delegate, _ = recover_signer(message.signature.bytes, digest)
    if delegate != _address_of_key(key.secp256k1_uncompressed.bytes):
        raise InvalidSignature("The text was not signed by the delegated key.")
    return verified(*_approval(delegated))


def _approval(delegated: SignedPublicKey) -> tuple[bytes, bytes]:
    """The wallet that approved the key (20 bytes), and what to remember."""
    digest = eip191_hash(approval_text(delegated.key_bytes))
    return recover_signer(_wallet_signature(delegated), digest)


def _wallet_signature(delegated: SignedPublicKey) -> bytes:
    """The wallet's signature, r || s || v; of any length."""
    variant = delegated.signature.WhichOneof("union")
    if variant is None:
        raise InvalidSignature("The delegated key has no signature of a wallet.")
    compact = getattr(delegated.signature, variant)
    signature: bytes = compact.bytes + bytes((compact.recovery & 0xFF,))
    return signature


def _address_of_key(sec1: bytes) -> bytes:
    try:
        return address_of(parse_public_key(sec1))
    except ValueError:
        raise InvalidSignature(
            "The delegated key is no public key of secp256k1."
        ) from None
