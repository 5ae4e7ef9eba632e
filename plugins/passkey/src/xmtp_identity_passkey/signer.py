"""Making passkey signatures: a software authenticator, and a browser's answer.

The software authenticator is for tests, scripts and the command line. Its key
lies in a file, so it is no better guarded than that file.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from xmtp_identity.errors import BadInput
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SigningTools, WireSignature

from .authenticator_data import USER_PRESENT, USER_VERIFIED
from .client_data import NotOneObject, read_object
from .identifier import KIND, key_bytes
from .origin import LOCALHOST, is_host, is_origin
from .p256 import FIELD_BYTES, N
from .signature import challenge_of, load_public_key
from .v1.passkey_pb2 import RecoverablePasskeySignature

__all__ = [
    "PROOF_NUMBER",
    "SoftwarePasskey",
    "load_key",
    "new_key",
    "read_signature",
    "signing_tools",
]

PROOF_NUMBER: Final = 5
"""The number of passkey signatures in the `Signature` union."""

_MAX_FILE: Final = 4096
_MAX_RESPONSE: Final = 1 << 17
_SECRET: Final = re.compile(rf"[0-9a-f]{{{2 * FIELD_BYTES}}}")
_FLAGS: Final = bytes((USER_PRESENT | USER_VERIFIED,))
_COUNTER: Final = bytes(4)
_KEY_FILE_FIELDS: Final = frozenset({"kind", "private_key", "relying_party", "origin"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftwarePasskey:
    """A passkey whose private key is at hand.

    private_key: on P-256.
    relying_party: the relying party ID, a host.
    origin: where it pretends to be used, such as ``https://example.org``.
    """

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    relying_party: str
    origin: str

    @property
    def public_key(self) -> bytes:
        """The uncompressed public key, 65 bytes."""
        return self.private_key.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )

    @property
    def identifier(self) -> MemberIdentifier:
        """The member that it signs for."""
        return MemberIdentifier(KIND, self.public_key.hex(), self.relying_party)

    def sign(self, text: str) -> WireSignature:
        """Sign the text of an update with an assertion like a browser's.

        The user counts as present and verified; the sign counter stays 0, as
        that of a synced passkey does.
        """
        client_data = {
            "type": "webauthn.get",
            "challenge": challenge_of(text.encode("utf-8")),
            "origin": self.origin,
            "crossOrigin": False,
        }
        client_data_json = json.dumps(client_data, separators=(",", ":")).encode()
        rp_id_hash = hashlib.sha256(self.relying_party.encode("ascii")).digest()
        authenticator_data = rp_id_hash + _FLAGS + _COUNTER
        signed = authenticator_data + hashlib.sha256(client_data_json).digest()
        signature = RecoverablePasskeySignature(
            public_key=self.public_key,
            signature=self.private_key.sign(signed, ec.ECDSA(SHA256())),
            authenticator_data=authenticator_data,
            client_data_json=client_data_json,
        )
        return WireSignature(PROOF_NUMBER, signature.SerializeToString())


def new_key(
    relying_party: str = LOCALHOST, origin: str = f"http://{LOCALHOST}"
) -> bytes:
    """Make a fresh key; gives the content of its key file.

    A key file is a JSON object: ``kind`` is "passkey", ``private_key`` 64 hex
    characters, ``relying_party`` a host, ``origin`` an origin.
    """
    secret = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    content = {
        "kind": KIND,
        "private_key": secret.to_bytes(FIELD_BYTES).hex(),
        "relying_party": relying_party,
        "origin": origin,
    }
    return json.dumps(content, indent=2).encode("ascii") + b"\n"


def load_key(content: bytes, ask_password: Callable[[], str]) -> SoftwarePasskey:
    """Read a key file made by `new_key`.

    ask_password: not called, as these files are not encrypted.

    Raises `BadInput`.
    """
    del ask_password
    if len(content) > _MAX_FILE:
        raise BadInput(f"A passkey's key file has at most {_MAX_FILE} bytes.")
    try:
        values = read_object(content)
    except NotOneObject as error:
        raise BadInput(f"This is no key file of a passkey: {error}.") from None
    if values.get("kind") != KIND or values.keys() != _KEY_FILE_FIELDS:
        raise BadInput(
            "This is no key file of a passkey: it holds kind, private_key, "
            "relying_party and origin."
        )
    relying_party, origin = values["relying_party"], values["origin"]
    if not (isinstance(relying_party, str) and is_host(relying_party)):
        raise BadInput("The relying party in the key file is not a lower-case host.")
    if not (isinstance(origin, str) and is_origin(origin)):
        raise BadInput("The origin in the key file is none, such as http://localhost.")
    return SoftwarePasskey(
        private_key=ec.derive_private_key(
            _secret(values["private_key"]), ec.SECP256R1()
        ),
        relying_party=relying_party,
        origin=origin,
    )


def read_signature(text: str, identifier: MemberIdentifier) -> list[WireSignature]:
    """Read what a browser gave back for an assertion.

    text: the JSON of ``PublicKeyCredential.toJSON()`` after
        ``navigator.credentials.get()`` (WebAuthn level 3, section 5.1); of it
        the three fields of ``response`` are used, unpadded base64url each.
    identifier: whose signature it is to be; an assertion names no key.

    Gives the one way to read it. Raises `BadInput`.
    """
    if len(text) > _MAX_RESPONSE:
        raise BadInput(f"A browser's answer has at most {_MAX_RESPONSE} characters.")
    try:
        credential = read_object(text.encode("utf-8"))
    except (NotOneObject, UnicodeEncodeError) as error:
        reason = error if isinstance(error, NotOneObject) else "it is not UTF-8"
        raise BadInput(f"This is not the JSON of a credential: {reason}.") from None
    response = credential.get("response")
    if not isinstance(response, dict):
        raise BadInput("The credential has no response; give the JSON of its toJSON().")
    key = key_bytes(identifier)
    if load_public_key(key) is None:
        raise BadInput("The identifier is no key that can sign.")
    signature = RecoverablePasskeySignature(
        public_key=key,
        signature=_field(response, "signature"),
        authenticator_data=_field(response, "authenticatorData"),
        client_data_json=_field(response, "clientDataJSON"),
    )
    return [WireSignature(PROOF_NUMBER, signature.SerializeToString())]


def signing_tools() -> SigningTools:
    """The tools for the command line and for tests."""
    return SigningTools(
        new_key=new_key, load_key=load_key, read_signature=read_signature
    )


def _secret(value: object) -> int:
    """The private key as a number; no error repeats it."""
    if not (isinstance(value, str) and _SECRET.fullmatch(value)):
        raise BadInput(
            "The private key in the key file is not 64 lower-case hex characters."
        )
    number = int(value, 16)
    if not 0 < number < N:
        raise BadInput("The private key in the key file is out of range.")
    return number


def _field(response: dict[str, Any], name: str) -> bytes:
    """A field of the response in unpadded base64url, in its one encoding."""
    value = response.get(name)
    if isinstance(value, str):
        try:
            # Python's decoder skips foreign characters and ignores stray bits
            # at the end, so what it gives is encoded again and compared.
            decoded = urlsafe_b64decode(value + "=" * (-len(value) % 4))
        except ValueError:
            pass
        else:
            if urlsafe_b64encode(decoded).rstrip(b"=") == value.encode():
                return decoded
    raise BadInput(f"The field {name} of the response is not unpadded base64url.")
