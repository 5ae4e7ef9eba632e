"""What it takes to spend an output, for the scripts that have one owner.

Templates and no interpreter: to an interpreter, whoever can satisfy a script
owns it, and that is anyone for a script such as OP_TRUE or for a hash lock
whose secret is known. Here each way to spend is signatures by keys.
"""

from __future__ import annotations

import hashlib
from typing import Final, NoReturn

from xmtp_identity.errors import InvalidSignature

from .addresses import Form, Output, output
from .hashes import hash160
from .keys import nested
from .secp256k1 import (
    COMPACT_BYTES,
    is_compressed,
    verify_ecdsa,
    verify_schnorr,
)
from .taproot import SIGHASH_ALL, SIGHASH_DEFAULT
from .transactions import ToSign

__all__ = ["check", "multisig_script", "push", "single_key_script"]

_ANNEX: Final = 0x50
_OP_1: Final = 0x51
_OP_CHECKSIG: Final = 0xAC
_OP_CHECKMULTISIG: Final = 0xAE
_KEY: Final = 33
_MAX_KEYS: Final = 20
_SMALL: Final = 16


def check(target: Output, to_sign: ToSign) -> None:
    """Check that the owner of an output signed a transaction that spends it.

    Raises `InvalidSignature`.
    """
    if target.form is Form.P2PKH:
        _check_p2pkh(target, to_sign)
    elif target.form is Form.P2SH:
        _check_nested(target, to_sign)
    else:
        if to_sign.script_sig:
            _refuse("A segwit address can't have a script signature.")
        if target.form is Form.P2WPKH:
            _check_p2wpkh(target.program, to_sign)
        elif target.form is Form.P2WSH:
            _check_p2wsh(target, to_sign)
        else:
            _check_p2tr(target, to_sign)


def push(data: bytes) -> bytes:
    """Write the opcode that pushes up to 75 bytes, and these."""
    return bytes((len(data),)) + data


def single_key_script(key: bytes) -> bytes:
    """Give the witness script that asks for a signature of one key."""
    return push(key) + bytes((_OP_CHECKSIG,))


def multisig_script(threshold: int, keys: list[bytes]) -> bytes:
    """Give the witness script that asks for signatures of some of several keys.

    threshold: how many, 1 to the number of keys.
    keys: compressed, 1 to 20.
    """
    pushes = b"".join(push(key) for key in keys)
    head, tail = _number(threshold), _number(len(keys))
    return head + pushes + tail + bytes((_OP_CHECKMULTISIG,))


def _check_p2pkh(target: Output, to_sign: ToSign) -> None:
    if to_sign.script_sig is None:
        raise InvalidSignature(
            "A simple signature (BIP-322) can't be for an address from before segwit;"
            " let the wallet sign in the full or in the older form.",
            code="bitcoin_proof_form",
        )
    pushes = _pushes(to_sign.script_sig)
    if len(pushes) != 2 or to_sign.witness:
        _refuse("The script signature is not a signature and a key, each pushed once.")
    signature, key = pushes
    if hash160(key) != target.program:
        _refuse_signer()
    _check_ecdsa(key, signature, to_sign.legacy_digest(target.script))


def _check_nested(target: Output, to_sign: ToSign) -> None:
    if len(to_sign.witness) != 2:
        _refuse_script("Of p2sh addresses, those around p2wpkh alone can sign here")
    redeem = nested(to_sign.witness[1])
    if to_sign.script_sig not in {None, push(redeem)} or (
        hash160(redeem) != target.program
    ):
        _refuse_signer()
    _check_p2wpkh(redeem[2:], to_sign)


def _check_p2wpkh(program: bytes, to_sign: ToSign) -> None:
    if len(to_sign.witness) != 2:
        _refuse("The witness is not a signature and a key.")
    signature, key = to_sign.witness
    if not is_compressed(key):
        _refuse("The key in the witness is not compressed, as segwit demands.")
    if hash160(key) != program:
        _refuse_signer()
    code = output(Form.P2PKH, program).script
    _check_ecdsa(key, signature, to_sign.segwit_digest(code))


