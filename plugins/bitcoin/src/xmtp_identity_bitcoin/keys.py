"""What a public key owns."""

from __future__ import annotations

from .addresses import Form, output
from .hashes import hash160

__all__ = ["nested", "program_of"]


def nested(key: bytes) -> bytes:
    """Give the redeem script that puts p2wpkh into p2sh (BIP-141).

    key: compressed, 33 bytes.
    """
    return output(Form.P2WPKH, hash160(key)).script


def program_of(key: bytes, form: Form) -> bytes:
    """Give the hash in the address of a key, 20 bytes.

    form: p2pkh; or p2wpkh, or p2sh around that, for a compressed key.
    """
    return hash160(nested(key) if form is Form.P2SH else key)
