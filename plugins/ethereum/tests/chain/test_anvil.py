"""A real chain, asked in batches; the folder evm_wallets asks it about wallets."""

from __future__ import annotations

from dataclasses import replace

import pytest

from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.chain.limits import Limits
from xmtp_identity_ethereum.smart_wallet import Invalid, SmartWalletRequest, Valid

from ..evm_wallets.anvil import CHAIN_ID, Anvil
from ..evm_wallets.wallets import Wallets, key
from .quick import detail_of


@pytest.fixture
def requests(wallets: Wallets) -> list[SmartWalletRequest]:
    """Of one wallet; every second signature is another text's."""
    from tests.support.signers import eip191

    wallet = wallets.minimal(key("of many"))
    return [
        SmartWalletRequest(
            account_id=wallet.account_id,
            chain_id=CHAIN_ID,
            address=wallet.value,
            hash=eip191(b"%d" % number),
            signature=wallet.raw(b"%d" % (number - number % 2)),
            block_number=wallet.block,
        )
        for number in range(120)
    ]


@pytest.mark.parametrize("batch", [1, 7, 100])
def test_batches_of_any_size_give_the_same_verdicts(
    anvil: Anvil, requests: list[SmartWalletRequest], batch: int
) -> None:
    limits = Limits(batch=batch)
    with ChainAccess({CHAIN_ID: [anvil.url]}, limits=limits) as access:
        verdicts = access.verify(requests)
    assert [type(one) for one in verdicts] == [Valid, Invalid] * 60


def test_the_newest_block_is_known_and_a_later_one_is_not(
    anvil: Anvil, requests: list[SmartWalletRequest]
) -> None:
    with ChainAccess({CHAIN_ID: [anvil.url]}, limits=Limits(head_s=0)) as access:
        head = access.head(CHAIN_ID)
        assert head == anvil.head
        asked = replace(requests[0], block_number=head + 1000)
        detail = detail_of(access.verify([asked])[0], CHAIN_ID)
        assert "lacks that block or its state" in detail
        assert anvil.mine() == head + 1 == access.head(CHAIN_ID)


def test_a_chain_by_another_name_gives_no_verdict(
    anvil: Anvil, requests: list[SmartWalletRequest]
) -> None:
    asked = replace(requests[0], chain_id=1)
    with ChainAccess({1: [anvil.url]}, limits=Limits(first_pause_s=0)) as access:
        detail = detail_of(access.verify([asked])[0], 1)
    assert f"is of the chain eip155:{CHAIN_ID}" in detail
