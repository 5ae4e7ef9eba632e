{% set carries_key = cookiecutter.form == "address" and not cookiecutter.recoverable %}
"""Making signatures: key files of this package, and what wallets give."""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from xmtp_identity.errors import BadInput
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SigningTools, WireSignature

{% if cookiecutter.form == "key" %}
from .identifier import KIND, NUMBER, decode
{% else %}
from .identifier import KIND, NUMBER, address_of, decode
{% endif %}
from .keys import (
{% if carries_key %}
    KEY_BYTES,
{% endif %}
    SECRET_BYTES,
    is_secret,
    new_secret,
    public_key,
    readings,
    sign,
)
from .signature import signed_message

__all__ = ["KeySigner", "load_key", "new_key", "read_signature", "tools"]

_MAX_KEY_FILE: Final = 4096
_MAX_PASTED: Final = 4096
_HEX: Final = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})+)")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A member whose private key is at hand.

    secret: the private key; see `keys`.
    """

    secret: bytes = field(repr=False)
    identifier: MemberIdentifier = field(init=False)

    def __post_init__(self) -> None:
        """Derive the identifier. Raises `BadInput` if it is no private key."""
        if not is_secret(self.secret):
            raise BadInput(f"These bytes are no private key of the kind {KIND}.")
        key = public_key(self.secret)
{% if cookiecutter.form == "key" %}
        object.__setattr__(self, "identifier", decode(key))
{% else %}
        object.__setattr__(self, "identifier", decode(address_of(key)))
{% endif %}

    def sign(self, text: str) -> WireSignature:
        """Sign the text of an update."""
        message = signed_message(text.encode("utf-8"), self.identifier)
{% if carries_key %}
        signature = sign(self.secret, message)
        return WireSignature(NUMBER, public_key(self.secret) + signature)
{% else %}
        return WireSignature(NUMBER, sign(self.secret, message))
{% endif %}


def tools() -> SigningTools:
    """Say how signatures of this kind are made."""
    return SigningTools(
        new_key=new_key, load_key=load_key, read_signature=read_signature
    )


def new_key() -> bytes:
    """Make a fresh key: the content of its file.

    JSON that names its kind, as bare hex could be a key of many kinds.
    """
    record = {"kind": KIND, "secret": new_secret().hex()}
    return json.dumps(record).encode("ascii") + b"\n"


def load_key(content: bytes, _ask_password: Callable[[], str]) -> KeySigner:
    """Open a key file; see `new_key`. These files are not encrypted.

    Raises `BadInput`, whose sentence never holds any part of the content.
    """
    secret = _secret_in(content)
    if secret is None:
        raise BadInput(
            f'This is no key file of the kind {KIND}: JSON with exactly "kind" and '
            f'"secret", {2 * SECRET_BYTES} hex digits.'
        )
    return KeySigner(secret)


def read_signature(pasted: str, _identifier: MemberIdentifier) -> list[WireSignature]:
    """Read what a wallet gave for the text: hex or base64.

{% if carries_key %}
    pasted: the public key in hex, a colon, and the signature.

{% endif %}
    Gives every reading; the caller keeps the one that verifies. Raises
    `BadInput` if there is none, and never repeats the text.
    """
    text = pasted.strip()
{% if carries_key %}
    key_text, _, text = text.partition(":")
    key = _HEX.fullmatch(key_text)
    if key is None or len(key[1]) != 2 * KEY_BYTES:
        raise BadInput(
            f"Give the public key, {2 * KEY_BYTES} hex digits, a colon, and the "
            "signature."
        )
    begin = bytes.fromhex(key[1])
{% endif %}
    found = [one for raw in _bytes_of(text) for one in readings(raw)]
    if not found:
        raise BadInput(
            f"This is no signature of the kind {KIND}: give it as hex or base64, whole."
        )
{% if carries_key %}
    return [WireSignature(NUMBER, begin + one) for one in dict.fromkeys(found)]
{% else %}
    return [WireSignature(NUMBER, one) for one in dict.fromkeys(found)]
{% endif %}


def _bytes_of(text: str) -> Iterator[bytes]:
    """What bytes a text may stand for; Python's own decoders are lenient."""
    if len(text) > _MAX_PASTED:
        return
    if match := _HEX.fullmatch(text):
        yield bytes.fromhex(match[1])
    if _BASE64.fullmatch(text) and len(text) % 4 == 0:
        raw = b64decode(text, validate=True)
        # Unequal where bits are set that no byte holds.
        if b64encode(raw).decode("ascii") == text:
            yield raw


def _secret_in(content: bytes) -> bytes | None:
    # None and no exception: a parser's error holds the text that it parsed, and
    # would stay reachable from the error that the caller sees.
    if len(content) > _MAX_KEY_FILE:
        return None
    try:
        record = json.loads(content.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.keys() != {"kind", "secret"}:
        return None
    text = record["secret"]
    if record["kind"] != KIND or not isinstance(text, str):
        return None
    match = re.fullmatch(r"(?:[0-9a-f]{2})+", text)
    secret = bytes.fromhex(text) if match else b""
    return secret if is_secret(secret) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; one with a key twice is refused."""
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError
    return record
