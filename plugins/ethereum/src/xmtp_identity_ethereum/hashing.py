"""Keccak-256 and what Ethereum makes of it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

__all__ = ["address_of", "eip191_hash", "keccak_256"]


def _find_keccak_256() -> Callable[[bytes], bytes]:
    # safe-pysha3 is several times faster on short input but has wheels for
    # Linux alone.
    try:
        native = import_module("sha3").keccak_256
    except ImportError:
        new = import_module("Crypto.Hash.keccak").new
        return lambda data: bytes(new(digest_bits=256, data=data).digest())
    return lambda data: bytes(native(data).digest())


keccak_256: Callable[[bytes], bytes] = _find_keccak_256()
"""The 32 bytes of Keccak-256, the hash that SHA-3 was before it was padded anew."""


def eip191_hash(text: bytes) -> bytes:
    """Give the 32 bytes that a wallet signs for a text (EIP-191, version 0x45).

    text: UTF-8; its length goes into the hash in bytes, not in characters.
    """
    return keccak_256(b"\x19Ethereum Signed Message:\n%d%b" % (len(text), text))


def address_of(public_key: bytes) -> bytes:
    """Give the 20 bytes of the address of a public key (64 bytes, x || y)."""
    return keccak_256(public_key)[12:]
