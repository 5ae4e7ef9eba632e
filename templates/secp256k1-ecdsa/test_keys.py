"""The scheme: known examples, and the forms that do not count."""

from __future__ import annotations

import pytest

from {{ cookiecutter.module }}.keys import (
    SIGNATURE_BYTES,
    is_key,
    is_secret,
    new_secret,
    public_key,
    readings,
    recover,
    sign,
)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

# A well-known example of RFC 6979 on this curve: the private key 1 signs the
# SHA-256 of this name.
KEY = bytes.fromhex(
    "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
)
MESSAGE = b"Satoshi Nakamoto"
RS = bytes.fromhex(
    "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
    "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5"
)

NO_KEYS = {
    "off the curve": "02" + "00" * 31 + "05",
    "x too large": "02" + "ff" * 32,
    "uncompressed": "04" + "79" * 64,
    "hybrid": "06" + KEY.hex()[2:],
    "infinity": "00" * 33,
    "too short": KEY.hex()[:-2],
    "too long": KEY.hex() + "00",
    "empty": "",
}


def twin(signature: bytes) -> bytes:
    """The same signature with n - s."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes((1 - signature[64],))


def test_the_known_example_comes_out() -> None:
    secret = (1).to_bytes(32, "big")
    assert public_key(secret) == KEY
    signature = sign(secret, MESSAGE)
    assert signature[:64] == RS
    assert recover(signature, MESSAGE) == KEY


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_what_no_wallet_has_is_no_key(key: str) -> None:
    assert not is_key(bytes.fromhex(key))


def test_a_signature_has_no_twin() -> None:
    secret = new_secret()
    signature = sign(secret, b"text")
    assert recover(signature, b"text") == public_key(secret)
    assert recover(twin(signature), b"text") is None


def test_v_is_0_or_1() -> None:
    signature = sign(new_secret(), b"text")
    for v in (2, 3, 4, 27, 28, 31, 255):
        assert recover(signature[:64] + bytes((v,)), b"text") is None


@pytest.mark.parametrize("size", [0, 1, 64, 65, 66, 999])
def test_bytes_of_any_length_are_answered(size: int) -> None:
    for filling in (b"\0", b"\xff"):
        assert recover(filling * size, b"text") is None


def test_what_a_wallet_gives_is_brought_to_one_form() -> None:
    signature = sign(new_secret(), b"text")
    for given in (signature, twin(signature)):
        assert readings(given) == [signature]
        assert readings(given[:64] + bytes((given[64] + 27,))) == [signature]
        assert signature in readings(given[:64])
    assert readings(signature[:63]) == readings(bytes(SIGNATURE_BYTES)) == []


def test_a_private_key_is_a_number_below_the_order() -> None:
    assert is_secret(new_secret())
    assert is_secret((ORDER - 1).to_bytes(32, "big"))
    for number in (0, ORDER, 2**256 - 1):
        assert not is_secret(number.to_bytes(32, "big"))
