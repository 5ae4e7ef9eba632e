"""Scripts and keys that an interpreter takes and that prove nothing here."""

from __future__ import annotations

from functools import partial
from hashlib import sha256

import pytest

from xmtp_identity_bitcoin import secp256k1
from xmtp_identity_bitcoin.addresses import Form, output
from xmtp_identity_bitcoin.hashes import hash160
from xmtp_identity_bitcoin.templates import push, single_key_script
from xmtp_identity_bitcoin.transactions import ToSign, write_witness

from .support import (
    ALL,
    ONE_KEY,
    TWO_OF_THREE,
    Spend,
    bip137,
    changed,
    code,
    full,
    key_member,
    member,
    multisig,
    p2tr,
    p2wpkh,
    p2wsh,
    public,
    script_member,
    secret,
    simple,
    valid,
    with_items,
)

CHECKSIG = b"\xac"
NOT_SIGNED = "invalid_signature"
ENCODING = "bitcoin_signature_encoding"
SCRIPT = "bitcoin_script"

# A witness script and what satisfies it, without any key.
ANYONES = {
    "OP_TRUE": (b"\x51",),
    "OP_TRUE with junk": (b"", b"\x51"),
    "a hash lock": (b"secret", b"\xa8" + push(sha256(b"secret").digest()) + b"\x87"),
    "OP_DROP OP_TRUE": (b"anything", b"\x75\x51"),
    "0 of 0": (b"", b"\x00\x00\xae"),
    "0 of 1": (b"", b"\x00" + push(public("alice")) + b"\x51\xae"),
    "an empty script": (b"\x01", b""),
}

# Around the key of alice, who signs.
OTHER_SINGLE_KEY_SCRIPTS = {
    "p2pkh in p2wsh": b"\x76\xa9\x14" + hash160(public("alice")) + b"\x88\xac",
    "OP_CHECKSIGVERIFY": push(public("alice")) + b"\xad\x51",
    "OP_DROP before": b"\x75" + ONE_KEY,
    "OP_CODESEPARATOR": b"\xab" + ONE_KEY,
    "OP_PUSHDATA1": b"\x4c\x21" + public("alice") + CHECKSIG,
    "twice": ONE_KEY + ONE_KEY,
    "cut off": ONE_KEY[:-1],
}

# Around the keys of alice, bob and carol.
OTHER_MULTISIG_SCRIPTS = {
    "k is pushed": b"\x01\x02" + TWO_OF_THREE[1:],
    "n is pushed": TWO_OF_THREE[:-2] + b"\x01\x03\xae",
    "n is wrong": TWO_OF_THREE[:-2] + b"\x54\xae",
    "k is 0": b"\x00" + TWO_OF_THREE[1:],
    "k is -1": b"\x4f" + TWO_OF_THREE[1:],
    "k is over n": b"\x54" + TWO_OF_THREE[1:],
    "OP_CHECKMULTISIGVERIFY": TWO_OF_THREE[:-1] + b"\xaf\x51",
    "OP_NOP behind": TWO_OF_THREE + b"\x61",
    "21 keys": multisig(1, *["alice"] * 21),
    "a hybrid key": b"\x51" + push(b"\x06" + public("alice")[1:]) + b"\x51\xae",
    "cut off in a key": TWO_OF_THREE[:40],
    "cut off": TWO_OF_THREE[:-1],
    "no keys": b"\x51\x51\xae",
    "one byte": b"\x01",
}

SIGNERS = {
    "a dummy that is not empty": (("alice", "bob"), (b"\x00",)),
    "no dummy": (("alice", "bob"), ()),
    "two dummies": (("alice", "bob"), (b"", b"")),
    "one signature": (("alice",), (b"",)),
    "three signatures": (("alice", "bob", "carol"), (b"",)),
    "the wrong order": (("bob", "alice"), (b"",)),
    "one signer twice": (("alice", "alice"), (b"",)),
    "the last signer twice": (("carol", "carol"), (b"",)),
    "a stranger": (("alice", "mallory"), (b"",)),
    "a stranger first": (("mallory", "carol"), (b"",)),
    "strangers": (("mallory", "mallory"), (b"",)),
}


