"""Taproot (BIP-341), as far as spending with the one key goes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from .hashes import tagged_hash

__all__ = ["SIGHASH_ALL", "SIGHASH_DEFAULT", "key_path_hash", "tap_tweak"]

SIGHASH_DEFAULT: Final = 0x00
SIGHASH_ALL: Final = 0x01

_EPOCH: Final = b"\x00"
_KEY_PATH_WITHOUT_ANNEX: Final = b"\x00"
_sighash: Final = tagged_hash("TapSighash")

tap_tweak: Final = tagged_hash("TapTweak")
"""What is added to an internal key: of its x, and of the root of its scripts
where it has any (BIP-86: it has none)."""


def key_path_hash(
    transaction: Any, index: int, spent: Sequence[Any], hash_type: int
) -> bytes:
    """Give the digest that a key signs (BIP-341, "Common signature message").

    transaction: a `CTransaction` of python-bitcoinlib.
    index: of the input that is signed.
    spent: the `CTxOut` that each input spends.
    hash_type: `SIGHASH_DEFAULT` or `SIGHASH_ALL`, which sign everything; they
        alone are allowed in BIP-322.
    """
    message = (
        bytes((hash_type,))
        + transaction.nVersion.to_bytes(4, "little", signed=True)
        + transaction.nLockTime.to_bytes(4, "little")
        + _sha256(txin.prevout.serialize() for txin in transaction.vin)
        + _sha256(txout.nValue.to_bytes(8, "little") for txout in spent)
        + _sha256(txout.serialize()[8:] for txout in spent)
        + _sha256(txin.nSequence.to_bytes(4, "little") for txin in transaction.vin)
        + _sha256(txout.serialize() for txout in transaction.vout)
        + _KEY_PATH_WITHOUT_ANNEX
        + index.to_bytes(4, "little")
    )
    return _sighash(_EPOCH + message)


def _sha256(parts: Any) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()
