"""Installation identifiers: lenient on replay, strict from people."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xmtp_identity.errors import InvalidIdentifier, NotAdmitted
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.installation import INSTALLATION, ed25519ph
from xmtp_identity.installation.signature import encode_signature
from xmtp_identity.kinds import SignatureItem, VerifiedSignature

from . import curve
from .corpus import odd_encodings

_KEY = ed25519ph.public_key(bytes(32)).hex()
_NO_POINT = curve.raw_encoding(2, 0).hex()
_UNSAFE = {
    "no point": _NO_POINT,
    "of order 1": curve.encode(curve.IDENTITY).hex(),
    "of order 2": curve.encode(curve.TORSION[4]).hex(),
    "of order 4, all zero": bytes(32).hex(),
    "of order 8": curve.encode(curve.TORSION[1]).hex(),
    "of mixed order": curve.encode(curve.add(curve.BASE, curve.TORSION[1])).hex(),
    "of order 2 L": curve.encode(curve.add(curve.BASE, curve.TORSION[4])).hex(),
    "unreduced": curve.raw_encoding(curve.P + 3, 0).hex(),
    "all ones": "ff" * 32,
}


def test_a_key_is_read_in_any_case_and_written_in_lower_case() -> None:
    expected = MemberIdentifier("installation", _KEY)
    assert INSTALLATION.parse(_KEY) == expected
    assert INSTALLATION.parse(_KEY.upper()) == expected
    assert str(expected) == f"installation:{_KEY}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"0x{_KEY}",
        f" {_KEY}",
        f"{_KEY}\n",
        f"{_KEY}00",
        _KEY[:-2],
        _KEY[:-1],
        f"{_KEY[:31]} {_KEY[32:]}",  # bytes.fromhex takes spaces
        f"{_KEY[:62]}\uff11\uff12",  # digits of another script
        f"{_KEY[:-1]}g",
    ],
)
def test_texts_that_are_not_64_hex_digits_are_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="64 hex digits"):
        INSTALLATION.parse(text)


@pytest.mark.parametrize("value", _UNSAFE.values(), ids=_UNSAFE)
def test_unsafe_keys_are_refused_from_people_and_on_admission(value: str) -> None:
    with pytest.raises(InvalidIdentifier, match="not one that an app makes"):
        INSTALLATION.parse(value)
    with pytest.raises(NotAdmitted) as caught:
        INSTALLATION.admit(INSTALLATION.decode(bytes.fromhex(value)))
    assert caught.value.code == "installation_key_unsafe"


def test_an_honest_key_is_admitted() -> None:
    INSTALLATION.admit(INSTALLATION.parse(_KEY))


def test_a_signature_by_an_unsafe_member_is_not_admitted() -> None:
    proof = INSTALLATION.proofs[3]
    admit = proof.admit
    assert admit is not None
    anyone = curve.encode(curve.BASE) + (1).to_bytes(32, "little")
    for _, key in odd_encodings(curve.IDENTITY):
        item = SignatureItem(b"any text", encode_signature(anyone, key))
        (verified,) = proof.verify_many([item], {})
        assert isinstance(verified, VerifiedSignature)
        with pytest.raises(NotAdmitted) as caught:
            admit(item, verified, None)
        assert caught.value.code == "installation_key_unsafe"
    honest = VerifiedSignature(INSTALLATION.parse(_KEY), bytes.fromhex(_KEY), b"")
    admit(item, honest, None)


@given(st.binary(max_size=100))
@example(b"")
@example(bytes(33))
def test_replay_takes_any_bytes_and_gives_them_back(payload: bytes) -> None:
    identifier = INSTALLATION.decode(payload)
    assert identifier == MemberIdentifier("installation", payload.hex())
    assert INSTALLATION.encode(identifier) == payload


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_another_length_are_not_admitted(length: int) -> None:
    with pytest.raises(NotAdmitted):
        INSTALLATION.admit(INSTALLATION.decode(bytes(length)))


@pytest.mark.parametrize("value", ["0", "AB", "a b0", "ab ", "0x00", "ab\n", "é"])
def test_values_that_replay_never_gives_are_not_encoded(value: str) -> None:
    with pytest.raises(InvalidIdentifier, match="hex in lower case"):
        INSTALLATION.encode(MemberIdentifier("installation", value))
