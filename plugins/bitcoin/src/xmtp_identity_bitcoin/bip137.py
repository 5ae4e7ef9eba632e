"""The older signatures: one byte of header and 64 bytes from which the key follows.

BIP-137 gives each form of address headers of its own. Electrum and Ledger do
not follow it and sign for every address with those of compressed keys.
"""

from __future__ import annotations

from typing import Final

from xmtp_identity.errors import InvalidSignature

from .addresses import Form, Output
from .hashes import compact_size, hash256
from .keys import program_of
from .secp256k1 import COMPACT_BYTES, is_low_s, recover

__all__ = [
    "LENGTH",
    "P2PKH_COMPRESSED",
    "P2PKH_UNCOMPRESSED",
    "check",
    "is_bip137",
    "message_hash",
]

LENGTH: Final = 1 + COMPACT_BYTES
"""How long such a signature is."""

P2PKH_UNCOMPRESSED: Final = 27
"""The first of the four headers of uncompressed keys."""

P2PKH_COMPRESSED: Final = 31
"""The first of the four headers of compressed keys."""

_MAGIC: Final = b"\x18Bitcoin Signed Message:\n"
_HEADERS: Final = range(27, 43)
# Group of four headers to the forms of address that it can be for.
_FORMS: Final = (
    frozenset({Form.P2PKH}),  # with an uncompressed key
    frozenset({Form.P2PKH, Form.P2SH, Form.P2WPKH}),
    frozenset({Form.P2SH}),
    frozenset({Form.P2WPKH}),
)


def is_bip137(payload: bytes) -> bool:
    """Whether a payload is of this sort. None of BIP-322's can look like it:
    it would have 27 or more items in 64 bytes."""
    return len(payload) == LENGTH and payload[0] in _HEADERS


def message_hash(text: bytes) -> bytes:
    """Give the 32 bytes that are signed for a text."""
    return hash256(_MAGIC + compact_size(len(text)) + text)


def check(payload: bytes, digest: bytes, target: Output) -> None:
    """Check that the owner of an address signed.

    payload: for which `is_bip137` holds.
    digest: of the text, see `message_hash`.

    Raises `InvalidSignature`.
    """
    group, recovery = divmod(payload[0] - _HEADERS.start, 4)
    compact = payload[1:]
    if target.form not in _FORMS[group]:
        raise InvalidSignature(
            f"A signature with the header {payload[0]} (BIP-137) can't be for a"
            f" {target.form.value} address; let the wallet sign as BIP-322 says.",
            code="bitcoin_proof_form",
        )
    if recovery > 1 or not is_low_s(compact):
        raise InvalidSignature(
            "The numbers of the signature are not as wallets make them: s must be"
            " low, and r not reduced.",
            code="bitcoin_signature_encoding",
        )
    key = recover(compact, recovery, digest, compressed=group > 0)
    if key is None or program_of(key, target.form) != target.program:
        raise InvalidSignature("The owner of this Bitcoin address did not sign this.")
