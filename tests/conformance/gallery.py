"""An honest leaf kind, of which every rogue of the gallery is a version.

It signs with Ed25519; identifiers are keys in hex.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool
from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from xmtp_identity import Kind, MemberIdentifier
from xmtp_identity.errors import (
    BadInput,
    InvalidIdentifier,
    InvalidSignature,
    SignatureError,
)
from xmtp_identity.kinds import (
    Context,
    Proof,
    SignatureItem,
    SigningTools,
    VerifiedSignature,
    WireSignature,
)
from xmtp_identity.testing import ConformanceCase, Vector

NAME: Final = "gallery"
NUMBER: Final = 1990
PACKAGE: Final = "gallery.v1"

_HEX_KEY: Final = re.compile("[0-9a-fA-F]{64}")
_VALUE: Final = re.compile("[0-9a-f]{64}")
_KEY_FILE: Final = re.compile(rb"[0-9a-f]{64}\n")

Result = VerifiedSignature | SignatureError
Verify = Callable[[SignatureItem], Result]


# Identifiers


def parse(text: str) -> MemberIdentifier:
    if _HEX_KEY.fullmatch(text) is None:
        raise InvalidIdentifier("A gallery key is 64 hex digits.")
    return MemberIdentifier(NAME, text.lower())


def decode(payload: bytes) -> MemberIdentifier:
    if len(payload) != 32:
        raise InvalidIdentifier("A gallery key has 32 bytes.")
    return MemberIdentifier(NAME, payload.hex())


def encode(identifier: MemberIdentifier) -> bytes:
    if _VALUE.fullmatch(identifier.value) is None:
        raise InvalidIdentifier("The value of a gallery key is lower-case hex.")
    return bytes.fromhex(identifier.value)


# Signatures


def refusal(sentence: str = "The key did not sign this.") -> InvalidSignature:
    return InvalidSignature(sentence)


def is_signed(key: bytes, signature: bytes, text: bytes) -> bool:
    """Strict Ed25519."""
    if len(signature) != 64:
        return False
    try:
        crypto_sign_open(signature + text, key)
    except BadSignatureError:
        return False
    return True


def verify(item: SignatureItem) -> Result:
    if item.identifier is None or _VALUE.fullmatch(item.identifier.value) is None:
        return refusal("Whose signature it is must be said.")
    key = encode(item.identifier)
    if item.identifier.kind != NAME or not is_signed(key, item.payload, item.text):
        return refusal()
    return VerifiedSignature(item.identifier, key, item.payload)


def many(verify_one: Verify = verify) -> Any:
    """A verifier of batches, made of one of items."""

    def verify_many(items: Sequence[SignatureItem], _: Context) -> list[Result]:
        return [verify_one(item) for item in items]

    return verify_many


@dataclass(frozen=True)
class Key:
    """A signer."""

    seed: bytes = field(repr=False)

    @property
    def identifier(self) -> MemberIdentifier:
        return MemberIdentifier(NAME, crypto_sign_seed_keypair(self.seed)[0].hex())

    def sign(self, text: str) -> WireSignature:
        return WireSignature(NUMBER, self.signature(text.encode()))

    def signature(self, message: bytes) -> bytes:
        _, secret = crypto_sign_seed_keypair(self.seed)
        return crypto_sign(message, secret)[:64]


def new_key() -> bytes:
    return secrets.token_hex(32).encode() + b"\n"


def load_key(content: bytes, _: Callable[[], str]) -> Key:
    if _KEY_FILE.fullmatch(content) is None:
        raise BadInput("This is no key file of the gallery.")
    return Key(bytes.fromhex(content.decode()))


def read_signature(pasted: str, _: MemberIdentifier) -> list[WireSignature]:
    if re.fullmatch("[0-9a-f]{128}", pasted) is None:
        raise BadInput("A gallery signature is 128 hex digits.")
    return [WireSignature(NUMBER, bytes.fromhex(pasted))]


TOOLS: Final = SigningTools(
    new_key=new_key, load_key=load_key, read_signature=read_signature
)


# The kind and its case


def kind(verify_many: Any = None, **changes: Any) -> Kind:
    """The honest kind, with changes."""
    values: dict[str, Any] = {
        "number": NUMBER,
        "name": NAME,
        "noun": "Gallery key",
        "extension": f"{PACKAGE}.gallery_identifier",
        "parse": parse,
        "decode": decode,
        "encode": encode,
        "signing": lambda: TOOLS,
    } | changes
    number = values["number"]
    proof = Proof(number=number, name=NAME, verify_many=verify_many or many())
    return Kind(**({"proofs": {number: proof}} | values))


_OWN: Final = Key(b"vector".ljust(32, b"."))

VALID: Final = (
    _OWN.identifier.value,
    Key(b"another".ljust(32, b".")).identifier.value,
    Key(b"upper".ljust(32, b".")).identifier.value.upper(),
)
INVALID: Final = ("", f"0x{VALID[0]}", VALID[0][:-1], f"{VALID[0]}00")


def case(own: Kind | None = None, **changes: Any) -> ConformanceCase:
    """The case of the honest kind, with changes."""
    vector = Vector(
        identifier=VALID[0],
        text="text",
        payload=_OWN.signature(b"text"),
        source="the gallery itself",
    )
    values: dict[str, Any] = {
        "kind": own or kind(),
        "signer": Key,
        "valid": VALID,
        "invalid": INVALID,
        "vectors": (vector,),
    }
    return ConformanceCase(**(values | changes))


@dataclass(frozen=True)
class Rogue:
    """A wrong kind, the check that must catch it, and what that check says."""

    name: str
    case: ConformanceCase
    caught_by: str
    says: str


def add_schema() -> None:
    """Make the extensions known, as generated code of a package would."""
    pool = descriptor_pool.Default()
    try:
        pool.FindFileByName("gallery.proto")
    except KeyError:
        pass
    else:
        return
    file = descriptor_pb2.FileDescriptorProto(
        name="gallery.proto",
        package=PACKAGE,
        dependency=["xmtp_identity/v1/identity.proto"],
    )
    for union, field_name in (
        ("MemberIdentifier", "gallery_identifier"),
        ("Signature", "gallery_signature"),
    ):
        file.extension.add(
            name=field_name,
            number=NUMBER,
            extendee=f".xmtp_identity.v1.{union}",
            label=descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL,
            type=descriptor_pb2.FieldDescriptorProto.TYPE_BYTES,
        )
    pool.AddSerializedFile(file.SerializeToString())
