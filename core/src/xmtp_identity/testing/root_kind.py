"""A root kind for registries in which a plugin stands alone.

A leaf kind needs an inbox to be added to, and a root kind to create it. The
kit brings its own, so that the tests of a plugin need no other plugin. It
takes the number and the name of ethereum and signs with Ed25519. No entry
point leads here, and `Registry` refuses it beside the real one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from ..errors import InvalidIdentifier, InvalidSignature, SignatureError
from ..identifier import MemberIdentifier
from ..kinds import (
    Context,
    Kind,
    Proof,
    SignatureItem,
    VerifiedSignature,
    WireSignature,
)

__all__ = ["TEST_ROOT", "TestRootSigner"]

_NAME: Final = "ethereum"
_NUMBER: Final = 1
_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_VALUE: Final = re.compile(r"[0-9a-f]{64}")

# Signatures of XMTP's own numbers are messages: field 1, 96 bytes.
_HEAD: Final = b"\x0a\x60"

# Signed before the text, so that a kind that signs the bare text with the same
# key is not taken for this one.
_DOMAIN: Final = b"xmtp-identity conformance kit, root kind\n"


@dataclass(frozen=True, slots=True)
class TestRootSigner:
    """A key of the kit's root kind.

    seed: 32 bytes.
    """

    # pytest would take it for a class of tests.
    __test__ = False

    seed: bytes = field(repr=False)
    identifier: MemberIdentifier = field(init=False)

    def __post_init__(self) -> None:
        """Derive the public key."""
        key, _ = crypto_sign_seed_keypair(self.seed)
        object.__setattr__(self, "identifier", MemberIdentifier(_NAME, key.hex()))

    def sign(self, text: str) -> WireSignature:
        """Sign the text of an update."""
        key, secret = crypto_sign_seed_keypair(self.seed)
        signed = crypto_sign(_DOMAIN + text.encode(), secret)
        return WireSignature(_NUMBER, _HEAD + key + signed[:_SIGNATURE_BYTES])


def _parse(text: str) -> MemberIdentifier:
    if _VALUE.fullmatch(text) is None:
        raise InvalidIdentifier("A key of the kit's root kind is 64 hex digits.")
    return MemberIdentifier(_NAME, text)


def _decode(payload: bytes) -> MemberIdentifier:
    return _parse(payload.decode("ascii", "replace"))


def _decode_string(text: str, _: str | None) -> MemberIdentifier:
    return _parse(text)


def _encode(identifier: MemberIdentifier) -> bytes:
    return _parse(identifier.value).value.encode("ascii")


def _verify(item: SignatureItem) -> VerifiedSignature | SignatureError:
    head, rest = item.payload[: len(_HEAD)], item.payload[len(_HEAD) :]
    key, signature = rest[:_KEY_BYTES], rest[_KEY_BYTES:]
    if head == _HEAD and len(signature) == _SIGNATURE_BYTES:
        try:
            crypto_sign_open(signature + _DOMAIN + item.text, key)
        except BadSignatureError:
            pass
        else:
            signer = MemberIdentifier(_NAME, key.hex())
            return VerifiedSignature(signer, key, sha256(signature).digest())
    return InvalidSignature("The key did not sign this.")


def _verify_many(
    items: Sequence[SignatureItem], _: Context
) -> list[VerifiedSignature | SignatureError]:
    return [_verify(item) for item in items]


def _refuse_many(
    items: Sequence[SignatureItem], _: Context
) -> list[VerifiedSignature | SignatureError]:
    """The other two proofs of the number, which the registry asks for."""
    return [InvalidSignature("The kit's root kind has no such proof.") for _ in items]


TEST_ROOT: Final = Kind(
    number=_NUMBER,
    name=_NAME,
    noun="address",
    extension="xmtp_identity_ethereum.v1.ethereum_address",
    identifier_kind=1,
    parse=_parse,
    decode=_decode,
    decode_string=_decode_string,
    encode=_encode,
    proofs={
        1: Proof(number=1, name="test_root", verify_many=_verify_many),
        2: Proof(number=2, name="test_root_2", verify_many=_refuse_many),
        4: Proof(number=4, name="test_root_4", verify_many=_refuse_many),
    },
)
"""The kit's root kind, in place of ethereum."""
