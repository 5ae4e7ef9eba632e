"""The identifier of an installation: its Ed25519 public key.

On the wire the raw bytes of the key, in texts their hex in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ..errors import InvalidIdentifier, NotAdmitted
from ..identifier import MemberIdentifier
from ..kinds import SignatureItem, VerifiedSignature, lazy

__all__ = ["KIND", "admit", "admit_signature", "decode", "encode", "parse"]

KIND: Final = "installation"

_KEY_TEXT: Final = re.compile(r"[0-9a-fA-F]{64}")
_VALUE: Final = re.compile(r"(?:[0-9a-f]{2})*")
_UNSAFE: Final = (
    "The key is not one that an app makes: it is no point of the curve, not in "
    "its canonical encoding, or not of prime order."
)

_is_safe_key: Callable[[bytes], bool] = lazy(
    "xmtp_identity.installation.ed25519ph:is_safe_key"
)


def parse(text: str) -> MemberIdentifier:
    """A person's text, 64 hex digits of any case, to the identifier.

    Raises `InvalidIdentifier`, also for keys that are not safe (see `admit`).
    """
    if not _KEY_TEXT.fullmatch(text):
        raise InvalidIdentifier(
            "An installation is written as 64 hex digits, nothing before or after."
        )
    if not _is_safe_key(bytes.fromhex(text)):
        raise InvalidIdentifier(_UNSAFE)
    return MemberIdentifier(KIND, text.lower())


def decode(payload: bytes) -> MemberIdentifier:
    """The bytes of ``installation_public_key`` to the identifier.

    Any bytes of any length, as in XMTP's reference client: what is no key
    can be named in a log but never sign.
    """
    return MemberIdentifier(KIND, payload.hex())


def encode(identifier: MemberIdentifier) -> bytes:
    """The identifier to the bytes of ``installation_public_key``.

    Raises `InvalidIdentifier` unless the value is hex in lower case.
    """
    # bytes.fromhex alone would take spaces and upper case, which `decode`
    # never gives back.
    if not _VALUE.fullmatch(identifier.value):
        raise InvalidIdentifier("An installation's value is hex in lower case.")
    return bytes.fromhex(identifier.value)


def admit(identifier: MemberIdentifier) -> None:
    """Refuse keys for which anyone can sign, or with a second encoding.

    Raises `NotAdmitted` with the code ``installation_key_unsafe``.
    """
    if not _is_safe_key(encode(identifier)):
        raise NotAdmitted(_UNSAFE, code="installation_key_unsafe")


def admit_signature(_: SignatureItem, verified: VerifiedSignature, __: Any) -> None:
    """Refuse what such a key signs; raises as `admit`.

    A log may hold one as a member, since the reference client takes them.
    """
    admit(verified.signer)
