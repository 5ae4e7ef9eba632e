"""Key files, and what people paste."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from base58 import b58encode_check
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import BadInput
from xmtp_identity.kinds import Signer, WireSignature
from xmtp_identity_bitcoin import wif
from xmtp_identity_bitcoin.addresses import Form
from xmtp_identity_bitcoin.identifier import parse
from xmtp_identity_bitcoin.networks import MAINNET, NETWORKS, Network
from xmtp_identity_bitcoin.signer import (
    TYPES,
    KeySigner,
    load_key,
    new_key,
    read_signature,
    tools,
)

from .support import (
    ALICE,
    ORDER,
    SEGWIT,
    TEXT,
    WALLETS,
    bip137,
    full,
    secret,
    simple,
    valid,
)

COMPRESSED = wif.PrivateKey(MAINNET.wif, secret("alice"), compressed=True)
UNCOMPRESSED = wif.PrivateKey(MAINNET.wif, secret("alice"), compressed=False)
WIF = wif.write(COMPRESSED)

secrets = st.integers(1, ORDER - 1).map(lambda number: number.to_bytes(32))


def key_file(**fields: Any) -> bytes:
    return json.dumps({"kind": "bitcoin", "wif": WIF} | fields).encode()


def refused(content: bytes) -> str:
    """Why a key file does not open; its sentence must hold nothing of it."""
    with pytest.raises(BadInput) as caught:
        load_key(content, str)
    assert WIF not in caught.value.detail
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.detail


@given(secrets, st.sampled_from(list(TYPES.values())), st.sampled_from(NETWORKS))
def test_what_a_key_signs_proves_its_address(
    key: bytes, form: Form, network: Network
) -> None:
    signer: Signer = KeySigner(key, form, network)
    number, payload = signer.sign("some text, é")
    assert number == 101
    assert parse(signer.identifier.value) == signer.identifier
    assert valid(signer.identifier, payload, "some text, é")
    assert key.hex() not in repr(signer)
    assert repr(key) not in repr(signer)


def test_a_new_key_is_another_each_time_and_opens() -> None:
    first, second = new_key(), new_key()
    assert first != second
    signer = load_key(first, str)
    assert signer.form is Form.P2WPKH
    assert valid(signer.identifier, signer.sign(TEXT).payload)
    assert json.loads(first).keys() == {"kind", "wif", "type"}


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: str(network.name))
def test_a_key_file_names_type_and_network(name: str, network: Network) -> None:
    key = wif.write(COMPRESSED._replace(version=network.wif))
    signer = load_key(key_file(wif=key, type=name, network=network.name), str)
    assert signer == KeySigner(secret("alice"), TYPES[name], network)


def test_without_type_the_address_is_what_wallets_use_for_the_key() -> None:
    assert load_key(key_file(), str).form is Form.P2WPKH
    assert load_key(WIF.encode(), str).form is Form.P2WPKH
    assert load_key(WIF.encode() + b"\r\n", str).identifier == ALICE
    old = wif.write(UNCOMPRESSED)
    for content in (old.encode(), key_file(wif=old)):
        signer = load_key(content, str)
        assert (signer.form, signer.compressed) == (Form.P2PKH, False)
        assert signer.identifier == WALLETS["p2pkh, uncompressed"][0]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "WIF"),
        (WIF.encode()[:-1], "WIF"),
        (WIF.encode() + b" " + WIF.encode(), "WIF"),
        (WIF.swapcase().encode(), "WIF"),
        (secret("alice").hex().encode(), "WIF"),
        (b"\xff", "ASCII"),
        (b" " * 5000, "4096"),
        (b"{", "JSON"),
        (b"{" * 4000, "JSON"),
        (b"[]", "WIF"),
        (b"{}", "JSON"),
        (key_file(kind="solana"), "JSON"),
        (key_file(more=""), "JSON"),
        (key_file(wif=None), "JSON"),
        (key_file(wif="x"), "WIF"),
        (key_file(type=1), "JSON"),
        (key_file(type="p2wsh"), "type"),
        (key_file(type="P2TR"), "type"),
        (key_file(network="testnet"), "network"),
        (key_file(network="testnet4"), "is not one of testnet4"),
        (key_file()[:-1] + b', "wif": "x"}', "JSON"),
        (key_file(wif=wif.write(UNCOMPRESSED), type="p2wpkh"), "compressed"),
        (key_file(wif=wif.write(UNCOMPRESSED), type="p2tr"), "compressed"),
        (wif.write(COMPRESSED._replace(version=0xEF)).encode(), "of mainnet"),
    ],
)
def test_what_is_no_key_file_is_refused_without_showing_it(
    content: bytes, why: str
) -> None:
    assert why in refused(content)


@pytest.mark.parametrize("number", [0, ORDER, 2**256 - 1])
def test_a_number_that_is_no_key_is_refused(number: int) -> None:
    bad = number.to_bytes(32)
    text = wif.write(wif.PrivateKey(MAINNET.wif, bad, compressed=True))
    assert "WIF" in refused(text.encode())
    with pytest.raises(BadInput, match="range"):
        KeySigner(bad)


def test_one_key_has_no_p2wsh_address_here() -> None:
    with pytest.raises(BadInput, match="p2wsh"):
        KeySigner(secret("alice"), Form.P2WSH)
    with pytest.raises(BadInput, match="range"):
        KeySigner(secret("alice")[:31])


@given(secrets, st.booleans(), st.integers(0, 255))
def test_wif_goes_round(key: bytes, compressed: bool, version: int) -> None:
    written = wif.PrivateKey(version, key, compressed)
    text = wif.write(written)
    if len(text) in {51, 52}:
        assert wif.read(text) == written
    assert key.hex() not in repr(written)
    assert repr(key) not in repr(written)


@pytest.mark.parametrize("junk", ["\n", " ", "\x00", "0"])
def test_wif_takes_nothing_around_it(junk: str) -> None:
    for text in (WIF + junk, junk + WIF):
        with pytest.raises(BadInput):
            wif.read(text)


def test_wif_says_compressed_in_one_way() -> None:
    for flag in (b"\x00", b"\x02", b"\x01\x01"):
        bad = b58encode_check(b"\x80" + secret("alice") + flag).decode()
        with pytest.raises(BadInput):
            wif.read(bad)


# What people paste.


def pastes(payload: bytes) -> list[str]:
    encoded = base64.b64encode(payload).decode()
    plain = payload.hex()
    return [
        encoded,
        f"  {encoded}\n",
        plain,
        plain.upper(),
        f"0x{plain}",
        f"\t{plain} ",
    ]


@pytest.mark.parametrize("name", WALLETS)
def test_a_pasted_signature_is_read_in_base64_and_hex(name: str) -> None:
    identifier, wallet = WALLETS[name]
    payloads = {"ful": full(identifier, wallet)}
    if name in SEGWIT:
        payloads["smp"] = simple(identifier, wallet)
    for prefix, payload in payloads.items():
        encoded = base64.b64encode(payload).decode()
        for pasted in [*pastes(payload), prefix + encoded]:
            readings = read_signature(pasted, identifier)
            assert WireSignature(101, payload) in readings
            assert [valid(identifier, wire.payload) for wire in readings].count(
                True
            ) == 1


def test_a_text_that_is_both_hex_and_base64_has_two_readings() -> None:
    readings = read_signature("abcd", ALICE)
    payloads = [wire.payload for wire in readings]
    assert payloads == [base64.b64decode("abcd"), bytes.fromhex("abcd")]


@pytest.mark.parametrize("name", SEGWIT)
def test_a_prefix_names_the_form_that_follows(name: str) -> None:
    identifier, wallet = WALLETS[name]
    shorter = base64.b64encode(simple(identifier, wallet)).decode()
    longer = base64.b64encode(full(identifier, wallet)).decode()
    older = base64.b64encode(bip137("alice", 39)).decode()
    for pasted in (
        "ful" + shorter,
        "smp" + longer,
        "smp" + older,
        "ful" + older,
        "smpsmp" + shorter,
        "SMP" + shorter,
        "smp " + shorter,
        "smp",
        "ful",
    ):
        with pytest.raises(BadInput):
            read_signature(pasted, identifier)


def test_behind_a_prefix_there_is_no_hex() -> None:
    payload = simple(*WALLETS["p2wpkh"])
    try:
        readings = read_signature("smp" + payload.hex(), ALICE)
    except BadInput:
        return
    assert payload not in [wire.payload for wire in readings]


def test_a_proof_of_funds_is_refused_by_its_prefix() -> None:
    with pytest.raises(BadInput, match="proof of funds"):
        read_signature("pofcHNidP8BAI8CAAAA", ALICE)


def test_base64_that_is_not_canonical_is_refused() -> None:
    payload = bip137("alice", 39)
    encoded = base64.b64encode(payload).decode()
    assert encoded.endswith("=")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    unused_bits = encoded[:-2] + last[last.index(encoded[-2]) + 1] + "="
    assert base64.b64decode(unused_bits) == payload
    for pasted in (
        unused_bits,
        encoded.rstrip("="),
        encoded + "=",
        encoded + "====",
        encoded[:20] + "\n" + encoded[20:],
        encoded[:20] + " " + encoded[20:],
        encoded[:20] + "!" + encoded[20:],
        encoded.replace("+", "-").replace("/", "_") + "-",
        "＝" + encoded,
    ):
        with pytest.raises(BadInput):
            read_signature(pasted, ALICE)


def test_hex_with_spaces_or_half_a_byte_is_refused() -> None:
    plain = bip137("alice", 39).hex()
    for pasted in (
        plain[:10] + " " + plain[10:],
        plain[:-1] + "\u0661",
        "0x",
        "0x0x" + plain,
        "x" + plain,
        "",
        " ",
    ):
        with pytest.raises(BadInput):
            read_signature(pasted, ALICE)
    # Without its last digit it is base64 by its letters, but of no length for it.
    with pytest.raises(BadInput):
        read_signature(plain[:-1], ALICE)


@given(st.text(max_size=300))
def test_any_pasted_text_is_read_or_refused(pasted: str) -> None:
    try:
        readings = read_signature(pasted, ALICE)
    except BadInput:
        return
    assert readings
    assert not any(valid(ALICE, wire.payload) for wire in readings)


def test_a_pasted_text_that_is_too_long_is_refused() -> None:
    for pasted in ("00" * 5000, "A" * 8400):
        with pytest.raises(BadInput):
            read_signature(pasted, ALICE)


def test_the_tools_are_these_functions() -> None:
    made = tools()
    assert (made.new_key, made.load_key, made.read_signature) == (
        new_key,
        load_key,
        read_signature,
    )
