"""Verifying passkey signatures, as XMTP's reference client decides.

A signature is a WebAuthn assertion (WebAuthn level 3, section 6.3.3): ECDSA
on P-256 with SHA-256 over the authenticator data and the hash of the client
data, whose challenge is the text of the update. Replay looks at nothing else
in it; `xmtp_identity_passkey.admission` does.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature as Mismatch
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from xmtp_identity.errors import InvalidSignature, SignatureError
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import Context, SignatureItem, VerifiedSignature
from xmtp_identity.wire.scan import strict_parse

from .client_data import NotOneObject, read_object
from .identifier import KIND
from .p256 import FIELD_BYTES, UNCOMPRESSED_BYTES, N, P
from .v1.passkey_pb2 import RecoverablePasskeySignature

__all__ = [
    "PublicKey",
    "challenge_of",
    "check_ecdsa",
    "fixed_signature",
    "load_public_key",
    "verify_many",
]

_ECDSA_SHA256: Final = ec.ECDSA(SHA256())
_COMPRESSED_BYTES: Final = 1 + FIELD_BYTES
_MAX_KEYS: Final = 1024

_COMPACT: Final = 0x05
_SEQUENCE: Final = 0x30
_INTEGER: Final = 0x02
_MIN_INTEGER: Final = 2 + 1
_MIN_DER: Final = 2 + 2 * _MIN_INTEGER
_MAX_DER: Final = 2 + 2 * (2 + 1 + FIELD_BYTES)
_SIGN: Final = 0x80
_PADDED: Final = bytes((_SIGN,))


class PublicKey(NamedTuple):
    """A loaded key and its uncompressed encoding (65 bytes: 04, x, y)."""

    key: ec.EllipticCurvePublicKey
    uncompressed: bytes


def verify_many(
    items: Sequence[SignatureItem], context: Context
) -> list[VerifiedSignature | SignatureError]:
    """Verify passkey signatures (number 5); see `xmtp_identity.kinds.Proof`.

    items: payloads are serialized `RecoverablePasskeySignature` messages.
    context: not used; a passkey needs no chain.

    The signer's relying party is the origin that the client data names, as in
    the reference client; the bytes remembered are r and s as signed, 32 bytes
    each. Time is linear in the size of the items.
    """
    del context
    challenges: dict[bytes, str] = {}
    results: list[VerifiedSignature | SignatureError] = []
    for item in items:
        challenge = challenges.get(item.text)
        if challenge is None:
            challenge = challenges[item.text] = challenge_of(item.text)
        try:
            results.append(_verify(item.payload, challenge))
        except SignatureError as error:
            # Tracebacks would keep the frames of every failed item alive.
            error.__context__ = None
            results.append(error.with_traceback(None))
    return results


def challenge_of(text: bytes) -> str:
    """The challenge for a text: unpadded base64url (RFC 4648, section 5)."""
    return urlsafe_b64encode(text).rstrip(b"=").decode("ascii")


def _verify(payload: bytes, challenge: str) -> VerifiedSignature:
    message = strict_parse(RecoverablePasskeySignature, payload)
    client_data_json = message.client_data_json
    # First of all, so that this refusal is named whatever else is wrong.
    origin = _origin(client_data_json, challenge)
    signed = message.authenticator_data + hashlib.sha256(client_data_json).digest()
    key, remembered = check_ecdsa(message.public_key, message.signature, signed)
    signer = MemberIdentifier(KIND, message.public_key.hex(), origin)
    return VerifiedSignature(signer, key.uncompressed, remembered)


def check_ecdsa(
    public_key: bytes, signature: bytes, message: bytes
) -> tuple[PublicKey, bytes]:
    """Check one ECDSA signature on P-256 with SHA-256 (FIPS 186-5, section 6.4.2).

    public_key: SEC1; see `load_public_key`. signature: strict DER; see
    `fixed_signature`. message: what was signed, not hashed.

    Gives the key, and r and s in 64 bytes. Raises `InvalidSignature`.
    """
    key = load_public_key(public_key)
    if key is None:
        raise InvalidSignature(
            "The public key is not a point of P-256 in a form that SEC1 knows.",
            code="passkey_public_key",
        )
    fixed = fixed_signature(signature)
    if fixed is None:
        raise InvalidSignature(
            "The signature is not the strict DER of two numbers in range.",
            code="passkey_signature_form",
        )
    try:
        key.key.verify(signature, message, _ECDSA_SHA256)
    except Mismatch:
        raise InvalidSignature("The passkey did not sign this.") from None
    return key, fixed


def _origin(client_data_json: bytes, challenge: str) -> str:
    """The origin in the client data, once the challenge is found right."""
    try:
        client_data = read_object(client_data_json)
    except NotOneObject as error:
        raise InvalidSignature(
            f"The client data is refused: {error}.",
            code="client_data_json",
            deviation=True,
        ) from None
    if client_data.get("challenge") != challenge:
        raise InvalidSignature(
            "The challenge in the client data is not the text of this update.",
            code="client_data_challenge",
        )
    origin = client_data.get("origin")
    if not isinstance(origin, str):
        raise InvalidSignature(
            "The client data names no origin.", code="client_data_origin"
        )
    return origin


def load_public_key(key: bytes) -> PublicKey | None:
    """Load a key in the SEC1 forms that the reference client takes.

    key: uncompressed (04), compressed (02, 03) or compact (05, an x alone;
    of its two points the one with the smaller y). None for anything else:
    hybrid (06, 07), infinity (00), a wrong length, no point of the curve.
    """
    # Lengths are checked before the cache, so that it holds only small keys.
    if len(key) not in (_COMPRESSED_BYTES, UNCOMPRESSED_BYTES):
        return None
    return _load_public_key(key)


@lru_cache(maxsize=_MAX_KEYS)
def _load_public_key(encoded: bytes) -> PublicKey | None:
    """A pure function of its bytes, so what it gave can be kept."""
    if encoded[0] == _COMPACT:
        return _load_compact(encoded[1:])
    try:
        # Takes the tags 02, 03 and 04 only, each with its own length.
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), encoded)
    except ValueError:
        return None
    return PublicKey(
        key, key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )


def _load_compact(x: bytes) -> PublicKey | None:
    if len(x) != FIELD_BYTES:
        return None
    even = _load_public_key(b"\x02" + x)
    if even is None:
        return None
    y = int.from_bytes(even.uncompressed[1 + FIELD_BYTES :])
    return even if y < P - y else _load_public_key(b"\x03" + x)


def fixed_signature(der: bytes) -> bytes | None:
    """The numbers r and s, 32 bytes each, of an ECDSA signature in strict DER.

    None unless it is exactly a SEQUENCE of two INTEGERs from 1 to n - 1, in
    the shortest encoding and with nothing behind (X.690, sections 8.3 and 10).
    A high s is fine: authenticators make such.
    """
    if not _MIN_DER <= len(der) <= _MAX_DER:
        return None
    if der[0] != _SEQUENCE or der[1] != len(der) - 2:
        return None
    middle = 4 + der[3]
    r = _integer(der[2:middle])
    s = _integer(der[middle:])
    return None if r is None or s is None else r + s


def _integer(der: bytes) -> bytes | None:
    """One DER INTEGER from 1 to n - 1, and nothing else, as 32 bytes."""
    if len(der) < _MIN_INTEGER or der[0] != _INTEGER or der[1] != len(der) - 2:
        return None
    first = der[2]
    if first & _SIGN or (first == 0 and not der[3:4] >= _PADDED):
        return None
    value = int.from_bytes(der[2:])
    return value.to_bytes(FIELD_BYTES) if 0 < value < N else None
