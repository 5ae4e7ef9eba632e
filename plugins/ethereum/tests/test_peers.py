"""Other people's libraries sign what we verify, and verify what we sign."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from hashlib import sha256
from typing import Any, Final

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity_ethereum.identifier import parse
from xmtp_identity_ethereum.signature import verify_many
from xmtp_identity_ethereum.signer import WalletSigner, read_signature

from .support import ABAB, HERE, one, signer_of

NODE: Final = HERE / "node"
LIBRARIES: Final = ("ethers", "viem")
TEXTS: Final = (
    "",
    "a",
    "XMTP : Authenticate to inbox\n\nInbox ID: 00\n",
    "é" * 100,
    "\U0001f600 日本語 \u202e",
    "\x00\x7f\r\n",
    "long " * 2000,
)
MEMBER: Final = MemberIdentifier("ethereum", ABAB)

texts = st.text(st.characters(codec="utf-8"))
secrets = st.binary(min_size=1).map(lambda seed: sha256(seed).digest())


@given(secrets, texts)
def test_eth_account_recovers_what_we_sign(secret: bytes, text: str) -> None:
    signer = WalletSigner(secret)
    signature = signer.sign(text).payload[2:]
    recovered = Account.recover_message(encode_defunct(text=text), signature=signature)
    assert recovered.lower() == signer.identifier.value
    assert parse(recovered) == signer.identifier


@given(secrets, texts)
def test_we_recover_what_eth_account_signs(secret: bytes, text: str) -> None:
    account = Account.from_key(secret)
    made = account.sign_message(encode_defunct(text=text)).signature
    (wire,) = read_signature(made.hex(), MEMBER)
    assert signer_of(one(verify_many, text, wire.payload)) == account.address.lower()
    assert wire == WalletSigner(secret).sign(text)


def install() -> None:
    """Install the packages on first use; tests may run in several processes."""
    with (NODE / "package.json").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = NODE / "node_modules" / ".ready"
        if not ready.exists():
            npm = shutil.which("npm") or "npm"
            options = ["--silent", "--no-audit", "--no-fund", "--no-package-lock"]
            subprocess.run([npm, "install", *options], cwd=NODE, check=True)
            ready.touch()


@pytest.fixture(scope="module")
def answers() -> list[tuple[str, str, dict[str, Any]]]:
    """For each text our secret, the text and what the libraries say."""
    node = shutil.which("node")
    if node is None and not os.environ.get("CI"):
        pytest.skip("node is not installed, so ethers and viem can't run")
    assert node is not None, "node is missing, and CI must not skip"
    install()
    items = [
        {
            "secret": "0x" + sha256(text.encode()).hexdigest(),
            "text": text,
            "signature": "0x" + signed(text).hex(),
        }
        for text in TEXTS
    ]
    run = subprocess.run(
        [node, NODE / "peers.mjs"],
        input=json.dumps(items),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    said = json.loads(run.stdout)
    return [
        (item["secret"], item["text"], each)
        for item, each in zip(items, said, strict=True)
    ]


def signed(text: str) -> bytes:
    return WalletSigner(sha256(text.encode()).digest()).sign(text).payload[2:]


@pytest.mark.parametrize("library", LIBRARIES)
def test_ethers_and_viem_recover_what_we_sign(
    answers: list[tuple[str, str, dict[str, Any]]], library: str
) -> None:
    for secret, _, said in answers:
        address = WalletSigner(bytes.fromhex(secret[2:])).identifier
        assert parse(said[library]["address"]) == address
        assert parse(said[library]["recovered"]) == address


@pytest.mark.parametrize("library", LIBRARIES)
def test_we_recover_what_ethers_and_viem_sign(
    answers: list[tuple[str, str, dict[str, Any]]], library: str
) -> None:
    for _, text, said in answers:
        (wire,) = read_signature(said[library]["signature"], MEMBER)
        address = said[library]["address"].lower()
        assert signer_of(one(verify_many, text, wire.payload)) == address
        assert wire.payload[2:] == signed(text)
