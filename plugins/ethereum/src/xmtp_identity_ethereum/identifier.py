"""Ethereum addresses as member identifiers."""

from __future__ import annotations

import re
from typing import Final

from xmtp_identity.errors import InvalidIdentifier, NotAdmitted, Undecodable
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import lazy

__all__ = ["KIND", "admit", "can_own", "decode", "decode_string", "encode", "parse"]

KIND: Final = "ethereum"
"""The name of this kind."""

_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")
_CANONICAL_ADDRESS: Final = re.compile(r"0x[0-9a-f]{40}")
_LAST_PRECOMPILE: Final = 0x1FF

# Only a mixed-case address needs the hash, so it loads when one comes by.
_keccak_256: Final = lazy("xmtp_identity_ethereum.hashing:keccak_256")


def parse(text: str) -> MemberIdentifier:
    """Read an address that a person gave; the result is in lower case.

    text: ``0x`` and 40 hex digits, which are all lower case, all upper case
        or mixed as EIP-55 says.

    Raises `InvalidIdentifier`. Its sentence never repeats the text, which may
    be a private key that was pasted by mistake.
    """
    if _ADDRESS.fullmatch(text) is None:
        raise InvalidIdentifier(
            "An Ethereum address is 0x and 40 hex digits, nothing before or after;"
            f" this text has {len(text)} characters."
        )
    digits = text[2:]
    lower = digits.lower()
    if digits not in {lower, digits.upper()} and digits != _checksummed(lower):
        raise InvalidIdentifier(
            "The capital letters of this Ethereum address do not fit its digits"
            " (EIP-55), so one of them is wrong. Copy the address again."
        )
    return MemberIdentifier(KIND, "0x" + lower)


def decode(payload: bytes) -> MemberIdentifier:
    """Read the `ethereum_address` variant of a `MemberIdentifier`.

    payload: the bytes of a protobuf string. Any string is taken as it is, as
        the reference client does; what can't be an address can't sign.

    Raises `Undecodable` if it is not UTF-8.
    """
    try:
        return MemberIdentifier(KIND, payload.decode("utf-8"))
    except UnicodeDecodeError:
        raise Undecodable("The Ethereum address is not UTF-8.") from None


def decode_string(value: str, _relying_party: str | None) -> MemberIdentifier:
    """Take the identifier of a `CreateInbox` or `ChangeRecoveryAddress` as it is."""
    return MemberIdentifier(KIND, value)


def encode(identifier: MemberIdentifier) -> bytes:
    """Give the bytes of the `ethereum_address` variant: UTF-8."""
    return identifier.value.encode("utf-8")


def can_own(identifier: MemberIdentifier) -> bool:
    """Whether the reference client makes an inbox ID from an address.

    A smart wallet's account may stand without ``0x``; such a member can't
    create an inbox. Signers are always in lower case.
    """
    return _CANONICAL_ADDRESS.fullmatch(identifier.value) is not None


def admit(identifier: MemberIdentifier) -> None:
    """Refuse what no wallet stands behind.

    Upper case is refused because the reference client compares addresses as
    strings: an inbox whose recovery address is in upper case is locked.

    Raises `NotAdmitted` with the code ``ethereum_address_form`` or
    ``ethereum_address_reserved``.
    """
    if _CANONICAL_ADDRESS.fullmatch(identifier.value) is None:
        raise NotAdmitted(
            "An Ethereum address must be 0x and 40 lower-case hex digits.",
            code="ethereum_address_form",
        )
    if int(identifier.value, 16) <= _LAST_PRECOMPILE:
        raise NotAdmitted(
            "The zero address and the addresses of precompiled contracts, up to"
            f" {_LAST_PRECOMPILE:#x}, belong to nobody.",
            code="ethereum_address_reserved",
        )


def _checksummed(digits: str) -> str:
    """The 40 lower-case hex digits with the capitals of EIP-55."""
    nibbles = _keccak_256(digits.encode("ascii")).hex()
    return "".join(
        digit.upper() if nibble >= "8" else digit
        for digit, nibble in zip(digits, nibbles, strict=False)
    )
