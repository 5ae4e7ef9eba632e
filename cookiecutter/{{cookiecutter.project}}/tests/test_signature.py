{% set carries_key = cookiecutter.form == "address" and not cookiecutter.recoverable %}
"""A signature counts for one member and one text, in one form."""

from __future__ import annotations

import pytest
from xmtp_identity.errors import InvalidSignature
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature

from {{ cookiecutter.module }}.identifier import (
    KIND,
    encode,
)
from {{ cookiecutter.module }}.keys import (
{% if carries_key %}
    KEY_BYTES,
{% endif %}
    sign,
)
from {{ cookiecutter.module }}.signature import (
    PAYLOAD_BYTES,
    signed_message,
    verify_many,
)
from {{ cookiecutter.module }}.signer import (
    KeySigner,
)

TEXT = b"- Link this\n  to inbox"
ALICE, BOB = KeySigner(b"\1" * 32), KeySigner(b"\2" * 32)
PAYLOAD = ALICE.sign(TEXT.decode()).payload


def verdict(
    payload: bytes = PAYLOAD,
    text: bytes = TEXT,
    signer: MemberIdentifier | None = ALICE.identifier,
) -> object:
    (answer,) = verify_many([SignatureItem(text, payload, signer)], {})
    return answer


def test_a_signature_proves_its_signer() -> None:
    own = encode(ALICE.identifier)
    assert len(PAYLOAD) == PAYLOAD_BYTES
    assert verdict() == VerifiedSignature(ALICE.identifier, own, PAYLOAD)


def test_it_proves_nobody_else() -> None:
    assert isinstance(verdict(signer=BOB.identifier), InvalidSignature)
    other = BOB.sign(TEXT.decode()).payload
    assert isinstance(verdict(other), InvalidSignature)
{% if carries_key %}


def test_the_key_in_a_payload_is_not_believed() -> None:
    other = BOB.sign(TEXT.decode()).payload
    for mixed in (
        PAYLOAD[:KEY_BYTES] + other[KEY_BYTES:],
        other[:KEY_BYTES] + PAYLOAD[KEY_BYTES:],
    ):
        assert isinstance(verdict(mixed), InvalidSignature)
{% endif %}


@pytest.mark.parametrize("text", [b"", TEXT + b"\n", TEXT[:-1], TEXT.lower(), b"\xff"])
def test_it_proves_no_other_text(text: bytes) -> None:
    assert isinstance(verdict(text=text), InvalidSignature)


def test_no_bit_of_it_can_be_flipped() -> None:
    for index in range(len(PAYLOAD)):
        for bit in range(8):
            flipped = bytearray(PAYLOAD)
            flipped[index] ^= 1 << bit
            assert isinstance(verdict(bytes(flipped)), InvalidSignature)


@pytest.mark.parametrize("size", [0, 1, PAYLOAD_BYTES - 1, PAYLOAD_BYTES + 1, 9999])
def test_another_length_is_refused(size: int) -> None:
    answer = verdict((PAYLOAD * 300)[:size])
    assert isinstance(answer, InvalidSignature)
    assert answer.code == f"{KIND}_signature_form"


def test_a_signature_of_the_bare_text_is_refused() -> None:
    """Another application may let the key sign any text, this one among them."""
    assert signed_message(TEXT, ALICE.identifier) != TEXT
{% if carries_key %}
    bare = PAYLOAD[:KEY_BYTES] + sign(ALICE.secret, TEXT)
{% else %}
    bare = sign(ALICE.secret, TEXT)
{% endif %}
    assert isinstance(verdict(bare), InvalidSignature)


def test_a_signer_that_is_none_of_this_kind_is_an_answer() -> None:
    for signer in (None, MemberIdentifier("ethereum", ALICE.identifier.value)):
        answer = verdict(signer=signer)
        assert isinstance(answer, InvalidSignature)
        assert answer.code == f"{KIND}_signer"


def test_many_are_answered_in_their_order() -> None:
    good = SignatureItem(TEXT, PAYLOAD, ALICE.identifier)
    bad = SignatureItem(TEXT, PAYLOAD, BOB.identifier)
    answers = verify_many([good, bad, good], {})
    assert [isinstance(one, VerifiedSignature) for one in answers] == [
        True,
        False,
        True,
    ]
    assert verify_many([], {}) == []
