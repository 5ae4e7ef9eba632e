"""Addresses: one spelling for each key, and only keys that wallets have."""

from __future__ import annotations

import subprocess
import sys

import pytest
from base58 import b58decode, b58encode
from hypothesis import given
from hypothesis import strategies as st
from nacl.bindings import crypto_core_ed25519_add
from solders.pubkey import Pubkey

from xmtp_identity.errors import InvalidIdentifier
from xmtp_identity.identifier import (
    MAX_LEAF_IDENTIFIER,
    MemberIdentifier,
    is_printable,
)
from xmtp_identity.protocol.text import kind_lines
from xmtp_identity_solana.identifier import CLUSTERS, caip10, decode, encode, parse
from xmtp_identity_solana.signer import KeypairSigner

from .support import IDENTITY, SYSTEM_PROGRAM, signer, small_order_points

# From the CAIP-10 page of the namespace "solana".
CAIP_10 = [
    "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv",
    "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1:DYw8jCTfwHNRJhhmFcbXvVDTqWMEVFBX6ZKUmG5CNSKK",
    "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z:6LmSRCiu3z6NCSpF19oz1pHXkYkN4jWbj9K1nVELpDkT",
]
TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
ADDRESS = signer("wallet").identifier.value
KEY = encode(signer("wallet").identifier)
PRIME = 2**255 - 19

wallets = st.integers(0, 2**32).map(lambda number: signer(f"wallet {number}"))


def refused(text: str) -> InvalidIdentifier:
    with pytest.raises(InvalidIdentifier) as caught:
        parse(text)
    return caught.value


def refused_key(key: bytes) -> None:
    with pytest.raises(InvalidIdentifier):
        decode(key)
    refused(b58encode(key).decode())


@given(wallets)
def test_an_address_goes_over_the_wire_and_back(wallet: KeypairSigner) -> None:
    identifier = wallet.identifier
    key = encode(identifier)
    assert len(key) == 32
    assert decode(key) == parse(identifier.value) == identifier
    assert parse(caip10(identifier)) == identifier


@given(wallets, wallets)
def test_no_two_identifiers_have_one_line_of_text(
    first: KeypairSigner, second: KeypairSigner
) -> None:
    start = kind_lines("Solana address").link
    identifiers = [first.identifier, second.identifier]
    lines = {f"{start}{identifier.value})" for identifier in identifiers}
    assert len(lines) == len({encode(identifier) for identifier in identifiers})
    for identifier in identifiers:
        assert is_printable(identifier.value)
        assert len(identifier.value) <= MAX_LEAF_IDENTIFIER


@given(st.text(max_size=100) | st.text("123456789ABCabcxyz: \n", max_size=50))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    try:
        identifier = parse(text)
    except InvalidIdentifier:
        return
    assert text.endswith(identifier.value)


@given(st.binary(max_size=70) | st.binary(min_size=32, max_size=32))
def test_any_bytes_are_a_key_or_refused(payload: bytes) -> None:
    try:
        identifier = decode(payload)
    except InvalidIdentifier:
        return
    assert encode(identifier) == payload
    assert parse(identifier.value) == identifier


@given(st.text(max_size=50), st.sampled_from(["solana", "ethereum"]))
def test_encoding_any_identifier_gives_its_key_or_is_refused(
    value: str, kind: str
) -> None:
    try:
        key = encode(MemberIdentifier(kind, value))
    except InvalidIdentifier:
        return
    assert decode(key) == MemberIdentifier(kind, value)


def test_an_identifier_of_another_kind_has_no_solana_key() -> None:
    for use in (encode, caip10):
        with pytest.raises(InvalidIdentifier, match="another kind"):
            use(MemberIdentifier("bitcoin", ADDRESS))


@pytest.mark.parametrize("space", ["\n", " ", "\t", "\r\n", "\x0b", "\x0c"])
def test_b58decode_takes_space_behind_and_the_parser_does_not(space: str) -> None:
    assert b58decode(ADDRESS + space) == KEY
    refused(ADDRESS + space)
    with pytest.raises(InvalidIdentifier):
        encode(MemberIdentifier("solana", ADDRESS + space))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " " + ADDRESS,
        "\ufeff" + ADDRESS,
        ADDRESS + "\0",
        ADDRESS[:-1],
        ADDRESS + "1",
        ADDRESS[:-1] + "0",
        ADDRESS[:-1] + "O",
        ADDRESS[:-1] + "I",
        ADDRESS[:-1] + "l",
        ADDRESS[:-1] + "\u0661",  # a digit to str.isdigit, and to int
        ADDRESS[:-1] + "\uff11",
        ADDRESS[:-1] + "\u0410",  # looks like A
        ADDRESS[:20] + " " + ADDRESS[20:],
        KEY.hex(),
        "0x" + KEY.hex(),
        "1" * 33,
        "1" * 44,
        "z" * 44,
        "z" * 100_000,
        "name.sol",
    ],
    ids=range(21),
)
def test_what_is_not_exactly_an_address_is_refused(text: str) -> None:
    refused(text)


