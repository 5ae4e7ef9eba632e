"""Signing: key files of the Solana command line, and what wallets give back."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha512
from typing import Any

import pytest
from base58 import b58encode
from hypothesis import given
from hypothesis import strategies as st
from solders.keypair import Keypair

from xmtp_identity.errors import BadInput
from xmtp_identity.kinds import VerifiedSignature
from xmtp_identity_solana.identifier import encode
from xmtp_identity_solana.signer import (
    KeypairSigner,
    load_key,
    new_key,
    read_signature,
    tools,
)

from .support import signer, text_for, verify

WALLET = signer("wallet")
MEMBER = WALLET.identifier
NUMBERS = [*WALLET.seed, *encode(MEMBER)]
TEXT = text_for(MEMBER.value)
SIGNATURE = WALLET.sign(TEXT).payload


def no_password() -> str:
    raise AssertionError("these key files have no password")


def test_a_fresh_key_signs_what_is_verified() -> None:
    wallet = load_key(new_key(), no_password)
    number, payload = wallet.sign(TEXT)
    assert number == 100
    result = verify(wallet.identifier, TEXT.encode(), payload)
    assert isinstance(result, VerifiedSignature)
    assert result.signer == wallet.identifier


def test_two_fresh_keys_differ() -> None:
    assert new_key() != new_key()


def test_the_tools_make_keys_that_they_load() -> None:
    made = tools()
    wallet = made.load_key(made.new_key(), no_password)
    pasted = b58encode(wallet.sign(TEXT).payload).decode()
    assert made.read_signature(pasted, wallet.identifier) == [wallet.sign(TEXT)]


def test_the_command_lines_library_reads_our_key_files_and_we_read_its() -> None:
    content = new_key()
    theirs = Keypair.from_json(content.decode())
    ours = load_key(content, no_password)
    assert str(theirs.pubkey()) == ours.identifier.value
    assert theirs.to_json().encode() == content
    theirs = Keypair()
    ours = load_key(theirs.to_json().encode(), no_password)
    assert str(theirs.pubkey()) == ours.identifier.value


@pytest.mark.parametrize("indent", [None, 0, 2])
def test_a_key_file_may_be_laid_out_in_any_way(indent: int | None) -> None:
    content = json.dumps(NUMBERS, indent=indent).encode() + b"\n"
    assert load_key(content, no_password) == WALLET


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 4000,
        json.dumps(NUMBERS[:32]).encode(),
        json.dumps(NUMBERS[:63]).encode(),
        json.dumps([*NUMBERS, 0]).encode(),
        json.dumps({"key": NUMBERS}).encode(),
        json.dumps([NUMBERS]).encode(),
        json.dumps(NUMBERS)[:-1].encode(),
        json.dumps(NUMBERS).encode() * 2,
        json.dumps(NUMBERS).encode() + b" " * 5000,
        json.dumps(bytes(NUMBERS).hex()).encode(),
        b58encode(bytes(NUMBERS)),
    ],
    ids=range(16),
)
def test_what_is_no_key_file_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="no key file") as caught:
        load_key(content, no_password)
    assert caught.value.__cause__ is None
    assert not any(digit in caught.value.detail for digit in "13789")


@pytest.mark.parametrize("wrong", [-1, 256, 1.0, True, "1", None, [1], 10**30])
def test_a_number_that_is_no_byte_is_refused(wrong: Any) -> None:
    for place in (0, 40, 63):
        numbers: list[Any] = list(NUMBERS)
        numbers[place] = wrong
        with pytest.raises(BadInput, match="no key file"):
            load_key(json.dumps(numbers).encode(), no_password)


def test_a_key_file_whose_halves_do_not_match_is_refused() -> None:
    other = encode(signer("other").identifier)
    for second in (other, bytes(32), WALLET.seed):
        content = json.dumps([*WALLET.seed, *second]).encode()
        with pytest.raises(BadInput, match="damaged") as caught:
            load_key(content, no_password)
        assert WALLET.seed.hex() not in str(caught.value)


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_private_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(BadInput, match="32 bytes"):
        KeypairSigner(bytes(length))


def test_the_private_key_does_not_show() -> None:
    shown = repr(WALLET)
    assert MEMBER.value in shown
    assert "seed" not in shown
    assert str(WALLET.seed)[2:-1] not in shown


def readings(pasted: str) -> list[bytes]:
    found = read_signature(pasted, MEMBER)
    assert {reading.number for reading in found} == {100}
    return [reading.payload for reading in found]


@given(st.binary(min_size=64, max_size=64))
def test_base58_base64_and_hex_are_read(raw: bytes) -> None:
    base64, url = b64encode(raw).decode(), urlsafe_b64encode(raw).decode()
    for pasted in (
        b58encode(raw).decode(),
        base64,
        base64.rstrip("="),
        url,
        url.rstrip("="),
        raw.hex(),
        raw.hex().upper(),
        "0x" + raw.hex(),
        f"\n {raw.hex()}\r\n",
    ):
        assert raw in readings(pasted)


def test_a_text_that_is_base58_and_base64_has_two_readings() -> None:
    # 86 letters and digits, the last of which leaves no bit over in base64.
    texts = (
        b58encode(b"\0" + sha512(b"%d" % number).digest()[:63]).decode()
        for number in range(10_000)
    )
    pasted = next(one for one in texts if len(one) == 86 and one[-1] in "AQgw")
    found = readings(pasted)
    assert len(set(found)) == 2
    assert [b58encode(found[0]).decode(), b64encode(found[1]).decode()] == [
        pasted,
        pasted + "==",
    ]


BASE58 = b58encode(SIGNATURE).decode()
BASE64 = b64encode(SIGNATURE).decode()
HEX = SIGNATURE.hex()


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "no signature",
        # bytes.fromhex takes spaces
        HEX[:64] + " " + HEX[64:],
        HEX[:-2],
        HEX + "00",
        "0X" + HEX,
        HEX[:-1] + "g",
        HEX[:-1] + "\u0661",
        HEX[:-1] + "\uff11",
        # b58decode takes white space behind, b64decode skips what is not base64
        BASE58 + "\n" + "0",
        BASE58[:40] + " " + BASE58[40:],
        BASE58[:-1] + "0",
        "1" + BASE58,
        BASE58[:-2],
        BASE64[:40] + "\n" + BASE64[40:],
        BASE64[:40] + "*" + BASE64[40:],
        BASE64[:-1],
        BASE64 + "=",
        BASE64[:85] + "==",
        BASE64[:-3] + chr(ord(BASE64[-3]) + 1) + "==",  # bits that no byte holds
        "+-" + BASE64[2:],
        b58encode(SIGNATURE[:63]).decode(),
        b58encode(SIGNATURE + b"\x01").decode(),
        b64encode(SIGNATURE[:63]).decode(),
        b64encode(SIGNATURE + b"\x01").decode(),
        str(list(SIGNATURE)),
        "\ud800",
        "x" * 1_000_000,
    ],
    ids=range(28),
)
def test_what_is_not_64_bytes_in_one_of_them_is_refused(pasted: str) -> None:
    with pytest.raises(BadInput, match="64 bytes in base58, base64 or hex"):
        read_signature(pasted, MEMBER)


@given(st.text(max_size=100) | st.text("1Aa+/-_=", min_size=60, max_size=90))
def test_any_text_is_read_or_refused(pasted: str) -> None:
    try:
        found = readings(pasted)
    except BadInput:
        return
    assert {len(raw) for raw in found} == {64}


def test_a_private_key_in_place_of_a_signature_is_refused_and_not_repeated() -> None:
    raw = bytes(NUMBERS)
    for pasted in (b58encode(raw).decode(), b64encode(raw).decode(), raw.hex()):
        with pytest.raises(BadInput, match="private key of the address") as caught:
            read_signature(pasted, MEMBER)
        assert pasted[:8] not in caught.value.detail
