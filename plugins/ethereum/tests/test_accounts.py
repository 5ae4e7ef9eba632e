"""Smart wallets as they are named, and what they sign."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.errors import BadInput, InvalidIdentifier, SignatureUnavailable
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity_ethereum.accounts import (
    SmartWallet,
    SmartWalletSigner,
    open_account,
)
from xmtp_identity_ethereum.signer import tools
from xmtp_identity_ethereum.smart_wallet import Unavailable, verify_many
from xmtp_identity_ethereum.v1.ethereum_pb2 import SmartContractWalletSignature

from .support import ABAB, StubChain, eip191, one, signer_of

TEXT = "XMTP : Authenticate to inbox"
ACCOUNT = f"eip155:8453:{ABAB}"
DIGEST = keccak(eip191(TEXT.encode()))


@dataclass
class Heads:
    """The newest block, one more with each question."""

    newest: int = 100
    asked: list[int] = field(default_factory=list)

    def head(self, chain_id: int) -> int | Unavailable:
        self.asked.append(chain_id)
        self.newest += 1
        return self.newest


def test_an_account_is_a_member_on_a_chain() -> None:
    wallet = SmartWallet(ACCOUNT.replace(ABAB, "0x" + ABAB[2:].upper()), 7)
    assert wallet.identifier == MemberIdentifier("ethereum", ABAB)
    assert (wallet.chain_id, wallet.block_number) == (8453, 7)
    assert wallet.account_id == ACCOUNT


def test_a_signer_lets_the_wallet_sign_text_or_hash_at_its_block() -> None:
    seen = []

    def sign(text: str, digest: bytes) -> bytes:
        seen.append((text, digest))
        return StubChain.sign(ACCOUNT, digest)

    signer = SmartWalletSigner(SmartWallet(ACCOUNT, 7), sign)
    number, payload = signer.sign(TEXT)
    assert seen == [(TEXT, DIGEST)]
    assert number == 2
    assert SmartContractWalletSignature.FromString(payload).block_number == 7
    result = one(verify_many, TEXT, payload, {"ethereum": StubChain()})
    assert signer_of(result) == ABAB == signer.identifier.value


def test_the_newest_block_is_asked_for_once_and_kept() -> None:
    heads = Heads()
    wallet = SmartWallet(ACCOUNT, heads=heads)
    assert wallet.block_number is None
    assert "block_number" not in wallet.facts(TEXT)
    first, second = (wallet.read_signature(pasted)[0] for pasted in ("0x00", "ff"))
    blocks = {
        SmartContractWalletSignature.FromString(signature.payload).block_number
        for signature in (first, second)
    }
    assert blocks == {101}
    assert heads.asked == [8453]
    assert wallet.facts(TEXT) == {
        "account": ACCOUNT,
        "hash": "0x" + DIGEST.hex(),
        "block_number": "101",
    }


def test_a_block_that_is_named_is_not_asked_for() -> None:
    heads = Heads()
    assert SmartWallet(ACCOUNT, 7, heads=heads).pin() == 7
    assert heads.asked == []


def test_without_the_chain_there_is_no_block_and_no_verdict() -> None:
    with pytest.raises(SignatureUnavailable, match="eip155:8453") as caught:
        SmartWallet(ACCOUNT).read_signature("0x00")
    assert caught.value.retryable


@pytest.mark.parametrize("pasted", ["0x00", " 00\n", "0xAb", "00" * 5000])
def test_a_signature_is_hex_of_any_length(pasted: str) -> None:
    [(_, payload)] = SmartWallet(ACCOUNT, 7).read_signature(pasted)
    read = SmartContractWalletSignature.FromString(payload)
    assert read.signature == bytes.fromhex(pasted.strip().removeprefix("0x"))
    assert (read.account_id, read.block_number) == (ACCOUNT, 7)


@pytest.mark.parametrize("pasted", ["", "0x", "0", "0x0", "00 00", "0x0g", "٠٠", "{}"])
def test_other_text_is_no_signature(pasted: str) -> None:
    with pytest.raises(BadInput):
        SmartWallet(ACCOUNT, 7).read_signature(pasted)


@pytest.mark.parametrize("block", [0, -1, 1 << 64])
def test_a_block_has_a_number_from_one_on(block: int) -> None:
    with pytest.raises(BadInput):
        SmartWallet(ACCOUNT, block)


def test_a_person_may_name_the_block() -> None:
    wallet = open_account(f"{ACCOUNT}@7", {})
    assert wallet is not None
    assert wallet.block_number == 7
    heads = Heads()
    newest = open_account(ACCOUNT, {"ethereum": heads})
    assert newest is not None
    assert newest.pin() == 101


@pytest.mark.parametrize("text", ["solana:101:x", "cosmos:hub:x", "eip15:1:" + ABAB])
def test_chains_of_others_are_left_to_them(text: str) -> None:
    assert open_account(text, {}) is None


@pytest.mark.parametrize(
    "text",
    [
        "eip155",
        "eip155:",
        f"eip155:{ABAB}",
        f"eip155:0:{ABAB}",
        f"eip155:01:{ABAB}",
        f"eip155:{1 << 64}:{ABAB}",
        f"eip155:0x1:{ABAB}",
        f"eip155:\u0661:{ABAB}",
        f"eip155:1:{ABAB[2:]}",
        f"eip155:1:{ABAB}0",
        f"eip155:1:{ABAB}\n",
        f"eip155:1:{ABAB}@",
        f"eip155:1:{ABAB}@0",
        f"eip155:1:{ABAB}@01",
        f"eip155:1:{ABAB}@7@7",
        f"eip155:1:{ABAB[:-1]}B",  # capitals that do not fit, EIP-55
        "eip155:1:wallet.key",
        "eip155:1:" + "17" * 32,
    ],
)
def test_what_is_no_account_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        open_account(text, {})
    assert text.rpartition(":")[2] not in caught.value.detail or len(text) < 9


def test_a_block_is_no_part_of_an_account_id() -> None:
    with pytest.raises(InvalidIdentifier):
        SmartWallet(f"{ACCOUNT}@7")


@given(st.text(max_size=80).map("eip155:".__add__) | st.text(max_size=80))
def test_any_text_is_an_account_or_none(text: str) -> None:
    with contextlib.suppress(BadInput):
        open_account(text, {})


def test_the_tools_of_the_kind_read_accounts() -> None:
    read = tools().read_account
    assert read is not None
    account = read(ACCOUNT, {})
    assert account is not None
    assert account.chain_id == 8453
