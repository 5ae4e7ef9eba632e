"""Keys that sign updates in tests, each made from a name.

What they write is assembled here byte by byte; of the code under test only
the arithmetic of Ed25519ph is used, which has peers of its own.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any, Final, Protocol

from coincurve import PrivateKey
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_utils.crypto import keccak
from nacl.signing import SigningKey

from xmtp_identity import MemberIdentifier
from xmtp_identity.installation.ed25519ph import public_key, sign

from .protobuf import length, optional, uint

SECP256K1_ORDER: Final = (
    0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
)
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
INSTALLATION_CONTEXT: Final = b"IDENTITY UPDATE SIGNATURE"


class Signer(Protocol):
    """Someone who can be named in an update and sign it."""

    @property
    def identifier(self) -> MemberIdentifier: ...

    @property
    def value(self) -> str:
        """The identifier as it stands in the signed text."""

    @property
    def member(self) -> bytes:
        """The content of a `MemberIdentifier`."""

    @property
    def identifier_kind(self) -> int: ...

    @property
    def link(self) -> str:
        """The lines of the signed text that add it."""

    @property
    def unlink(self) -> str:
        """The lines of the signed text that revoke it."""

    def sign(self, text: bytes, /) -> bytes:
        """The content of a `Signature` over the text."""


def secret(name: str) -> bytes:
    return hashlib.sha256(f"test key {name}".encode()).digest()


def eip191(text: bytes) -> bytes:
    return keccak(b"\x19Ethereum Signed Message:\n%d%b" % (len(text), text))


class _Address:
    """What is common to everyone who is named by an Ethereum address."""

    value: str

    @property
    def identifier_kind(self) -> int:
        return 1

    @property
    def identifier(self) -> MemberIdentifier:
        return MemberIdentifier("ethereum", self.value)

    @property
    def member(self) -> bytes:
        return length(1, self.value)

    @property
    def link(self) -> str:
        return f"- Link address to inbox\n  (Address: {self.value})"

    @property
    def unlink(self) -> str:
        return f"- Unlink address from inbox\n  (Address: {self.value})"


def address_of(public_key_xy: bytes) -> str:
    return "0x" + keccak(public_key_xy)[12:].hex()


@cache
def _wallet_key(name: str) -> PrivateKey:
    return PrivateKey(secret(name))


@dataclass(frozen=True)
class Wallet(_Address):
    """An Ethereum key; signs as erc_191."""

    name: str

    @cached_property
    def value(self) -> str:  # type: ignore[override]  # made when asked for
        return address_of(
            _wallet_key(self.name).public_key.format(compressed=False)[1:]
        )

    def raw(self, text: bytes) -> bytes:
        """r || s || v, low s, v 27 or 28."""
        return self.raw_of_hash(eip191(text))

    def raw_of_hash(self, digest: bytes) -> bytes:
        signature = _wallet_key(self.name).sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((27 + signature[64],))

    def sign(self, text: bytes) -> bytes:
        return erc_191(self.raw(text))


def erc_191(signature: bytes) -> bytes:
    return length(1, length(1, signature))


def recover(signature: bytes, text: bytes) -> str:
    """The address that a signature r || s || v of 27 or 28 yields for a text."""
    from coincurve import PublicKey

    key = PublicKey.from_signature_and_message(
        signature[:64] + bytes((signature[64] - 27,)), eip191(text), hasher=None
    )
    return address_of(key.format(compressed=False)[1:])


@dataclass(frozen=True)
class Named(_Address):
    """An Ethereum identifier of which only the string matters; ``signer`` signs."""

    value: str
    signer: Signer = field(default_factory=lambda: Wallet("nobody"))

    def sign(self, text: bytes) -> bytes:
        return self.signer.sign(text)


@dataclass(frozen=True)
class SmartWallet(_Address):
    """A smart wallet for the stub chain of `tests.support.chain`."""

    value: str
    chain_id: int | str = 1
    block: int = 1000
    signature: bytes | None = None

    @property
    def account_id(self) -> str:
        return f"eip155:{self.chain_id}:{self.value}"

    def sign(self, text: bytes) -> bytes:
        signature = self.signature
        if signature is None:
            signature = stub_signature(self.account_id, eip191(text))
        return erc_6492(self.account_id, self.block, signature)


def smart_wallet(name: str, chain_id: int | str = 1) -> SmartWallet:
    return SmartWallet("0x" + secret(name)[:20].hex(), chain_id)


def stub_signature(account_id: str, digest: bytes) -> bytes:
    return b"SCW-OK" + hashlib.sha256(account_id.encode() + digest).digest()


def erc_6492(account_id: str, block: int, signature: bytes) -> bytes:
    return length(
        2, optional(1, account_id) + optional(2, block) + optional(3, signature)
    )


@dataclass(frozen=True)
class LegacyKey(_Address):
    """An XMTP V2 key that ``wallet`` once approved; signs as delegated_erc_191."""

    wallet: Wallet
    name: str = "legacy"

    @property
    def value(self) -> str:  # type: ignore[override]  # that of the wallet
        return self.wallet.value

    def sign(self, text: bytes) -> bytes:
        delegate = Wallet(f"{self.name} of {self.wallet.name}")
        key = _wallet_key(delegate.name).public_key.format(compressed=False)
        key_bytes = uint(1, 1) + length(3, length(1, key))
        approval = self.wallet.raw(
            (
                f"XMTP : Create Identity\n{key_bytes.hex()}\n\n"
                "For more info: https://xmtp.org/signatures/"
            ).encode()
        )
        compact = length(1, approval[:64]) + optional(2, approval[64] - 27)
        delegated_key = length(1, key_bytes) + length(2, length(2, compact))
        return length(
            4, length(1, delegated_key) + length(2, length(1, delegate.raw(text)))
        )


@dataclass(frozen=True)
class Installation:
    """An app's key; signs as installation_key."""

    name: str

    @property
    def identifier_kind(self) -> int:
        return 0

    @cached_property
    def key(self) -> bytes:
        return public_key(secret(self.name))

    @property
    def value(self) -> str:
        return self.key.hex()

    @property
    def identifier(self) -> MemberIdentifier:
        return MemberIdentifier("installation", self.value)

    @property
    def member(self) -> bytes:
        return length(2, self.key)

    @property
    def link(self) -> str:
        return f"- Grant messaging access to app\n  (ID: {self.value})"

    @property
    def unlink(self) -> str:
        return f"- Revoke messaging access from app\n  (ID: {self.value})"

    def sign(self, text: bytes) -> bytes:
        signature = sign(secret(self.name), text, INSTALLATION_CONTEXT)
        return installation_key(signature, self.key)


