"""The wallets themselves, and viem, say what the tests of verification rely on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from .anvil import CHAIN_ID, Anvil, ChainError
from .texts import text_for
from .wallets import MAGIC, ChainWallet, Wallets, is_valid, key, question
from .zoo import DEPLOYED, NAMES, UNDEPLOYED, Kept

HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="module")
def viem(anvil: Anvil, zoo: Mapping[str, Kept]) -> Mapping[str, Any]:
    """What viem signs, and what it says of our signatures, by wallet."""
    asked = {
        "url": anvil.url,
        "chainId": CHAIN_ID,
        "wallets": [_as_viem_takes_it(one) for one in zoo.values()],
    }
    done = subprocess.run(
        ["node", "peers.mjs"],
        cwd=HERE,
        input=json.dumps(asked).encode(),
        check=True,
        capture_output=True,
    )
    return dict(zip(zoo, json.loads(done.stdout), strict=True))


def _as_viem_takes_it(kept: Kept) -> dict[str, Any]:
    wallet = kept.wallet
    text = text_for(wallet)
    parts: dict[str, Any] = {
        "form": kept.form,
        "address": wallet.value,
        "owners": ["0x" + bytes(one.key).hex() for one in kept.owners],
        "text": text.decode(),
        "block": wallet.block,
        "signature": "0x" + wallet.raw(text).hex(),
    }
    if wallet.factory is not None:
        parts["factory"] = wallet.factory.address
        parts["factoryData"] = "0x" + wallet.factory.data.hex()
    return parts


@pytest.mark.parametrize("name", NAMES)
def test_viem_signs_the_same_bytes_and_the_chain_takes_them(
    name: str, zoo: Mapping[str, Kept], viem: Mapping[str, Any]
) -> None:
    wallet = zoo[name].wallet
    signature = "0x" + wallet.raw(text_for(wallet)).hex()
    assert viem[name] == {"signature": signature, "valid": True}


@pytest.mark.parametrize("name", DEPLOYED)
def test_a_deployed_wallet_takes_its_own_text_alone(
    name: str, zoo: Mapping[str, Kept], anvil: Anvil
) -> None:
    wallet = zoo[name].wallet
    text = text_for(wallet)
    assert is_valid(anvil, wallet.value, text, wallet.raw(text))
    assert not _takes(anvil, wallet, text + b".", wallet.raw(text))


@pytest.mark.parametrize("name", UNDEPLOYED)
def test_an_undeployed_wallet_is_where_its_factory_puts_it(
    name: str, zoo: Mapping[str, Kept], wallets: Wallets, anvil: Anvil
) -> None:
    owners = [key(f"{ordinal} to make {name}") for ordinal in ("first", "second")]
    if name.startswith("Solady"):
        wallet = wallets.solady(owners[0], deployed=False)
    else:
        owners = owners[: len(zoo[name].owners)]
        wallet = wallets.safe(owners, len(owners), deployed=False)
    text = text_for(wallet)
    assert anvil.code(wallet.value) == b""
    block = wallets.make(wallet)
    assert anvil.code(wallet.value, block - 1) == b""
    assert is_valid(anvil, wallet.value, text, wallet.owner_signs(text), block)


def test_a_delegated_account_has_the_code_that_it_points_to(
    zoo: Mapping[str, Kept], wallets: Wallets, anvil: Anvil
) -> None:
    address = zoo["EIP-7702"].wallet.value
    code = bytes.fromhex("ef0100" + wallets.delegate[2:])
    assert anvil.code(address) == code
    assert zoo["EIP-7702"].owners[0].address.lower() == address


def test_every_run_has_the_same_chain(anvil: Anvil) -> None:
    with Anvil() as again:
        first = Wallets(again).minimal(key("first"))
        block = again.ask("eth_getBlockByNumber", hex(first.block), False)
    assert first.value == "0x5fbdb2315678afecb367f032d93f642f64180aa3"
    assert int(block["timestamp"], 16) == 1_700_000_001


def _takes(chain: Anvil, wallet: ChainWallet, text: bytes, signature: bytes) -> bool:
    try:
        answer = chain.call(wallet.value, question(text, signature))
    except ChainError:  # Safe reverts
        return False
    return answer == MAGIC
