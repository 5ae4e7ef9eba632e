"""`xid --chains` with wallets on a chain: linked, kept and replayed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from plugins.ethereum.tests.evm_wallets.anvil import CHAIN_ID
from plugins.ethereum.tests.evm_wallets.zoo import NAMES, Kept

from ..making.desk import LOG, Desk, value
from ..support.signers import eip191

if TYPE_CHECKING:
    from plugins.ethereum.tests.evm_wallets.wallets import ChainWallet


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_a_wallet_is_linked_in_two_commands_and_acts_then(
    name: str, zoo: Mapping[str, Kept], chains_file: Path, desk: Desk
) -> None:
    wallet = zoo[name].wallet
    desk.create()
    linked = desk.act("link", wallet.account_id)
    run_signed(desk, chains_file, linked, wallet)
    granted = ("inbox", "link", "--log", LOG, "--as", wallet.account_id, "app.key")
    run_signed(desk, chains_file, granted, wallet)
    answer = desk.json("--chains", str(chains_file), "replay", LOG)
    assert answer["authoritative"]
    assert [one["outcome"] for one in answer["outcomes"]] == ["applied"] * 3
    members = {one["identifier"]: one for one in answer["state"]["members"]}
    assert members.keys() >= {value("owner.key"), wallet.value, value("app.key")}
    assert members[wallet.value]["chain_id"] == str(CHAIN_ID)


def run_signed(
    desk: Desk, chains_file: Path, command: tuple[str, ...], wallet: ChainWallet
) -> None:
    """Ask for the text, let the wallet sign it, and hand its signature over."""
    command = ("--chains", str(chains_file), *command)
    asked = desk.json(*command, "--text-only")
    text = asked["text"].encode()
    ((_, moment),) = (
        line.split(": ")
        for line in asked["text"].split("\n")
        if line.startswith("Current")
    )
    (account,) = asked["accounts"]
    assert account["account"] == wallet.account_id
    assert account["hash"] == "0x" + eip191(text).hex()
    signature = "0x" + wallet.raw(text).hex()
    desk.ok(*command, "--time", moment, "--signature", signature)


def test_without_chains_a_replay_says_that_it_stopped(
    zoo: Mapping[str, Kept], chains_file: Path, desk: Desk
) -> None:
    wallet = zoo["minimal"].wallet
    desk.create()
    run_signed(desk, chains_file, desk.act("link", wallet.account_id), wallet)
    stopped = desk.json("replay", LOG)
    assert not stopped["authoritative"]
    assert stopped["stopped_at"] == 1
    result = desk.run("replay", LOG, "--json", env={"XID_CHAINS": str(chains_file)})
    assert json.loads(result.stdout)["authoritative"]
