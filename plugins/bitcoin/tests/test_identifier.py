"""Addresses: what is taken, what is refused, and that each has one form."""

from __future__ import annotations

import json

import base58
import pytest
from bech32 import bech32_encode, convertbits
from btclib import b32, b58
from btclib.network import network_from_name
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import InvalidIdentifier, Undecodable
from xmtp_identity.identifier import MemberIdentifier, is_printable
from xmtp_identity_bitcoin import segwit_address
from xmtp_identity_bitcoin.addresses import Form, Output, output
from xmtp_identity_bitcoin.identifier import (
    KIND,
    caip10,
    decode,
    encode,
    identifier_of,
    output_of,
    parse,
)
from xmtp_identity_bitcoin.networks import MAINNET, NETWORKS, Network
from xmtp_identity_bitcoin.segwit_address import encode as segwit

from .support import ALICE, WALLETS, shared

# Names that btclib knows for the networks.
PEER_NAMES = {network.name: network.name for network in NETWORKS} | {
    "testnet3": "testnet"
}
P2TR = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"  # BIP-350
P2PKH = "1FMKGZuvs1jupjKz3yjH34it5LYiKL8ECk"
P2SH = "3NSFTMSB4gnHAFRbeZoMnSNnEcL5doBvbN"
WIF = "KwPU7kzbT9joFux89oJ7QceA38n8zLY85P1BCm7sB1EBGCCoTrWj"

forms = st.sampled_from([Form.P2PKH, Form.P2SH, Form.P2WPKH])
outputs = st.one_of(
    st.builds(output, forms, st.binary(min_size=20, max_size=20)),
    st.builds(
        output,
        st.sampled_from([Form.P2WSH, Form.P2TR]),
        st.binary(min_size=32, max_size=32),
    ),
)
networks = st.sampled_from(NETWORKS)


def refused(text: str) -> str:
    """Why a text is no identifier. The sentence must not repeat what may be secret."""
    with pytest.raises(InvalidIdentifier) as caught:
        parse(text)
    assert len(text) < 8 or text not in caught.value.detail
    return caught.value.detail


@given(outputs, networks)
def test_each_output_has_one_identifier_on_each_network(
    target: Output, network: Network
) -> None:
    identifier = identifier_of(target, network)
    assert parse(identifier.value) == identifier
    assert decode(encode(identifier)) == identifier
    assert encode(identifier) == identifier.value.encode()
    assert output_of(identifier.value) == target
    assert is_printable(identifier.value)
    assert len(identifier.value) <= 128
    assert parse(caip10(identifier)) == identifier


@given(outputs, networks)
def test_btclib_writes_and_reads_the_same_addresses(
    target: Output, network: Network
) -> None:
    address = identifier_of(target, network).value.rpartition(":")[2]
    name = PEER_NAMES[network.name]
    if target.form in {Form.P2PKH, Form.P2SH}:
        form, program, _ = b58.h160_from_address(address)
        assert (form, program) == (target.form.value, target.program)
    else:
        version, program, _ = b32.witness_from_address(address)
        assert program == target.program
        assert b32.address_from_witness(version, program, name) == address


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: str(network.name))
def test_the_constants_of_the_networks_are_those_that_btclib_has(
    network: Network,
) -> None:
    peer = network_from_name(PEER_NAMES[network.name])
    assert bytes([network.p2pkh]) == peer.p2pkh
    assert bytes([network.p2sh]) == peer.p2sh
    assert bytes([network.wif]) == peer.wif
    assert network.hrp == peer.hrp
    assert network.reference == peer.genesis_block.hex()[:32]


@given(outputs, networks, outputs, networks)
def test_no_two_identifiers_have_one_text_line(
    one: Output, here: Network, other: Output, there: Network
) -> None:
    same = identifier_of(one, here).value == identifier_of(other, there).value
    assert same == ((one, here) == (other, there))