def test_another_case_is_another_address_or_none() -> None:
    for text in (ADDRESS.lower(), ADDRESS.upper(), ADDRESS.swapcase()):
        try:
            assert parse(text).value == text
        except InvalidIdentifier:
            continue


def test_leading_ones_stand_for_zero_bytes_and_count() -> None:
    numbered = (signer(f"zero {number}") for number in range(10_000))
    wallet = next(one for one in numbered if encode(one.identifier)[0] == 0)
    address = wallet.identifier.value
    assert address.startswith("1")
    assert parse(address) == wallet.identifier
    for text in (address[1:], "1" + address):
        refused(text)


def test_a_private_key_pasted_as_an_address_is_not_in_the_error() -> None:
    wallet = signer("wallet")
    exported = b58encode(wallet.seed + KEY).decode()
    for secret in (exported, wallet.seed.hex(), str([*wallet.seed, *KEY])):
        error = refused(secret)
        assert error.__cause__ is None
        for start in range(len(secret) - 8):
            assert secret[start : start + 8] not in error.detail


def test_the_system_program_is_no_wallet() -> None:
    assert b58decode(SYSTEM_PROGRAM) == bytes(32)
    assert "No wallet" in refused(SYSTEM_PROGRAM).detail
    refused_key(bytes(32))


def test_the_eight_keys_of_small_order_are_refused() -> None:
    points = small_order_points()
    assert len(set(points)) == 8
    for point in points:
        refused_key(point)


def test_other_encodings_of_small_order_keys_are_refused() -> None:
    for number in (0, 1, PRIME - 1, PRIME, PRIME + 1):
        for sign in (0, 1 << 255):
            refused_key((number | sign).to_bytes(32, "little"))


def test_keys_of_mixed_order_are_refused() -> None:
    for point in small_order_points():
        mixed = crypto_core_ed25519_add(KEY, point)
        if point == IDENTITY:
            assert decode(mixed).value == ADDRESS
        else:
            refused_key(mixed)


def test_unreduced_encodings_of_points_are_refused() -> None:
    for number in range(PRIME, 2**255):
        for sign in (0, 1 << 255):
            refused_key((number | sign).to_bytes(32, "little"))


def test_program_derived_addresses_are_refused() -> None:
    for number in range(20):
        pda, _ = Pubkey.find_program_address([bytes([number])], TOKEN_PROGRAM)
        assert not pda.is_on_curve()
        refused_key(bytes(pda))


@pytest.mark.parametrize("length", [0, 1, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(InvalidIdentifier, match=f"these are {length}"):
        decode((KEY * 2)[:length])


@pytest.mark.parametrize("account", CAIP_10)
def test_caip_10_names_of_the_three_clusters_give_the_bare_address(
    account: str,
) -> None:
    cluster, _, address = account.rpartition(":")
    assert cluster in CLUSTERS
    assert parse(account) == parse(address) == MemberIdentifier("solana", address)


def test_caip_10_goes_out_on_mainnet() -> None:
    assert (
        caip10(parse(ADDRESS)) == f"solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:{ADDRESS}"
    )


@pytest.mark.parametrize(
    "before",
    [
        ":",
        "solana:",
        "solana:mainnet:",
        "Solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp:",
        "solana:5eykt4usfv8p8njdtrepy1vzqkqzkvdp:",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d:",
        # What an early page gave for mainnet; no cluster answers to it.
        "solana:4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZ:",
        "eip155:1:",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp: ",
        "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp::",
    ],
)
def test_any_other_cluster_is_refused(before: str) -> None:
    refused(before + ADDRESS)


def test_a_libsodium_that_takes_keys_of_mixed_order_is_not_used() -> None:
    program = (
        "import nacl.bindings as sodium\n"
        "sodium.crypto_core_ed25519_is_valid_point = lambda key: True\n"
        "import xmtp_identity_solana.signature"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "ImportError" in done.stderr
    assert "CVE-2025-69277" in done.stderr
