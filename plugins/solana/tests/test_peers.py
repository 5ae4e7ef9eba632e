"""Cross-checks with code that no one here wrote.

`@solana/kit` (off-chain messages), `tweetnacl` (JavaScript) and `solders`
(Rust, ed25519-dalek): what they sign we verify, and they say the same of
what was altered.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from base58 import b58encode
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from xmtp_identity.errors import InvalidIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_solana.identifier import decode, encode, parse
from xmtp_identity_solana.signature import messages, verify_many
from xmtp_identity_solana.signer import KeypairSigner

from .peers import ask_node
from .support import (
    code_of,
    data,
    signer,
    small_order_points,
    text_for,
    verify,
    with_torsion,
    wrapped,
)

WALLETS = [signer(f"peer {number}") for number in range(24)]
KIT_FORMS = {"raw", "v0_1", "v0_2", "v1"}


def text_of(wallet: KeypairSigner) -> str:
    """An update's text; of every third one it is not all ASCII."""
    text = text_for(wallet.identifier.value)
    return text.replace("XMTP", "ΧΜΤΡ \U0001f600") if wallet.seed[0] % 3 else text


@pytest.fixture(scope="module")
def signed() -> list[dict[str, Any]]:
    """Every wallet's signatures by `@solana/kit` and `tweetnacl`."""
    jobs = [{"seed": wallet.seed.hex(), "text": text_of(wallet)} for wallet in WALLETS]
    answers: list[dict[str, Any]] = ask_node(sign=jobs)["signed"]
    return answers


def altered(signature: bytes, seed: bytes) -> Iterator[bytes]:
    """Some copies with one bit changed, at places that depend on the seed."""
    number = int.from_bytes(signature)
    for byte in sha256(seed).digest()[:12]:
        yield (number ^ 1 << byte * 2).to_bytes(64)
        yield (number ^ 1 << byte * 2 + 1).to_bytes(64)


def test_solana_kit_derives_the_same_addresses(signed: list[dict[str, Any]]) -> None:
    for wallet, answer in zip(WALLETS, signed, strict=True):
        assert answer["address"] == wallet.identifier.value


def test_what_solana_kit_and_tweetnacl_sign_verifies(
    signed: list[dict[str, Any]],
) -> None:
    for wallet, answer in zip(WALLETS, signed, strict=True):
        member, text = wallet.identifier, text_of(wallet).encode()
        assert set(answer["forms"]) == KIT_FORMS
        for form, made in answer["forms"].items():
            content = bytes.fromhex(made["content"])
            assert content == wrapped(form, text, encode(member))
            assert content in messages(text, encode(member))
            signature = bytes.fromhex(made["signature"])
            assert verify(member, text, signature) == VerifiedSignature(
                member, encode(member), signature
            )


def test_one_changed_bit_in_what_they_sign_is_refused(
    signed: list[dict[str, Any]],
) -> None:
    for wallet, answer in zip(WALLETS[:8], signed[:8], strict=True):
        text = text_of(wallet).encode()
        for made in answer["forms"].values():
            signature = bytes.fromhex(made["signature"])
            items = [
                SignatureItem(text, each, wallet.identifier)
                for each in altered(signature, wallet.seed)
            ]
            for result in verify_many(items, {}):
                assert code_of(result) == "invalid_signature"


def test_tweetnacl_says_the_same_of_our_signatures_and_of_altered_ones() -> None:
    asked, expected = [], []
    for wallet in WALLETS[:8]:
        member, text = wallet.identifier, text_of(wallet)
        good = wallet.sign(text).payload
        for signature in (good, *altered(good, wallet.seed)):
            result = verify(member, text.encode(), signature)
            expected.append(isinstance(result, VerifiedSignature))
            asked.append(
                {
                    "message": text.encode().hex(),
                    "signature": signature.hex(),
                    "key": encode(member).hex(),
                }
            )
    assert sum(expected) == 8
    assert ask_node(verify=asked)["verified"] == expected


def test_tweetnacl_takes_the_forged_signature_that_we_refuse() -> None:
    forged = data("forged-system-program.json")
    asked = {"message": forged["msg"], "signature": forged["sig"], "key": forged["pk"]}
    assert ask_node(verify=[asked])["verified"] == [True]
    with pytest.raises(InvalidIdentifier):
        decode(bytes.fromhex(forged["pk"]))


def test_every_address_of_ours_is_one_to_solana_kit() -> None:
    ours = [wallet.identifier.value for wallet in WALLETS]
    wrong = [ours[0] + "\n", ours[0][:-1], "1" * 33, ours[0].replace(ours[0][5], "0")]
    answers = ask_node(addresses=ours + wrong)["addresses"]
    assert answers == [True] * len(ours) + [False] * len(wrong)
    for text in wrong:
        with pytest.raises(InvalidIdentifier):
            parse(text)


def test_solders_derives_the_same_addresses_and_signatures() -> None:
    for wallet in WALLETS:
        theirs = Keypair.from_seed(wallet.seed)
        text = text_of(wallet)
        assert str(theirs.pubkey()) == wallet.identifier.value
        assert bytes(theirs.sign_message(text.encode())) == wallet.sign(text).payload


def test_solders_says_the_same_of_every_form_and_of_altered_ones() -> None:
    for wallet in WALLETS[:8]:
        member, text = wallet.identifier, text_of(wallet).encode()
        theirs, key = Keypair.from_seed(wallet.seed), encode(member)
        for message in messages(text, key):
            good = bytes(theirs.sign_message(message))
            assert isinstance(verify(member, text, good), VerifiedSignature)
            for signature in altered(good, wallet.seed):
                assert not Signature(signature).verify(theirs.pubkey(), message)
                assert code_of(verify(member, text, signature)) == "invalid_signature"


def test_solders_refuses_points_r_with_a_part_of_small_order_as_we_do() -> None:
    wallet = WALLETS[0]
    text = text_of(wallet).encode()
    key = Pubkey(encode(wallet.identifier))
    for torsion in small_order_points():
        signature = with_torsion(wallet, text, torsion)
        ours = isinstance(verify(wallet.identifier, text, signature), VerifiedSignature)
        assert Signature(signature).verify(key, text) == ours


def test_what_solders_finds_off_the_curve_we_refuse() -> None:
    taken = refused = 0
    for number in range(400):
        key = sha256(b"point %d" % number).digest()
        pubkey = Pubkey(key)
        assert str(pubkey) == b58encode(key).decode()
        try:
            assert decode(key).value == str(pubkey)
        except InvalidIdentifier:
            refused += 1
            continue
        assert pubkey.is_on_curve()
        taken += 1
    # Half of all bytes are no points; of the points one in eight has prime order.
    assert taken > 10
    assert refused > 200
