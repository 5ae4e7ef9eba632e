"""What several tests share: vectors, keys, verdicts, and wallets of every form."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from bitcoin.core import (  # type: ignore[import-untyped]  # publishes no types
    COutPoint,
    CTransaction,
    CTxIn,
    CTxInWitness,
    CTxOut,
    CTxWitness,
)
from bitcoin.core.script import (  # type: ignore[import-untyped]  # the same
    CScript,
    CScriptWitness,
)
from coincurve import PrivateKey

from xmtp_identity.errors import SignatureError
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_bitcoin import bip137 as older
from xmtp_identity_bitcoin import bip322, secp256k1, taproot
from xmtp_identity_bitcoin.addresses import Form, Output, output
from xmtp_identity_bitcoin.hashes import hash160
from xmtp_identity_bitcoin.identifier import identifier_of, output_of, parse
from xmtp_identity_bitcoin.keys import nested
from xmtp_identity_bitcoin.networks import MAINNET
from xmtp_identity_bitcoin.signature import verify_many
from xmtp_identity_bitcoin.templates import multisig_script, push, single_key_script
from xmtp_identity_bitcoin.transactions import ToSign, to_spend_id, write_witness

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent.parent
SHARED: Final = ROOT.parent / "shared" / "vectors" / "standards" / "bitcoin"

TEXT: Final = "XMTP : Authenticate to inbox\n\n- Link Bitcoin address to inbox\n"
ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ALL: Final = 0x01
OP_RETURN: Final = ((0, b"\x6a"),)

Result = VerifiedSignature | SignatureError
# A script signature and a witness, for a transaction that lacks both.
Spend = tuple[bytes, tuple[bytes, ...]]
Wallet = Callable[[ToSign], Spend]
Change = Callable[[bytes], bytes]


def shared(name: str) -> str:
    """A published file, which is beside the project and not in it."""
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not here: it is published, so not in the project")
    return path.read_text("utf-8")


def data(name: str) -> Any:
    """JSON from the folder of these tests."""
    return json.loads((HERE / "data" / name).read_bytes())


def verify(
    identifier: MemberIdentifier, payload: bytes, text: str | bytes = TEXT
) -> Result:
    """The verdict on a single signature."""
    raw = text.encode() if isinstance(text, str) else text
    (result,) = verify_many([SignatureItem(raw, payload, identifier)], {})
    return result


def valid(
    identifier: MemberIdentifier, payload: bytes, text: str | bytes = TEXT
) -> bool:
    """Whether a signature proves what it must; the rest of the verdict is checked."""
    result = verify(identifier, payload, text)
    if isinstance(result, SignatureError):
        assert not result.retryable
        assert result.detail.endswith(".")
        assert result.__traceback__ is None
        assert result.__context__ is None
        return False
    script = output_of(identifier.value).script
    assert result == VerifiedSignature(identifier, script, payload)
    return True


def code(identifier: MemberIdentifier, payload: bytes, text: str | bytes = TEXT) -> str:
    """Why a signature is refused."""
    result = verify(identifier, payload, text)
    assert isinstance(result, SignatureError), result
    return result.code


def secret(name: str) -> bytes:
    """A private key made for tests, always the same for one name."""
    return sha256(name.encode()).digest()


def public(name: str, *, compressed: bool = True) -> bytes:
    return secp256k1.public_key_of(secret(name), compressed=compressed)


def member(target: Output) -> MemberIdentifier:
    return identifier_of(target, MAINNET)


def script_member(script: bytes) -> MemberIdentifier:
    """The p2wsh address of a witness script."""
    return member(output(Form.P2WSH, sha256(script).digest()))


def key_member(form: Form, name: str, *, compressed: bool = True) -> MemberIdentifier:
    """The address of a key."""
    key = public(name, compressed=compressed)
    if form is Form.P2TR:
        return member(output(form, secp256k1.public_key_of(taproot_secret(name))[1:]))
    return member(output(form, hash160(nested(key) if form is Form.P2SH else key)))


def taproot_secret(name: str) -> bytes:
    tweak = taproot.tap_tweak(public(name)[1:])
    return secp256k1.tweaked(secret(name), tweak)


def transaction(
    spent: bytes,
    *,
    version: int = 0,
    lock_time: int = 0,
    sequence: int = 0,
    script_sig: bytes = b"",
    witness: tuple[bytes, ...] = (),
    outputs: tuple[tuple[int, bytes], ...] = OP_RETURN,
    more_inputs: int = 0,
    index: int = 0,
) -> Any:
    """`to_sign` in whatever shape; without more, as BIP-322 wants it."""
    inputs = [CTxIn(COutPoint(spent, index), CScript(script_sig), sequence)]
    inputs += [
        CTxIn(COutPoint(sha256(bytes([more])).digest(), 0), CScript(), 0)
        for more in range(more_inputs)
    ]
    empty = CTxInWitness(CScriptWitness(()))
    own = CTxInWitness(CScriptWitness(witness))
    witnesses = CTxWitness((own, *[empty] * more_inputs)) if witness else CTxWitness()
    outs = [CTxOut(value, CScript(script)) for value, script in outputs]
    return CTransaction(inputs, outs, lock_time, version, witnesses)


def spent_by(identifier: MemberIdentifier, text: str = TEXT) -> bytes:
    """The ID of `to_spend`."""
    script = output_of(identifier.value).script
    return to_spend_id(bip322.message_hash(text.encode()), script)


def full(
    identifier: MemberIdentifier, wallet: Wallet, text: str = TEXT, **shape: Any
) -> bytes:
    """A full signature, signed for the shape that the transaction has."""
    script = output_of(identifier.value).script
    spent = shape.pop("spent", None) or spent_by(identifier, text)
    bare = transaction(spent, **shape)
    script_sig, witness = wallet(ToSign(bare, script, b"", ()))
    shape |= {"script_sig": script_sig, "witness": witness}
    return bytes(transaction(spent, **shape).serialize())


def simple(identifier: MemberIdentifier, wallet: Wallet, text: str = TEXT) -> bytes:
    """A simple signature."""
    script = output_of(identifier.value).script
    bare = transaction(spent_by(identifier, text))
    _, witness = wallet(ToSign(bare, script, None, ()))
    return write_witness(witness)


def as_it_is(signature: bytes) -> bytes:
    return signature


def p2pkh(name: str, *, compressed: bool = True, change: Change = as_it_is) -> Wallet:
    def sign(to_sign: ToSign) -> Spend:
        key = public(name, compressed=compressed)
        digest = to_sign.legacy_digest(to_sign.script)
        made = change(secp256k1.sign_ecdsa(secret(name), digest) + bytes([ALL]))
        return push(made) + push(key), ()

    return sign


def p2wpkh(name: str, *, change: Change = as_it_is, key: bytes = b"") -> Wallet:
    def sign(to_sign: ToSign) -> Spend:
        shown = key or public(name)
        script_code = output(Form.P2PKH, hash160(shown)).script
        digest = to_sign.segwit_digest(script_code)
        made = change(secp256k1.sign_ecdsa(secret(name), digest) + bytes([ALL]))
        return b"", (made, shown)

    return sign


def p2sh_p2wpkh(name: str, *, change: Change = as_it_is) -> Wallet:
    def sign(to_sign: ToSign) -> Spend:
        _, witness = p2wpkh(name, change=change)(to_sign)
        return push(nested(public(name))), witness

    return sign


def p2tr(name: str, *, hash_type: int | None = None) -> Wallet:
    def sign(to_sign: ToSign) -> Spend:
        digest = to_sign.taproot_digest(hash_type or 0)
        # With fixed randomness: every run tries the same bytes.
        made = PrivateKey(taproot_secret(name)).sign_schnorr(digest, bytes(32))
        return b"", (made + (b"" if hash_type is None else bytes([hash_type])),)

    return sign


def p2wsh(script: bytes, *names: str, dummy: tuple[bytes, ...] = ()) -> Wallet:
    """Signatures of some keys, in this order, for any witness script."""

    def sign(to_sign: ToSign) -> Spend:
        digest = to_sign.segwit_digest(script)
        made = [secp256k1.sign_ecdsa(secret(n), digest) + bytes([ALL]) for n in names]
        return b"", (*dummy, *made, script)

    return sign


def changed(
    wallet: Wallet, change: Callable[[bytes, tuple[bytes, ...]], Spend]
) -> Wallet:
    """A wallet whose script signature and witness are changed when it has signed."""
    return lambda to_sign: change(*wallet(to_sign))


def with_items(wallet: Wallet, *items: bytes) -> Wallet:
    """A wallet that puts more items behind its witness."""
    return changed(wallet, lambda has, witness: (has, (*witness, *items)))


def multisig(threshold: int, *names: str) -> bytes:
    return multisig_script(threshold, [public(name) for name in names])


ONE_KEY: Final = single_key_script(public("alice"))
TWO_OF_THREE: Final = multisig(2, "alice", "bob", "carol")

# One wallet of each form that can sign with BIP-322: its address and how.
WALLETS: Final[dict[str, tuple[MemberIdentifier, Wallet]]] = {
    "p2pkh": (key_member(Form.P2PKH, "alice"), p2pkh("alice")),
    "p2pkh, uncompressed": (
        key_member(Form.P2PKH, "alice", compressed=False),
        p2pkh("alice", compressed=False),
    ),
    "p2sh-p2wpkh": (key_member(Form.P2SH, "alice"), p2sh_p2wpkh("alice")),
    "p2wpkh": (key_member(Form.P2WPKH, "alice"), p2wpkh("alice")),
    "p2wsh, one key": (script_member(ONE_KEY), p2wsh(ONE_KEY, "alice")),
    "p2wsh, 2 of 3": (
        script_member(TWO_OF_THREE),
        p2wsh(TWO_OF_THREE, "alice", "carol", dummy=(b"",)),
    ),
    "p2tr": (key_member(Form.P2TR, "alice"), p2tr("alice")),
    "p2tr, SIGHASH_ALL": (key_member(Form.P2TR, "alice"), p2tr("alice", hash_type=ALL)),
}
SEGWIT: Final = [name for name in WALLETS if not name.startswith("p2pkh")]


def bip137(name: str, header: int, text: str = TEXT) -> bytes:
    """A signature with a header of one of the four groups (its first: 27, 31, ...)."""
    digest = older.message_hash(text.encode())
    compact, parity = secp256k1.sign_recoverable(secret(name), digest)
    return bytes([header + parity]) + compact


ALICE: Final = parse(WALLETS["p2wpkh"][0].value)
