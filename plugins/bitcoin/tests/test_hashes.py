"""Bitcoin's hashes and lengths, against other implementations of them."""

from __future__ import annotations

import hashlib

import pytest
from bitcoin.core import Hash, Hash160  # type: ignore[import-untyped]  # no types
from bitcoin.core.serialize import (  # type: ignore[import-untyped]  # the same
    VarIntSerializer,
)
from btclib.hashes import hash160 as peer_hash160
from ecc.hashes import tagged_hash as peer_tagged_hash
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity_bitcoin import hashes
from xmtp_identity_bitcoin.hashes import compact_size, hash160, hash256, tagged_hash


@given(st.binary(max_size=200))
def test_hashes_are_those_of_two_other_libraries(data: bytes) -> None:
    assert hash256(data) == Hash(data)
    assert hash160(data) == Hash160(data) == peer_hash160(data)
    assert tagged_hash("TapSighash")(data) == peer_tagged_hash(b"TapSighash", data)


def test_without_ripemd_160_in_openssl_the_hash_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def new(name: str, data: bytes = b"") -> None:
        raise ValueError(f"unsupported hash type {name}")

    monkeypatch.setattr(hashlib, "new", new)
    ripemd160 = hashes._find_ripemd160()
    digest = ripemd160(b"")
    # The first vector of RIPEMD-160's own paper.
    assert digest.hex() == "9c1185a5c5e9fc54612808977ee8f548b2258d31"


@given(st.integers(0, 2**32 - 1))
def test_lengths_are_written_as_python_bitcoinlib_does(number: int) -> None:
    assert compact_size(number) == VarIntSerializer.serialize(number)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "00"),
        (252, "fc"),
        (253, "fdfd00"),
        (65535, "fdffff"),
        (65536, "fe00000100"),
        (2**32 - 1, "feffffffff"),
    ],
)
def test_lengths_at_the_bounds(number: int, written: str) -> None:
    assert compact_size(number).hex() == written
