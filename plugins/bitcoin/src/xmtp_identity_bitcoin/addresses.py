"""Addresses and the output scripts that they stand for."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple

from base58 import b58decode_check, b58encode_check

from xmtp_identity.errors import InvalidIdentifier

from . import segwit_address
from .networks import Network

__all__ = ["Form", "Output", "output", "read", "write"]


class Form(Enum):
    """The forms of output scripts that have addresses here."""

    P2PKH = "p2pkh"
    P2SH = "p2sh"
    P2WPKH = "p2wpkh"
    P2WSH = "p2wsh"
    P2TR = "p2tr"


class Output(NamedTuple):
    """What an address stands for.

    program: the hash in it, 20 bytes, or 32 for p2wsh; for p2tr the key's x.
    script: the scriptPubKey, which holds the program.
    """

    form: Form
    program: bytes
    script: bytes


_SCRIPTS: Final = {
    Form.P2PKH: (b"\x76\xa9\x14", b"\x88\xac"),
    Form.P2SH: (b"\xa9\x14", b"\x87"),
    Form.P2WPKH: (b"\x00\x14", b""),
    Form.P2WSH: (b"\x00\x20", b""),
    Form.P2TR: (b"\x51\x20", b""),
}
_SEGWIT: Final = {
    (0, 20): Form.P2WPKH,
    (0, 32): Form.P2WSH,
    (1, 32): Form.P2TR,
}
# The package base58 takes white space as well.
_BASE58: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{26,35}")
_HASH: Final = 20
_ANCHOR: Final = (1, b"\x4e\x73")


def output(form: Form, program: bytes) -> Output:
    """Make the output of a form from the hash or key in it."""
    head, tail = _SCRIPTS[form]
    return Output(form, program, head + program + tail)


def read(address: str, network: Network) -> Output:
    """Read an address of a network; strict.

    address: base58check, or bech32 all in lower or all in upper case.

    Raises `InvalidIdentifier`. Its sentence never repeats the address, which
    may be a private key that was pasted by mistake.
    """
    if address[: len(network.hrp) + 1].lower() == f"{network.hrp}1":
        return _read_segwit(address, network)
    return _read_base58(address, network)


def write(target: Output, network: Network) -> str:
    """Write an output's address; the inverse of `read`, bech32 in lower case."""
    if target.form is Form.P2PKH:
        return _base58check(network.p2pkh, target.program)
    if target.form is Form.P2SH:
        return _base58check(network.p2sh, target.program)
    version = 1 if target.form is Form.P2TR else 0
    return segwit_address.encode(network.hrp, version, target.program)


def _read_segwit(address: str, network: Network) -> Output:
    try:
        version, program = segwit_address.decode(network.hrp, address)
    except ValueError as error:
        raise InvalidIdentifier(
            f"This is no Bitcoin address of {network.name}: {error}."
        ) from None
    form = _SEGWIT.get((version, len(program)))
    if form is not None:
        return output(form, program)
    if (version, program) == _ANCHOR:
        raise InvalidIdentifier(
            "This is the anchor address (pay-to-anchor), which anyone can spend from"
            " and no one owns."
        )
    raise InvalidIdentifier(
        f"This address has witness version {version} and a program of"
        f" {len(program)} bytes. No rules are known for it, so anyone could spend"
        " from it, and no one can prove to own it."
    )


def _read_base58(address: str, network: Network) -> Output:
    if _BASE58.fullmatch(address) is not None:
        try:
            decoded = b58decode_check(address)
        except ValueError:
            raise InvalidIdentifier(
                "The checksum of this Bitcoin address is wrong. Copy it again; upper"
                " and lower case matter in it."
            ) from None
        form = {network.p2pkh: Form.P2PKH, network.p2sh: Form.P2SH}.get(decoded[0])
        if form is not None and len(decoded) == 1 + _HASH:
            return output(form, decoded[1:])
    raise InvalidIdentifier(
        f"This is no Bitcoin address of {network.name}; give one that begins with"
        f" {_beginnings(network)}."
    )


def _beginnings(network: Network) -> str:
    first = "1, 3" if network.p2pkh == 0 else "m, n, 2"
    return f"{first} or {network.hrp}1"


def _base58check(version: int, program: bytes) -> str:
    return b58encode_check(bytes((version,)) + program).decode("ascii")
