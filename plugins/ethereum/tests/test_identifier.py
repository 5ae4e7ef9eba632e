"""Addresses: strict from people, lenient from the network, clean on admission."""

from __future__ import annotations

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import InvalidIdentifier, NotAdmitted, Undecodable
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity_ethereum.identifier import (
    admit,
    can_own,
    decode,
    decode_string,
    encode,
    parse,
)

from .support import ABAB, vectors

MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # from ERC-55's text

addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())


def test_the_examples_of_eip_55_are_read() -> None:
    examples = vectors("standards/ethereum/eip55.json")
    for address in examples["valid_checksummed"] + examples["others"]:
        assert parse(address).value == address.lower()


@given(addresses)
def test_any_of_three_ways_to_write_an_address_gives_the_same(address: str) -> None:
    upper = "0x" + address[2:].upper()
    for text in (address, upper, to_checksum_address(address)):
        assert parse(text) == MemberIdentifier("ethereum", address)


@given(addresses, st.integers(2, 41))
def test_one_letter_in_the_wrong_case_is_an_error(address: str, place: int) -> None:
    right = to_checksum_address(address)
    wrong = right[:place] + right[place].swapcase() + right[place + 1 :]
    digits = wrong[2:]
    if digits in (right[2:], digits.lower(), digits.upper()):
        return
    with pytest.raises(InvalidIdentifier, match="EIP-55"):
        parse(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ABAB[2:],
        "0X" + ABAB[2:],
        ABAB[:-1],
        ABAB + "a",
        ABAB + "\n",
        " " + ABAB,
        ABAB[:-2] + "a ",
        ABAB[:-1] + "g",
        ABAB[:-1] + "\u0661",  # a digit to str.isdigit, and to int
        ABAB[:-1] + "\uff41",  # a full-width a
        "eip155:1:" + ABAB,
        "vitalik.eth",
    ],
)
def test_what_is_not_exactly_an_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifier, match="0x and 40 hex digits"):
        parse(text)


def test_a_private_key_pasted_as_an_address_is_not_in_the_error() -> None:
    secret = "c0ffee" * 10 + "beef"
    with pytest.raises(InvalidIdentifier) as refused:
        parse(secret)
    assert "c0ffee" not in str(refused.value)


@given(st.text(st.characters(codec="utf-8")))
def test_any_string_of_the_log_is_taken_as_it_is(value: str) -> None:
    payload = value.encode()
    identifier = decode(payload)
    assert identifier == MemberIdentifier("ethereum", value)
    assert identifier == decode_string(value, "https://example.org")
    assert encode(identifier) == payload


@pytest.mark.parametrize("payload", [b"\xff", b"0x\xc3", b"\xed\xa0\x80", b"\xc0\x80"])
def test_bytes_that_are_not_utf_8_are_undecodable(payload: bytes) -> None:
    with pytest.raises(Undecodable, match="UTF-8"):
        decode(payload)


@given(addresses)
def test_what_was_parsed_is_admitted(address: str) -> None:
    if int(address, 16) > 0x1FF:
        admit(parse(address))


@pytest.mark.parametrize(
    "value",
    ["", "0xAB" + ABAB[4:], ABAB[2:], "0X" + ABAB[2:], ABAB + "\n", ABAB + "a", "é"],
)
def test_an_address_that_is_not_canonical_is_not_admitted(value: str) -> None:
    with pytest.raises(NotAdmitted) as refused:
        admit(MemberIdentifier("ethereum", value))
    assert refused.value.code == "ethereum_address_form"


@pytest.mark.parametrize("number", [0, 1, 4, 9, 0x100, 0x1FF])
def test_zero_address_and_precompiles_are_not_admitted(number: int) -> None:
    with pytest.raises(NotAdmitted) as refused:
        admit(MemberIdentifier("ethereum", f"0x{number:040x}"))
    assert refused.value.code == "ethereum_address_reserved"


def test_the_address_after_the_last_precompile_is_admitted() -> None:
    admit(MemberIdentifier("ethereum", f"0x{0x200:040x}"))


def test_only_an_address_with_0x_in_lower_case_can_own_an_inbox() -> None:
    assert can_own(MemberIdentifier("ethereum", "0x" + "ab" * 20))
    for value in ("ab" * 20, "0x" + "AB" * 20, "0x" + "ab" * 19, "", "0X" + "ab" * 20):
        assert not can_own(MemberIdentifier("ethereum", value))
