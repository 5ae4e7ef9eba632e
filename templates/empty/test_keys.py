"""The scheme: what every scheme holds to. Add the examples of your standard."""

from __future__ import annotations

import pytest

from {{ cookiecutter.module }}.keys import (
    KEY_BYTES,
    SIGNATURE_BYTES,
    is_key,
    is_secret,
    new_secret,
    public_key,
    readings,
    sign,
    verify,
)


def test_what_is_signed_verifies_and_nothing_else_does() -> None:
    secret, other = new_secret(), new_secret()
    key, signature = public_key(secret), sign(secret, b"text")
    assert is_secret(secret)
    assert is_key(key)
    assert verify(key, signature, b"text")
    assert not verify(key, signature, b"text ")
    assert not verify(public_key(other), signature, b"text")
    assert not verify(key, sign(other, b"text"), b"text")


@pytest.mark.parametrize("size", [0, 1, KEY_BYTES - 1, KEY_BYTES, KEY_BYTES + 1, 999])
def test_bytes_of_any_length_are_answered(size: int) -> None:
    key = public_key(new_secret())
    for filling in (b"\0", b"\xff"):
        assert not verify(key, filling * size, b"text")
        assert not verify(filling * size, bytes(SIGNATURE_BYTES), b"text")
        assert not is_key(filling * size)


def test_a_signature_has_one_length() -> None:
    signature = sign(new_secret(), b"text")
    assert readings(signature) == [signature]
    assert readings(signature + b"\0") == readings(signature[:-1]) == []
