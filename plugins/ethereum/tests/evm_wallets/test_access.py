"""Every wallet, judged through access to its chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random

import pytest
from tests.support.signers import eip191

from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Valid,
)

from .anvil import CHAIN_ID, Anvil
from .fixtures import chain_access
from .texts import text_for
from .wallets import ChainWallet, Wallets, is_valid, key, plain, wrapped
from .zoo import DEPLOYED, NAMES, UNDEPLOYED, Kept


def about(
    wallet: ChainWallet,
    *,
    text: bytes | None = None,
    signature: bytes | None = None,
    block: int | None = None,
) -> SmartWalletRequest:
    """Whether a wallet takes its own signature of its text, unless said."""
    if text is None:
        text = text_for(wallet)
    return SmartWalletRequest(
        account_id=wallet.account_id,
        chain_id=CHAIN_ID,
        address=wallet.value,
        hash=eip191(text),
        signature=wallet.raw(text) if signature is None else signature,
        block_number=wallet.block if block is None else block,
    )


def judged(access: ChainAccess, request: SmartWalletRequest) -> SmartWalletVerdict:
    (verdict,) = access.verify([request])
    return verdict


def refused(access: ChainAccess, request: SmartWalletRequest) -> bool:
    verdict = judged(access, request)
    assert isinstance(verdict, Valid | Invalid), verdict
    return isinstance(verdict, Invalid)


@pytest.mark.parametrize("name", NAMES)
def test_a_wallet_takes_its_own_text_alone(
    name: str, zoo: Mapping[str, Kept], access: ChainAccess
) -> None:
    wallet = zoo[name].wallet
    text = text_for(wallet)
    assert judged(access, about(wallet)) == Valid()
    assert refused(access, about(wallet, text=text + b".", signature=wallet.raw(text)))


@pytest.mark.parametrize("name", NAMES)
def test_nobody_but_its_owners_signs_for_a_wallet(
    name: str, zoo: Mapping[str, Kept], access: ChainAccess
) -> None:
    wallet = zoo[name].wallet
    text = text_for(wallet)
    inner = bytearray(wallet.owner_signs(text))
    inner[40] ^= 1  # in the first signature's s
    signature = bytes(inner)
    if wallet.factory is not None:
        signature = wrapped(wallet.factory, signature)
    assert refused(access, about(wallet, signature=signature))


def test_one_owner_of_two_does_not_suffice(
    zoo: Mapping[str, Kept], access: ChainAccess
) -> None:
    wallet = zoo["Safe, two of two"].wallet
    both = wallet.raw(text_for(wallet))
    assert refused(access, about(wallet, signature=both[:65]))
    assert refused(access, about(wallet, signature=both[:65] * 2))
    assert refused(access, about(wallet, signature=both[65:] + both[:65]))


@pytest.mark.parametrize("name", DEPLOYED)
def test_a_wallet_takes_its_own_signature_in_a_wrapper_too(
    name: str, zoo: Mapping[str, Kept], wallets: Wallets, access: ChainAccess
) -> None:
    wallet = zoo[name].wallet
    other = zoo["Solady, ERC-4337, undeployed"].wallet.factory
    assert other is not None
    signature = wrapped(other, wallet.raw(text_for(wallet)))
    assert judged(access, about(wallet, signature=signature)) == Valid()


@pytest.mark.parametrize("name", UNDEPLOYED)
def test_an_undeployed_wallet_needs_its_factory(
    name: str, zoo: Mapping[str, Kept], access: ChainAccess
) -> None:
    wallet = zoo[name].wallet
    bare = wallet.owner_signs(text_for(wallet))
    assert refused(access, about(wallet, signature=bare))
    for other in UNDEPLOYED:
        factory = zoo[other].wallet.factory
        assert factory is not None
        request = about(wallet, signature=wrapped(factory, bare))
        assert (judged(access, request) == Valid()) is (other == name)


@pytest.mark.parametrize("form", ["Safe", "Solady"])
def test_a_signature_from_before_a_wallet_was_made_holds_after_it(
    form: str, wallets: Wallets, anvil: Anvil, access: ChainAccess
) -> None:
    owner = key(f"soon {form}")
    wallet = (
        wallets.safe([owner], 1, salt=5, deployed=False)
        if form == "Safe"
        else wallets.solady(owner, salt=5, deployed=False)
    )
    made = wallets.make(wallet)
    for block in (wallet.block, made - 1, made, anvil.head):
        assert judged(access, about(wallet, block=block)) == Valid()
    bare = about(wallet, signature=wallet.owner_signs(text_for(wallet)))
    assert refused(access, bare)
    assert judged(access, replace(bare, block_number=made)) == Valid()


def test_an_account_has_no_signatures_before_it_has_code(
    zoo: Mapping[str, Kept], access: ChainAccess
) -> None:
    for name in DEPLOYED:
        wallet = zoo[name].wallet
        verdict = judged(access, about(wallet, block=wallet.block - 1))
        assert isinstance(verdict, Invalid)
        # The account of EIP-7702 was its key's alone, which libxmtp would take.
        assert verdict.deviation is (name == "EIP-7702")


# Owners come and go.


def test_who_owned_a_wallet_at_the_block_signs_for_it(
    wallets: Wallets, access: ChainAccess
) -> None:
    old, new = key("old"), key("new")
    before = wallets.minimal(old)
    since = wallets.rotate_minimal(before, old, new)
    after = replace(before, owner_signs=plain(new))
    assert judged(access, about(before, block=since - 1)) == Valid()
    assert refused(access, about(before, block=since))
    assert refused(access, about(after, block=since - 1))
    assert judged(access, about(after, block=since)) == Valid()


def test_who_owned_a_safe_at_the_block_signs_for_it(
    wallets: Wallets, access: ChainAccess
) -> None:
    old, new = key("old of a Safe"), key("new of a Safe")
    wallet = wallets.safe([old], 1, salt=7)
    since = wallets.rotate_safe(wallet, old, new)
    after = wallets.safe_signed_by(wallet, [new])
    assert judged(access, about(wallet, block=since - 1)) == Valid()
    assert refused(access, about(wallet, block=since))
    assert judged(access, about(after, block=since)) == Valid()


def test_a_wrapper_does_not_bring_back_who_owned_a_wallet_when_it_was_made(
    wallets: Wallets, access: ChainAccess
) -> None:
    old, new = key("first of a Safe"), key("second of a Safe")
    wallet = wallets.safe([old], 1, salt=8, deployed=False)
    wallets.make(wallet)
    since = wallets.rotate_safe(wallet, old, new)
    assert judged(access, about(wallet, block=since - 1)) == Valid()
    assert refused(access, about(wallet, block=since))


def test_an_account_that_gives_its_code_up_has_no_signatures_of_a_wallet(
    wallets: Wallets, access: ChainAccess
) -> None:
    owner = key("back to a key")
    wallet = wallets.delegated(owner)
    since = wallets.delegate_to(owner, "0x" + "00" * 20)
    assert judged(access, about(wallet, block=since - 1)) == Valid()
    verdict = judged(access, about(wallet, block=since))
    # The signature is one of the account's own key, as erc_191 says it is.
    assert isinstance(verdict, Invalid)
    assert verdict.deviation


def test_the_account_in_the_text_keeps_a_signature_from_a_sibling_wallet(
    wallets: Wallets, anvil: Anvil, access: ChainAccess
) -> None:
    owner = key("of two wallets")
    one, sibling = wallets.minimal(owner), wallets.minimal(owner)
    text = text_for(one)
    # Such a wallet does not know for which account its owner signed.
    assert is_valid(anvil, sibling.value, text, one.raw(text))
    assert refused(access, about(sibling, signature=one.raw(text)))


@pytest.mark.parametrize("form", ["Safe", "Solady"])
def test_a_wallet_with_hashes_of_its_own_refuses_a_sibling_by_itself(
    form: str, wallets: Wallets, access: ChainAccess
) -> None:
    owner = key(f"of two {form}s")
    if form == "Safe":
        one, sibling = (wallets.safe([owner], 1, salt=salt) for salt in (10, 11))
    else:
        one, sibling = (wallets.solady(owner, salt=salt) for salt in (10, 11))
    text = text_for(sibling)
    assert judged(access, about(sibling)) == Valid()
    assert refused(access, about(sibling, signature=one.raw(text)))


def test_what_a_solady_account_takes_beside_nested_hashes_hangs_on_the_node() -> None:
    # Asked off chain it takes its owner's plain signature too. It believes that
    # it is off chain if a contract tells it of a base fee over the gas price,
    # or if there is more gas to burn than a block has.
    base_fee, tells = "0x000000000000378edcd5b5b0a24f5342d8c10485", "0x485f5260205ff3"
    owner = key("of a Solady account on a chain of its own")
    with Anvil() as anvil, chain_access(anvil) as access:
        wallet = Wallets(anvil).solady(owner)
        request = about(wallet, signature=plain(owner)(text_for(wallet)))
        verdict = judged(access, request)
        assert isinstance(verdict, Invalid)
        assert verdict.deviation  # all the gas is gone, whatever was signed
        anvil.ask("anvil_setCode", base_fee, tells)
        later = anvil.mine()
        assert judged(access, replace(request, block_number=later)) == Valid()


def test_the_verdicts_of_many_stand_in_the_order_of_the_questions(
    zoo: Mapping[str, Kept], anvil: Anvil
) -> None:
    asked = []
    for kept in zoo.values():
        wallet = kept.wallet
        text = text_for(wallet)
        asked += [
            (about(wallet), True),
            (about(wallet, text=text + b"!"), True),
            (about(wallet, text=text + b"?", signature=wallet.raw(text)), False),
        ]
    asked *= 4
    Random(7).shuffle(asked)
    with chain_access(anvil) as fresh:
        verdicts = fresh.verify([request for request, _ in asked])
    assert [verdict == Valid() for verdict in verdicts] == [good for _, good in asked]
