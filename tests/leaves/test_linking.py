"""A person links a Solana and a Bitcoin account at the command line."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import base58
import pytest
from click.testing import CliRunner, Result
from solders.keypair import Keypair

from xmtp_identity import load_registry
from xmtp_identity.cli.root import xid

ENCODINGS: Final[dict[str, Callable[[bytes], str]]] = {
    "base58": lambda data: base58.b58encode(data).decode(),
    "base64": lambda data: base64.b64encode(data).decode(),
    "hex": bytes.hex,
}


class Desk:
    """A folder with an inbox of a wallet, and `xid` to work on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = str(folder / "inbox.log")
        self.wallet = self.new_key("ethereum")
        self.good("inbox", "create", "--log", self.log, "--as", self.wallet)

    def run(self, *arguments: str) -> Result:
        return CliRunner().invoke(xid, arguments)

    def good(self, *arguments: str) -> str:
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def new_key(self, kind: str) -> str:
        path = str(self.folder / f"{kind}-{len(list(self.folder.iterdir()))}.key")
        self.good("key", "new", "--kind", kind, path)
        return path

    def link(self, *arguments: str) -> tuple[str, ...]:
        return ("inbox", "link", "--log", self.log, "--as", self.wallet, *arguments)

    def members(self) -> set[tuple[str, str]]:
        result: dict[str, Any] = json.loads(self.good("replay", self.log, "--json"))
        return {(m["kind"], m["identifier"]) for m in result["state"]["members"]}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("kind", ["solana", "bitcoin"])
def test_a_local_key_links_and_the_owner_unlinks(desk: Desk, kind: str) -> None:
    path = desk.new_key(kind)
    shown = desk.good("key", "show", path).strip()
    name, _, identifier = shown.partition(":")
    assert name == kind
    desk.good(*desk.link("--kind", kind, path))
    assert (kind, identifier) in desk.members()
    revoke = ("inbox", "revoke", "--log", desk.log, "--as", desk.wallet)
    desk.good(*revoke, "--kind", kind, identifier)
    assert (kind, identifier) not in desk.members()


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_solana_wallets_answer_is_taken_in_each_encoding(
    desk: Desk, encoding: str
) -> None:
    wallet = Keypair()
    address = str(wallet.pubkey())
    asked = json.loads(
        desk.good(*desk.link("--kind", "solana", address, "--text-only", "--json"))
    )
    assert (
        f"- Link Solana address to inbox\n  (Solana address: {address})"
        in (asked["text"])
    )
    answer = ENCODINGS[encoding](bytes(wallet.sign_message(asked["text"].encode())))
    desk.good(
        *desk.link("--kind", "solana", address, "--time", asked["time"]),
        "--signature",
        answer,
    )
    assert ("solana", address) in desk.members()


@pytest.mark.parametrize("encoding", ["base64", "hex"])
def test_a_bitcoin_wallets_answer_is_taken_in_each_encoding(
    desk: Desk, encoding: str
) -> None:
    signing = load_registry().kind("bitcoin").signing
    assert signing is not None
    tools = signing()
    wallet = tools.load_key(tools.new_key(), str)
    address = wallet.identifier.value
    link = desk.link("--kind", "bitcoin", address)
    asked = json.loads(desk.good(*link, "--text-only", "--json"))
    answer = ENCODINGS[encoding](wallet.sign(asked["text"]).payload)
    desk.good(*link, "--time", asked["time"], "--signature", answer)
    assert ("bitcoin", address) in desk.members()


def test_an_answer_over_another_text_is_refused_and_the_log_stays(desk: Desk) -> None:
    wallet = Keypair()
    before = Path(desk.log).read_bytes()
    answer = base58.b58encode(bytes(wallet.sign_message(b"another text"))).decode()
    result = desk.run(
        *desk.link("--kind", "solana", str(wallet.pubkey()), "--signature", answer)
    )
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert Path(desk.log).read_bytes() == before


@pytest.mark.parametrize("kind", ["solana", "bitcoin"])
def test_a_leaf_neither_creates_nor_recovers_nor_adds(desk: Desk, kind: str) -> None:
    path, other = desk.new_key(kind), desk.new_key("ethereum")
    desk.good(*desk.link("--kind", kind, path))
    log = ("--log", desk.log, "--as")
    new = ("--log", str(desk.folder / "new.log"), "--as")
    for arguments in (
        ("inbox", "create", *new, path),
        ("inbox", "rotate", *log, desk.wallet, path),
        ("inbox", "link", *log, path, other),
        ("inbox", "revoke", *log, path, desk.wallet),
    ):
        result = desk.run(*arguments)
        assert result.exit_code in (1, 2), result.output
        assert result.stderr.startswith("xid: ")
        assert result.stderr.count("\n") == 1


def test_the_core_names_no_leaf_kind_but_in_the_allotment() -> None:
    source = Path(__file__).resolve().parents[2] / "core" / "src" / "xmtp_identity"
    named = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*.py")
        if not path.name.endswith("_pb2.py") and "testing" not in path.parts
        for word in ("solana", "bitcoin")
        if word in path.read_text("utf-8").lower()
    }
    assert named <= {"allotment.py"}, named
