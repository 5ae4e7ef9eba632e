"""Every form in which a leaf kind's wallets sign, next to its bare library call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

from bitcoin.core import (  # type: ignore[import-untyped]  # has no types
    CTransaction,
    CTxInWitness,
    CTxWitness,
)
from bitcoin.core.script import (  # type: ignore[import-untyped]  # has no types
    CScriptWitness,
)
from coincurve import PublicKey, PublicKeyXOnly
from nacl.bindings import crypto_sign_open
from nacl.signing import SigningKey

from xmtp_identity import Registry
from xmtp_identity.kinds import SignatureItem
from xmtp_identity_bitcoin import bip322, transactions
from xmtp_identity_bitcoin.identifier import output_of
from xmtp_identity_solana.identifier import decode
from xmtp_identity_solana.signature import messages

COUNT = 64
SOLANA_FORMS = ("raw", "v0, format 1", "v0, format 2", "legacy", "v1")
BITCOIN_FORMS = ("p2pkh", "p2wpkh", "p2sh-p2wpkh", "p2tr")


@dataclass
class Form:
    """So many signatures of one form, and the call without which none is checked."""

    name: str
    number: int
    items: list[SignatureItem]
    raw: Callable[[], object]


def _texts() -> list[str]:
    return [
        f"XMTP : Authenticate to inbox\n\nText {n}\n" + "x" * 250 for n in range(64)
    ]


def solana_forms() -> list[Form]:
    """Raw text and the four ways to wrap it."""
    key = SigningKey(hashlib.sha256(b"benchmark solana").digest())
    public = bytes(key.verify_key)
    member = decode(public)
    forms = []
    for index, name in enumerate(SOLANA_FORMS):
        items, signed = [], []
        for text in _texts():
            message = list(messages(text.encode(), public))[index]
            signature = bytes(key.sign(message).signature)
            items.append(SignatureItem(text.encode(), signature, member))
            signed.append(signature + message)

        def raw(signed: list[bytes] = signed) -> None:
            for message in signed:
                crypto_sign_open(message, public)

        forms.append(Form(f"solana {name}", 100, items, raw))
    return forms


def bitcoin_forms(registry: Registry) -> list[Form]:
    """BIP-137 for p2pkh, BIP-322 simple and full for the others."""
    signing = registry.kind("bitcoin").signing
    assert signing is not None
    tools = signing()
    forms = []
    wif = json.loads(tools.new_key())["wif"]
    for kind in BITCOIN_FORMS:
        content = {"kind": "bitcoin", "wif": wif, "type": kind}
        wallet = tools.load_key(json.dumps(content).encode(), str)
        payloads = [(text, wallet.sign(text).payload) for text in _texts()]
        member = wallet.identifier
        raw = _raw_schnorr if kind == "p2tr" else _raw_ecdsa
        if kind == "p2pkh":
            raw = _raw_recover
        items = [SignatureItem(t.encode(), payload, member) for t, payload in payloads]
        name = "BIP-137" if kind == "p2pkh" else "BIP-322 simple"
        forms.append(Form(f"bitcoin {name}, {kind}", 101, items, raw()))
        if kind in {"p2wpkh", "p2tr"}:
            script = output_of(member.value).script
            items = [
                SignatureItem(t.encode(), _full(t, payload, script), member)
                for t, payload in payloads
            ]
            forms.append(Form(f"bitcoin BIP-322 full, {kind}", 101, items, raw()))
    return forms


def _full(text: str, simple: bytes, script: bytes) -> bytes:
    """The whole transaction of a simple signature."""
    witness = transactions.read_witness(simple)
    assert witness is not None
    spent = transactions.to_spend_id(bip322.message_hash(text.encode()), script)
    bare = transactions.build(spent)
    signed = CTransaction(
        bare.vin,
        bare.vout,
        bare.nLockTime,
        bare.nVersion,
        CTxWitness((CTxInWitness(CScriptWitness(witness)),)),
    )
    return bytes(signed.serialize())


def _digest(number: int) -> bytes:
    return hashlib.sha256(b"%d" % number).digest()


def _key() -> tuple[bytes, list[bytes]]:
    return hashlib.sha256(b"benchmark bitcoin").digest(), list(
        map(_digest, range(COUNT))
    )


def _raw_recover() -> Callable[[], object]:
    from coincurve import PrivateKey

    secret, digests = _key()
    key = PrivateKey(secret)
    signed = [(key.sign_recoverable(d, hasher=None), d) for d in digests]
    return lambda: [
        PublicKey.from_signature_and_message(s, d, hasher=None) for s, d in signed
    ]


def _raw_ecdsa() -> Callable[[], object]:
    from coincurve import PrivateKey

    secret, digests = _key()
    key = PrivateKey(secret)
    public = key.public_key.format()
    signed = [(key.sign(d, hasher=None), d) for d in digests]
    return lambda: [PublicKey(public).verify(s, d, hasher=None) for s, d in signed]


def _raw_schnorr() -> Callable[[], object]:
    from coincurve import PrivateKey

    secret, digests = _key()
    key = PrivateKey(secret)
    public = key.public_key.format()[1:]
    signed = [(key.sign_schnorr(d), d) for d in digests]
    return lambda: [PublicKeyXOnly(public).verify(s, d) for s, d in signed]
