"""The wrapper of ERC-6492, for wallets that are not deployed yet."""

from __future__ import annotations

from typing import Final, NamedTuple

from ..smart_wallet import Invalid

__all__ = ["SUFFIX", "Unwrapped", "unwrap"]

SUFFIX: Final = bytes.fromhex("6492" * 16)
"""What a wrapped signature ends with (ERC-6492, "Specification")."""

_WORD: Final = 32
_HEAD: Final = 3 * _WORD
_ADDRESS_PAD: Final = bytes(12)

_BROKEN: Final = Invalid(
    "The signature ends as one of a wallet that is not deployed yet (ERC-6492),"
    " but what comes before is no factory, call and signature."
)
_RUNS_INTO_SUFFIX: Final = Invalid(
    "A field of the signature of a wallet that is not deployed yet (ERC-6492)"
    " runs into the bytes that mark such signatures.",
    deviation=True,
)


class Unwrapped(NamedTuple):
    """What a wallet is asked about, and how it is deployed if it is not.

    wrapped: whether there is a factory.
    factory: its address, 20 bytes; zeros if there is none.
    factory_call: the data to call it with.
    signature: the wallet's own.
    """

    wrapped: bool
    factory: bytes
    factory_call: bytes
    signature: bytes


def unwrap(signature: bytes) -> Unwrapped | Invalid:
    """Take a signature out of its wrapper, if there is one, and only one.

    The wrapper is the ABI's encoding of (address, bytes, bytes), then
    `SUFFIX`. It is read as the reference client reads it: fields may overlap
    and leave gaps. Only a field that runs into the suffix, which that client
    takes for a part of the encoding, is refused; ERC-6492 ends the encoding
    before it.
    """
    if not signature.endswith(SUFFIX):
        return Unwrapped(False, bytes(20), b"", signature)  # noqa: FBT003 - a record
    if len(signature) < _HEAD or not signature.startswith(_ADDRESS_PAD):
        return _BROKEN
    fields = _field(signature, 1), _field(signature, 2)
    if fields[0] is None or fields[1] is None:
        return _BROKEN
    end = len(signature) - len(SUFFIX)
    if any(field.stop > end for field in fields if field is not None):
        return _RUNS_INTO_SUFFIX
    return Unwrapped(
        True,  # noqa: FBT003 - a record
        signature[12:_WORD],
        signature[fields[0]],
        signature[fields[1]],
    )


def _field(data: bytes, number: int) -> slice | None:
    """Where the bytes of a field are, by the word of the head that points there."""
    start = _number(data, number * _WORD) + _WORD
    if start > len(data):
        return None
    stop = start + _number(data, start - _WORD)
    return None if stop > len(data) else slice(start, stop)


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + _WORD], "big")
