"""The two virtual transactions of BIP-322, and what is signed of them.

Transactions are python-bitcoinlib's, of which its `bitcoin.core` and
`bitcoin.core.script` alone are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from bitcoin.core import (  # type: ignore[import-untyped]  # publishes no types
    COutPoint,
    CTransaction,
    CTxIn,
    CTxInWitness,
    CTxOut,
    CTxWitness,
)
from bitcoin.core.script import (  # type: ignore[import-untyped]  # the same
    SIGHASH_ALL,
    SIGVERSION_WITNESS_V0,
    CScript,
    CScriptWitness,
    SignatureHash,
)
from bitcoin.core.serialize import (  # type: ignore[import-untyped]  # the same
    SerializationError,
)

from .hashes import compact_size, hash256
from .taproot import key_path_hash

__all__ = [
    "ToSign",
    "build",
    "read_transaction",
    "read_witness",
    "to_spend_id",
    "write_witness",
]

_VALUE: Final = 0
_INPUT: Final = 0
_OUTPUTS: Final = (CTxOut(_VALUE, CScript(b"\x6a")),)  # OP_RETURN

# to_spend before and after the hash of the message, and its end.
_TO_SPEND_HEAD: Final = bytes(4) + b"\x01" + bytes(32) + b"\xff" * 4 + b"\x22\x00\x20"
_TO_SPEND_MIDDLE: Final = bytes(4) + b"\x01" + bytes(8)
_TO_SPEND_TAIL: Final = bytes(4)


@dataclass(frozen=True, slots=True)
class ToSign:
    """The transaction `to_sign` (BIP-322, "Full").

    transaction: a `CTransaction`. Its digests are of the first input.
    script: the scriptPubKey that it spends.
    script_sig: of its input; None if a simple signature left it to us.
    witness: of its input.
    """

    transaction: Any
    script: bytes
    script_sig: bytes | None
    witness: tuple[bytes, ...]

    def legacy_digest(self, code: bytes) -> bytes:
        """Give what is signed for a script before segwit, with SIGHASH_ALL."""
        digest = SignatureHash(CScript(code), self.transaction, _INPUT, SIGHASH_ALL)
        return bytes(digest)

    def segwit_digest(self, code: bytes) -> bytes:
        """Give what is signed for a script code (BIP-143), with SIGHASH_ALL."""
        digest = SignatureHash(
            code, self.transaction, _INPUT, SIGHASH_ALL, _VALUE, SIGVERSION_WITNESS_V0
        )
        return bytes(digest)

    def taproot_digest(self, hash_type: int) -> bytes:
        """Give what is signed with a taproot key; see `taproot.key_path_hash`."""
        spent = (CTxOut(_VALUE, CScript(self.script)),)
        return key_path_hash(self.transaction, _INPUT, spent, hash_type)


def to_spend_id(message_hash: bytes, script: bytes) -> bytes:
    """Give the ID of `to_spend`, 32 bytes in the order of the wire.

    message_hash: 32 bytes.
    script: the scriptPubKey of the address.
    """
    # Everything but these two is fixed, and this is done for each signature.
    return hash256(
        _TO_SPEND_HEAD
        + message_hash
        + _TO_SPEND_MIDDLE
        + compact_size(len(script))
        + script
        + _TO_SPEND_TAIL
    )


def build(
    spent: bytes,
    *,
    version: int = 0,
    script_sig: bytes = b"",
    witness: tuple[bytes, ...] = (),
) -> Any:
    """Build `to_sign` for the ID of a `to_spend`, as a `CTransaction`."""
    txin = CTxIn(COutPoint(spent, 0), CScript(script_sig), 0)
    witnesses = CTxWitness((CTxInWitness(CScriptWitness(witness)),))
    return CTransaction((txin,), _OUTPUTS, 0, version, witnesses)


def read_transaction(data: bytes) -> Any | None:
    """Read a `CTransaction`, or None if it is none.

    Lengths may be written longer than need be: only if what is read is
    written as the same bytes again, they are the one encoding that it has.
    """
    try:
        return CTransaction.deserialize(data)
    except SerializationError:
        return None


def read_witness(data: bytes) -> tuple[bytes, ...] | None:
    """Read a witness stack, or None if it is none or not in its one encoding."""
    try:
        witness = CScriptWitness.deserialize(data)
    except SerializationError:
        return None
    return witness.stack if witness.serialize() == data else None


def write_witness(witness: tuple[bytes, ...]) -> bytes:
    """Write a witness stack; the inverse of `read_witness`."""
    return bytes(CScriptWitness(witness).serialize())
