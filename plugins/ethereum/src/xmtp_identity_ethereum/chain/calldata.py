"""The bytes of the calls: of a wallet, and of the validator that calls it."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Final

from .unwrapping import Unwrapped

__all__ = ["MAGIC", "is_valid_signature", "validation"]

MAGIC: Final = bytes.fromhex("1626ba7e") + bytes(28)
"""A wallet's yes: ERC-1271's value, and the selector of the call, in a word."""

_WORD: Final = 32


def is_valid_signature(digest: bytes, signature: bytes) -> bytes:
    """The call data of ERC-1271's `isValidSignature(bytes32,bytes)`.

    digest: 32 bytes.
    """
    return MAGIC[:4] + digest + _number(2 * _WORD) + _bytes(signature)


def validation(
    tag: bytes, chain_id: int, account: bytes, digest: bytes, parts: Unwrapped
) -> bytes:
    """The validator's creation code with its arguments, see SignatureValidator.sol.

    tag: 32 bytes that the answer begins with, the last one 0.
    account: the wallet's address, 20 bytes.
    digest: the 32 bytes that were signed.
    """
    wallet_call = _bytes(is_valid_signature(digest, parts.signature))
    first = 7 * _WORD
    return b"".join(
        (
            _validator(),
            tag,
            _number(chain_id),
            account.rjust(_WORD, b"\0"),
            _number(first),
            _number(parts.wrapped),
            parts.factory.rjust(_WORD, b"\0"),
            _number(first + len(wallet_call)),
            wallet_call,
            _bytes(parts.factory_call),
        )
    )


@cache
def _validator() -> bytes:
    """The creation code that plugins/ethereum/solidity builds."""
    built = files(__package__).joinpath("validator.json").read_text("utf-8")
    return bytes.fromhex(json.loads(built)["bytecode"])


def _number(value: int) -> bytes:
    return value.to_bytes(_WORD, "big")


def _bytes(value: bytes) -> bytes:
    """The ABI's `bytes`: the length, then the bytes up to a whole word."""
    return _number(len(value)) + value + bytes(-len(value) % _WORD)
