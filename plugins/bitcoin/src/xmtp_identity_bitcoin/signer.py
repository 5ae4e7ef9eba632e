"""Making signatures: keys in files, and what outside wallets give back."""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from xmtp_identity.errors import BadInput
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SigningTools, WireSignature
from xmtp_identity.strict_json import unique

from . import bip137, bip322, wif
from .addresses import Form, Output, output
from .identifier import KIND, identifier_of
from .keys import program_of
from .networks import MAINNET, Network, by_name
from .secp256k1 import (
    SECRET_BYTES,
    is_secret,
    public_key_of,
    sign_ecdsa,
    sign_recoverable,
    sign_schnorr,
    tweaked,
)
from .signature import MAX_BYTES, NUMBER
from .taproot import SIGHASH_ALL, SIGHASH_DEFAULT, tap_tweak
from .transactions import ToSign, build, to_spend_id, write_witness

__all__ = ["KeySigner", "load_key", "new_key", "read_signature", "tools"]

TYPES: Final = {
    "p2pkh": Form.P2PKH,
    "p2sh-p2wpkh": Form.P2SH,
    "p2wpkh": Form.P2WPKH,
    "p2tr": Form.P2TR,
}
"""What ``type`` in a key file may be."""

_MAX_KEY_FILE: Final = 4096
_REQUIRED: Final = frozenset({"kind", "wif"})
_FIELDS: Final = _REQUIRED | {"type", "network"}
_HEX: Final = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})+)")
_PREFIXES: Final = ("smp", "ful", "pof")


@dataclass(frozen=True, slots=True)
class KeySigner:
    """An address of one key that is at hand.

    secret: 32 bytes, from 1 to n - 1.
    form: p2pkh, p2sh (around p2wpkh), p2wpkh or p2tr (BIP-86).
    compressed: whether the public key is; only p2pkh may have another one.
    """

    secret: bytes = field(repr=False)
    form: Form = Form.P2WPKH
    network: Network = MAINNET
    compressed: bool = True
    identifier: MemberIdentifier = field(init=False)

    def __post_init__(self) -> None:
        """Derive the address. Raises `BadInput` if the key can't have one."""
        if not is_secret(self.secret):
            raise BadInput(
                "The private key is out of range: it must be 32 bytes, from 1 to the"
                " order of secp256k1 less 1."
            )
        if self.form not in TYPES.values():
            raise BadInput(f"One key alone has no {self.form.value} address here.")
        if not self.compressed and self.form is not Form.P2PKH:
            raise BadInput("A key that is not compressed has p2pkh addresses alone.")
        identifier = identifier_of(self._output(), self.network)
        object.__setattr__(self, "identifier", identifier)

    def sign(self, text: str) -> WireSignature:
        """Sign the text of an update: BIP-137 for p2pkh, else BIP-322, simple."""
        message = text.encode("utf-8")
        if self.form is Form.P2PKH:
            return WireSignature(NUMBER, self._sign_bip137(message))
        script = self._output().script
        spent = to_spend_id(bip322.message_hash(message), script)
        to_sign = ToSign(build(spent), script, None, ())
        return WireSignature(NUMBER, write_witness(self._witness(to_sign)))

    def _sign_bip137(self, message: bytes) -> bytes:
        digest = bip137.message_hash(message)
        compact, parity = sign_recoverable(self.secret, digest)
        first = (
            bip137.P2PKH_COMPRESSED if self.compressed else bip137.P2PKH_UNCOMPRESSED
        )
        return bytes((first + parity,)) + compact

    def _witness(self, to_sign: ToSign) -> tuple[bytes, ...]:
        if self.form is Form.P2TR:
            digest = to_sign.taproot_digest(SIGHASH_DEFAULT)
            return (sign_schnorr(self._taproot_secret(), digest),)
        key = self._public_key()
        code = output(Form.P2PKH, program_of(key, Form.P2WPKH)).script
        signature = sign_ecdsa(self.secret, to_sign.segwit_digest(code))
        return (signature + bytes((SIGHASH_ALL,)), key)

    def _output(self) -> Output:
        if self.form is Form.P2TR:
            return output(self.form, public_key_of(self._taproot_secret())[1:])
        return output(self.form, program_of(self._public_key(), self.form))

    def _public_key(self) -> bytes:
        return public_key_of(self.secret, compressed=self.compressed)

    def _taproot_secret(self) -> bytes:
        """The key of the output, which has no scripts (BIP-86)."""
        return tweaked(self.secret, tap_tweak(public_key_of(self.secret)[1:]))


def tools() -> SigningTools:
    """Say how Bitcoin signatures are made."""
    return SigningTools(
        new_key=new_key, load_key=load_key, read_signature=read_signature
    )


