"""An independent judge: btclib's addresses, transactions and script engine.

It says what Bitcoin's own rules and BIP-322 say of a signature, with every
rule of policy on. It shares no code with what it judges.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

from btclib.ecc import bms
from btclib.exceptions import BTClibException
from btclib.hashes import hash160
from btclib.script.engine import verify_input
from btclib.script.engine.flags import NO_FLAGS, ScriptFlag
from btclib.script.script_pub_key import ScriptPubKey
from btclib.script.witness import Witness
from btclib.tx.out_point import OutPoint
from btclib.tx.tx import Tx
from btclib.tx.tx_in import TxIn
from btclib.tx.tx_out import TxOut
from ecc.exceptions import EccException

__all__ = ["accepts", "accepts_bip137", "accepts_bip322", "script_of"]

_ALLOWED: Final = {0, 1}
_TAG: Final = hashlib.sha256(b"BIP0322-signed-message").digest()
_REFUSALS: Final = (BTClibException, EccException, ValueError, IndexError)


def _all_rules() -> ScriptFlag:
    rules = NO_FLAGS
    for rule in ScriptFlag:
        rules |= rule
    return rules


_RULES: Final = _all_rules()


def script_of(address: str) -> bytes:
    """The scriptPubKey of an address of mainnet."""
    return ScriptPubKey.from_address(address).script


def accepts(address: str, text: bytes, payload: bytes) -> bool:
    """Whether the owner of an address signed a text, in any of the three forms."""
    if len(payload) == 65:
        return accepts_bip137(address, text, payload)
    return accepts_bip322(address, text, payload)


def accepts_bip137(address: str, text: bytes, payload: bytes) -> bool:
    """As Electrum and BIP-137 have it."""
    try:
        return bms.verify(text, address, base64.b64encode(payload).decode())
    except _REFUSALS:
        return False


def accepts_bip322(address: str, text: bytes, payload: bytes) -> bool:
    """As BIP-322 has it, without time locks and proofs of funds."""
    script = script_of(address)
    to_spend = _to_spend(script, text)
    try:
        full = payload[1:4] == bytes(3)
        to_sign = Tx.parse(payload) if full else _simple(script, to_spend, payload)
        if full and to_sign.serialize(include_witness=True) != payload:
            return False
        if not _is_to_sign(to_sign, to_spend):
            return False
        used: list[int] = []
        verify_input([to_spend.vout[0]], to_sign, 0, _RULES, hash_types=used)
    except _REFUSALS:
        return False
    # Some scripts need no signature at all: whose they are is not said.
    return bool(used) and set(used) <= _ALLOWED


def _to_spend(script: bytes, text: bytes) -> Tx:
    hashed = hashlib.sha256(_TAG + _TAG + text).digest()
    script_sig = b"\x00\x20" + hashed
    txin = TxIn(OutPoint(bytes(32), 0xFFFFFFFF), script_sig, 0)
    return Tx(0, 0, [txin], [TxOut(0, script)], check_validity=False)


def _simple(script: bytes, to_spend: Tx, payload: bytes) -> Tx:
    witness = Witness.parse(payload)
    if witness.serialize() != payload:
        raise ValueError("The witness stack is not in its one encoding.")
    script_sig = b""
    if script[:1] == b"\xa9":
        # Wallets sign so for p2sh around p2wpkh, which BIP-322 leaves open.
        redeem = b"\x00\x14" + hash160(witness.stack[-1])
        script_sig = bytes([len(redeem)]) + redeem
    txin = TxIn(OutPoint(to_spend.id, 0), script_sig, 0, witness)
    return Tx(0, 0, [txin], [TxOut(0, b"\x6a")])


def _is_to_sign(to_sign: Tx, to_spend: Tx) -> bool:
    return (
        to_sign.version in {0, 2}
        and to_sign.lock_time == 0
        and len(to_sign.vin) == 1
        and to_sign.vin[0].prev_out == OutPoint(to_spend.id, 0)
        and to_sign.vin[0].sequence == 0
        and [(out.value, out.script_pub_key.script) for out in to_sign.vout]
        == [(0, b"\x6a")]
    )
