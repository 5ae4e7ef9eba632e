"""The scheme: the standard's own examples, the good and the bad."""

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
    verify_digest,
)

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
FIELD = 2**256 - 2**32 - 977

# BIP-340, test vectors 0 and 1: private key, public key, message, signature.
STANDARD = [
    (
        "0000000000000000000000000000000000000000000000000000000000000003",
        "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca8215"
        "25f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
    ),
    (
        "b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef",
        "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
        "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341"
        "8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
    ),
]

NO_KEYS = {
    # BIP-340, test vectors 5 and 14.
    "off the curve": "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34",
    "x too large": f"{FIELD + 1:x}",
    "a compressed key": f"02{STANDARD[0][1]}",
    "too short": STANDARD[0][1][:-2],
    "zero": "00" * 32,
    "empty": "",
}


@pytest.mark.parametrize(("secret", "key", "message", "signature"), STANDARD)
def test_the_examples_of_the_standard_come_out(
    secret: str, key: str, message: str, signature: str
) -> None:
    assert public_key(bytes.fromhex(secret)).hex() == key
    assert verify_digest(*map(bytes.fromhex, (key, signature, message)))


@pytest.mark.parametrize("key", NO_KEYS.values(), ids=NO_KEYS)
def test_what_no_wallet_has_is_no_key(key: str) -> None:
    assert not is_key(bytes.fromhex(key))
    assert not verify(bytes.fromhex(key), bytes(64), b"text")


def test_a_signature_has_no_twin() -> None:
    secret = new_secret()
    key, signature = public_key(secret), sign(secret, b"text")
    assert verify(key, signature, b"text")
    s = int.from_bytes(signature[32:], "big")
    for other in (ORDER - s, s + ORDER):
        if other < 2**256:
            twin = signature[:32] + other.to_bytes(32, "big")
            assert not verify(key, twin, b"text")


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 999])
def test_bytes_of_any_length_are_answered(size: int) -> None:
    key = public_key(new_secret())
    for filling in (b"\0", b"\xff"):
        assert not verify(key, filling * size, b"text")


def test_only_64_bytes_can_be_a_signature() -> None:
    signature = sign(new_secret(), b"text")
    assert readings(signature) == [signature]
    assert readings(signature + b"\0") == readings(signature[:-1]) == []


def test_a_private_key_is_a_number_below_the_order() -> None:
    assert is_secret(new_secret())
    for number in (0, ORDER, 2**256 - 1):
        assert not is_secret(number.to_bytes(32, "big"))
