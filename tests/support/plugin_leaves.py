"""Keys of leaf kinds that are packages of their own, signing in tests."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from xmtp_identity import MemberIdentifier

from .protobuf import length

__all__ = ["PluginLeaf", "solana"]


@dataclass(frozen=True)
class PluginLeaf:
    """A key of a leaf kind that is a package of its own."""

    signer: Any
    encode: Any
    number: int
    noun: str

    @property
    def identifier_kind(self) -> int:
        return self.number

    @property
    def identifier(self) -> MemberIdentifier:
        identifier: MemberIdentifier = self.signer.identifier
        return identifier

    @property
    def value(self) -> str:
        return self.identifier.value

    @property
    def member(self) -> bytes:
        return length(self.number, self.encode(self.identifier))

    @property
    def link(self) -> str:
        return f"- Link {self.noun} to inbox\n  ({self.noun}: {self.value})"

    @property
    def unlink(self) -> str:
        return f"- Unlink {self.noun} from inbox\n  ({self.noun}: {self.value})"

    def sign(self, text: bytes) -> bytes:
        number, payload = self.signer.sign(text.decode())
        return length(number, payload)


def solana(name: str) -> PluginLeaf:
    """A Solana wallet; its key is made from its name."""
    from xmtp_identity_solana.identifier import encode
    from xmtp_identity_solana.signer import KeypairSigner

    signer = KeypairSigner(sha256(name.encode()).digest())
    return PluginLeaf(signer, encode, 100, "Solana address")
