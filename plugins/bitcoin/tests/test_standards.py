"""Published vectors: BIP-322, 340 and 341, bitcoinjs-message, Wycheproof.

All are decided as published; what is out of this kind's scope is refused and
listed here.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from hashlib import sha256
from typing import Any

import pytest
from bitcoin.core import (  # type: ignore[import-untyped]  # publishes no types
    CTransaction,
    CTxOut,
)
from bitcoin.core.script import CScript  # type: ignore[import-untyped]  # the same

from xmtp_identity.errors import BadInput, InvalidIdentifier, InvalidSignature
from xmtp_identity_bitcoin import bip137, bip322, secp256k1, taproot, templates, wif
from xmtp_identity_bitcoin.addresses import Form, output
from xmtp_identity_bitcoin.hashes import hash160
from xmtp_identity_bitcoin.identifier import identifier_of, output_of, parse
from xmtp_identity_bitcoin.networks import MAINNET
from xmtp_identity_bitcoin.signer import KeySigner, read_signature
from xmtp_identity_bitcoin.transactions import (
    ToSign,
    build,
    read_transaction,
    to_spend_id,
)

from .support import code, data, shared, valid

# The verdict on BIP-322's faulty signatures; each test of BIP-322's own names
# another detail than ours, so the codes are ours.
FAULTY = {
    "invalid base64 encoding": "bad_input",
    "empty signature": "bad_input",
    "wrong message for valid simple p2wpkh signature (empty message was signed)": (
        "invalid_signature"
    ),
    "wrong address for valid simple p2wpkh signature (signed for different address)": (
        "invalid_signature"
    ),
    "empty witness stack (single zero byte)": "bitcoin_signature_encoding",
    "wrong message for valid simple p2wsh 3-of-3 multisig signature": (
        "invalid_signature"
    ),
    "invalid signature prefix": "bad_input",
    "incorrect prefix type": "bad_input",
}

# BIP-322's full signatures carry a time lock, nLockTime and nSequence 2016.
# Those of these scripts stay out of scope when it is looked away from.
OTHER_SCRIPTS = {
    "p2tr-time-lock",
    "p2wsh-time-lock",
    "p2sh-p2wsh-multisig-2of2",
    "p2sh-multisig-2of2",
}

# BIP-341's other inputs are signed with hash types that BIP-322 forbids.
HASH_TYPES_IN_SCOPE = {taproot.SIGHASH_DEFAULT, taproot.SIGHASH_ALL}


def payload_of(pasted: str, address: str) -> bytes:
    (wire,) = read_signature(pasted, parse(address))
    return wire.payload


def test_bip_322_hashes() -> None:
    vectors = json.loads(shared("bip322-basic.json"))["tx_hashes"]
    for vector in vectors:
        hashed = bip322.message_hash(vector["message"].encode())
        assert hashed.hex() == vector["message_hash"]
        spent = to_spend_id(hashed, output_of(vector["address"]).script)
        assert spent[::-1].hex() == vector["to_spend_tx_hash"]
        to_sign = build(spent)
        assert to_sign.GetTxid()[::-1].hex() == vector["to_sign_tx_hash"]
    assert len(vectors) == 3


def test_bip_322_simple_signatures_are_valid() -> None:
    decided = 0
    for vector in json.loads(shared("bip322-basic.json"))["simple"]:
        for pasted in vector["bip322_signatures"]:
            # With the prefix of version 1 and 2, and as wallets still write it.
            for form in (pasted, pasted.removeprefix("smp")):
                payload = payload_of(form, vector["address"])
                identifier = parse(vector["address"])
                assert valid(identifier, payload, vector["message"])
                assert not valid(identifier, payload, vector["message"] + "\n")
                decided += 1
    assert decided == 12


def test_bip_322_faulty_signatures_are_refused() -> None:
    found = {}
    for vector in json.loads(shared("bip322-basic.json"))["error"]:
        identifier = parse(vector["address"])
        try:
            payload = payload_of(vector["signature"], vector["address"])
        except BadInput as error:
            found[vector["description"]] = error.code
        else:
            found[vector["description"]] = code(identifier, payload, vector["message"])
    assert found == FAULTY


@pytest.mark.parametrize(
    "vector", data("bip322-full.json")["full"], ids=lambda vector: str(vector["type"])
)
def test_bip_322_full_signatures_with_a_time_lock_are_refused(
    vector: dict[str, str],
) -> None:
    payload = payload_of(vector["signature"], vector["address"])
    identifier = parse(vector["address"])
    assert code(identifier, payload, vector["message"]) == "bitcoin_time_lock"


@pytest.mark.parametrize(
    "vector", data("bip322-full.json")["full"], ids=lambda vector: str(vector["type"])
)
def test_bip_322_full_signatures_are_right_but_for_the_time_lock(
    vector: dict[str, str],
) -> None:
    """The switch that looks away from the time lock is here and nowhere else."""
    target = output_of(vector["address"])
    payload = payload_of(vector["signature"], vector["address"])
    transaction = read_transaction(payload)
    assert transaction is not None
    (txin,) = transaction.vin
    assert (transaction.nLockTime, txin.nSequence) == (2016, 2016)
    hashed = bip322.message_hash(vector["message"].encode())
    assert txin.prevout.hash == to_spend_id(hashed, target.script)
    stacks = [one.scriptWitness.stack for one in transaction.wit.vtxinwit]
    witness = stacks[0] if stacks else ()
    to_sign = ToSign(transaction, target.script, bytes(txin.scriptSig), witness)
    if vector["type"] in OTHER_SCRIPTS:
        with pytest.raises(InvalidSignature) as caught:
            templates.check(target, to_sign)
        assert caught.value.code == "bitcoin_script"
        return
    templates.check(target, to_sign)


def test_bip_340_vectors_are_all_decided_right() -> None:
    decided = []
    for row in csv.DictReader(io.StringIO(shared("bip340.csv"))):
        arguments = (row["public key"], row["signature"], row["message"])
        x, signature, message = (bytes.fromhex(field) for field in arguments)
        right = secp256k1.verify_schnorr(x, signature, message)
        assert right == (row["verification result"] == "TRUE"), row["comment"]
        decided.append(right)
    assert (decided.count(True), decided.count(False)) == (9, 10)


@pytest.mark.parametrize("length", [0, 31, 33, 65])
def test_a_key_of_bip_340_has_32_bytes(length: int) -> None:
    """coincurve alone would read on, into whatever lies behind shorter ones."""
    (row, *_) = csv.DictReader(io.StringIO(shared("bip340.csv")))
    x = (bytes.fromhex(row["public key"]) + bytes(33))[:length]
    signature, message = bytes.fromhex(row["signature"]), bytes.fromhex(row["message"])
    assert not secp256k1.verify_schnorr(x, signature, message)
    assert not secp256k1.verify_schnorr(x[:32], signature[:-1], message)


def test_bip_341_output_keys_without_scripts() -> None:
    decided = 0
    for vector in json.loads(shared("bip341-wallet.json"))["scriptPubKey"]:
        internal = bytes.fromhex(vector["given"]["internalPubkey"])
        root = bytes.fromhex(vector["intermediary"]["merkleRoot"] or "")
        tweak = taproot.tap_tweak(internal + root)
        assert tweak.hex() == vector["intermediary"]["tweak"]
        script = bytes.fromhex(vector["expected"]["scriptPubKey"])
        assert output(Form.P2TR, script[2:]).script == script
        address = identifier_of(output(Form.P2TR, script[2:]), MAINNET).value
        assert address == vector["expected"]["bip350Address"]
        decided += 1
    assert decided == 7


def test_bip_341_digests_and_keys_of_the_key_path() -> None:
    (vector,) = json.loads(shared("bip341-wallet.json"))["keyPathSpending"]
    raw = bytes.fromhex(vector["given"]["rawUnsignedTx"])
    transaction = CTransaction.deserialize(raw)
    spent = [
        CTxOut(one["amountSats"], CScript(bytes.fromhex(one["scriptPubKey"])))
        for one in vector["given"]["utxosSpent"]
    ]
    decided, out_of_scope = [], []
    for signed in vector["inputSpending"]:
        given, index = signed["given"], signed["given"]["txinIndex"]
        root = bytes.fromhex(given["merkleRoot"] or "")
        secret = bytes.fromhex(given["internalPrivkey"])
        tweak = taproot.tap_tweak(secp256k1.public_key_of(secret)[1:] + root)
        tweaked = secp256k1.tweaked(secret, tweak)
        assert tweaked.hex() == signed["intermediary"]["tweakedPrivkey"]
        if given["hashType"] not in HASH_TYPES_IN_SCOPE:
            out_of_scope.append(given["hashType"])
            continue
        digest = taproot.key_path_hash(transaction, index, spent, given["hashType"])
        assert digest.hex() == signed["intermediary"]["sigHash"]
        (witness,) = signed["expected"]["witness"]
        signature = bytes.fromhex(witness)[:64]
        x = bytes(spent[index].scriptPubKey)[2:]
        assert secp256k1.verify_schnorr(x, signature, digest)
        decided.append(given["hashType"])
    assert sorted(decided) == [0, 1]
    assert sorted(out_of_scope) == [0x02, 0x03, 0x81, 0x82, 0x83]


def test_wycheproof_all_vectors_for_bitcoin_ecdsa() -> None:
    vectors = json.loads(shared("ecdsa_secp256k1_sha256_bitcoin_test.json"))
    decided = 0
    for group in vectors["testGroups"]:
        # Nothing is left out: the file holds secp256k1 with SHA-256 alone.
        assert (group["publicKey"]["curve"], group["sha"]) == ("secp256k1", "SHA-256")
        key = bytes.fromhex(group["publicKey"]["uncompressed"])
        short = bytes([2 + key[-1] % 2]) + key[1:33]
        for test in group["tests"]:
            digest = sha256(bytes.fromhex(test["msg"])).digest()
            signature = bytes.fromhex(test["sig"])
            for form in (key, short):
                right = secp256k1.verify_ecdsa(form, signature, digest)
                assert right == (test["result"] == "valid"), test["comment"]
            decided += 1
    assert decided == vectors["numberOfTests"] == 463


def bitcoinjs() -> Any:
    return json.loads(shared("bitcoinjs-message-fixtures.json"))


def test_bitcoinjs_message_hashes() -> None:
    vectors = bitcoinjs()["valid"]["magicHash"]
    hashes = {
        v["message"]: v["magicHash"] for v in vectors if v["network"] != "dogecoin"
    }
    for message, expected in hashes.items():
        assert bip137.message_hash(message.encode()).hex() == expected
    assert len(hashes) == 3


def test_bitcoinjs_message_headers() -> None:
    fixtures = bitcoinjs()
    for vector in fixtures["valid"]["signature"]:
        payload = bytes.fromhex(vector["hex"])
        assert bip137.is_bip137(payload)
        first = (
            bip137.P2PKH_COMPRESSED
            if vector["compressed"]
            else bip137.P2PKH_UNCOMPRESSED
        )
        assert payload[0] == first + vector["recovery"]
        assert payload[1:].hex() == vector["signature"]
    for vector in fixtures["invalid"]["signature"]:
        assert not bip137.is_bip137(bytes.fromhex(vector["hex"]))


def test_bitcoinjs_message_signatures_are_what_we_make() -> None:
    one = (1).to_bytes(32)
    vector = bitcoinjs()["valid"]["sign"][0]
    expected = {
        KeySigner(one, Form.P2PKH, compressed=False): vector["signature"],
        KeySigner(one, Form.P2PKH): vector["compressed"]["signature"],
    }
    for signer, signature in expected.items():
        made = signer.sign(vector["message"]).payload
        assert base64.b64encode(made).decode() == signature


def test_bitcoinjs_message_valid_signatures() -> None:
    fixtures = bitcoinjs()
    (vector,) = [v for v in fixtures["valid"]["verify"] if v["network"] == "bitcoin"]
    pairs = [vector, vector["compressed"], *vector["segwit"].values()]
    for pair in pairs:
        payload = payload_of(pair["signature"], pair["address"])
        assert valid(parse(pair["address"]), payload, vector["message"])
    random = fixtures["randomSig"][0]
    key = wif.read(random["wif"])
    public = secp256k1.public_key_of(key.secret, compressed=key.compressed)
    identifier = identifier_of(output(Form.P2PKH, hash160(public)), MAINNET)
    for signature in random["signatures"]:
        payload = payload_of(signature["signature"], identifier.value)
        assert valid(identifier, payload, random["message"])
    assert len(pairs) + len(random["signatures"]) == 6


def test_bitcoinjs_message_invalid_signatures() -> None:
    vectors = bitcoinjs()["invalid"]["verify"]
    for vector in vectors:
        identifier = parse(vector["address"])
        payload = payload_of(vector["signature"], vector["address"])
        assert not valid(identifier, payload, vector["message"])
    assert len(vectors) == 4


def test_bitcoinjs_message_for_dogecoin_is_out_of_scope() -> None:
    others = [v for v in bitcoinjs()["valid"]["verify"] if v["network"] != "bitcoin"]
    assert [vector["network"] for vector in others] == ["dogecoin"]
    with pytest.raises(InvalidIdentifier):
        parse(others[0]["address"])
