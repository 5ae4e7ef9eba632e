"""Solana addresses as member identifiers: an Ed25519 public key in base58.

A key is the same on every cluster, so the identifier names none. Only keys
that a wallet can have are taken: canonical points of prime order. That
leaves out program-derived addresses, which lie off the curve, and the keys
of small order, the System Program's ``111...1`` among them, for which anyone
can make signatures that lax verifiers accept.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from base58 import b58decode, b58encode

from xmtp_identity.errors import InvalidIdentifier
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import lazy

__all__ = [
    "CLUSTERS",
    "KEY_BYTES",
    "KIND",
    "MAINNET",
    "NUMBER",
    "caip10",
    "decode",
    "encode",
    "parse",
]

KIND: Final = "solana"
"""The name of this kind."""

NUMBER: Final = 100
"""The number of this kind and of its proof: it is allotted in the core."""

KEY_BYTES: Final = 32

MAINNET: Final = "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp"
"""The cluster that `caip10` names (CAIP-2: 32 characters of its genesis hash)."""

CLUSTERS: Final = frozenset(
    {
        MAINNET,
        "solana:EtWTRABZaYq6iMfeYKouRu166VU2xqa1",  # devnet
        "solana:4uhcVJyU9pJkvQyS88uRDiswHXSCkY3z",  # testnet
    }
)
"""The clusters that `parse` knows (CAIP-2, namespace "solana")."""

_ADDRESS: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")
_MAX_KEYS: Final = 1024

# The curve's arithmetic is in a native library, which loads when first needed.
_is_key: Final = lazy("xmtp_identity_solana.signature:is_key")


def parse(text: str) -> MemberIdentifier:
    """Read an address that a person gave.

    text: base58 of the 32 bytes of a key; or a CAIP-10 account ID,
        ``solana:<reference>:<address>``, of one of `CLUSTERS`. Which cluster
        it names makes no difference: the key is the same on all.

    Raises `InvalidIdentifier`. Its sentence never repeats the text, which may
    be a private key that was pasted by mistake.
    """
    cluster, colon, address = text.rpartition(":")
    if colon and cluster not in CLUSTERS:
        raise InvalidIdentifier(
            "What stands before the address names no cluster of Solana that is known"
            " here. Give the address alone."
        )
    return MemberIdentifier(KIND, _address(_key(address)))


def caip10(identifier: MemberIdentifier) -> str:
    """Give the CAIP-10 account ID of an identifier, on mainnet.

    Raises `InvalidIdentifier` if it is none of this kind.
    """
    return f"{MAINNET}:{_address(encode(identifier))}"


def decode(payload: bytes) -> MemberIdentifier:
    """Read the `solana_identifier` variant of a `MemberIdentifier`.

    payload: the public key. There is one encoding of each key.

    Raises `InvalidIdentifier`.
    """
    return MemberIdentifier(KIND, _address(payload))


def encode(identifier: MemberIdentifier) -> bytes:
    """Give the bytes of the `solana_identifier` variant: the key, 32 bytes.

    Raises `InvalidIdentifier` if the identifier is none that `parse` or
    `decode` gives.
    """
    if identifier.kind != KIND:
        raise InvalidIdentifier("The identifier is of another kind than solana.")
    return _key(identifier.value)


def _key(address: str) -> bytes:
    """The key of an address in its one spelling."""
    # b58decode by itself takes white space at the end.
    if _ADDRESS.fullmatch(address) is not None:
        key = b58decode(address)
        if len(key) == KEY_BYTES and _address(key) == address:
            return key
    raise InvalidIdentifier(
        "A Solana address is base58 of 32 bytes, 32 to 44 letters and digits without"
        f" 0, O, I and l, nothing before or after; this text has {len(address)}"
        " characters."
    )


@lru_cache(maxsize=_MAX_KEYS)
def _address(key: bytes) -> str:
    """The address of a key. Kept, as an update's key is read and then verified."""
    if len(key) != KEY_BYTES:
        raise InvalidIdentifier(
            f"A Solana address stands for {KEY_BYTES} bytes, these are {len(key)}."
        )
    if not _is_key(key):
        raise InvalidIdentifier(
            "No wallet has this Solana address: it belongs to a program (a token"
            " account or the System Program, say), or it was altered. Give the"
            " address of the wallet itself."
        )
    return b58encode(key).decode("ascii")
