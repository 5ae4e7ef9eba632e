"""Assertions for the tests: right ones, and wrong ones signed all the same."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from xmtp_identity.errors import SignatureError
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_passkey.p256 import N
from xmtp_identity_passkey.signature import challenge_of, verify_many
from xmtp_identity_passkey.v1.passkey_pb2 import RecoverablePasskeySignature

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[2]

TEXT: Final = (
    "XMTP : Authenticate to inbox\n\nInbox ID: ab\nCurrent time: "
    "2026-01-01T00:00:00Z\n\n- Link passkey to inbox\n  (Passkey: 04aa)\n\n"
    "For more info: https://xmtp.org/signatures"
)
CHALLENGE: Final = challenge_of(TEXT.encode())
RELYING_PARTY: Final = "example.org"
ORIGIN: Final = "https://example.org"
AUTHENTICATOR_DATA: Final = (
    hashlib.sha256(RELYING_PARTY.encode()).digest() + b"\x05" + bytes(4)
)

Result = VerifiedSignature | SignatureError


def client_data(**changes: Any) -> bytes:
    """Client data as a browser writes it, with changes; None takes a key away."""
    content = {
        "type": "webauthn.get",
        "challenge": CHALLENGE,
        "origin": ORIGIN,
        "crossOrigin": False,
    } | changes
    kept = {key: value for key, value in content.items() if value is not None}
    return json.dumps(kept, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Authenticator:
    """Signs whatever it is given, as no real authenticator would."""

    key: ec.EllipticCurvePrivateKey

    @classmethod
    def of(cls, seed: str) -> Authenticator:
        number = int.from_bytes(hashlib.sha256(seed.encode()).digest()) % (N - 1) + 1
        return cls(ec.derive_private_key(number, ec.SECP256R1()))

    def public_key(self, form: PublicFormat = PublicFormat.UncompressedPoint) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, form)

    def signature(
        self,
        client_data_json: bytes | None = None,
        authenticator_data: bytes = AUTHENTICATOR_DATA,
    ) -> RecoverablePasskeySignature:
        if client_data_json is None:
            client_data_json = client_data()
        signed = authenticator_data + hashlib.sha256(client_data_json).digest()
        return RecoverablePasskeySignature(
            public_key=self.public_key(),
            signature=self.key.sign(signed, ec.ECDSA(SHA256())),
            authenticator_data=authenticator_data,
            client_data_json=client_data_json,
        )


ALICE: Final = Authenticator.of("alice")
BOB: Final = Authenticator.of("bob")


def item(
    message: RecoverablePasskeySignature, text: str | bytes = TEXT
) -> SignatureItem:
    raw = text.encode() if isinstance(text, str) else text
    return SignatureItem(raw, message.SerializeToString())


def verify(message: RecoverablePasskeySignature, text: str | bytes = TEXT) -> Result:
    (result,) = verify_many([item(message, text)], {})
    return result


def verified(
    message: RecoverablePasskeySignature, text: str | bytes = TEXT
) -> VerifiedSignature:
    result = verify(message, text)
    assert isinstance(result, VerifiedSignature), result
    return result


def refused(
    message: RecoverablePasskeySignature, text: str | bytes = TEXT
) -> SignatureError:
    result = verify(message, text)
    assert isinstance(result, SignatureError), result
    return result


def shared(name: str) -> Any:
    """A published vector file, which stands beside the project, not in it."""
    path = ROOT.parent / "shared" / "vectors" / name
    if not path.is_file():
        pytest.skip(f"the shared vectors are not here: {name}")
    return json.loads(path.read_text(encoding="utf-8"))


def data(name: str) -> Any:
    return json.loads((HERE / "data" / name).read_text(encoding="utf-8"))
