"""Making signatures: keys in files, and what outside wallets give back."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from xmtp_identity.errors import BadInput
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SigningTools, WireSignature

from .accounts import open_account
from .hashing import address_of, eip191_hash
from .identifier import KIND
from .secp256k1 import is_secret, public_key_of, sign
from .signature import NUMBER
from .v1.ethereum_pb2 import RecoverableEcdsaSignature

__all__ = ["WalletSigner", "load_key", "new_key", "read_signature", "tools"]

_KEY_FILE: Final = re.compile(rb"(?:0x)?([0-9a-fA-F]{64})\r?\n?")
_SIGNATURE: Final = re.compile(r"(?:0x)?([0-9a-fA-F]{130})")
_MAX_KEY_FILE: Final = 1 << 16
_KEYSTORE_VERSION: Final = 3
_FIRST_V: Final = 27


@dataclass(frozen=True, slots=True)
class WalletSigner:
    """A wallet whose private key is at hand.

    secret: 32 bytes, from 1 to n - 1.
    """

    secret: bytes = field(repr=False)
    identifier: MemberIdentifier = field(init=False)

    def __post_init__(self) -> None:
        """Derive the address. Raises `BadInput` if the key is out of range."""
        if not is_secret(self.secret):
            raise BadInput(
                "The private key is out of range: it must be 32 bytes, from 1 to the"
                " order of secp256k1 less 1."
            )
        address = address_of(public_key_of(self.secret))
        identifier = MemberIdentifier(KIND, "0x" + address.hex())
        object.__setattr__(self, "identifier", identifier)

    def sign(self, text: str) -> WireSignature:
        """Sign the text of an update (EIP-191): low s, v 27 or 28."""
        signature, parity = sign(self.secret, eip191_hash(text.encode("utf-8")))
        return _wire(signature + bytes((_FIRST_V + parity,)))


def tools() -> SigningTools:
    """Say how Ethereum signatures are made."""
    return SigningTools(
        new_key=new_key,
        load_key=load_key,
        read_signature=read_signature,
        read_account=open_account,
    )


def new_key() -> bytes:
    """Make a fresh private key: the content of its file, 64 hex digits and a LF."""
    secret = secrets.token_bytes(32)
    while not is_secret(secret):
        secret = secrets.token_bytes(32)
    return secret.hex().encode("ascii") + b"\n"


def load_key(content: bytes, ask_password: Callable[[], str]) -> WalletSigner:
    """Open a key file.

    content: 64 hex digits, with or without ``0x`` and a line end, or an
        encrypted keystore (JSON, version 3), which needs the extra
        ``keystore`` of this package.
    ask_password: called once if the file is a keystore.

    Raises `BadInput`, whose sentence never holds any part of the content.
    """
    if len(content) > _MAX_KEY_FILE:
        raise BadInput(f"A key file has at most {_MAX_KEY_FILE} bytes.")
    match = _KEY_FILE.fullmatch(content)
    if match is not None:
        return WalletSigner(bytes.fromhex(match[1].decode("ascii")))
    if content.lstrip().startswith(b"{"):
        return WalletSigner(_open_keystore(content, ask_password))
    raise BadInput(
        "This is no Ethereum key file: it must hold 64 hex digits, or an encrypted"
        " keystore in JSON."
    )


def read_signature(pasted: str, _identifier: MemberIdentifier) -> list[WireSignature]:
    """Read what a wallet gave for the text: hex of 65 bytes, with or without 0x.

    Raises `BadInput`.
    """
    match = _SIGNATURE.fullmatch(pasted.strip())
    if match is None:
        raise BadInput(
            "A wallet's signature is 65 bytes in hex: 130 digits, with or without 0x"
            " in front. If the wallet is a contract, name it with its chain:"
            " eip155:<chain id>:0x..."
        )
    return [_wire(bytes.fromhex(match[1]))]


def _wire(signature: bytes) -> WireSignature:
    message = RecoverableEcdsaSignature(bytes=signature)
    return WireSignature(NUMBER, message.SerializeToString())


def _open_keystore(content: bytes, ask_password: Callable[[], str]) -> bytes:
    keystore = _keystore(content)
    try:
        from eth_account import Account
    except ImportError:
        raise BadInput(
            "Encrypted keystores need one more package: pip install"
            ' "xmtp-identity-ethereum[keystore]".'
        ) from None
    password = ask_password()
    try:
        return bytes(Account.decrypt(keystore, password))
    except Exception:  # noqa: BLE001 - the library raises whatever the file makes it
        # `from None`: what the library says may quote the file.
        raise BadInput(
            "The keystore does not open: the password is wrong, or the file damaged."
        ) from None


def _keystore(content: bytes) -> dict[str, Any]:
    try:
        keystore = json.loads(content)
    except (ValueError, RecursionError):
        raise BadInput("The keystore is no JSON.") from None
    if not isinstance(keystore, dict) or keystore.get("version") != _KEYSTORE_VERSION:
        raise BadInput(
            f"The keystore is not of version {_KEYSTORE_VERSION}, the only one that"
            " wallets write today."
        )
    return keystore
