"""Private keys as wallets export them (WIF)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from base58 import b58decode_check, b58encode_check

from xmtp_identity.errors import BadInput

from .secp256k1 import SECRET_BYTES, is_secret

__all__ = ["PrivateKey", "read", "write"]

_SHAPE: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{51,52}")
_COMPRESSED: Final = b"\x01"


class PrivateKey(NamedTuple):
    """A private key and what its WIF says of it.

    version: the first byte, which tells mainnet from the test networks.
    secret: 32 bytes.
    compressed: whether its public key is written in the compressed form.
    """

    version: int
    secret: bytes
    compressed: bool

    def __repr__(self) -> str:
        return f"PrivateKey(version={self.version}, compressed={self.compressed})"


def read(text: str) -> PrivateKey:
    """Read a private key.

    Raises `BadInput`, whose sentence holds no part of the text.
    """
    decoded = _decode(text)
    secret, flag = decoded[1 : 1 + SECRET_BYTES], decoded[1 + SECRET_BYTES :]
    if flag not in {b"", _COMPRESSED} or not is_secret(secret):
        raise BadInput(
            "This is no private key in the form that wallets export (WIF): 51 or 52"
            " characters, each of them right."
        )
    return PrivateKey(decoded[0], secret, compressed=flag == _COMPRESSED)


def write(key: PrivateKey) -> str:
    """Write a private key; the inverse of `read`."""
    flag = _COMPRESSED if key.compressed else b""
    return b58encode_check(bytes((key.version,)) + key.secret + flag).decode("ascii")


def _decode(text: str) -> bytes:
    if _SHAPE.fullmatch(text) is None:
        return b""
    try:
        return b58decode_check(text)
    except ValueError:
        return b""
