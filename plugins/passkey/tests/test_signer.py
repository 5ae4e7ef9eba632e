"""Signing: the software authenticator, and what a browser gives back."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest

from xmtp_identity.errors import BadInput
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_passkey.admission import PasskeyPolicy, admit
from xmtp_identity_passkey.identifier import admit as admit_identifier
from xmtp_identity_passkey.identifier import decode, encode
from xmtp_identity_passkey.p256 import N
from xmtp_identity_passkey.signature import verify_many
from xmtp_identity_passkey.signer import (
    SoftwarePasskey,
    load_key,
    new_key,
    read_signature,
    signing_tools,
)

from .assertions import ALICE, TEXT, data, verified

SECRET = "01" * 32
KEY_FILE = {
    "kind": "passkey",
    "private_key": SECRET,
    "relying_party": "example.org",
    "origin": "https://app.example.org",
}


def no_password() -> str:
    raise AssertionError("these key files have no password")


def loaded(**changes: object) -> SoftwarePasskey:
    return load_key(json.dumps(KEY_FILE | changes).encode(), no_password)


def test_a_fresh_key_signs_what_is_verified_and_admitted() -> None:
    signer = load_key(new_key(), no_password)
    number, payload = signer.sign(TEXT)
    assert number == 5
    item = SignatureItem(TEXT.encode(), payload)
    (result,) = verify_many([item], {})
    assert isinstance(result, VerifiedSignature)
    assert result.signer == signer.identifier
    admit(item, result, PasskeyPolicy(user_verification=True))
    admit_identifier(signer.identifier)


def test_two_fresh_keys_differ() -> None:
    assert new_key() != new_key()


def test_a_key_file_gives_back_its_key_and_where_it_is_used() -> None:
    signer = loaded()
    assert signer.private_key.private_numbers().private_value == int(SECRET, 16)
    assert signer.identifier.relying_party == "example.org"
    item = SignatureItem(TEXT.encode(), signer.sign(TEXT).payload)
    (result,) = verify_many([item], {})
    assert isinstance(result, VerifiedSignature)
    assert result.signer.relying_party == "https://app.example.org"
    admit(item, result, PasskeyPolicy(relying_parties=frozenset({"example.org"})))


def test_the_identifier_goes_over_the_wire_and_back() -> None:
    identifier = loaded().identifier
    again = decode(encode(identifier))
    assert (again, again.relying_party) == (identifier, "example.org")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        SECRET.encode(),
        json.dumps(KEY_FILE).encode() + b"{}",
        json.dumps(KEY_FILE | {"more": 1}).encode(),
        json.dumps(KEY_FILE)[:-1].encode() + b',"kind":"passkey"}',
        json.dumps(KEY_FILE).encode() + b" " * 5000,
        b"\xff",
    ],
)
def test_what_is_no_key_file_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput) as caught:
        load_key(content, no_password)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "ethereum"},
        {"relying_party": "https://example.org"},
        {"relying_party": 1},
        {"origin": "https://example.org/"},
        {"origin": None},
    ],
)
def test_a_key_file_of_other_values_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        loaded(**changes)


@pytest.mark.parametrize(
    "secret",
    [
        "00" * 32,
        f"{N:064x}",
        "ff" * 32,
        SECRET + "\n",
        "0x" + SECRET[2:],
        SECRET[:-1],
        SECRET[:-1] + "G",
        SECRET.replace("01", "AB"),
        " ".join(["01"] * 32),
        1,
        None,
    ],
)
def test_a_private_key_in_another_form_is_refused_and_not_repeated(
    secret: object,
) -> None:
    with pytest.raises(BadInput) as caught:
        loaded(private_key=secret)
    assert str(secret) not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_private_key_does_not_show() -> None:
    assert "private_key" not in repr(loaded())
    assert SECRET not in repr(loaded())


def test_a_real_browsers_answer_is_read() -> None:
    recorded = data("chromium-virtual-authenticator.json")
    credential = recorded["registration"]["response"]["publicKey"]
    key = _decoded(credential)[-65:]
    identifier = MemberIdentifier("passkey", key.hex())
    pasted = json.dumps(recorded["assertions"][0]["assertion"], indent=2)
    (signature,) = read_signature(f"\n{pasted}\n", identifier)
    item = SignatureItem(recorded["text"].encode(), signature.payload)
    (result,) = verify_many([item], {})
    assert isinstance(result, VerifiedSignature)
    assert result.signer == identifier


def answer(**changes: object) -> str:
    message = ALICE.signature()
    response = {
        "clientDataJSON": _encoded(message.client_data_json),
        "authenticatorData": _encoded(message.authenticator_data),
        "signature": _encoded(message.signature),
    } | changes
    return json.dumps({"type": "public-key", "response": response})


ALICES = MemberIdentifier("passkey", ALICE.public_key().hex())


def test_a_browsers_answer_is_carried_byte_for_byte() -> None:
    (signature,) = read_signature(answer(), ALICES)
    (result,) = verify_many([SignatureItem(TEXT.encode(), signature.payload)], {})
    assert isinstance(result, VerifiedSignature)
    assert result.word_key == verified(ALICE.signature()).word_key


@pytest.mark.parametrize(
    "value",
    [
        "AA=",
        "AA==",
        "AB",
        "A",
        "AA AA",
        "AA\n",
        "+/==",
        "+/8",
        "\u0391\u0391",
        "A*A",
        1,
        None,
    ],
)
def test_what_is_not_unpadded_base64url_is_refused(value: object) -> None:
    # Python's decoder by itself would skip or ignore most of these.
    for name in ("clientDataJSON", "authenticatorData", "signature"):
        with pytest.raises(BadInput, match=name):
            read_signature(answer(**{name: value}), ALICES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"response":1}',
        '{"response":{}}',
        "\ud800",
        "x" * 200_000,
        "[" * 100_000,
        '{"response":{},"response":{}}',
    ],
    ids=range(10),
)
def test_what_is_no_credential_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        read_signature(text, ALICES)


@pytest.mark.parametrize("value", ["", "00", "06" * 65, "not hex"])
def test_an_answer_for_what_is_no_key_is_refused(value: str) -> None:
    with pytest.raises(BadInput):
        read_signature(answer(), MemberIdentifier("passkey", value))


def test_the_tools_make_keys_that_they_load() -> None:
    tools = signing_tools()
    signer = tools.load_key(tools.new_key(), no_password)
    assert signer.sign(TEXT).number == 5


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
