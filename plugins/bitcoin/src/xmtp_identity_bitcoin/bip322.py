"""Generic signed messages (BIP-322, version 2.0.0): simple and full signatures."""

from __future__ import annotations

from typing import Any, Final

from xmtp_identity.errors import InvalidSignature

from .addresses import Output
from .hashes import tagged_hash
from .transactions import ToSign, build, read_transaction, read_witness, to_spend_id

__all__ = ["is_full", "is_proof_of_funds", "message_hash", "read"]

message_hash: Final = tagged_hash("BIP0322-signed-message")
"""The 32 bytes of a text that go into the transaction that is signed."""

_PSBT: Final = b"psbt\xff"
_VERSIONS: Final = frozenset({0, 2})


def is_full(payload: bytes) -> bool:
    """Whether a payload is a transaction and not a witness stack.

    A transaction begins with its version, 4 bytes, the last three 0; a stack
    that begins like this has three empty items, which no signature has.
    """
    return payload[1:4] == bytes(3)


def is_proof_of_funds(payload: bytes) -> bool:
    """Whether a payload is a PSBT, which BIP-322 calls a proof of funds."""
    return payload.startswith(_PSBT)


def read(payload: bytes, hashed: bytes, target: Output) -> ToSign:
    """Read a signature as the transaction that it stands for.

    payload: a witness stack or a transaction, in consensus encoding.
    hashed: the hash of the text, see `message_hash`.
    target: of the address that is to have signed.

    Raises `InvalidSignature`.
    """
    spent = to_spend_id(hashed, target.script)
    if is_full(payload):
        return _read_full(payload, spent, target)
    if is_proof_of_funds(payload):
        raise InvalidSignature(
            "This is a proof of funds (BIP-322), which needs the state of the chain;"
            " let the wallet sign a simple or full message.",
            code="bitcoin_proof_of_funds",
        )
    witness = read_witness(payload)
    if witness is None:
        raise InvalidSignature(
            "The bytes are no Bitcoin signature: neither 65 bytes of BIP-137 nor a"
            " witness or a transaction of BIP-322, in the one encoding it has.",
            code="bitcoin_signature_form",
        )
    return ToSign(build(spent), target.script, None, witness)


def _read_full(payload: bytes, spent: bytes, target: Output) -> ToSign:
    transaction = read_transaction(payload)
    if transaction is None:
        raise _not_a_transaction()
    version = transaction.nVersion
    if version not in _VERSIONS or len(transaction.vin) != 1:
        raise _fault(transaction, payload)
    script_sig = bytes(transaction.vin[0].scriptSig)
    inputs = transaction.wit.vtxinwit
    witness = tuple(inputs[0].scriptWitness.stack) if inputs else ()
    # Built anew and compared: nothing that the transaction says is trusted.
    rebuilt = build(spent, version=version, script_sig=script_sig, witness=witness)
    if rebuilt.serialize() != payload:
        raise _fault(transaction, payload)
    return ToSign(rebuilt, target.script, script_sig, witness)


def _fault(transaction: Any, payload: bytes) -> InvalidSignature:
    """Why a transaction is not the one that BIP-322 builds."""
    if transaction.serialize() != payload:
        return _not_a_transaction()
    if len(transaction.vin) > 1:
        return InvalidSignature(
            "The transaction has several inputs: it is a proof of funds (BIP-322).",
            code="bitcoin_proof_of_funds",
        )
    if transaction.nLockTime or any(txin.nSequence for txin in transaction.vin):
        return InvalidSignature(
            "The signature has a time lock, which says that it is valid at another"
            " time, perhaps for another owner.",
            code="bitcoin_time_lock",
        )
    if transaction.nVersion not in _VERSIONS:
        return InvalidSignature(
            "The version of the transaction is neither 0 nor 2.",
            code="bitcoin_signature_form",
        )
    return InvalidSignature(
        "The transaction that was signed is not the one for this text and this"
        " Bitcoin address."
    )


def _not_a_transaction() -> InvalidSignature:
    return InvalidSignature(
        "The bytes are no transaction in the one encoding it has.",
        code="bitcoin_signature_form",
    )
