"""The proof ``erc_191``: a wallet's own signature over the text (EIP-191)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from xmtp_identity.errors import InvalidSignature, NotAdmitted, SignatureError
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import Context, SignatureItem, VerifiedSignature
from xmtp_identity.wire.scan import strict_parse

from .hashing import address_of, eip191_hash
from .identifier import KIND
from .secp256k1 import lower_s, recover
from .v1.ethereum_pb2 import RecoverableEcdsaSignature

__all__ = [
    "NUMBER",
    "admit",
    "admit_signature",
    "detached",
    "read_payload",
    "recover_signer",
    "verified",
    "verify_many",
]

NUMBER: Final = 1
"""The number of this proof in the `Signature` union."""

_LENGTH: Final = 65
# Field 1, length 65: how every client writes a `RecoverableEcdsaSignature`.
_PAYLOAD_HEAD: Final = b"\n\x41"
_PAYLOAD_LENGTH: Final = len(_PAYLOAD_HEAD) + _LENGTH

# From v to the parity: bare, Ethereum's own, and EIP-155's with any chain.
_PARITIES: Final = {0: 0, 1: 1, 27: 0, 28: 1} | {
    v: (v - 35) % 2 for v in range(35, 256)
}
_ADMITTED_V: Final = frozenset({0, 1, 27, 28})


def verify_many(
    items: Sequence[SignatureItem], _context: Context
) -> list[VerifiedSignature | SignatureError]:
    """Verify wallets' signatures; see `xmtp_identity.kinds.Proof`.

    A payload is a serialized `RecoverableEcdsaSignature` of 65 bytes,
    r || s || v. It is decided as the reference client does: s is lowered
    first and v kept, so the twin of a signature with n - s and the other v,
    although sound mathematically, yields another signer.
    """
    digests: dict[bytes, bytes] = {}
    results: list[VerifiedSignature | SignatureError] = []
    for text, payload, _ in items:
        digest = digests.get(text)
        if digest is None:
            digest = digests[text] = eip191_hash(text)
        try:
            address, remembered = recover_signer(read_payload(payload), digest)
        except SignatureError as error:
            results.append(detached(error))
        else:
            results.append(verified(address, remembered))
    return results


def read_payload(payload: bytes) -> bytes:
    """Give the signature in a serialized `RecoverableEcdsaSignature`.

    Raises `Undecodable`.
    """
    if len(payload) == _PAYLOAD_LENGTH and payload.startswith(_PAYLOAD_HEAD):
        return payload[len(_PAYLOAD_HEAD) :]
    signature: bytes = strict_parse(RecoverableEcdsaSignature, payload).bytes
    return signature


def recover_signer(signature: bytes, digest: bytes) -> tuple[bytes, bytes]:
    """Give the address that signed (20 bytes), and what to remember.

    signature: r || s || v, 65 bytes.
    digest: the 32 bytes that were signed.

    The bytes to remember are r, the lowered s, and v as given. Raises
    `InvalidSignature`.
    """
    if len(signature) != _LENGTH:
        raise InvalidSignature(
            f"An Ethereum signature has {_LENGTH} bytes (r, s and v), this one has"
            f" {len(signature)}."
        )
    v = signature[64]
    parity = _PARITIES.get(v)
    if parity is None:
        raise InvalidSignature(
            f"The last byte of an Ethereum signature, v, can't be {v}."
        )
    compact = lower_s(signature[:64])
    try:
        key = recover(compact, parity, digest)
    except ValueError:
        raise InvalidSignature(
            "No key can have made this signature: r or s is out of range, or r is"
            " no point of the curve."
        ) from None
    return address_of(key), compact + signature[64:]


def verified(address: bytes, remembered: bytes) -> VerifiedSignature:
    """Say what a verified signature proves.

    address: the signer's, 20 bytes.
    remembered: see `xmtp_identity.kinds.VerifiedSignature`.
    """
    signer = MemberIdentifier(KIND, "0x" + address.hex())
    return VerifiedSignature(signer, address, remembered)


def detached(error: SignatureError) -> SignatureError:
    """Free an error from the frames that it passed, as it is kept as a value.

    They would keep all items of the call in memory as long as it lives.
    """
    error.__context__ = None
    return error.with_traceback(None)


def admit(item: SignatureItem, _verified: VerifiedSignature, _policy: Any) -> None:
    """Admit the one canonical form of a signature; see `admit_signature`."""
    admit_signature(read_payload(item.payload))


def admit_signature(signature: bytes) -> None:
    """Refuse a high s, which clients read in two ways, and chains in v.

    signature: r || s || v, 65 bytes.

    Raises `NotAdmitted` with the code ``ethereum_signature_form``.
    """
    if signature[64] not in _ADMITTED_V:
        raise NotAdmitted(
            "The last byte of an Ethereum signature, v, must be 27 or 28, or 0 or 1;"
            f" this one is {signature[64]}.",
            code="ethereum_signature_form",
        )
    if lower_s(signature[:64]) != signature[:64]:
        raise NotAdmitted(
            "The s of this Ethereum signature is in the upper half (EIP-2), which"
            " clients read in different ways.",
            code="ethereum_signature_form",
        )