def new_key() -> bytes:
    """Make a fresh key; gives the content of its key file.

    A key file is a JSON object: ``kind`` is "bitcoin", ``wif`` the private
    key, ``type`` one of `TYPES` ("p2wpkh" if it is not there), ``network``
    the name of a network ("mainnet").
    """
    secret = secrets.token_bytes(SECRET_BYTES)
    while not is_secret(secret):
        secret = secrets.token_bytes(SECRET_BYTES)
    key = wif.PrivateKey(MAINNET.wif, secret, compressed=True)
    content = {"kind": KIND, "wif": wif.write(key), "type": "p2wpkh"}
    return json.dumps(content, indent=2).encode("ascii") + b"\n"


def load_key(content: bytes, _ask_password: Callable[[], str]) -> KeySigner:
    """Open a key file.

    content: JSON as `new_key` makes it, or a private key of mainnet alone, in
        the form that wallets export (WIF). It has no password.

    Raises `BadInput`, whose sentence never holds any part of the content.
    """
    text = _ascii(content).strip()
    if not text.startswith("{"):
        key = wif.read(text)
        return _signer(key, TYPES[_usual_type(key)], MAINNET)
    record = _record(text)
    key = wif.read(record["wif"])
    form = TYPES.get(record.get("type", _usual_type(key)))
    network = by_name.get(record.get("network", MAINNET.name))
    if form is None or network is None:
        raise BadInput(
            f"The type of a Bitcoin key file is one of {', '.join(TYPES)}; its network"
            f" is one of {', '.join(by_name)}."
        )
    return _signer(key, form, network)


def read_signature(pasted: str, _identifier: MemberIdentifier) -> list[WireSignature]:
    """Read what a wallet gave for the text, in every way that it can be read.

    pasted: base64, with or without a prefix of BIP-322 (``smp``, ``ful``), or
        hex, with or without 0x; white space around it is ignored.

    Raises `BadInput` if there is none.
    """
    text = pasted.strip()
    if text.startswith("pof"):
        raise BadInput(
            "This is a proof of funds (BIP-322), which needs the state of the chain;"
            " let the wallet sign a message."
        )
    # No signature without a prefix begins with these letters in base64.
    prefix = text[:3] if text.startswith(_PREFIXES) else ""
    readings = [_from_base64(text.removeprefix(prefix))]
    if not prefix:
        readings.append(_from_hex(text))
    payloads = [
        payload
        for payload in readings
        if payload and len(payload) <= MAX_BYTES and _fits(payload, prefix)
    ]
    if not payloads:
        raise BadInput(
            "This is no Bitcoin signature: it must be base64 or hex, all of it, and"
            " of the form that its prefix names if it has one (smp or ful)."
        )
    return [WireSignature(NUMBER, payload) for payload in payloads]


def _signer(key: wif.PrivateKey, form: Form, network: Network) -> KeySigner:
    if key.version != network.wif:
        raise BadInput(
            f"The private key is not one of {network.name}. A key of a test network"
            ' must stand in a JSON file that names it, as "network": "testnet4".'
        )
    return KeySigner(key.secret, form, network, key.compressed)


def _usual_type(key: wif.PrivateKey) -> str:
    return "p2wpkh" if key.compressed else "p2pkh"


def _ascii(content: bytes) -> str:
    if len(content) > _MAX_KEY_FILE or not content.isascii():
        raise BadInput(
            f"A Bitcoin key file is ASCII and has at most {_MAX_KEY_FILE} bytes."
        )
    return content.decode("ascii")


def _record(text: str) -> dict[str, str]:
    try:
        record = json.loads(text, object_pairs_hook=unique)
    except (ValueError, RecursionError):
        record = None
    if (
        not isinstance(record, dict)
        or not _REQUIRED <= record.keys() <= _FIELDS
        or not all(isinstance(value, str) for value in record.values())
        or record["kind"] != KIND
    ):
        raise BadInput(
            'A Bitcoin key file in JSON holds "kind": "bitcoin" and "wif", may hold'
            ' "type" and "network", and holds nothing else.'
        )
    return record


def _fits(payload: bytes, prefix: str) -> bool:
    if not prefix:
        return True
    if bip137.is_bip137(payload):
        return False
    return bip322.is_full(payload) == (prefix == "ful")


def _from_base64(text: str) -> bytes | None:
    try:
        payload = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # The last character may hold bits that no byte takes up.
    return payload if base64.b64encode(payload).decode("ascii") == text else None


def _from_hex(text: str) -> bytes | None:
    matched = _HEX.fullmatch(text)
    return None if matched is None else bytes.fromhex(matched[1])
