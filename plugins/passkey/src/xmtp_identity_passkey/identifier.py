"""Identifiers of passkeys: the key's SEC1 bytes in lower-case hex.

XMTP's form is the uncompressed key: 04, x, y; 65 bytes, 130 hex characters.
Logs hold whatever XMTP's reference client takes, which is any bytes: it
looks at the form of a key and at the curve only when a signature is checked.
"""

from __future__ import annotations

import re
from typing import Final

from xmtp_identity.errors import InvalidIdentifier, NotAdmitted, Undecodable
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.wire.scan import strict_parse

from .origin import is_host, is_origin
from .p256 import FIELD_BYTES, UNCOMPRESSED_BYTES, is_on_curve
from .v1.passkey_pb2 import Passkey

__all__ = ["KIND", "admit", "decode", "decode_string", "encode", "key_bytes", "parse"]

KIND: Final = "passkey"

_HEX: Final = re.compile(r"(?:[0-9a-fA-F]{2})*")
_UNCOMPRESSED: Final = 0x04
_FORMS: Final = {
    0x00: "the point at infinity, which is no key",
    0x02: "a compressed key; give the uncompressed one, which begins with 04",
    0x03: "a compressed key; give the uncompressed one, which begins with 04",
    0x05: "a compact key; give the uncompressed one, which begins with 04",
    0x06: "a hybrid key; give the uncompressed one, which begins with 04",
    0x07: "a hybrid key; give the uncompressed one, which begins with 04",
}


def parse(text: str) -> MemberIdentifier:
    """Read an identifier that a person gives; strict.

    text: the uncompressed public key, 130 hex characters of either case,
    without ``0x``. Raises `InvalidIdentifier`.
    """
    key = _from_hex(text)
    if key is None:
        raise InvalidIdentifier(
            "A passkey is its public key in hex, 130 characters that begin with 04, "
            "and nothing around them."
        )
    fault = _fault(key)
    if fault is not None:
        raise InvalidIdentifier(f"The key is {fault}.")
    return MemberIdentifier(KIND, key.hex())


def decode(payload: bytes) -> MemberIdentifier:
    """Read a serialized `Passkey` message; any key bytes, as on the network.

    Raises `Undecodable`.
    """
    message = strict_parse(Passkey, payload)
    relying_party = message.relying_party if message.HasField("relying_party") else None
    return MemberIdentifier(KIND, message.key.hex(), relying_party)


def decode_string(text: str, relying_party: str | None) -> MemberIdentifier:
    """Read the identifier string of `CreateInbox` or `ChangeRecoveryAddress`.

    text: hex of either case, with or without ``0x``; any bytes, or none.
    relying_party: the field beside it, if it is there.

    Raises `InvalidIdentifier`, and `Undecodable` for ``0X``, which releases of
    the reference client read in two ways.
    """
    if text.startswith("0X"):
        raise Undecodable(
            "The identifier string of a passkey begins with 0X; write 0x, or neither.",
            code="identifier_text",
            deviation=True,
        )
    key = _from_hex(text.removeprefix("0x"))
    if key is None:
        raise InvalidIdentifier("The identifier string of a passkey is not hex.")
    return MemberIdentifier(KIND, key.hex(), relying_party)


def encode(identifier: MemberIdentifier) -> bytes:
    """Serialize the `Passkey` message of an identifier.

    Raises `InvalidIdentifier` if its value is not hex.
    """
    message = Passkey(key=key_bytes(identifier))
    if identifier.relying_party is not None:
        message.relying_party = identifier.relying_party
    return message.SerializeToString()


def key_bytes(identifier: MemberIdentifier) -> bytes:
    """The key's bytes. Raises `InvalidIdentifier` if the value is not hex."""
    key = _from_hex(identifier.value)
    if key is None:
        raise InvalidIdentifier("The value of a passkey identifier is not hex.")
    return key


def admit(identifier: MemberIdentifier) -> None:
    """Let an identifier into a log only in XMTP's form.

    The key must be uncompressed and on the curve: two encodings of one key
    would be two members. A relying party, where one is named, must be a host
    such as ``example.org`` or an origin such as ``https://example.org``. The
    reference client hands out the origin of an assertion as the relying party
    of its signer, so both forms turn up; no decision depends on it.

    Raises `NotAdmitted`.
    """
    key = _from_hex(identifier.value)
    fault = "not written in hex" if key is None else _fault(key)
    if fault is not None:
        raise NotAdmitted(f"The passkey is {fault}.", code="passkey_key")
    if identifier.value != identifier.value.lower():
        raise NotAdmitted(
            "The passkey is written in upper case; write it in lower case.",
            code="passkey_key",
        )
    party = identifier.relying_party
    if party is not None and not (is_host(party) or is_origin(party)):
        raise NotAdmitted(
            "The relying party of the passkey is neither a lower-case host nor an "
            "origin; give it as example.org, or leave it away.",
            code="passkey_relying_party",
        )


def _from_hex(text: str) -> bytes | None:
    """Bytes of hex in either case; None if anything else is in it."""
    # bytes.fromhex alone would skip white space.
    return bytes.fromhex(text) if _HEX.fullmatch(text) else None


def _fault(key: bytes) -> str | None:
    """What keeps these bytes from being an uncompressed key on the curve."""
    form = key[0] if key else None
    if form != _UNCOMPRESSED:
        return _FORMS.get(form, "in no known form") if form is not None else "empty"
    if len(key) != UNCOMPRESSED_BYTES:
        return f"{len(key)} bytes long; an uncompressed one has {UNCOMPRESSED_BYTES}"
    x = int.from_bytes(key[1 : 1 + FIELD_BYTES])
    y = int.from_bytes(key[1 + FIELD_BYTES :])
    if not is_on_curve(x, y):
        return "no point of the curve P-256"
    return None
