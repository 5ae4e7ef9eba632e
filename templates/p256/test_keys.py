"""The scheme: a standard's own example, and the forms that do not count."""

from __future__ import annotations

import pytest

from {{ cookiecutter.module }}.keys import (
    is_key,
    is_secret,
    new_secret,
    public_key,
    readings,
    sign,
    verify,
)

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# RFC 6979, section A.2.5: the signature of "sample" with SHA-256. Its s is high.
SECRET = bytes.fromhex(
    "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"
)
KEY = bytes.fromhex(
    "0360fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
)
MESSAGE = b"sample"
R = "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
S = "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"

NO_KEYS = {
    "off the curve": "02" + "00" * 31 + "01",
    "x too large": "02" + "ff" * 32,
    "uncompressed": "04" + "60" * 64,
    "hybrid": "07" + KEY.hex()[2:],
    "infinity": "00" * 33,
    "too short": KEY.hex()[:-2],
    "too long": KEY.hex() + "00",
    "empty": "",
}


def twin(signature: bytes) -> bytes:
    """The same signature with n - s."""
    s = ORDER - int.from_bytes(signature[32:], "big")
    return signature[:32] + s.to_bytes(32, "big")


def test_the_example_of_the_standard_comes_out() -> None:
    high = bytes.fromhex(R + S)
    assert public_key(SECRET) == KEY
    assert readings(high) == [twin(high)]
    assert verify(KEY, twin(high), MESSAGE)


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_what_no_wallet_has_is_no_key(key: str) -> None:
    assert not is_key(bytes.fromhex(key))
    assert not verify(bytes.fromhex(key), bytes(64), b"text")


def test_a_signature_has_no_twin() -> None:
    secret = new_secret()
    signature = sign(secret, b"text")
    assert verify(public_key(secret), signature, b"text")
    assert not verify(public_key(secret), twin(signature), b"text")


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 999])
def test_bytes_of_any_length_are_answered(size: int) -> None:
    for filling in (b"\0", b"\xff"):
        assert not verify(KEY, filling * size, b"text")
        assert readings(filling * size) == []


def test_what_a_wallet_gives_is_brought_to_one_form() -> None:
    signature = sign(new_secret(), b"text")
    assert readings(signature) == readings(twin(signature)) == [signature]
    assert readings(der(signature)) == readings(der(twin(signature))) == [signature]
    assert readings(der(signature) + b"\0") == []


def der(signature: bytes) -> bytes:
    """As wallets give it: a SEQUENCE of two INTEGERs (X.690)."""
    body = b""
    for half in (signature[:32], signature[32:]):
        number = int.from_bytes(half, "big")
        digits = number.to_bytes(number.bit_length() // 8 + 1, "big")
        body += bytes((0x02, len(digits))) + digits
    return bytes((0x30, len(body))) + body


def test_a_private_key_is_a_number_below_the_order() -> None:
    assert is_secret(new_secret())
    for number in (0, ORDER, 2**256 - 1):
        assert not is_secret(number.to_bytes(32, "big"))