@pytest.mark.parametrize("name", ANYONES)
def test_a_script_that_anyone_can_satisfy_proves_nothing(name: str) -> None:
    witness = ANYONES[name]
    identifier = script_member(witness[-1])
    assert code(identifier, write_witness(witness)) == SCRIPT
    assert code(identifier, full(identifier, lambda _: (b"", witness))) == SCRIPT


@pytest.mark.parametrize(("signer", "branch"), [("alice", b"\x01"), ("heir", b"")])
def test_an_owner_or_heir_script_proves_nothing_though_one_of_them_signed(
    signer: str, branch: bytes
) -> None:
    owner, heir = push(public("alice")), push(public("heir"))
    # IF owner CHECKSIG ELSE 144 CHECKSEQUENCEVERIFY DROP heir CHECKSIG ENDIF
    script = b"\x63" + owner + b"\xac\x67\x02\x90\x00\xb2\x75" + heir + b"\xac\x68"
    identifier = script_member(script)
    wallet = changed(
        p2wsh(script, signer),
        lambda script_sig, witness: (script_sig, (witness[0], branch, witness[1])),
    )
    assert code(identifier, full(identifier, wallet)) == SCRIPT
    assert code(identifier, simple(identifier, wallet)) == SCRIPT


@pytest.mark.parametrize("name", OTHER_SINGLE_KEY_SCRIPTS)
def test_other_scripts_around_one_key_are_refused(name: str) -> None:
    script = OTHER_SINGLE_KEY_SCRIPTS[name]
    identifier = script_member(script)
    assert code(identifier, simple(identifier, p2wsh(script, "alice"))) == SCRIPT


@pytest.mark.parametrize("name", OTHER_MULTISIG_SCRIPTS)
def test_other_scripts_around_several_keys_are_refused(name: str) -> None:
    script = OTHER_MULTISIG_SCRIPTS[name]
    identifier = script_member(script)
    payload = simple(identifier, p2wsh(script, "alice", "bob", dummy=(b"",)))
    assert code(identifier, payload) == SCRIPT


@pytest.mark.parametrize("name", SIGNERS)
def test_two_of_three_takes_two_signatures_in_the_order_of_the_keys(name: str) -> None:
    names, dummy = SIGNERS[name]
    identifier = script_member(TWO_OF_THREE)
    payload = simple(identifier, p2wsh(TWO_OF_THREE, *names, dummy=dummy))
    assert code(identifier, payload) in {ENCODING, NOT_SIGNED}


def test_one_key_takes_one_signature() -> None:
    identifier = script_member(ONE_KEY)
    for names in ((), ("alice", "alice")):
        payload = simple(identifier, p2wsh(ONE_KEY, *names))
        assert code(identifier, payload) == ENCODING
    stranger = simple(identifier, p2wsh(ONE_KEY, "mallory"))
    assert code(identifier, stranger) == NOT_SIGNED


def test_the_script_must_be_the_one_in_the_address() -> None:
    identifier = script_member(ONE_KEY)
    payload = simple(identifier, p2wsh(single_key_script(public("bob")), "bob"))
    assert code(identifier, payload) == NOT_SIGNED


@pytest.mark.parametrize(
    "redeem", [ONE_KEY, TWO_OF_THREE, b"\x51", b"\x00\x20" + sha256(ONE_KEY).digest()]
)
def test_p2sh_other_than_around_p2wpkh_is_refused(redeem: bytes) -> None:
    identifier = member(output(Form.P2SH, hash160(redeem)))
    bare = full(identifier, lambda _: (push(redeem[:75]), ()))
    assert code(identifier, bare) == SCRIPT
    wrapped = changed(p2wsh(ONE_KEY, "alice"), lambda _, witness: (push(b""), witness))
    assert code(identifier, full(identifier, wrapped)) == NOT_SIGNED
    many = p2wsh(TWO_OF_THREE, "alice", "bob", dummy=(b"",))
    assert code(identifier, full(identifier, many)) == SCRIPT


