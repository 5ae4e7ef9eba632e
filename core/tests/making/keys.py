"""Kinds and keys that the tests of making updates bring themselves.

The root kind stands under the number of ethereum, so that the core's tests
need no plugin: Ed25519 keys, whose signatures carry the key. Two leaf kinds
are Ed25519 keys as well. The rest of what a kind can do, admission rules and
pasted signatures, is as simple as it can be.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from xmtp_identity import Kind, MemberIdentifier, Registry
from xmtp_identity.errors import (
    BadInput,
    InvalidIdentifier,
    InvalidSignature,
    NotAdmitted,
    SignatureError,
    SignatureUnavailable,
)
from xmtp_identity.installation import INSTALLATION
from xmtp_identity.installation.signer import InstallationSigner
from xmtp_identity.kinds import (
    Context,
    Proof,
    SignatureItem,
    SigningTools,
    VerifiedSignature,
    WireSignature,
)

PLAIN: Final = 1
CHAIN: Final = 2
LEGACY: Final = 4
LEAF_A: Final = 1000
LEAF_B: Final = 1001
LOOSE: Final = b"\x10\x01"
"""Behind a root signature: replay takes it, admission does not."""
BREAK: Final = b"\x0a\x05break"
"""A root signature on which the verifier breaks."""

REFUSED: Final = "0x" + "F0" * 20
BROKEN: Final = "0x" + "BB" * 20
"""Identifiers that the root kind's admission refuses, and breaks on."""

_KEY: Final = 32
_HEAD: Final = b"\x0a\x60"  # field 1, 96 bytes: key and signature


class Broken(RuntimeError):
    """What a broken plugin raises."""


def _address(key: bytes) -> str:
    return "0x" + hashlib.sha256(key).hexdigest()[:40]


# The root kind


def _verify_root(
    items: Sequence[SignatureItem], _: Context
) -> list[VerifiedSignature | SignatureError]:
    return [_verify_one(item) for item in items]


def _verify_one(item: SignatureItem) -> VerifiedSignature | SignatureError:
    if item.payload == BREAK:
        raise Broken
    payload = item.payload.removesuffix(LOOSE).removeprefix(_HEAD)
    key, signature = payload[:_KEY], payload[_KEY:]
    try:
        VerifyKey(key).verify(item.text, signature)
    except (BadSignatureError, ValueError):
        return InvalidSignature("The key did not sign this.")
    return VerifiedSignature(
        MemberIdentifier("ethereum", _address(key)), key, item.payload
    )


def _ask_chain(
    items: Sequence[SignatureItem], context: Context
) -> list[VerifiedSignature | SignatureError]:
    results = _verify_root(items, context)
    for index, result in enumerate(results):
        if isinstance(result, VerifiedSignature):
            claimed = result._replace(
                chain_id=1, remembered=b"chain" + result.remembered
            )
            results[index] = (
                claimed
                if "ethereum" in context
                else SignatureUnavailable("The chain is away.", claimed=claimed)
            )
    return results


def _admit_signature(item: SignatureItem, _: VerifiedSignature, policy: Any) -> None:
    if item.payload.endswith(LOOSE):
        raise NotAdmitted("The signature is loose.", code="test_loose")
    if policy is not None:
        policy()


def _admit_identifier(identifier: MemberIdentifier) -> None:
    if identifier.value == BROKEN:
        raise Broken
    if identifier.value != identifier.value.lower():
        raise NotAdmitted("The address has capitals.", code="test_form")


def _decode_address(payload: bytes) -> MemberIdentifier:
    return MemberIdentifier("ethereum", payload.decode("utf-8"))


def _encode_address(identifier: MemberIdentifier) -> bytes:
    return identifier.value.encode("utf-8")


def _address_string(value: str, _: str | None) -> MemberIdentifier:
    return MemberIdentifier("ethereum", value)


def _parse_address(text: str) -> MemberIdentifier:
    if not text.startswith("0x"):
        raise InvalidIdentifier("An address of the tests begins with 0x.")
    return MemberIdentifier("ethereum", text)


def _read_signature(text: str, _: MemberIdentifier) -> list[WireSignature]:
    """Readings with | between them: the number, a colon, and hex."""
    if not text:
        return []
    readings = []
    for reading in text.split("|"):
        number, colon, value = reading.partition(":")
        if not colon:
            raise BadInput("No reading of the tests.", code="unreadable_signature")
        readings.append(WireSignature(int(number), bytes.fromhex(value)))
    return readings


