"""bip322-js and bitcoinjs-message sign what we verify, and verify what we sign."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
from functools import cache
from hashlib import sha256
from typing import Any, Final

import pytest

from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity_bitcoin import wif
from xmtp_identity_bitcoin.addresses import Form
from xmtp_identity_bitcoin.identifier import output_of
from xmtp_identity_bitcoin.networks import MAINNET
from xmtp_identity_bitcoin.signer import TYPES, KeySigner, read_signature

from .support import HERE, code, valid

NODE: Final = HERE / "node"
TEXTS: Final = (
    "",
    "a",
    "XMTP : Authenticate to inbox\n\nInbox ID: 00\n",
    "é" * 130,
    "\U0001f600 日本語 \u202e",
    "\x00\x7f\r\n",
    "long " * 2000,
)
STRIDE: Final = 7
"""Of all bits of a signature one in so many is flipped for the peers."""

Key = tuple[str, dict[str, MemberIdentifier]]


def signer(text: str, form: Form, *, compressed: bool = True) -> KeySigner:
    """A key of its own for each text."""
    return KeySigner(sha256(text.encode()).digest(), form, compressed=compressed)


def encoded(payload: bytes) -> str:
    return base64.b64encode(payload).decode()


def members(text: str) -> dict[str, MemberIdentifier]:
    """By type, as the peers name them, the addresses of the key of a text."""
    own = {name: signer(text, form).identifier for name, form in TYPES.items()}
    own["uncompressed"] = signer(text, Form.P2PKH, compressed=False).identifier
    return own


def flipped(payload: bytes) -> list[bytes]:
    changed = []
    for bit in range(0, len(payload) * 8, STRIDE):
        copy = bytearray(payload)
        copy[bit // 8] ^= 1 << bit % 8
        changed.append(bytes(copy))
    return changed


def questions() -> list[tuple[str, str, bytes]]:
    """What the peers are to judge: address, text and payload."""
    asked = []
    for text in TEXTS:
        for form in TYPES.values():
            own = signer(text, form)
            payload = own.sign(text).payload
            asked.append((own.identifier.value, text, payload))
            asked.append((own.identifier.value, text + "!", payload))
            if text == "a":
                changes = flipped(payload)
                asked += [(own.identifier.value, text, one) for one in changes]
    return asked


@cache
def asked_once() -> dict[str, Any]:
    node = shutil.which("node")
    if node is None and not os.environ.get("CI"):
        pytest.skip("node is not installed, so wallets' own libraries can't run")
    assert node is not None, "node is missing, and CI must not skip"
    install()
    sign = [
        {
            "wif": wif.write(
                wif.PrivateKey(MAINNET.wif, signer(text, Form.P2WPKH).secret, True)
            ),
            "text": text,
            "addresses": {name: members(text)[name].value for name in TYPES},
        }
        for text in TEXTS
    ]
    verify = [
        {"address": address, "text": text, "signature": encoded(payload)}
        for address, text, payload in questions()
    ]
    run = subprocess.run(
        [node, NODE / "peers.mjs"],
        input=json.dumps({"sign": sign, "verify": verify}),
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    said: dict[str, Any] = json.loads(run.stdout)
    return said


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


@pytest.fixture
def said() -> dict[str, Any]:
    return asked_once()


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_we_take_what_the_peers_sign(said: dict[str, Any], number: int) -> None:
    text = TEXTS[number]
    own = members(text)
    made = said["sign"][number]
    assert len(made) == 1 + 4 + 3 + 3
    for name, signature in made.items():
        identifier = own[name.rpartition(" ")[2]]
        (wire,) = read_signature(signature, identifier)
        assert valid(identifier, wire.payload, text), name
        assert not valid(identifier, wire.payload, text + "!"), name


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_bitcoinjs_message_signs_for_p2pkh_just_as_we_do(
    said: dict[str, Any], number: int
) -> None:
    text, made = TEXTS[number], said["sign"][number]
    for name, compressed in (("p2pkh", True), ("uncompressed", False)):
        own = signer(text, Form.P2PKH, compressed=compressed).sign(text).payload
        assert made[f"bitcoinjs-message {name}"] == encoded(own)
    p2pkh = signer(text, Form.P2PKH).sign(text).payload
    assert made["bip322-js p2pkh"] == encoded(p2pkh)


@pytest.mark.parametrize("number", range(len(TEXTS)))
def test_bip322_js_signs_for_segwit_version_0_just_as_we_do(
    said: dict[str, Any], number: int
) -> None:
    text, made = TEXTS[number], said["sign"][number]
    for name in ("p2wpkh", "p2sh-p2wpkh"):
        own = signer(text, TYPES[name]).sign(text).payload
        assert made[f"bip322-js {name}"] == encoded(own)


def test_the_peers_decide_as_we_do(said: dict[str, Any]) -> None:
    """All but one kind of fault: bip322-js takes a stack that is cut off."""
    taken, cut_off = 0, 0
    asked = questions()
    for (address, text, payload), verdicts in zip(asked, said["verify"], strict=True):
        identifier = MemberIdentifier("bitcoin", address)
        loose, strict, older = verdicts
        right = valid(identifier, payload, text)
        form = output_of(address).form
        if form is Form.P2PKH:
            assert (strict, older) == (right, right)
            # Not strict, it looks away from the header.
            assert loose or not right
            taken += right
            continue
        assert not older
        if strict and not right:
            assert code(identifier, payload, text) == "bitcoin_signature_form"
            cut_off += 1
        else:
            assert (loose, strict) == (right, right), payload.hex()
        taken += right
    assert taken == len(TEXTS) * len(TYPES)
    assert len(asked) > 400
    assert cut_off <= 2
