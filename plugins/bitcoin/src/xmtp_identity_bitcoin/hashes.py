"""The hashes of Bitcoin, and how it writes lengths."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

__all__ = ["compact_size", "hash160", "hash256", "tagged_hash"]

_TWO_BYTES: Final = 0xFD


def hash256(data: bytes) -> bytes:
    """Give SHA-256 of SHA-256, 32 bytes."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def _find_ripemd160() -> Callable[[bytes], bytes]:
    # OpenSSL can be built without RIPEMD-160. python-bitcoinlib's, in Python,
    # gives the same a hundred times slower.
    try:
        hashlib.new("ripemd160")
    except ValueError:
        from bitcoin.core.contrib.ripemd160 import (  # type: ignore[import-untyped]  # publishes no types
            ripemd160,
        )

        return lambda data: bytes(ripemd160(data))
    return lambda data: hashlib.new("ripemd160", data).digest()


_ripemd160: Final = _find_ripemd160()


def hash160(data: bytes) -> bytes:
    """Give RIPEMD-160 of SHA-256, 20 bytes: what addresses hold."""
    return _ripemd160(hashlib.sha256(data).digest())


def tagged_hash(tag: str) -> Callable[[bytes], bytes]:
    """Give the hash function of a tag (BIP-340), which gives 32 bytes."""
    prefix = hashlib.sha256(tag.encode("ascii")).digest()
    start = hashlib.sha256(prefix + prefix)

    def hash_of(data: bytes) -> bytes:
        state = start.copy()
        state.update(data)
        return state.digest()

    return hash_of


def compact_size(number: int) -> bytes:
    """Write a length as Bitcoin does before strings and lists, up to 2^32 - 1."""
    if number < _TWO_BYTES:
        return bytes((number,))
    if number <= 0xFFFF:
        return b"\xfd" + number.to_bytes(2, "little")
    return b"\xfe" + number.to_bytes(4, "little")