# Taproot, other than with its key.


def test_ecdsa_for_a_taproot_address_is_refused() -> None:
    identifier = key_member(Form.P2TR, "alice")
    for header in (27, 31, 35, 39):
        assert code(identifier, bip137("alice", header)) == "bitcoin_proof_form"
    assert code(identifier, simple(identifier, p2wpkh("alice"))) == SCRIPT


@pytest.mark.parametrize("annex", [b"\x50", b"\x50 and more"])
def test_a_taproot_annex_is_refused(annex: bytes) -> None:
    identifier = key_member(Form.P2TR, "alice")
    payload = simple(identifier, with_items(p2tr("alice"), annex))
    assert code(identifier, payload) == ENCODING


def test_a_taproot_script_path_is_refused() -> None:
    identifier = key_member(Form.P2TR, "alice")
    leaf = push(public("alice")[1:]) + CHECKSIG
    control = b"\xc0" + public("alice")[1:]
    for path in ((leaf, control), (b"\x51", control), (control,), (b"",)):
        payload = simple(identifier, with_items(p2tr("alice"), *path))
        assert code(identifier, payload) == SCRIPT


def test_a_taproot_key_that_is_no_point_signs_nothing() -> None:
    for x in (bytes(32), b"\xff" * 32, (5).to_bytes(32)):
        identifier = member(output(Form.P2TR, x))
        for signature in (bytes(64), b"\xff" * 64):
            assert code(identifier, write_witness((signature,))) == NOT_SIGNED


# Keys in forms that only some take.


def hybrid(name: str) -> bytes:
    """The long form whose tag says the parity too (SEC 1, 06 and 07)."""
    key = public(name, compressed=False)
    return bytes([6 + key[-1] % 2]) + key[1:]


def test_uncompressed_and_hybrid_keys_in_segwit_are_refused() -> None:
    for key in (public("alice", compressed=False), hybrid("alice")):
        identifier = member(output(Form.P2WPKH, hash160(key)))
        payload = simple(identifier, p2wpkh("alice", key=key))
        assert code(identifier, payload) == ENCODING
        redeem = b"\x00\x14" + hash160(key)
        identifier = member(output(Form.P2SH, hash160(redeem)))
        assert (
            code(identifier, simple(identifier, p2wpkh("alice", key=key))) == ENCODING
        )
        script = single_key_script(key)
        identifier = script_member(script)
        assert code(identifier, simple(identifier, p2wsh(script, "alice"))) == SCRIPT


def test_hybrid_keys_in_p2pkh_are_refused() -> None:
    def wallet(key: bytes, to_sign: ToSign) -> Spend:
        digest = to_sign.legacy_digest(to_sign.script)
        signature = secp256k1.sign_ecdsa(secret("alice"), digest) + bytes([ALL])
        return push(signature) + push(key), ()

    for key in (public("alice", compressed=False), hybrid("alice")):
        identifier = member(output(Form.P2PKH, hash160(key)))
        payload = full(identifier, partial(wallet, key))
        assert valid(identifier, payload) == (key[0] == 4)


def test_a_key_with_another_tag_signs_nothing() -> None:
    for tag in (0x00, 0x04, 0x05, 0x06):
        script = single_key_script(bytes([tag]) + public("alice")[1:])
        identifier = script_member(script)
        payload = simple(identifier, p2wsh(script, "alice"))
        assert code(identifier, payload) == NOT_SIGNED


def test_a_key_that_is_no_point_signs_nothing() -> None:
    nobody = b"\x02" + (5).to_bytes(32)
    identifier = member(output(Form.P2WPKH, hash160(nobody)))
    payload = simple(identifier, p2wpkh("alice", key=nobody))
    assert code(identifier, payload) == NOT_SIGNED
    # Beside others it does no harm, as for Bitcoin itself.
    script = b"\x51" + push(nobody) + push(public("bob")) + b"\x52\xae"
    identifier = script_member(script)
    assert valid(identifier, simple(identifier, p2wsh(script, "bob", dummy=(b"",))))
