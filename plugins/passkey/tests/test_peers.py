"""Two independent readers of WebAuthn accept what we make and admit."""

from __future__ import annotations

from typing import Any, cast

import pytest
import webauthn
from fido2.cose import ES256
from fido2.webauthn import AuthenticatorData, CollectedClientData
from hypothesis import given
from hypothesis import strategies as st
from webauthn.helpers import bytes_to_base64url, encode_cbor
from webauthn.helpers.exceptions import InvalidAuthenticationResponse

from xmtp_identity.errors import NotAdmitted
from xmtp_identity.kinds import SignatureItem
from xmtp_identity_passkey.admission import admit
from xmtp_identity_passkey.signature import challenge_of
from xmtp_identity_passkey.signer import load_key, new_key
from xmtp_identity_passkey.v1.passkey_pb2 import RecoverablePasskeySignature

from .assertions import (
    ALICE,
    AUTHENTICATOR_DATA,
    CHALLENGE,
    ORIGIN,
    RELYING_PARTY,
    TEXT,
    client_data,
    item,
    refused,
    verified,
)

# Traps that py_webauthn falls into: duplicate keys, a byte order mark and
# padded challenges fail already in the verifier, topOrigin on admission.
PADDED = CHALLENGE + "=" * (-len(CHALLENGE) % 4)
LAX = {
    "duplicate keys": client_data()[:-1] + f',"challenge":"{CHALLENGE}"}}'.encode(),
    "a byte order mark": b"\xef\xbb\xbf" + client_data(),
    "a padded challenge": client_data(challenge=PADDED),
}


def cose(key: bytes) -> bytes:
    return encode_cbor({1: 2, 3: -7, -1: 1, -2: key[1:33], -3: key[33:]})


def ask_py_webauthn(
    message: RecoverablePasskeySignature,
    text: str = TEXT,
    party: str = RELYING_PARTY,
    origin: str = ORIGIN,
) -> None:
    """Raises `InvalidAuthenticationResponse` if py_webauthn refuses."""
    response = {
        "clientDataJSON": bytes_to_base64url(message.client_data_json),
        "authenticatorData": bytes_to_base64url(message.authenticator_data),
        "signature": bytes_to_base64url(message.signature),
    }
    credential: dict[str, Any] = {
        "id": "AA",
        "rawId": "AA",
        "type": "public-key",
        "response": response,
    }
    webauthn.verify_authentication_response(
        credential=credential,
        expected_challenge=text.encode(),
        expected_rp_id=party,
        expected_origin=origin,
        credential_public_key=cose(message.public_key),
        credential_current_sign_count=0,
    )


def ask_fido2(message: RecoverablePasskeySignature) -> CollectedClientData:
    """Raises if fido2 can't read it or the signature is wrong."""
    client = CollectedClientData(message.client_data_json)
    AuthenticatorData(message.authenticator_data)
    key = message.public_key
    # Its method has no types.
    peer = cast("Any", ES256({1: 2, 3: -7, -1: 1, -2: key[1:33], -3: key[33:]}))
    peer.verify(message.authenticator_data + client.hash, message.signature)
    return client


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=200))
def test_what_the_software_authenticator_signs_both_peers_accept(text: str) -> None:
    signer = load_key(new_key(RELYING_PARTY, ORIGIN), str)
    message = RecoverablePasskeySignature.FromString(signer.sign(text).payload)
    verified(message, text)
    ask_py_webauthn(message, text)
    client = ask_fido2(message)
    assert client.challenge == text.encode()
    assert client.origin == ORIGIN


@given(
    flags=st.integers(0, 255),
    kind=st.sampled_from(["webauthn.get", "webauthn.create"]),
    party=st.sampled_from(["example.org", "evil.example"]),
    rest=st.sampled_from([b"", b"\xa0", b"x"]),
)
def test_what_is_admitted_both_peers_accept(
    flags: int, kind: str, party: str, rest: bytes
) -> None:
    authenticator_data = AUTHENTICATOR_DATA
    if party != RELYING_PARTY:
        authenticator_data = bytes(32) + authenticator_data[32:]
    authenticator_data = (
        authenticator_data[:32] + bytes([flags]) + authenticator_data[33:] + rest
    )
    message = ALICE.signature(client_data(type=kind), authenticator_data)
    result = verified(message)
    try:
        admit(item(message), result, None)
    except NotAdmitted:
        return
    ask_py_webauthn(message)
    ask_fido2(message)


@pytest.mark.parametrize("raw", LAX.values(), ids=LAX.keys())
def test_where_a_peer_is_lax_the_verifier_is_not(raw: bytes) -> None:
    message = ALICE.signature(raw)
    ask_py_webauthn(message)
    refused(message)


def test_where_a_peer_is_lax_on_top_origin_admission_is_not() -> None:
    message = ALICE.signature(client_data(topOrigin="https://evil.com"))
    ask_py_webauthn(message)
    with pytest.raises(NotAdmitted):
        admit(item(message), verified(message), None)


def test_both_peers_refuse_a_signature_over_another_text_or_key() -> None:
    message = ALICE.signature()
    with pytest.raises(InvalidAuthenticationResponse):
        ask_py_webauthn(message, TEXT + "!")
    refused(message, TEXT + "!")
    message.authenticator_data += b"\0"
    with pytest.raises(InvalidAuthenticationResponse):
        ask_py_webauthn(message)
    refused(message)


def test_challenges_are_what_py_webauthn_makes_of_a_text() -> None:
    assert challenge_of(TEXT.encode()) == bytes_to_base64url(TEXT.encode())
    assert SignatureItem(TEXT.encode(), b"").text.decode() == TEXT
