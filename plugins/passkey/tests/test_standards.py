"""Published vectors: Wycheproof for ECDSA, W3C's for WebAuthn."""

from __future__ import annotations

from typing import Any

import pytest
from fido2.webauthn import AttestationObject

from xmtp_identity.errors import InvalidSignature, NotAdmitted, SignatureError
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_passkey.admission import admit
from xmtp_identity_passkey.signature import check_ecdsa, verify_many
from xmtp_identity_passkey.v1.passkey_pb2 import RecoverablePasskeySignature

from .assertions import shared

ES256 = -7

# W3C's assertions that the default policy does not admit.
W3C_NOT_ADMITTED = {
    "sctn-test-vectors-none-es256-crossOrigin": "passkey_cross_origin",
    "sctn-test-vectors-none-es256-topOrigin": "passkey_cross_origin",
}


def test_wycheproof_all_vectors_for_p256_with_sha256_in_der() -> None:
    vectors = shared("standards/passkey/ecdsa_secp256r1_sha256_test.json")
    decided = 0
    for group in vectors["testGroups"]:
        # Nothing is left out: the file holds P-256 with SHA-256 in DER alone.
        assert (group["publicKey"]["curve"], group["sha"]) == ("secp256r1", "SHA-256")
        key = bytes.fromhex(group["publicKey"]["uncompressed"])
        for test in group["tests"]:
            arguments = bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            try:
                check_ecdsa(key, *arguments)
                result = "valid"
            except InvalidSignature:
                result = "invalid"
            assert result == test["result"], (test["tcId"], test["comment"])
            decided += 1
    assert decided == vectors["numberOfTests"]


def test_w3c_assertions_of_es256_verify_and_are_admitted_but_for_framed_ones() -> None:
    decided: dict[str, str | None] = {}
    for vector in shared("standards/passkey/w3c-webauthn-l3-vectors.json"):
        item = _item(vector)
        (result,) = verify_many([item], {})
        if _algorithm(vector) != ES256:
            assert isinstance(result, SignatureError)
            assert result.code == "passkey_public_key"
            continue
        assert isinstance(result, VerifiedSignature), vector["name"]
        assert result.signer.relying_party == vector["origin"]
        try:
            admit(item, result, None)
            decided[vector["id"]] = None
        except NotAdmitted as error:
            decided[vector["id"]] = error.code
    assert len(decided) >= 9
    refused = {name: code for name, code in decided.items() if code is not None}
    assert refused == W3C_NOT_ADMITTED


def test_w3c_registrations_are_not_admitted_though_the_same_key_signs() -> None:
    for vector in shared("standards/passkey/w3c-webauthn-l3-vectors.json"):
        if vector["id"] != "sctn-test-vectors-packed-self-es256":
            continue
        # Self attestation: the credential signs its own registration.
        registration = vector["registration"]
        attestation = AttestationObject(
            bytes.fromhex(registration["attestationObject"])
        )
        message = RecoverablePasskeySignature(
            public_key=_key(vector),
            signature=attestation.att_stmt["sig"],
            authenticator_data=attestation.auth_data,
            client_data_json=bytes.fromhex(registration["clientDataJSON"]),
        )
        item = SignatureItem(
            bytes.fromhex(registration["challenge"]), message.SerializeToString()
        )
        (result,) = verify_many([item], {})
        assert isinstance(result, VerifiedSignature)
        with pytest.raises(NotAdmitted) as caught:
            admit(item, result, None)
        assert caught.value.code == "passkey_type"


def _credential(vector: dict[str, Any]) -> dict[int, Any]:
    attestation = bytes.fromhex(vector["registration"]["attestationObject"])
    credential = AttestationObject(attestation).auth_data.credential_data
    assert credential is not None
    return dict(credential.public_key)


def _algorithm(vector: dict[str, Any]) -> int:
    return int(_credential(vector)[3])


def _key(vector: dict[str, Any]) -> bytes:
    credential = _credential(vector)
    x, y = credential.get(-2), credential.get(-3)
    parts = [part for part in (x, y) if isinstance(part, bytes)]
    return b"\x04" + b"".join(parts)


def _item(vector: dict[str, Any]) -> SignatureItem:
    assertion = vector["authentication"]
    message = RecoverablePasskeySignature(
        public_key=_key(vector),
        signature=bytes.fromhex(assertion["signature"]),
        authenticator_data=bytes.fromhex(assertion["authenticatorData"]),
        client_data_json=bytes.fromhex(assertion["clientDataJSON"]),
    )
    return SignatureItem(
        bytes.fromhex(assertion["challenge"]), message.SerializeToString()
    )
