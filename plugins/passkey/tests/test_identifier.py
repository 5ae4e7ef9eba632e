"""Identifiers: strict for people, lenient for logs, clean on admission."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import InvalidIdentifier, NotAdmitted, Undecodable
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity_passkey.identifier import (
    admit,
    decode,
    decode_string,
    encode,
    parse,
)
from xmtp_identity_passkey.p256 import P, is_on_curve
from xmtp_identity_passkey.v1.passkey_pb2 import Passkey

from .assertions import ALICE

KEY = ALICE.public_key()
COMPRESSED = ALICE.public_key(PublicFormat.CompressedPoint)
X, Y = KEY[1:33], KEY[33:]

BAD_KEYS = {
    "infinity": b"\x00",
    "infinity, padded": bytes(65),
    "compressed": COMPRESSED,
    "compact": b"\x05" + X,
    "hybrid, even": b"\x06" + X + Y,
    "hybrid, odd": b"\x07" + X + Y,
    "unknown tag": b"\x08" + X + Y,
    "no tag": X + Y,
    "empty": b"",
    "too short": KEY[:-1],
    "too long": KEY + b"\x00",
    "off the curve": KEY[:-1] + bytes([KEY[-1] ^ 1]),
    "origin": b"\x04" + bytes(64),
    "x not reduced": b"\x04" + b"\xff" * 32 + Y,
    "y not reduced": b"\x04" + X + b"\xff" * 32,
}

# What fromhex, int(x, 16) or a regex with $ would let through.
BAD_TEXTS = {
    "line feed behind": KEY.hex() + "\n",
    "space before": " " + KEY.hex(),
    "spaces within": " ".join(f"{byte:02x}" for byte in KEY),
    "underscore": KEY.hex()[:4] + "_" + KEY.hex()[5:],
    "odd length": KEY.hex()[:-1],
    "full-width digits": KEY.hex().replace("0", "\uff10", 1),
    "not hex": "g" * 130,
    "a name": "example.org",
}


def test_parse_gives_lower_case_for_either_case() -> None:
    expected = MemberIdentifier("passkey", KEY.hex())
    assert parse(KEY.hex()) == expected
    assert parse(KEY.hex().upper()).value == expected.value


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_parse_refuses_what_is_no_uncompressed_key_on_the_curve(key: bytes) -> None:
    with pytest.raises(InvalidIdentifier):
        parse(key.hex())


@pytest.mark.parametrize(
    "text", [*BAD_TEXTS.values(), "0x" + KEY.hex(), ""], ids=[*BAD_TEXTS, "0x", "empty"]
)
def test_parse_refuses_anything_around_or_within_the_hex(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        parse(text)


def test_parse_asks_for_the_uncompressed_key_when_given_a_compressed_one() -> None:
    with pytest.raises(InvalidIdentifier, match="give the uncompressed one"):
        parse(COMPRESSED.hex())


@given(st.binary(max_size=80), st.none() | st.text(max_size=20))
def test_decode_takes_any_key_bytes_and_encode_gives_them_back(
    key: bytes, relying_party: str | None
) -> None:
    message = Passkey(key=key)
    if relying_party is not None:
        message.relying_party = relying_party
    payload = message.SerializeToString()
    identifier = decode(payload)
    assert identifier.value == key.hex()
    assert identifier.relying_party == relying_party
    assert encode(identifier) == payload


def test_an_empty_relying_party_is_not_a_missing_one() -> None:
    assert decode(encode(MemberIdentifier("passkey", "", ""))).relying_party == ""
    assert decode(encode(MemberIdentifier("passkey", ""))).relying_party is None


def test_the_relying_party_takes_no_part_in_equality() -> None:
    assert decode_string("04aa", "a.example") == decode_string("04aa", None)


@given(st.binary(max_size=200))
def test_decode_answers_any_bytes_with_an_identifier_or_undecodable(
    payload: bytes,
) -> None:
    try:
        identifier = decode(payload)
    except Undecodable:
        return
    assert bytes.fromhex(identifier.value).hex() == identifier.value


def test_decode_merges_a_message_that_comes_in_two_parts() -> None:
    parts = Passkey(key=KEY).SerializeToString(), b"\x12\x01a"
    assert decode(b"".join(parts)) == MemberIdentifier("passkey", KEY.hex())
    assert decode(b"".join(parts)).relying_party == "a"


def test_decode_refuses_a_known_field_of_the_wrong_wire_type() -> None:
    with pytest.raises(Undecodable):
        decode(b"\x08\x01")


def test_decode_string_takes_hex_of_either_case_and_an_optional_0x() -> None:
    for text in ("04aB", "04ab", "04AB", "0x04aB"):
        assert decode_string(text, None).value == "04ab"
    assert decode_string("", None).value == ""
    assert decode_string("0x", None).value == ""
    assert decode_string("04ab", "a.example").relying_party == "a.example"


def test_0x_with_a_capital_is_a_deviation_for_releases_differ_on_it() -> None:
    with pytest.raises(Undecodable) as caught:
        decode_string("0X04ab", None)
    assert caught.value.deviation
    assert caught.value.code == "identifier_text"


@pytest.mark.parametrize("text", [*BAD_TEXTS.values(), "0x0x04", "x", "0", "0x0"])
def test_decode_string_refuses_what_is_no_hex(text: str) -> None:
    with pytest.raises(InvalidIdentifier):
        decode_string(text, None)


@given(st.text(max_size=20))
def test_decode_string_answers_any_text(text: str) -> None:
    try:
        identifier = decode_string(text, None)
    except InvalidIdentifier:
        return
    assert identifier.value == text.removeprefix("0x").lower()


def test_encode_refuses_a_value_that_is_not_hex() -> None:
    with pytest.raises(InvalidIdentifier):
        encode(MemberIdentifier("passkey", "04 aa"))


@pytest.mark.parametrize(
    "party",
    [
        None,
        "example.org",
        "localhost",
        "xn--mnchen-3ya.example",
        "https://example.org",
        "http://localhost:8080",
        "android:apk-key-hash:" + "A" * 43,
    ],
)
def test_admission_takes_a_key_with_a_host_an_origin_or_no_relying_party(
    party: str | None,
) -> None:
    admit(MemberIdentifier("passkey", KEY.hex(), party))


@pytest.mark.parametrize("key", BAD_KEYS.values(), ids=BAD_KEYS.keys())
def test_admission_refuses_what_is_no_uncompressed_key_on_the_curve(key: bytes) -> None:
    with pytest.raises(NotAdmitted) as caught:
        admit(MemberIdentifier("passkey", key.hex()))
    assert caught.value.code == "passkey_key"


@pytest.mark.parametrize("value", [KEY.hex().upper(), "not hex"])
def test_admission_refuses_a_value_that_is_not_lower_case_hex(value: str) -> None:
    with pytest.raises(NotAdmitted) as caught:
        admit(MemberIdentifier("passkey", value))
    assert caught.value.code == "passkey_key"


@pytest.mark.parametrize(
    "party",
    [
        "",
        "Example.org",
        "example.org\n",
        "example.org:443",
        "example.org/",
        "a b",
        "http://example.org",
        "https://example.org/",
        "192.0.2.1",
        "[::1]",
        "m\u00fcnchen",
        "a..example",
        "-a.example",
        "a" * 64 + ".example",
        "a." * 127 + "a",
    ],
)
def test_admission_refuses_a_relying_party_that_is_neither_host_nor_origin(
    party: str,
) -> None:
    with pytest.raises(NotAdmitted) as caught:
        admit(MemberIdentifier("passkey", KEY.hex(), party))
    assert caught.value.code == "passkey_relying_party"


def test_the_curve_is_p256() -> None:
    x, y = int.from_bytes(X), int.from_bytes(Y)
    assert is_on_curve(x, y)
    assert is_on_curve(x, P - y)
    assert not is_on_curve(y, x)
    assert not is_on_curve(x, y + P)
