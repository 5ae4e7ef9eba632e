"""Whose a key package is, on one of XMTP's real client."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from xmtp_identity_node.key_package import BadKeyPackage, installation_of

from .support import KEY_PACKAGE

REAL: Final = bytes.fromhex(KEY_PACKAGE["key_package"])
INSTALLATION: Final = bytes.fromhex(KEY_PACKAGE["installation"])
KEY: Final = SigningKey(bytes(range(32)))


def vector(content: bytes) -> bytes:
    """RFC 9420, section 2.1.2, written apart from the code under test."""
    if len(content) < 64:
        return bytes((len(content),)) + content
    if len(content) < 16384:
        return (0x4000 | len(content)).to_bytes(2, "big") + content
    return (0x80000000 | len(content)).to_bytes(4, "big") + content


def package(
    *, version: int = 1, suite: int = 1, key: bytes | None = None, rest: bytes = b"leaf"
) -> bytes:
    own = bytes(KEY.verify_key) if key is None else key
    head = version.to_bytes(2, "big") + suite.to_bytes(2, "big")
    signed = head + vector(b"i" * 32) + vector(b"e" * 32) + vector(own) + rest
    label = vector(b"MLS 1.0 KeyPackageTBS")
    signature = KEY.sign(label + vector(signed)).signature
    return signed + vector(signature)


def test_the_real_clients_key_package_is_its_installations() -> None:
    assert installation_of(REAL) == INSTALLATION


@pytest.mark.parametrize("size", [0, 40, 63, 64, 16_000, 20_000])
def test_lengths_of_every_size_are_read(size: int) -> None:
    assert installation_of(package(rest=b"r" * size)) == bytes(KEY.verify_key)


@pytest.mark.parametrize("suite", [1, 3])
def test_suites_with_ed25519_are_taken(suite: int) -> None:
    assert installation_of(package(suite=suite)) == bytes(KEY.verify_key)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        package(version=2),
        package(suite=2),
        package(key=b"k" * 31),
        package(key=SigningKey.generate().verify_key.encode()),
        package() + b"\x00",
        package()[:-1],
        # A length in four bytes where one does: two encodings of one package.
        REAL[:4] + (0x80000020).to_bytes(4, "big") + REAL[5:],
    ],
    ids=[
        "empty",
        "version",
        "suite",
        "short key",
        "another's key",
        "behind",
        "cut",
        "overlong",
    ],
)
def test_what_its_installation_did_not_sign_is_refused(bad: bytes) -> None:
    with pytest.raises(BadKeyPackage):
        installation_of(bad)


@given(st.integers(0, len(REAL) - 1), st.integers(1, 255))
def test_a_changed_byte_anywhere_is_noticed(place: int, flip: int) -> None:
    changed = REAL[:place] + bytes((REAL[place] ^ flip,)) + REAL[place + 1 :]
    with pytest.raises(BadKeyPackage):
        installation_of(changed)


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(data: bytes) -> None:
    with pytest.raises(BadKeyPackage):
        installation_of(data)
