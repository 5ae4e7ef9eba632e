"""Segwit addresses: bech32 for version 0, bech32m for the others.

The package `bech32` knows bech32 alone (BIP-173). Its checksum arithmetic is
the same for bech32m but for one constant, so BIP-350's rules stand here on
top of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from bech32 import CHARSET, bech32_hrp_expand, bech32_polymod, convertbits

__all__ = ["decode", "encode"]

_BECH32: Final = 1
_BECH32M: Final = 0x2BC830A3

_VALUES: Final = {character: value for value, character in enumerate(CHARSET)}
_CHECKSUM: Final = 6
_MAX_LENGTH: Final = 90
_MAX_VERSION: Final = 16
_MAX_PROGRAM: Final = 40
_MIN_PROGRAM: Final = 2
_V0_PROGRAMS: Final = frozenset({20, 32})


def decode(hrp: str, address: str) -> tuple[int, bytes]:
    """Give the witness version and program of an address (BIP-173, BIP-350).

    hrp: the human-readable part that it must have, in lower case.
    address: all in lower or all in upper case.

    Raises `ValueError` with a clause that says what is wrong.
    """
    # Letters beyond ASCII would be lowered into ASCII: U+212A, say, into k.
    if len(address) > _MAX_LENGTH or not address.isascii():
        raise ValueError("it is too long or not ASCII")
    lower = address.lower()
    if address not in {lower, address.upper()}:
        raise ValueError("it mixes upper and lower case")
    if not lower.startswith(f"{hrp}1"):
        raise ValueError(f"it does not begin with {hrp}1")
    values = [_VALUES.get(character, -1) for character in lower[len(hrp) + 1 :]]
    if len(values) <= _CHECKSUM or -1 in values:
        raise ValueError("it is cut off, or has a character that bech32 lacks")
    version = values[0]
    if bech32_polymod(bech32_hrp_expand(hrp) + values) != _constant(version):
        raise ValueError("its checksum is wrong")
    program = convertbits(values[1:-_CHECKSUM], 5, 8, pad=False)
    if version > _MAX_VERSION or program is None:
        raise ValueError("it holds no witness program")
    if not _MIN_PROGRAM <= len(program) <= _MAX_PROGRAM or (
        version == 0 and len(program) not in _V0_PROGRAMS
    ):
        raise ValueError("its witness program has an impossible length")
    return version, bytes(program)


def encode(hrp: str, version: int, program: bytes) -> str:
    """Write an address, in lower case; the inverse of `decode`."""
    values = [version, *_five_bits(program)]
    checked = bech32_hrp_expand(hrp) + values + [0] * _CHECKSUM
    checksum = bech32_polymod(checked) ^ _constant(version)
    values += [checksum >> 5 * place & 31 for place in reversed(range(_CHECKSUM))]
    return f"{hrp}1" + "".join(CHARSET[value] for value in values)


def _constant(version: int) -> int:
    return _BECH32M if version else _BECH32


def _five_bits(program: bytes) -> Iterable[int]:
    # It gives None for values out of range only, which bytes never are.
    return convertbits(program, 8, 5) or ()
