"""Reading authenticator data (WebAuthn level 3, section 6.1) strictly."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["AuthenticatorData", "read_authenticator_data"]

USER_PRESENT: Final = 0x01
USER_VERIFIED: Final = 0x04
BACKUP_ELIGIBLE: Final = 0x08
BACKED_UP: Final = 0x10
_ATTESTED: Final = 0x40
_EXTENSIONS: Final = 0x80

_HASH_BYTES: Final = 32
_COUNTER_BYTES: Final = 4
_FIXED_BYTES: Final = _HASH_BYTES + 1 + _COUNTER_BYTES

# CTAP 2.1, section 8: maps and arrays within one another.
_MAX_CBOR_DEPTH: Final = 4
_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_MAX_DIRECT: Final = 23
_MAX_SIZED: Final = 27


class AuthenticatorData(NamedTuple):
    """What an authenticator says in an assertion.

    rp_id_hash: SHA-256 of the relying party ID, 32 bytes.
    flags: one byte; see `USER_PRESENT` and the others.
    """

    rp_id_hash: bytes
    flags: int

    def has(self, flag: int) -> bool:
        """Whether a flag is set."""
        return bool(self.flags & flag)


def read_authenticator_data(data: bytes) -> AuthenticatorData:
    """Read the authenticator data of an assertion, and nothing but that.

    37 bytes; behind them one CBOR map of extensions exactly if the flag ED
    says so. An assertion carries no attested credential, so the flag AT is
    refused. The two reserved flags may hold anything.

    Raises `ValueError` with what is wrong.
    """
    if len(data) < _FIXED_BYTES:
        raise ValueError(f"it has {len(data)} bytes, fewer than {_FIXED_BYTES}")
    flags = data[_HASH_BYTES]
    if flags & _ATTESTED:
        raise ValueError("it holds a credential, which only a registration does")
    extensions = data[_FIXED_BYTES:]
    if not flags & _EXTENSIONS:
        if extensions:
            raise ValueError("bytes follow its end")
    elif not _is_one_map(extensions):
        raise ValueError("its extensions are not one CBOR map")
    return AuthenticatorData(data[:_HASH_BYTES], flags)


def _is_one_map(data: bytes) -> bool:
    """Whether ``data`` is one well-formed CBOR map (RFC 8949, appendix C)."""
    if not data or data[0] >> 5 != _MAP:
        return False
    try:
        return _skip(data, 0, 0) == len(data)
    except (IndexError, ValueError):
        return False


def _skip(data: bytes, position: int, depth: int) -> int:
    """The position after one data item of definite length."""
    major, short = data[position] >> 5, data[position] & 0x1F
    argument, position = _argument(data, position + 1, short)
    if major in (_BYTES, _TEXT):
        if position + argument > len(data):
            raise ValueError("a string reaches beyond the end")
        return position + argument
    if major in (_ARRAY, _MAP):
        if depth == _MAX_CBOR_DEPTH:
            raise ValueError("nested too deep")
        # Each item takes a byte or more, so a hostile count ends soon.
        for _ in range(argument * (2 if major == _MAP else 1)):
            position = _skip(data, position, depth + 1)
        return position
    if major == _TAG:
        raise ValueError("CTAP 2 knows no tags")
    return position


def _argument(data: bytes, position: int, short: int) -> tuple[int, int]:
    """The argument of an item's head, and the position after the head."""
    if short <= _MAX_DIRECT:
        return short, position
    if short > _MAX_SIZED:
        raise ValueError("reserved, or of indefinite length")
    after = position + (1 << (short - _MAX_DIRECT - 1))
    if after > len(data):
        raise ValueError("cut off")
    return int.from_bytes(data[position:after]), after
