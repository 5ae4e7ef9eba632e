"""Signing as an installation, and the file that its key is kept in."""

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable
from typing import Final, final

from ..errors import BadInput
from ..identifier import MemberIdentifier
from ..kinds import SigningTools, WireSignature
from ..strict_json import unique
from .ed25519ph import KEY_BYTES, SIGNATURE_BYTES, public_key, sign
from .identifier import KIND, encode
from .signature import SIGNATURE_CONTEXT, encode_signature

__all__ = [
    "InstallationSigner",
    "load_key",
    "new_key",
    "read_signature",
    "signing_tools",
]

SIGNATURE_NUMBER: Final = 3

_SEED_TEXT: Final = re.compile(r"[0-9a-fA-F]{64}")
_SIGNATURE_TEXT: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{128})")
_MAX_KEY_FILE: Final = 4096


@final
class InstallationSigner:
    """An installation's private key; a `Signer`.

    seed: the private key of RFC 8032, 32 bytes. Raises `BadInput` for any
    other length. The seed stays in the object and is not shown by it.
    """

    __slots__ = ("_identifier", "_key", "_seed")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise BadInput("The seed of an installation's key has 32 bytes.")
        self._seed = seed
        self._key = public_key(seed)
        self._identifier = MemberIdentifier(KIND, self._key.hex())

    @property
    def identifier(self) -> MemberIdentifier:
        """The installation that it signs for."""
        return self._identifier

    def sign(self, text: str) -> WireSignature:
        """Sign the text of an update."""
        signature = sign(self._seed, text.encode("utf-8"), SIGNATURE_CONTEXT)
        return WireSignature(SIGNATURE_NUMBER, encode_signature(signature, self._key))

    def __repr__(self) -> str:
        return f"InstallationSigner({self._identifier.value})"


def signing_tools() -> SigningTools:
    """What the command line needs to sign as an installation."""
    return SigningTools(
        new_key=new_key, load_key=load_key, read_signature=read_signature
    )


def new_key() -> bytes:
    """The content of a key file with a fresh key.

    JSON that names its kind: a bare hex number could as well be the key of
    an Ethereum wallet.
    """
    record = {"kind": KIND, "seed": secrets.token_hex(KEY_BYTES)}
    return json.dumps(record).encode("ascii") + b"\n"


def load_key(content: bytes, _: Callable[[], str]) -> InstallationSigner:
    """The signer of a key file made by `new_key`; it has no password.

    Raises `BadInput`.
    """
    seed = _read_seed(content)
    if seed is None:
        raise BadInput(
            "This is no key file of an installation, which is JSON with exactly "
            '"kind": "installation" and "seed": 64 hex digits.'
        )
    return InstallationSigner(seed)


def read_signature(text: str, identifier: MemberIdentifier) -> list[WireSignature]:
    """A signature of 64 bytes, as an app shows it.

    Hex, with or without 0x, or base64; white space around it is ignored.
    Raises `BadInput` for another text, and for an identifier that is no key
    of 32 bytes.
    """
    key = encode(identifier)
    if len(key) != KEY_BYTES:
        raise BadInput("This installation is no key of 32 bytes and can't sign.")
    signature = _read_bytes(text.strip())
    if signature is None:
        raise BadInput(
            "An installation's signature is 64 bytes, written as 128 hex digits "
            "or as base64."
        )
    return [WireSignature(SIGNATURE_NUMBER, encode_signature(signature, key))]


def _read_bytes(text: str) -> bytes | None:
    if matched := _SIGNATURE_TEXT.fullmatch(text):
        return bytes.fromhex(matched[1])
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # Unused bits of the last digit are ignored by the decoder.
    if len(data) != SIGNATURE_BYTES or base64.b64encode(data).decode() != text:
        return None
    return data


def _read_seed(content: bytes) -> bytes | None:
    # None and no exception: a parser's error holds the text that it parsed,
    # and would stay reachable from the error that the caller sees.
    if len(content) > _MAX_KEY_FILE:
        return None
    try:
        record = json.loads(content.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.keys() != {"kind", "seed"}:
        return None
    seed = record["seed"]
    if record["kind"] != KIND or not isinstance(seed, str):
        return None
    return bytes.fromhex(seed) if _SEED_TEXT.fullmatch(seed) else None
