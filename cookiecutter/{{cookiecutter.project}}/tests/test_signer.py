{% set carries_key = cookiecutter.form == "address" and not cookiecutter.recoverable %}
"""Key files, and what people paste; private keys stay out of every error."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from xmtp_identity.errors import BadInput
from xmtp_identity.kinds import SignatureItem, VerifiedSignature

from {{ cookiecutter.module }}.identifier import (
    KIND,
    NUMBER,
)
{% if carries_key %}
from {{ cookiecutter.module }}.keys import (
    KEY_BYTES,
)
{% endif %}
from {{ cookiecutter.module }}.signature import (
    verify_many,
)
from {{ cookiecutter.module }}.signer import (
    KeySigner,
    load_key,
    new_key,
    read_signature,
)

ALICE = KeySigner(b"\1" * 32)
WIRE = ALICE.sign("text")
FILE = json.dumps({"kind": KIND, "secret": ALICE.secret.hex()}).encode()


def ask() -> str:
    raise AssertionError("these files have no password")


def pasted(payload: bytes) -> list[str]:
    """A payload as people may give it."""
{% if carries_key %}
    key, signature = payload[:KEY_BYTES].hex(), payload[KEY_BYTES:]
    return [
        f"{key}:{signature.hex()}",
        f"{key}:0x{signature.hex().upper()}",
        f" {key}:{b64encode(signature).decode()}\n",
    ]
{% else %}
    return [
        payload.hex(),
        f"0x{payload.hex().upper()}",
        f" {b64encode(payload).decode()}\n",
    ]
{% endif %}


def test_a_fresh_key_signs() -> None:
    signer = load_key(new_key(), ask)
    number, payload = signer.sign("text")
    assert number == NUMBER
    item = SignatureItem(b"text", payload, signer.identifier)
    (answer,) = verify_many([item], {})
    assert isinstance(answer, VerifiedSignature)
    assert signer.identifier != load_key(new_key(), ask).identifier


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff",
        b"[" * 4000,
        FILE + FILE,
        FILE.replace(b"secret", b"secrets"),
        FILE.replace(KIND.encode(), b"ethereum"),
        FILE[:-1] + b', "kind": "ethereum"}',
{% if cookiecutter.scheme not in ("ed25519", "empty") %}
        FILE.replace(b"01", b"00"),  # zero
{% endif %}
        FILE.replace(b"01", b""),
        FILE.replace(b"01", b"0g"),
        FILE + b" " * 5000,
    ],
)
def test_another_file_is_refused_and_not_repeated(content: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        load_key(content, ask)
    assert "01010101" not in refused.value.detail


@pytest.mark.parametrize("text", pasted(WIRE.payload))
def test_what_a_wallet_gives_can_be_pasted(text: str) -> None:
    assert WIRE in read_signature(text, ALICE.identifier)


@pytest.mark.parametrize(
    "text", ["", "0x", "text", "00", ALICE.secret.hex(), ":", "=="]
)
def test_another_text_is_no_signature_and_not_repeated(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_signature(text, ALICE.identifier)
    assert "01010101" not in refused.value.detail


def test_a_private_key_is_not_shown() -> None:
    assert ALICE.secret.hex() not in repr(ALICE)
    assert repr(ALICE.secret) not in repr(ALICE)
    with pytest.raises(BadInput):
        KeySigner(b"\1" * 31)
