"""Signatures as real wallets made them, recorded."""

from __future__ import annotations

from typing import Any

import pytest

from xmtp_identity_bitcoin import wif
from xmtp_identity_bitcoin.addresses import Form
from xmtp_identity_bitcoin.identifier import output_of, parse
from xmtp_identity_bitcoin.signer import KeySigner, read_signature

from .support import code, data, secret, valid

ELECTRUM = data("electrum.json")["signatures"]
PEER = data("peer-bitcoinjs.json")

# Which of the peer's signatures prove which of its addresses. Those with the
# header 31 or 32 are Electrum's way for segwit; bip322-js calls them loose,
# and takes them for p2tr too, which we refuse.
PROVEN = {
    "legacy_p2pkh": {"p2pkh", "p2sh", "p2wpkh"},
    "legacy_p2pkh_uncompressed": {"p2pkh_u"},
    "bip137_p2sh": {"p2sh"},
    "bip137_p2wpkh": {"p2wpkh"},
    "bip322js_p2wpkh": {"p2wpkh"},
    "bip322js_p2sh": {"p2sh"},
    "bip322js_p2tr": {"p2tr"},
    "bip322js_p2pkh": {"p2pkh", "p2sh", "p2wpkh"},
}


@pytest.mark.parametrize(
    "vector", ELECTRUM, ids=lambda vector: f"{vector['seed']}, {vector['type']}"
)
def test_what_electrum_signs_for_every_address_type_is_valid(
    vector: dict[str, str],
) -> None:
    identifier = parse(vector["address"])
    (wire,) = read_signature(vector["signature"], identifier)
    assert valid(identifier, wire.payload, vector["text"])
    assert not valid(identifier, wire.payload, vector["text"] + " ")


def test_electrum_signs_for_segwit_with_the_headers_of_p2pkh() -> None:
    headers: dict[str, set[int]] = {}
    for vector in ELECTRUM:
        (wire,) = read_signature(vector["signature"], parse(vector["address"]))
        headers.setdefault(vector["type"], set()).add(wire.payload[0])
    electrums = {31, 32}
    assert headers == {
        "p2pkh": electrums,
        "p2wpkh-p2sh": electrums,
        "p2wpkh": electrums,
        "p2pkh uncompressed": {27, 28},
    }


def test_we_sign_for_p2pkh_as_electrum_does() -> None:
    """Electrum signs again until r is low, so only then the bytes are the same."""
    same = 0
    for vector in ELECTRUM:
        if not vector["type"].startswith("p2pkh"):
            continue
        compressed = vector["type"] == "p2pkh"
        signer = KeySigner(secret(vector["seed"]), Form.P2PKH, compressed=compressed)
        assert signer.identifier.value == vector["address"]
        made = signer.sign(vector["text"])
        if made.payload[1] < 0x80:
            assert [made] == read_signature(vector["signature"], signer.identifier)
            same += 1
    assert same > 3


@pytest.mark.parametrize("name", PROVEN)
def test_each_signature_of_bitcoinjs_and_bip322_js_proves_its_addresses_alone(
    name: str,
) -> None:
    proven = set()
    for form, address in PEER["addr"].items():
        identifier = parse(address)
        (wire,) = read_signature(PEER["sig"][name], identifier)
        if valid(identifier, wire.payload, PEER["text"]):
            proven.add(form)
    assert proven == PROVEN[name]


def test_an_ecdsa_signature_that_a_peer_takes_for_taproot_is_refused() -> None:
    assert PEER["loose_p2tr"] is True
    identifier = parse(PEER["addr"]["p2tr"])
    assert output_of(identifier.value).form is Form.P2TR
    for name in ("legacy_p2pkh", "bip137_p2sh", "bip137_p2wpkh"):
        (wire,) = read_signature(PEER["sig"][name], identifier)
        assert code(identifier, wire.payload, PEER["text"]) == "bitcoin_proof_form"


def test_the_addresses_of_the_peers_key_are_those_that_we_derive() -> None:
    key = wif.read(PEER["wif"])
    expected: dict[str, Any] = {
        "p2pkh": (Form.P2PKH, True),
        "p2sh": (Form.P2SH, True),
        "p2wpkh": (Form.P2WPKH, True),
        "p2tr": (Form.P2TR, True),
        "p2pkh_u": (Form.P2PKH, False),
    }
    for name, (form, compressed) in expected.items():
        signer = KeySigner(key.secret, form, compressed=compressed)
        assert signer.identifier.value == PEER["addr"][name]
