"""Keys in files, what wallets give back, and secrets that stay secret."""

from __future__ import annotations

import json
import sys

import pytest
from eth_account import Account

from xmtp_identity.errors import BadInput
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity_ethereum.signature import verify_many
from xmtp_identity_ethereum.signer import (
    WalletSigner,
    load_key,
    new_key,
    read_signature,
    tools,
)

from .support import (
    ABAB,
    ORDER,
    one,
    payload_of,
    private_key,
    signer_of,
    wallet_signature,
)

KEY = private_key("signer")
SECRET = KEY.to_bytes()
ADDRESS = KEY.public_key.to_address()
MEMBER = MemberIdentifier("ethereum", ABAB)
TEXT = "XMTP : Authenticate to inbox\n\n… \U0001f600"


def never() -> str:
    """No file of these tests but a keystore has a password."""
    pytest.fail("the password was asked for")


def keystore(password: str) -> bytes:
    made = Account.encrypt(SECRET, password, kdf="pbkdf2", iterations=2)
    return json.dumps(made).encode()


def test_a_fresh_key_is_a_key_file_and_no_two_are_equal() -> None:
    first, second = new_key(), new_key()
    assert first != second
    assert len(first) == 65
    assert load_key(first, never).identifier != load_key(second, never).identifier


def test_a_fresh_key_out_of_range_is_thrown_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn = iter([bytes(32), b"\xff" * 32, SECRET])
    monkeypatch.setattr("secrets.token_bytes", lambda length: next(drawn))
    assert new_key() == SECRET.hex().encode() + b"\n"


@pytest.mark.parametrize(
    "content",
    [
        SECRET.hex().encode(),
        SECRET.hex().upper().encode(),
        b"0x" + SECRET.hex().encode(),
        SECRET.hex().encode() + b"\n",
        SECRET.hex().encode() + b"\r\n",
    ],
)
def test_a_key_file_is_64_hex_digits(content: bytes) -> None:
    assert load_key(content, never).identifier.value == ADDRESS


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        SECRET,
        SECRET.hex().encode()[:-1],
        SECRET.hex().encode() + b"0",
        SECRET.hex().encode() + b"\n\n",
        b" " + SECRET.hex().encode(),
        SECRET.hex(" ").encode(),  # bytes.fromhex takes spaces
        SECRET.hex().encode()[:-1] + b"g",
        b"0X" + SECRET.hex().encode(),
        b"\xff" * 64,
        SECRET.hex().encode() + b" " * (1 << 16),
    ],
)
def test_what_is_no_key_file_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput):
        load_key(content, never)


@pytest.mark.parametrize("number", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_a_key_out_of_range_is_refused(number: int) -> None:
    with pytest.raises(BadInput, match="out of range"):
        load_key(number.to_bytes(32, "big").hex().encode(), never)


def test_the_last_key_in_range_is_taken() -> None:
    load_key((ORDER - 1).to_bytes(32, "big").hex().encode(), never)


def test_a_signature_is_what_an_independent_wallet_makes() -> None:
    signer = load_key(SECRET.hex().encode(), never)
    assert signer.sign(TEXT) == (1, payload_of(wallet_signature(KEY, TEXT)))
    assert signer_of(one(verify_many, TEXT, signer.sign(TEXT).payload)) == ADDRESS


def test_the_secret_is_not_shown() -> None:
    signer = WalletSigner(SECRET)
    assert SECRET.hex() not in repr(signer)
    assert repr(SECRET) not in repr(signer)
    assert ADDRESS in repr(signer)


@pytest.mark.parametrize("password", ["correct horse", "", "pässwörd", "0x12"])
def test_a_keystore_opens_with_its_password(password: str) -> None:
    signer = load_key(keystore(password), lambda: password)
    assert signer.identifier.value == ADDRESS


def test_a_wrong_password_is_an_error_without_secrets() -> None:
    content = keystore("correct horse")
    with pytest.raises(BadInput, match="password is wrong") as refused:
        load_key(content, lambda: "battery staple")
    told = repr(vars(refused.value)) + str(refused.value)
    assert "battery" not in told
    assert json.loads(content)["crypto"]["ciphertext"] not in told
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"{}",
        b'{"version": 1}',
        b'{"version": 4}',
        b'{"version": "3"}',
        b'{"a":' * 5000,
        b"{\xff}",
    ],
)
def test_json_that_is_no_keystore_is_refused_before_a_password_is_asked(
    content: bytes,
) -> None:
    with pytest.raises(BadInput):
        load_key(content, never)


@pytest.mark.parametrize(
    "content",
    [b'{"version": 3}', b'{"version": 3, "crypto": 5}'],
)
def test_a_damaged_keystore_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput, match="damaged"):
        load_key(content, lambda: "password")


def test_without_eth_account_the_error_names_the_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = keystore("correct horse")
    monkeypatch.setitem(sys.modules, "eth_account", None)
    with pytest.raises(BadInput, match=r"xmtp-identity-ethereum\[keystore\]"):
        load_key(content, never)


@pytest.mark.parametrize("prefix", ["", "0x", "  0x"])
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_a_pasted_signature_is_hex(prefix: str, case: type[str]) -> None:
    signature = wallet_signature(KEY, TEXT)
    (read,) = read_signature(prefix + case(signature.hex()) + "\n", MEMBER)
    assert read == (1, payload_of(signature))


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "0x",
        "ab" * 64,
        "ab" * 66,
        "0x" + "ab" * 64 + "a",
        "ab " * 65,
        "0X" + "ab" * 65,
        "zz" * 65,
        "\u0661" * 130,
    ],
)
def test_what_is_no_signature_in_hex_is_refused(pasted: str) -> None:
    with pytest.raises(BadInput, match="65 bytes in hex"):
        read_signature(pasted, MEMBER)


def test_the_tools_are_these() -> None:
    made = tools()
    assert made.new_key is new_key
    assert made.load_key is load_key
    assert made.read_signature is read_signature