def _no_key() -> bytes:
    raise AssertionError


def _no_file(content: bytes, _: Callable[[], str]) -> Key:
    raise AssertionError(content)


def _tools() -> SigningTools:
    return SigningTools(
        new_key=_no_key, load_key=_no_file, read_signature=_read_signature
    )


def pasted(*signatures: WireSignature) -> str:
    """A text that can be read as each of these signatures."""
    return "|".join(f"{number}:{payload.hex()}" for number, payload in signatures)


ROOT: Final = Kind(
    number=1,
    name="ethereum",
    noun="address",
    extension="xmtp_identity_ethereum.v1.ethereum_address",
    identifier_kind=1,
    parse=_parse_address,
    decode=_decode_address,
    decode_string=_address_string,
    encode=_encode_address,
    admit=_admit_identifier,
    proofs={
        number: Proof(
            number=number, name=name, verify_many=verify, admit=_admit_signature
        )
        for number, name, verify in (
            (PLAIN, "plain", _verify_root),
            (CHAIN, "chain", _ask_chain),
            (LEGACY, "legacy", _verify_root),
        )
    },
    signing=_tools,
)


# Leaf kinds


def _decode_leaf(kind: str, payload: bytes) -> MemberIdentifier:
    if len(payload) != _KEY:
        raise InvalidIdentifier("A leaf of the tests has 32 bytes.")
    return MemberIdentifier(kind, payload.hex())


def _encode_leaf(identifier: MemberIdentifier) -> bytes:
    return bytes.fromhex(identifier.value)


def _parse_leaf(kind: str, text: str) -> MemberIdentifier:
    return _decode_leaf(kind, bytes.fromhex(text))


def _verify_leaf(
    items: Sequence[SignatureItem], _: Context
) -> list[VerifiedSignature | SignatureError]:
    return [_verify_leaf_one(item) for item in items]


def _verify_leaf_one(item: SignatureItem) -> VerifiedSignature | SignatureError:
    assert item.identifier is not None, "a leaf's verifier is told whose it must be"
    key = bytes.fromhex(item.identifier.value)
    try:
        VerifyKey(key).verify(item.text, item.payload)
    except (BadSignatureError, ValueError):
        return InvalidSignature("The key did not sign this.")
    return VerifiedSignature(item.identifier, key, item.payload)


def _leaf(number: int, name: str) -> Kind:
    return Kind(
        number=number,
        name=name,
        noun=f"Test {name} key",
        extension=f"tests.v1.{name}",
        parse=partial(_parse_leaf, name),
        decode=partial(_decode_leaf, name),
        encode=_encode_leaf,
        proofs={number: Proof(number=number, name=name, verify_many=_verify_leaf)},
    )


REGISTRY: Final = Registry(
    [INSTALLATION, ROOT, _leaf(LEAF_A, "leafa"), _leaf(LEAF_B, "leafb")]
)


# Keys


def _secret(name: str) -> bytes:
    return hashlib.sha256(f"making {name}".encode()).digest()


@dataclass(frozen=True)
class Key:
    """A key of the root kind, signing by one of its proofs."""

    name: str
    proof: int = PLAIN

    @property
    def _key(self) -> SigningKey:
        return SigningKey(_secret(self.name))

    @property
    def identifier(self) -> MemberIdentifier:
        return MemberIdentifier("ethereum", _address(bytes(self._key.verify_key)))

    def sign(self, text: str) -> WireSignature:
        key = self._key
        signature = key.sign(text.encode()).signature
        return WireSignature(self.proof, _HEAD + bytes(key.verify_key) + signature)


@dataclass(frozen=True)
class Leaf:
    """A key of a leaf kind."""

    name: str
    kind: str = "leafa"

    @property
    def _key(self) -> SigningKey:
        return SigningKey(_secret(self.name))

    @property
    def identifier(self) -> MemberIdentifier:
        return MemberIdentifier(self.kind, bytes(self._key.verify_key).hex())

    def sign(self, text: str) -> WireSignature:
        number = LEAF_A if self.kind == "leafa" else LEAF_B
        return WireSignature(number, self._key.sign(text.encode()).signature)


def app(name: str) -> InstallationSigner:
    return InstallationSigner(_secret(name))