def _check_p2wsh(target: Output, to_sign: ToSign) -> None:
    if not to_sign.witness:
        _refuse("The witness is empty.")
    *stack, script = to_sign.witness
    if hashlib.sha256(script).digest() != target.program:
        _refuse_signer()
    if script == single_key_script(script[1 : 1 + _KEY]):
        if len(stack) != 1:
            _refuse("The witness is not one signature and the script.")
        _check_ecdsa(script[1 : 1 + _KEY], stack[0], to_sign.segwit_digest(script))
        return
    threshold, keys = _read_multisig(script)
    if len(stack) != 1 + threshold or stack[0]:
        _refuse(
            f"The witness is not an empty item, {threshold} signatures and the script."
        )
    _check_multisig(keys, stack[1:], to_sign.segwit_digest(script))


def _check_p2tr(target: Output, to_sign: ToSign) -> None:
    witness = to_sign.witness
    if len(witness) > 1 and witness[-1][:1] == bytes((_ANNEX,)):
        _refuse("The witness has an annex, which has no meaning yet.")
    if len(witness) > 1:
        _refuse_script("Taproot addresses can sign with their key alone")
    signature = witness[0] if witness else b""
    hash_type = SIGHASH_DEFAULT
    if len(signature) == COMPACT_BYTES + 1:
        hash_type = signature[COMPACT_BYTES]
        if hash_type != SIGHASH_ALL:
            _refuse("The signature does not cover all of the transaction.")
        signature = signature[:COMPACT_BYTES]
    if len(signature) != COMPACT_BYTES:
        _refuse("The witness is not one Schnorr signature.")
    digest = to_sign.taproot_digest(hash_type)
    if not verify_schnorr(target.program, signature, digest):
        _refuse_signer()


def _check_ecdsa(key: bytes, signature: bytes, digest: bytes) -> None:
    if not _covers_all(signature) or not verify_ecdsa(key, signature[:-1], digest):
        _refuse_signer()


def _check_multisig(keys: list[bytes], signatures: list[bytes], digest: bytes) -> None:
    """Each signature is by a key behind the one that made the signature before."""
    position = 0
    for signature in signatures:
        der = signature[:-1] if _covers_all(signature) else b""
        while position < len(keys) and not verify_ecdsa(keys[position], der, digest):
            position += 1
        position += 1
    if position > len(keys):
        _refuse_signer()


def _covers_all(signature: bytes) -> bool:
    return signature[-1:] == bytes((SIGHASH_ALL,))


def _read_multisig(script: bytes) -> tuple[int, list[bytes]]:
    """The threshold and the keys, if that is all there is to the script."""
    threshold, position = _read_number(script)
    keys = []
    while script[position : position + 1] == bytes((_KEY,)):
        keys.append(script[position + 1 : position + 1 + _KEY])
        position += 1 + _KEY
    if (
        not 1 <= threshold <= len(keys) <= _MAX_KEYS
        or not all(is_compressed(key) for key in keys)
        or script != multisig_script(threshold, keys)
    ):
        _refuse_script("Of p2wsh addresses, those of one key and of k of n can sign")
    return threshold, keys


def _read_number(script: bytes) -> tuple[int, int]:
    """The number at the beginning, as `_number` writes it, and where it ends."""
    if script[:1] == b"\x01":
        return (script[1], 2) if len(script) > 1 else (0, 0)
    return (script[0] - _OP_1 + 1, 1) if script else (0, 0)


def _number(value: int) -> bytes:
    if value <= _SMALL:
        return bytes((_OP_1 - 1 + value,))
    return push(bytes((value,)))


def _pushes(script: bytes) -> list[bytes]:
    """What a script pushes, or nothing if it is cut off.

    Bytes over 75 are read as lengths too, though they are other opcodes: no
    signature and no key is so long.
    """
    pushes = []
    position = 0
    while position < len(script):
        end = position + 1 + script[position]
        pushes.append(script[position + 1 : end])
        position = end
    return pushes if position == len(script) else []


def _refuse(sentence: str) -> NoReturn:
    raise InvalidSignature(sentence, code="bitcoin_signature_encoding")


def _refuse_script(beginning: str) -> NoReturn:
    raise InvalidSignature(
        f"{beginning}; whether anyone else could satisfy another script is not known.",
        code="bitcoin_script",
    )


def _refuse_signer() -> NoReturn:
    raise InvalidSignature("The owner of this Bitcoin address did not sign this.")
