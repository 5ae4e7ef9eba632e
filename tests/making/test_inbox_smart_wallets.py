"""`xid inbox` with smart wallets: named by account, judged by their chain."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from tests.support.chain import ReachableChain as Chain
from tests.support.signers import eip191, secret, smart_wallet, stub_signature

from .desk import LOG, Desk, value

SAFE: Final = smart_wallet("safe", 8453)
SECOND: Final = smart_wallet("second safe", 10)
URL: Final = "https://chain.example/v2/the-secret-key"
CHAINS: Final = {"chains": {"eip155:8453": [URL], "eip155:10": [URL]}}


@pytest.fixture
def chain(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Chain:
    """What the URLs of `CHAINS` lead to, and the file that names them."""
    found = Chain()
    found.stand_for_servers(monkeypatch)
    desk.write("chains.json", json.dumps(CHAINS))
    monkeypatch.setenv("XID_CHAINS", "chains.json")
    return found


def blocks(chain: Chain) -> list[int]:
    """The blocks at which it was asked."""
    return [request.block_number for request in chain.asked]


def ask(desk: Desk, *command: str) -> tuple[str, str]:
    """The text to sign, and its time."""
    answer = desk.json(*command, "--text-only")
    return answer["text"], answer["time"]


def signed(wallet: Any, text: str) -> str:
    """What the wallet gives, in hex."""
    return "0x" + stub_signature(wallet.account_id, eip191(text.encode())).hex()


def link(desk: Desk, wallet: Any = SAFE, *, named: str = "") -> Any:
    """Link a wallet to the owner's inbox by two commands; what the second says."""
    command = desk.act("link", named or wallet.account_id)
    text, time = ask(desk, *command)
    return desk.json(*command, "--time", time, "--signature", signed(wallet, text))


def chain_ids(desk: Desk) -> dict[str, str | None]:
    """The members that `xid replay` shows, and their chains."""
    result = desk.json("replay", LOG)
    assert result["authoritative"]
    assert {one["outcome"] for one in result["outcomes"]} == {"applied"}
    return {one["identifier"]: one["chain_id"] for one in result["state"]["members"]}


# Linking and creating