@dataclass(frozen=True)
class WeakInstallation:
    """The identity point as a key: R = B, S = 1 is its signature of anything."""

    value: str = (1).to_bytes(32, "little").hex()

    @property
    def identifier_kind(self) -> int:
        return 0

    @property
    def identifier(self) -> MemberIdentifier:
        return MemberIdentifier("installation", self.value)

    @property
    def member(self) -> bytes:
        return length(2, bytes.fromhex(self.value))

    @property
    def link(self) -> str:
        return f"- Grant messaging access to app\n  (ID: {self.value})"

    @property
    def unlink(self) -> str:
        return f"- Revoke messaging access from app\n  (ID: {self.value})"

    def sign(self, text: bytes) -> bytes:
        base = bytes.fromhex("58" + "66" * 31)
        signature = base + (1).to_bytes(32, "little")
        return installation_key(signature, bytes.fromhex(self.value))


def installation_key(signature: bytes, key: bytes) -> bytes:
    return length(3, length(1, signature) + length(2, key))


@cache
def _passkey_key(name: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(secret(name)) % (P256_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


@dataclass(frozen=True)
class Passkey:
    """A WebAuthn key; signs as passkey.

    compressed: whether it names itself by the compressed key.
    high_s: None signs deterministically as it comes, else with s as said.
    """

    name: str
    compressed: bool = False
    high_s: bool | None = None
    relying_party: str | None = None
    client_data: str | bytes | None = None

    @property
    def identifier_kind(self) -> int:
        return 2

    @cached_property
    def key(self) -> bytes:
        form = (
            PublicFormat.CompressedPoint
            if self.compressed
            else PublicFormat.UncompressedPoint
        )
        return _passkey_key(self.name).public_key().public_bytes(Encoding.X962, form)

    @property
    def value(self) -> str:
        return self.key.hex()

    @property
    def identifier(self) -> MemberIdentifier:
        return MemberIdentifier("passkey", self.value, self.relying_party)

    @property
    def member(self) -> bytes:
        party = b"" if self.relying_party is None else length(2, self.relying_party)
        return length(3, length(1, self.key) + party)

    @property
    def link(self) -> str:
        return f"- Link passkey to inbox\n  (Passkey: {self.value})"

    @property
    def unlink(self) -> str:
        return f"- Unlink passkey from inbox\n  (Passkey: {self.value})"

    def sign(self, text: bytes) -> bytes:
        return length(5, self.assertion(self.client_data_json(text)))

    def client_data_json(self, text: bytes) -> bytes:
        """What a browser writes; ``client_data`` has its own with the challenge
        in place of ``CHALLENGE``."""
        challenge = urlsafe_b64encode(text).rstrip(b"=").decode()
        if isinstance(self.client_data, bytes):
            return self.client_data.replace(b"CHALLENGE", challenge.encode())
        if self.client_data is not None:
            return self.client_data.replace("CHALLENGE", challenge).encode()
        values: dict[str, Any] = {
            "type": "webauthn.get",
            "challenge": challenge,
            "origin": "https://example.org",
            "crossOrigin": False,
        }
        return json.dumps(values, separators=(",", ":")).encode()

    def assertion(self, client_data_json: bytes) -> bytes:
        authenticator_data = (
            hashlib.sha256(b"example.org").digest() + b"\x05" + bytes(4)
        )
        signed = authenticator_data + hashlib.sha256(client_data_json).digest()
        der = _passkey_key(self.name).sign(
            signed, ec.ECDSA(SHA256(), deterministic_signing=True)
        )
        if self.high_s is not None:
            r, s = decode_dss_signature(der)
            if (s > P256_ORDER // 2) is not self.high_s:
                s = P256_ORDER - s
            der = encode_dss_signature(r, s)
        return (
            length(1, self.key)
            + length(2, der)
            + length(3, authenticator_data)
            + length(4, client_data_json)
        )


@dataclass(frozen=True)
class Leaf:
    """A key of one of the leaf kinds in `tests.support.leaf_kinds`.

    payload: what stands in `MemberIdentifier`, if not the key.
    signature: what stands in `Signature`, if not a signature.
    """

    name: str
    number: int = 1000
    kind: str = "testa"
    noun: str = "Test A key"
    payload: bytes | None = None
    signature: bytes | None = None
    shown: str | None = None

    @property
    def identifier_kind(self) -> int:
        return 0

    @property
    def _key(self) -> SigningKey:
        return SigningKey(secret(self.name))

    @property
    def value(self) -> str:
        if self.shown is not None:
            return self.shown
        return bytes(self._key.verify_key).hex()

    @property
    def identifier(self) -> MemberIdentifier:
        return MemberIdentifier(self.kind, self.value)

    @property
    def member(self) -> bytes:
        payload = bytes(self._key.verify_key) if self.payload is None else self.payload
        return length(self.number, payload)

    @property
    def link(self) -> str:
        return f"- Link {self.noun} to inbox\n  ({self.noun}: {self.value})"

    @property
    def unlink(self) -> str:
        return f"- Unlink {self.noun} from inbox\n  ({self.noun}: {self.value})"

    def sign(self, text: bytes) -> bytes:
        signature = self.signature
        if signature is None:
            signature = self._key.sign(text).signature
        return length(self.number, signature)
