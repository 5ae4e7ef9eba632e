"""Which signatures prove which addresses, and what a verdict holds."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xmtp_identity.errors import InvalidSignature
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_bitcoin import secp256k1
from xmtp_identity_bitcoin.addresses import Form, output
from xmtp_identity_bitcoin.hashes import hash160
from xmtp_identity_bitcoin.identifier import identifier_of, output_of
from xmtp_identity_bitcoin.keys import nested
from xmtp_identity_bitcoin.networks import NETWORKS
from xmtp_identity_bitcoin.signature import MAX_BYTES, verify_many
from xmtp_identity_bitcoin.templates import push, single_key_script
from xmtp_identity_bitcoin.transactions import ToSign

from .support import (
    ALICE,
    ALL,
    ONE_KEY,
    SEGWIT,
    TEXT,
    TWO_OF_THREE,
    WALLETS,
    Spend,
    Wallet,
    bip137,
    changed,
    code,
    full,
    key_member,
    multisig,
    p2pkh,
    p2sh_p2wpkh,
    p2tr,
    p2wpkh,
    p2wsh,
    public,
    script_member,
    secret,
    simple,
    taproot_secret,
    valid,
    verify,
)

KEYS = {
    "uncompressed": key_member(Form.P2PKH, "alice", compressed=False),
    "p2pkh": key_member(Form.P2PKH, "alice"),
    "p2sh": key_member(Form.P2SH, "alice"),
    "p2wpkh": key_member(Form.P2WPKH, "alice"),
    "p2tr": key_member(Form.P2TR, "alice"),
    "p2wsh": WALLETS["p2wsh, one key"][0],
}
PROVEN_BY_HEADER = {
    27: {"uncompressed"},
    31: {"p2pkh", "p2sh", "p2wpkh"},
    35: {"p2sh"},
    39: {"p2wpkh"},
}

texts = st.text(st.characters(codec="utf-8"), max_size=300)


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("version", [0, 2])
def test_a_full_signature_proves_its_address(name: str, version: int) -> None:
    identifier, wallet = WALLETS[name]
    assert valid(identifier, full(identifier, wallet, version=version))


@pytest.mark.parametrize("name", SEGWIT)
def test_a_simple_signature_proves_a_segwit_address(name: str) -> None:
    identifier, wallet = WALLETS[name]
    assert valid(identifier, simple(identifier, wallet))


@pytest.mark.parametrize("name", ["p2pkh", "p2pkh, uncompressed"])
def test_a_simple_signature_proves_no_address_from_before_segwit(name: str) -> None:
    identifier, _ = WALLETS[name]
    other, wallet = WALLETS["p2wpkh"]
    assert code(identifier, simple(other, wallet)) == "bitcoin_proof_form"
    assert code(identifier, simple(identifier, wallet)) == "bitcoin_proof_form"


@pytest.mark.parametrize("header", PROVEN_BY_HEADER)
def test_each_header_of_bip_137_proves_the_addresses_that_wallets_mean(
    header: int,
) -> None:
    payload = bip137("alice", header)
    proven = {name for name, member in KEYS.items() if valid(member, payload)}
    assert proven == PROVEN_BY_HEADER[header]
    stranger = {name for name in KEYS if valid(KEYS[name], bip137("bob", header))}
    assert not stranger


@pytest.mark.parametrize("name", WALLETS)
@pytest.mark.parametrize("other", WALLETS)
def test_a_signature_for_one_address_is_none_for_another(name: str, other: str) -> None:
    identifier, wallet = WALLETS[name]
    stranger, _ = WALLETS[other]
    same = identifier == stranger
    assert valid(stranger, full(identifier, wallet)) == same
    if name in SEGWIT:
        assert valid(stranger, simple(identifier, wallet)) == same


def test_a_stranger_who_signs_for_an_address_with_another_key_proves_nothing() -> None:
    """Over the very digest that the owner would sign, and with a key that fits."""

    def witness(to_sign: ToSign) -> Spend:
        owners_code = output(Form.P2PKH, hash160(public("alice"))).script
        digest = to_sign.segwit_digest(owners_code)
        signature = secp256k1.sign_ecdsa(secret("mallory"), digest) + bytes([ALL])
        return push(nested(public("mallory"))), (signature, public("mallory"))

    def schnorr(to_sign: ToSign) -> Spend:
        digest = to_sign.taproot_digest(0)
        return b"", (secp256k1.sign_schnorr(taproot_secret("mallory"), digest),)

    mallorys = single_key_script(public("mallory"))
    strangers: list[tuple[str, Wallet]] = [
        ("p2pkh", p2pkh("mallory")),
        ("p2pkh, uncompressed", p2pkh("mallory", compressed=False)),
        ("p2sh-p2wpkh", witness),
        ("p2sh-p2wpkh", p2sh_p2wpkh("mallory")),
        ("p2wpkh", changed(witness, lambda _, items: (b"", items))),
        ("p2wpkh", p2wpkh("mallory")),
        ("p2wsh, one key", p2wsh(ONE_KEY, "mallory")),
        ("p2wsh, one key", p2wsh(mallorys, "mallory")),
        ("p2wsh, 2 of 3", p2wsh(TWO_OF_THREE, "mallory", "mallory", dummy=(b"",))),
        ("p2wsh, 2 of 3", p2wsh(mallorys, "mallory")),
        ("p2tr", schnorr),
        ("p2tr", p2tr("mallory")),
    ]
    for name, stranger in strangers:
        identifier, _ = WALLETS[name]
        assert code(identifier, full(identifier, stranger)) == "invalid_signature"
        if name in SEGWIT:
            assert code(identifier, simple(identifier, stranger)) == "invalid_signature"


@given(texts, texts)
@example("", "\n")
@example("a" * 252, "a" * 253)
@example("é" * 40_000, "é" * 40_001)
def test_a_signature_is_for_one_text(text: str, other: str) -> None:
    identifier, wallet = WALLETS["p2wpkh"]
    for payload in (simple(identifier, wallet, text), bip137("alice", 39, text)):
        assert valid(identifier, payload, text)
        assert valid(identifier, payload, other) == (text == other)


def test_a_text_is_bytes_that_need_not_be_utf_8() -> None:
    assert not valid(ALICE, bip137("alice", 39), b"\xff\xfe")
    identifier, wallet = WALLETS["p2wpkh"]
    assert not valid(identifier, simple(identifier, wallet), b"\x80" * 1000)


@pytest.mark.parametrize(
    ("threshold", "size"), [(1, 1), (1, 3), (2, 2), (2, 3), (16, 16), (17, 17), (3, 20)]
)
def test_k_of_n_keys_prove_their_address(threshold: int, size: int) -> None:
    names = [f"key {number}" for number in range(size)]
    script = multisig(threshold, *names)
    identifier = script_member(script)
    for signers in (names[:threshold], names[-threshold:]):
        payload = simple(identifier, p2wsh(script, *signers, dummy=(b"",)))
        assert valid(identifier, payload)
        assert len(payload) <= MAX_BYTES
    if threshold < size:
        most = names[:threshold]
        fewer = simple(identifier, p2wsh(script, *most[:-1], dummy=(b"",)))
        more = simple(identifier, p2wsh(script, *names[: threshold + 1], dummy=(b"",)))
        assert not valid(identifier, fewer)
        assert not valid(identifier, more)


def test_a_longest_signature_of_all_is_within_the_bound() -> None:
    names = [f"key {number}" for number in range(20)]
    script = multisig(20, *names)
    identifier = script_member(script)
    payload = full(identifier, p2wsh(script, *names, dummy=(b"",)))
    assert 2000 < len(payload) <= MAX_BYTES
    assert valid(identifier, payload)


def test_the_word_key_is_the_account_whatever_signed_for_it() -> None:
    identifier, wallet = WALLETS["p2wpkh"]
    keys = set()
    for payload in (
        simple(identifier, wallet),
        full(identifier, wallet),
        bip137("alice", 31),
        bip137("alice", 39),
    ):
        result = verify(identifier, payload)
        assert isinstance(result, VerifiedSignature)
        assert result.remembered == payload
        assert result.signer is identifier
        assert result.chain_id is None
        keys.add(result.word_key)
    assert keys == {output_of(identifier.value).script}


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: str(network.name))
def test_the_same_script_on_another_network_is_another_signer(network: object) -> None:
    """The script is what is signed; the text, which names the address, binds it."""
    identifier, wallet = WALLETS["p2tr"]
    (same,) = [one for one in NETWORKS if one is network]
    there = identifier_of(output_of(identifier.value), same)
    result = verify(there, simple(identifier, wallet))
    assert isinstance(result, VerifiedSignature)
    assert result.signer == there


def test_a_call_answers_each_item_in_its_place() -> None:
    items, expected = [], []
    for number, (identifier, wallet) in enumerate(WALLETS.values()):
        for text in (TEXT, f"another {number}"):
            payload = full(identifier, wallet, text)
            items += [
                SignatureItem(text.encode(), payload, identifier),
                SignatureItem(text.encode(), payload[:-1], identifier),
                SignatureItem(b"", payload, identifier),
            ]
            expected += [True, False, False]
    items.append(SignatureItem(TEXT.encode(), bip137("alice", 31), ALICE))
    results = verify_many(items, {})
    verdicts = [isinstance(result, VerifiedSignature) for result in results]
    assert verdicts == [*expected, True]
    alone = [verify_many([item], {})[0] for item in items]
    assert [repr(result) for result in alone] == [repr(result) for result in results]
    assert verify_many([], {}) == []


def test_an_item_without_an_address_proves_nothing() -> None:
    payload = bip137("alice", 39)
    for identifier in (
        None,
        MemberIdentifier("solana", ALICE.value),
        MemberIdentifier("bitcoin", ALICE.value.upper()),
        MemberIdentifier("bitcoin", ""),
        MemberIdentifier("bitcoin", "\ud800"),
        MemberIdentifier("bitcoin", "1" * 10_000),
    ):
        item = SignatureItem(TEXT.encode(), payload, identifier)
        (result,) = verify_many([item], {})
        assert isinstance(result, InvalidSignature)
        assert result.__context__ is None
    assert valid(ALICE, payload)
