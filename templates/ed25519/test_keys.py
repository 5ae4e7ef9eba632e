"""The scheme: a standard's own examples, and what lax libraries take."""

from __future__ import annotations

import pytest

from {{ cookiecutter.module }}.keys import (
    is_key,
    new_secret,
    public_key,
    readings,
    sign,
    verify,
)

ORDER = 2**252 + 27742317777372353535851937790883648493

# RFC 8032, section 7.1: TEST 1 and TEST 2. Private key, public key, message,
# signature.
STANDARD = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]

NO_KEYS = {
    "the neutral point": "01" + "00" * 31,
    "order 2": "ec" + "ff" * 30 + "7f",
    "order 4": "00" * 32,
    "order 8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "mixed order": "95" + "99" * 31,
    "off the curve": "02" + "00" * 31,
    "not reduced": "ee" + "ff" * 30 + "7f",
    "too short": "3d" * 31,
    "too long": "3d" * 33,
    "empty": "",
}


@pytest.mark.parametrize(("secret", "key", "message", "signature"), STANDARD)
def test_the_examples_of_the_standard_come_out(
    secret: str, key: str, message: str, signature: str
) -> None:
    assert public_key(bytes.fromhex(secret)).hex() == key
    assert sign(bytes.fromhex(secret), bytes.fromhex(message)).hex() == signature
    assert verify(*map(bytes.fromhex, (key, signature, message)))


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_what_no_wallet_has_is_no_key(key: str) -> None:
    assert not is_key(bytes.fromhex(key))


def test_a_signature_that_anyone_can_make_is_refused() -> None:
    # Under the neutral point S = 0 and R = 0 fit every message.
    neutral = bytes.fromhex(NO_KEYS["the neutral point"])
    assert not verify(neutral, neutral + bytes(32), b"text")


def test_a_signature_has_no_twin() -> None:
    secret = new_secret()
    signature = sign(secret, b"text")
    s = int.from_bytes(signature[32:], "little")
    twin = signature[:32] + (s + ORDER).to_bytes(32, "little")
    assert verify(public_key(secret), signature, b"text")
    assert not verify(public_key(secret), twin, b"text")


def test_only_64_bytes_can_be_a_signature() -> None:
    signature = sign(new_secret(), b"text")
    assert readings(signature) == [signature]
    assert readings(signature + b"\0") == readings(signature[:-1]) == []