@given(outputs, networks, st.data())
def test_no_change_of_a_character_gives_an_address(
    target: Output, network: Network, data: st.DataObject
) -> None:
    value = identifier_of(target, network).value
    start = value.index(":") + 1 if ":" in value else 0
    place = data.draw(st.integers(start, len(value) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != value[place]))
    text = value[:place] + other + value[place + 1 :]
    with pytest.raises(InvalidIdentifier):
        parse(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        identifier = parse(text)
    except InvalidIdentifier:
        return
    assert parse(identifier.value) == identifier


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    try:
        identifier = decode(payload)
    except (InvalidIdentifier, Undecodable):
        return
    assert encode(identifier) == payload


def test_bip_350_vectors_are_all_decided_right() -> None:
    vectors = json.loads(shared("bip350-addresses.json"))
    for address, script in vectors["valid"]:
        hrp = address[:2].lower()
        version, program = segwit_address.decode(hrp, address)
        opcode = 0x50 + version if version else 0
        assert bytes([opcode, len(program)]) + program == bytes.fromhex(script)
        assert segwit(hrp, version, program) == address.lower()
    for address in vectors["invalid"]:
        for hrp in ("bc", "tb"):
            with pytest.raises(ValueError, match="it"):
                segwit_address.decode(hrp, address)
    assert (len(vectors["valid"]), len(vectors["invalid"])) == (8, 15)


def test_of_the_bip_350_vectors_identifiers_are_those_with_known_rules() -> None:
    taken = {}
    for address, script in json.loads(shared("bip350-addresses.json"))["valid"]:
        prefix = "testnet4:" if address.startswith("tb1") else ""
        try:
            taken[address] = output_of(parse(prefix + address).value).script.hex()
        except InvalidIdentifier:
            # Witness versions 2 and 16, and version 1 with 40 bytes.
            assert script[:4] in {"5128", "6002", "5210"}
        else:
            assert taken[address] == script
    assert len(taken) == 5


def test_upper_case_bech32_is_read_and_shown_in_lower_case() -> None:
    assert parse(P2TR.upper()).value == P2TR
    shown = identifier_of(output_of(P2TR), NETWORKS[2])
    assert shown.value.startswith("testnet4:tb1p")
    name, address = shown.value.split(":")
    assert parse(f"{name}:{address.upper()}") == shown


def test_upper_case_bech32_is_no_wire_form() -> None:
    with pytest.raises(InvalidIdentifier, match="canonical"):
        decode(P2TR.upper().encode())
    with pytest.raises(InvalidIdentifier, match="canonical"):
        encode(MemberIdentifier(KIND, P2TR.upper()))


def test_a_caip_10_account_id_is_read_but_no_wire_form() -> None:
    account = f"bip122:{MAINNET.reference}:{P2PKH}"
    assert parse(account).value == P2PKH
    assert caip10(parse(P2PKH)) == account
    with pytest.raises(InvalidIdentifier, match="canonical"):
        decode(account.encode())
    with pytest.raises(InvalidIdentifier, match="canonical"):
        caip10(MemberIdentifier(KIND, account))
    assert "test network" in refused(f"bip122:{'0' * 32}:{P2PKH}")


@pytest.mark.parametrize("name", [name.name for name in NETWORKS[1:]])
def test_addresses_of_test_networks_name_their_network(name: str) -> None:
    (network,) = [network for network in NETWORKS if network.name == name]
    for target in (output(Form.P2WPKH, bytes(20)), output(Form.P2PKH, bytes(20))):
        value = identifier_of(target, network).value
        assert parse(value).value == value
        address = value.removeprefix(f"{name}:")
        assert address != value
        assert "in front of it" in refused(address)
        assert "no Bitcoin address of" in refused(f"{name}:{P2TR}")


def test_tb1_is_ambiguous_between_the_test_networks() -> None:
    target = output(Form.P2TR, bytes(range(32)))
    values = {identifier_of(target, network).value for network in NETWORKS}
    addresses = {value.rpartition(":")[2] for value in values}
    assert (len(values), len(addresses)) == (5, 3)


@pytest.mark.parametrize(
    ("text", "why"),
    {
        "": "begins with",
        "mainnet:" + P2PKH: "no test network",
        "testnet:tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy": (
            "no test network"
        ),
        "TESTNET4:tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy": (
            "no test network"
        ),
        "bc1pfeessrawgf": "anchor",
        segwit("bc", 1, b"Ns\x00"): "witness version 1",
        segwit("bc", 2, bytes(32)): "witness version 2",
        segwit("bc", 16, bytes(2)): "witness version 16",
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs": "witness version 2",
        P2TR[:10].upper() + P2TR[10:]: "mixes",
        "Bc1" + P2TR[3:]: "mixes",
        P2TR + "q": "checksum",
        "bc1": "cut off",
        "bc1" + "q" * 90: "too long",
        P2PKH.lower(): "checksum|begins with",
        P2PKH.swapcase(): "checksum|begins with",
        P2SH[:-1]: "checksum|begins with",
        "sp1qqweplq6ylpfrzuq6hfznzmv28djsraupudz0s0dclyt8erh70pgwxqkz2ydatksrdzf770"
        "umsntsmcjp4kcz7jqu03jeszh0gdmpjzmrf5u4zh0c": "silent payment",
        "tsp1qq": "silent payment",
        WIF: "private key",
        "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss": "private key",
        "testnet4:" + WIF: "private key",
        "xprv9s21ZrQH143K3QTDL4LXw2F7HEK": "private key",
        "ab" * 32: "private key",
        "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8": "extended public key",
        "zpub6jftahH18ngZxLmXaKw3GSZzZsszmt9WqedkyZdezFtWRFBZqs": "extended public",
        "bitcoin:" + P2PKH: "payment link",
        "bitcoin:" + P2PKH + "?amount=1": "payment link",
        "lnbc1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypq": (
            "begins with"
        ),
        "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn": "in front of it",
        "2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc": "in front of it",
    }.items(),
)
def test_what_is_no_address_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(InvalidIdentifier, match=why):
        parse(text)
    assert text == "" or text not in refused(text)
    with pytest.raises(InvalidIdentifier):
        decode(text.encode())


# Traps of Python and of the packages, each by its name.


@pytest.mark.parametrize("junk", ["\n", " ", "\t", "\r\n", "\x0b", "\x00", "\x85"])
@pytest.mark.parametrize("name", WALLETS)
def test_base58_and_bech32_take_no_white_space_around_an_address(
    name: str, junk: str
) -> None:
    value = WALLETS[name][0].value
    for text in (value + junk, junk + value, value[:9] + junk + value[9:]):
        refused(text)


def test_the_base58_package_alone_would_take_a_line_feed() -> None:
    assert base58.b58decode_check(P2PKH + "\n") == base58.b58decode_check(P2PKH)


def test_letters_that_lower_into_ascii_are_refused() -> None:
    # U+212A, the sign for kelvin, is k in lower case; U+0130 is i and a dot.
    for letter in ("K", "\u0130", "\uff11", "\u0661"):
        refused(P2TR[:-4] + letter + P2TR[-3:])
        refused(letter + P2PKH[1:])
    in_capitals = P2TR.upper()
    assert "K" in in_capitals
    for letter in ("\u212a", "\u0130", "\u017f"):
        refused(in_capitals.replace("K", letter))
        refused(letter.join(in_capitals.rsplit("K", 1)))


@given(st.sampled_from([Form.P2WPKH, Form.P2WSH, Form.P2TR]), st.data())
def test_bech32_for_version_0_and_bech32m_for_version_1_never_swapped(
    form: Form, data: st.DataObject
) -> None:
    size = 20 if form is Form.P2WPKH else 32
    program = data.draw(st.binary(min_size=size, max_size=size))
    version = 1 if form is Form.P2TR else 0
    right = segwit("bc", version, program)
    values = [version, *(convertbits(program, 8, 5) or ())]
    wrong = bech32_encode("bc", values)
    if version == 0:
        assert wrong == right
        # The same program under version 1's checksum.
        wrong = right[:-6] + segwit("bc", 1, program)[-6:]
    assert "checksum" in refused(wrong)
    assert parse(right).value == right


def test_padding_bits_that_are_not_0_are_refused() -> None:
    program = bytes(20) + b"\x80"
    values = [0, *(convertbits(program, 8, 5) or ())][:33]
    loose = bech32_encode("bc", [*values, 1])
    assert "Bitcoin address" in refused(loose)


@pytest.mark.parametrize("version", [0x00, 0x05, 0x6F, 0x80, 0xFF])
@pytest.mark.parametrize("length", [0, 19, 21, 32])
def test_base58check_of_another_length_is_refused(version: int, length: int) -> None:
    refused(base58.b58encode_check(bytes([version]) + bytes(length)).decode())


def test_bytes_beyond_ascii_are_undecodable() -> None:
    with pytest.raises(Undecodable):
        decode(b"bc1\xff")


def test_an_identifier_is_never_longer_than_a_leaf_may_be() -> None:
    assert "128" in refused("1" * 129)
    with pytest.raises(InvalidIdentifier, match="128"):
        decode(b"1" * 100_000)


def test_alice_is_who_she_is() -> None:
    assert ALICE.kind == KIND == "bitcoin"
    assert str(ALICE) == f"bitcoin:{ALICE.value}"