def test_a_smart_wallet_is_linked_and_kept_with_its_chain(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    answer = link(desk)
    assert [one["identifier"] for one in answer["added"]] == [SAFE.value]
    assert chain_ids(desk) == {value("owner.key"): None, SAFE.value: "8453"}


def test_the_text_comes_with_what_a_wallet_may_want_instead(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    command = desk.act("link", SAFE.account_id)
    answer = desk.json(*command, "--text-only")
    digest = "0x" + eip191(answer["text"].encode()).hex()
    assert answer["accounts"] == [{"account": SAFE.account_id, "hash": digest}]
    result = desk.run(*command, "--text-only", "--time", answer["time"])
    assert result.stdout == answer["text"]
    assert f"account {SAFE.account_id}, hash {digest}.\n" in result.stderr


def test_the_newest_block_is_pinned_once_the_wallet_has_signed(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    answer = link(desk)
    assert answer["accounts"][0]["block_number"] == "101"
    # When it is pasted and when the update is finished, and for ever after.
    assert set(blocks(chain)) == {101}
    chain_ids(desk)
    assert set(blocks(chain)) == {101}
    assert chain.newest == 101


def test_a_second_attempt_pins_a_newer_block_for_the_same_text(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    command = desk.act("link", SAFE.account_id)
    text, time = ask(desk, *command)
    desk.refused(*command, "--time", time, "--signature", "0x1234")
    answer = desk.json(*command, "--time", time, "--signature", signed(SAFE, text))
    assert answer["accounts"][0]["block_number"] == "102"


def test_a_block_may_be_named(desk: Desk, chain: Chain) -> None:
    desk.create()
    named = f"{SAFE.account_id}@77"
    answer = desk.json(*desk.act("link", named), "--text-only")
    assert answer["accounts"][0]["block_number"] == "77"
    assert link(desk, named=named)["accounts"][0]["block_number"] == "77"
    assert chain.newest == 100
    assert set(blocks(chain)) == {77}


def test_people_are_shown_the_block(desk: Desk, chain: Chain) -> None:
    desk.create()
    command = desk.act("link", SAFE.account_id)
    text, time = ask(desk, *command)
    shown = desk.ok(*command, "--time", time, "--signature", signed(SAFE, text))
    assert f"account       {SAFE.account_id}\n" in shown
    assert "block_number  101\n" in shown


@pytest.mark.parametrize(
    "named",
    [
        SAFE.account_id.replace(SAFE.value, "0x" + SAFE.value[2:].upper()),
        f"ethereum:{SAFE.account_id}",
    ],
)
def test_an_account_may_be_written_in_other_ways(
    desk: Desk, chain: Chain, named: str
) -> None:
    desk.create()
    answer = link(desk, named=named)
    assert answer["accounts"][0]["account"] == SAFE.account_id
    assert SAFE.value in chain_ids(desk)


def test_a_smart_wallet_creates_an_inbox_and_acts_in_it(
    desk: Desk, chain: Chain
) -> None:
    as_safe = ("--log", LOG, "--as", SAFE.account_id)
    for command in (
        ("inbox", "create", *as_safe, "--installation", "app.key"),
        ("inbox", "link", *as_safe, "friend.key"),
        ("inbox", "revoke", *as_safe, value("friend.key")),
        ("inbox", "rotate", *as_safe, "owner.key"),
    ):
        text, time = ask(desk, *command)
        desk.ok(*command, "--time", time, "--signature", signed(SAFE, text))
    assert chain_ids(desk) == {SAFE.value: "8453", value("app.key"): None}
    assert desk.json("replay", LOG)["state"]["recovery"]["identifier"] == value(
        "owner.key"
    )


def test_a_smart_wallet_is_revoked_and_made_recovery_by_its_account_too(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    link(desk)
    desk.ok(*desk.act("revoke", SAFE.account_id))
    assert SAFE.value not in chain_ids(desk)
    desk.ok(*desk.act("rotate", SAFE.account_id))


@pytest.mark.parametrize("are_named", [False, True])
def test_two_smart_wallets_on_two_chains_sign_one_text(
    desk: Desk, chain: Chain, *, are_named: bool
) -> None:
    desk.create()
    command = desk.act("link", SAFE.account_id, SECOND.account_id)
    text, time = ask(desk, *command)
    pasted = []
    for wallet in (SECOND, SAFE):
        name = f"{wallet.account_id}=" if are_named else ""
        pasted += ["--signature", name + signed(wallet, text)]
    desk.ok(*command, "--time", time, *pasted)
    assert chain_ids(desk) == {
        value("owner.key"): None,
        SAFE.value: "8453",
        SECOND.value: "10",
    }


# What is refused


def test_a_smart_wallet_from_another_chain_is_refused_before_it_signs(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    link(desk)
    elsewhere = f"eip155:10:{SAFE.value}"
    command = ("inbox", "link", "--log", LOG, "--as", elsewhere, "app.key")
    assert desk.refused(*command, "--text-only", code=1).endswith("[chain_mismatch]")


def test_a_smart_wallet_that_is_named_as_a_plain_wallet_is_refused(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    link(desk)
    command = ("inbox", "link", "--log", LOG, "--as", SAFE.value, "app.key")
    line = desk.refused(*command, "--text-only")
    assert "on chain 8453: name that account" in line
    assert line.endswith("[account_needed]")


def test_a_key_file_is_not_taken_for_a_smart_wallet(desk: Desk, chain: Chain) -> None:
    desk.create()
    for named in (
        "eip155:8453:friend.key",
        "eip155:8453:" + secret("friend.key").hex(),
    ):
        line = desk.refused(*desk.act("link", named))
        assert line.startswith("A smart wallet is named as eip155:")
        assert line.endswith("[invalid_identifier]")


def test_the_signature_of_an_address_s_key_is_not_its_account_s(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    friend = Account.from_key(secret("friend.key"))
    account = f"eip155:8453:{value('friend.key')}"
    command = desk.act("link", account)
    text, time = ask(desk, *command)
    pasted = bytes(friend.sign_message(encode_defunct(text=text)).signature).hex()
    # It reaches the chain as what was named, and the chain says no.
    line = desk.refused(*command, "--time", time, "--signature", pasted)
    assert line.endswith("[invalid_signature]")


def test_a_smart_wallet_s_signature_of_a_plain_address_says_how_to_name_it(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    command = desk.act("link", SAFE.value)
    text, time = ask(desk, *command)
    line = desk.refused(*command, "--time", time, "--signature", signed(SAFE, text))
    assert "eip155:<chain id>:0x" in line


@pytest.mark.parametrize(
    "pasted", ["", "0x", "0x1", "no hex", "0x12 34", "0x12\n34", "0x１２"]
)
def test_what_is_no_hex_is_no_signature(desk: Desk, chain: Chain, pasted: str) -> None:
    desk.create()
    command = desk.act("link", SAFE.account_id)
    _, time = ask(desk, *command)
    line = desk.refused(*command, "--time", time, "--signature", pasted)
    assert line.endswith("[bad_input]")


@pytest.mark.parametrize(
    "named",
    [
        f"eip155:0:{SAFE.value}",
        f"eip155:08453:{SAFE.value}",
        f"eip155:{1 << 64}:{SAFE.value}",
        f"eip155:+1:{SAFE.value}",
        f"eip155:１:{SAFE.value}",
        f"eip155:1:{SAFE.value[2:]}",
        f"eip155:1:{SAFE.value}@0",
        f"eip155:1:{SAFE.value}@{1 << 64}",
        f"eip155:1:{SAFE.value}@latest",
        f"eip155:1:{SAFE.value} ",
        f"eip155:1:{SAFE.value}\n",
        f"eip155::{SAFE.value}",
        f"solana:101:{SAFE.value}",
    ],
)
def test_what_is_no_account_is_refused(desk: Desk, chain: Chain, named: str) -> None:
    desk.create()
    desk.refused(*desk.act("link", named, "--text-only"))


@pytest.mark.parametrize("address", ["0x" + "00" * 20, "0x" + "00" * 19 + "04"])
def test_reserved_addresses_are_refused_before_anybody_signs(
    desk: Desk, chain: Chain, address: str
) -> None:
    desk.create()
    line = desk.refused(*desk.act("link", f"eip155:1:{address}", "--text-only"), code=1)
    assert line.endswith("[ethereum_address_reserved]")


# Chains that can't be asked


def test_no_chain_is_needed_for_the_text(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XID_CHAINS", raising=False)
    desk.create()
    ask(desk, *desk.act("link", SAFE.account_id))


def test_without_its_chain_a_signature_is_unavailable_and_not_invalid(
    desk: Desk, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.create()
    command = desk.act("link", SAFE.account_id)
    text, time = ask(desk, *command)
    answer = (*command, "--time", time, "--signature", signed(SAFE, text))
    with monkeypatch.context() as patch:
        patch.delenv("XID_CHAINS")
        line = desk.refused(*answer)
    assert "no access to the chain eip155:8453" in line
    assert line.endswith("[chain_unavailable]")
    chain.away = frozenset({8453})
    line = desk.refused(*answer)
    assert line.endswith("eip155:8453 is away. [chain_unavailable]")
    chain.away = frozenset()
    desk.ok(*answer)


def test_of_several_who_could_have_signed_one_that_is_away_is_said(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    command = desk.act("link", SAFE.account_id, SECOND.account_id)
    text, time = ask(desk, *command)
    chain.away = frozenset({10})
    pasted = ("--signature", signed(SECOND, text))
    line = desk.refused(*command, "--time", time, *pasted)
    assert line.endswith("eip155:10 is away. [chain_unavailable]")


def test_replay_without_the_chain_stops_and_says_so(
    desk: Desk, chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.create()
    link(desk)
    monkeypatch.delenv("XID_CHAINS")
    result = desk.json("replay", LOG)
    assert (result["authoritative"], result["stopped_at"]) == (False, 1)
    line = desk.refused(*desk.act("link", "app.key"))
    assert line.endswith("[chain_unavailable]")
    assert "eip155:8453" in desk.ok("replay", LOG)


def test_older_clients_are_looked_at_with_the_chain(desk: Desk, chain: Chain) -> None:
    desk.create()
    link(desk)
    clients = desk.json("compat", LOG)["clients"]
    whole = next(one["result"] for one in clients if one["without"] is None)
    assert whole["authoritative"]


def test_the_file_is_named_by_the_option_before_the_environment(
    desk: Desk, chain: Chain
) -> None:
    desk.create()
    link(desk)
    desk.write("none.toml", '[chains]\n"eip155:1" = "http://127.0.0.1:1"\n')
    result = desk.json("--chains", "none.toml", "replay", LOG)
    assert result["stopped_at"] == 1
    line = desk.refused("--chains", "missing.toml", "replay", LOG)
    assert line.endswith("[unusable_file]")


def test_connections_are_closed_at_a_command_s_end(desk: Desk, chain: Chain) -> None:
    desk.create()
    link(desk)
    before = chain.closed
    chain_ids(desk)
    assert chain.closed == before + 1


def test_a_log_without_smart_wallets_asks_nothing(desk: Desk, chain: Chain) -> None:
    desk.create()
    desk.members()
    assert (blocks(chain), chain.newest) == ([], 100)


def test_a_bad_file_of_chains_shows_no_url(desk: Desk, chain: Chain) -> None:
    desk.create()
    secret_url = f'[chains]\n"eip155:1" = "ftp://{URL[8:]}"\n'
    desk.write("bad.toml", secret_url)
    line = desk.refused("--chains", "bad.toml", "replay", LOG)
    assert "the-secret-key" not in line
    assert line.endswith("[bad_chains]")
