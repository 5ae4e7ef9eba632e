"""Making signatures: the Solana command line's key files, and what wallets give."""

from __future__ import annotations

import json
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from base58 import b58decode, b58encode
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from xmtp_identity.errors import BadInput
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SigningTools, WireSignature

from .identifier import KEY_BYTES, NUMBER, decode, encode
from .signature import SIGNATURE_BYTES

__all__ = ["KeypairSigner", "load_key", "new_key", "read_signature", "tools"]

_SEED_BYTES: Final = 32
_MAX_KEY_FILE: Final = 4096
_MAX_BYTE: Final = 255

_HEX: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{128})")
_BASE58: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{64,88}")
_BASE64: Final = (
    (re.compile(r"([A-Za-z0-9+/]{86})(?:==)?"), b"+/"),
    (re.compile(r"([A-Za-z0-9_-]{86})(?:==)?"), b"-_"),
)


@dataclass(frozen=True, slots=True)
class KeypairSigner:
    """A wallet whose private key is at hand.

    seed: the private key, 32 bytes (RFC 8032, section 5.1.5).
    """

    seed: bytes = field(repr=False)
    identifier: MemberIdentifier = field(init=False)

    def __post_init__(self) -> None:
        """Derive the address. Raises `BadInput` if the seed has another length."""
        if len(self.seed) != _SEED_BYTES:
            raise BadInput(f"A Solana private key has {_SEED_BYTES} bytes.")
        key, _ = crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "identifier", decode(key))

    def sign(self, text: str) -> WireSignature:
        """Sign the text of an update as it is, like most wallets."""
        _, secret = crypto_sign_seed_keypair(self.seed)
        signed = crypto_sign(text.encode("utf-8"), secret)
        return WireSignature(NUMBER, signed[:SIGNATURE_BYTES])


def tools() -> SigningTools:
    """Say how Solana signatures are made."""
    return SigningTools(
        new_key=new_key, load_key=load_key, read_signature=read_signature
    )


def new_key() -> bytes:
    """Make a fresh key: the content of its file, as ``solana-keygen`` writes it.

    A JSON array of 64 numbers, the bytes of the seed and of the public key.
    """
    seed = secrets.token_bytes(_SEED_BYTES)
    key, _ = crypto_sign_seed_keypair(seed)
    return json.dumps([*seed, *key], separators=(",", ":")).encode("ascii")


def load_key(content: bytes, ask_password: Callable[[], str]) -> KeypairSigner:
    """Open a key file of the Solana command line; see `new_key`.

    ask_password: not called, as these files are not encrypted.

    Raises `BadInput`, whose sentence never holds any part of the content.
    """
    del ask_password
    seed, key = _halves(content)
    signer = KeypairSigner(seed)
    # Signing with a public key that is not the seed's would give the seed away.
    if encode(signer.identifier) != key:
        raise BadInput(
            "The key file is damaged: its second half is not the public key that"
            " belongs to its first."
        )
    return signer


def read_signature(pasted: str, identifier: MemberIdentifier) -> list[WireSignature]:
    """Read what a wallet gave for the text: base58, base64 or hex of 64 bytes.

    pasted: base64 may be of either alphabet (RFC 4648, sections 4 and 5), with
        or without its padding; hex with or without ``0x``.
    identifier: whose signature it is to be.

    Gives every reading: a few texts are both base58 and base64. Raises
    `BadInput` if there is none, or if it is the private key of ``identifier``.
    """
    readings = list(dict.fromkeys(_readings(pasted.strip())))
    if not readings:
        raise BadInput(
            "A Solana signature is 64 bytes in base58, base64 or hex; this text is"
            " none of them."
        )
    # Wallets export a private key as 64 bytes too: the seed and the public key.
    if any(reading[_SEED_BYTES:] == encode(identifier) for reading in readings):
        raise BadInput(
            "This is no signature but the private key of the address. Never give it"
            " to anyone; if others may have seen it, move what it guards."
        )
    return [WireSignature(NUMBER, reading) for reading in readings]


def _readings(text: str) -> Iterator[bytes]:
    """What 64 bytes a text may stand for; Python's own decoders are lenient."""
    if match := _HEX.fullmatch(text):
        yield bytes.fromhex(match[1])
    if _BASE58.fullmatch(text):
        raw = b58decode(text)
        if len(raw) == SIGNATURE_BYTES and b58encode(raw).decode("ascii") == text:
            yield raw
    for pattern, alphabet in _BASE64:
        if match := pattern.fullmatch(text):
            padded = match[1].encode("ascii") + b"=="
            raw = b64decode(padded, alphabet, validate=True)
            # Unequal where bits are set that no byte holds.
            if b64encode(raw, alphabet) == padded:
                yield raw


def _halves(content: bytes) -> tuple[bytes, bytes]:
    """The seed and the public key in a key file."""
    numbers: object = None
    if len(content) <= _MAX_KEY_FILE:
        # What the parser says may quote the file; the sentence below says all.
        with suppress(ValueError, RecursionError):
            numbers = json.loads(content)
    if (
        not isinstance(numbers, list)
        or len(numbers) != _SEED_BYTES + KEY_BYTES
        or not all(type(one) is int and 0 <= one <= _MAX_BYTE for one in numbers)
    ):
        raise BadInput(
            "This is no key file of the Solana command line: it must hold a JSON"
            " array of 64 numbers from 0 to 255."
        )
    raw = bytes(numbers)
    return raw[:_SEED_BYTES], raw[_SEED_BYTES:]
