{% set size = cookiecutter.key_bytes if cookiecutter.form == "key" else 32 %}
{% set digits = 2 * size %}
{% if cookiecutter.form == "key" %}
"""The identifier of a member: a public key in hex.

Each key has one encoding on the wire and one spelling as a text.
"""
{% else %}
"""The identifier of a member: an address, which is a hash of a public key.

Each address has one encoding on the wire and one spelling as a text, hex. The
hash is SHA-256, whole, of the kind's name and the key. Where a chain has
addresses already `address_of` is the place to make them, and `parse` and
`encode` to check their check digits.
"""
{% endif %}

from __future__ import annotations

import re
{% if cookiecutter.form == "key" %}
from functools import lru_cache
{% else %}
from hashlib import sha256
{% endif %}
from typing import Final

from xmtp_identity.errors import InvalidIdentifier
from xmtp_identity.identifier import MemberIdentifier
{% if cookiecutter.form == "key" %}
from xmtp_identity.kinds import lazy
{% endif %}

__all__ = [
    "IDENTIFIER_BYTES",
    "KIND",
    "NOUN",
    "NUMBER",
{% if cookiecutter.form == "address" %}
    "address_of",
{% endif %}
    "decode",
    "encode",
    "parse",
]

KIND: Final = "{{ cookiecutter.name }}"
"""The name of this kind."""

NOUN: Final = "{{ cookiecutter.noun }}"
"""What the signed text calls a member of it."""

NUMBER: Final = {{ cookiecutter.number }}
"""The number of this kind and of its proof."""

IDENTIFIER_BYTES: Final = {{ size }}
{% if cookiecutter.form == "key" %}
"""How long an identifier is on the wire: {{ cookiecutter.key }}."""
{% else %}
"""How long an identifier is on the wire: a SHA-256."""
{% endif %}

_TEXT: Final = re.compile(r"[0-9a-fA-F]{{ "{" }}{{ digits }}{{ "}" }}")
_VALUE: Final = re.compile(r"[0-9a-f]{{ "{" }}{{ digits }}{{ "}" }}")
{% if cookiecutter.form == "key" %}

# The curve's arithmetic is in a native library, which loads when first needed.
_is_key: Final = lazy(f"{__package__}.keys:is_key")
{% else %}
_PREFIX: Final = f"{KIND} address\n".encode()


def address_of(key: bytes) -> bytes:
    """The address of a public key.

    No two keys have one address. The prefix keeps the addresses of two kinds
    apart that use the same keys.
    """
    return sha256(_PREFIX + key).digest()
{% endif %}


def parse(text: str) -> MemberIdentifier:
    """Read an identifier that a person gave: {{ digits }} hex digits of either case.

    Raises `InvalidIdentifier`. Its sentence never repeats the text, which may be
    a private key that was pasted by mistake.
    """
    # fullmatch: `bytes.fromhex` by itself takes spaces.
    if _TEXT.fullmatch(text) is None:
        raise _malformed(text)
    return decode(bytes.fromhex(text))


def decode(payload: bytes) -> MemberIdentifier:
    """Read the extension of `MemberIdentifier`; raises `InvalidIdentifier`."""
    if len(payload) != IDENTIFIER_BYTES:
        raise InvalidIdentifier(
            f"An identifier of the kind {KIND} has {IDENTIFIER_BYTES} bytes, "
            f"these are {len(payload)}."
        )
{% if cookiecutter.form == "key" %}
    _check(payload)
{% endif %}
    return MemberIdentifier(KIND, payload.hex())


def encode(identifier: MemberIdentifier) -> bytes:
    """The bytes of the extension of `MemberIdentifier`.

    Raises `InvalidIdentifier` if the identifier is none that `parse` or `decode`
    gives.
    """
    if identifier.kind != KIND:
        raise InvalidIdentifier(f"The identifier is of another kind than {KIND}.")
    if _VALUE.fullmatch(identifier.value) is None:
        raise _malformed(identifier.value)
{% if cookiecutter.form == "key" %}
    payload = bytes.fromhex(identifier.value)
    _check(payload)
    return payload
{% else %}
    return bytes.fromhex(identifier.value)
{% endif %}
{% if cookiecutter.form == "key" %}


@lru_cache(maxsize=1024)
def _check(key: bytes) -> None:
    """Refuse what is no key; kept, as a key is read and then verified with."""
    if not _is_key(key):
        raise InvalidIdentifier(
            f"These {IDENTIFIER_BYTES} bytes are no public key that a wallet can have."
        )
{% endif %}


def _malformed(text: str) -> InvalidIdentifier:
    return InvalidIdentifier(
        f"An identifier of the kind {KIND} is {2 * IDENTIFIER_BYTES} hex digits and "
        f"nothing else; this text has {len(text)} characters."
    )
