"""What several tests share: vectors, a stub chain, keys of XMTP V2."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pytest
from eth_keys.datatypes import PrivateKey

from xmtp_identity.errors import SignatureError
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_ethereum.smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Valid,
)
from xmtp_identity_ethereum.v1.ethereum_pb2 import (
    CompactEcdsaSignature,
    LegacyDelegatedSignature,
    LegacySignature,
    RecoverableEcdsaSignature,
    Secp256k1PublicKey,
    SignedPublicKey,
    UnsignedPublicKey,
)

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent.parent
SHARED: Final = ROOT.parent / "shared" / "vectors"

ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ABAB: Final = "0x" + "ab" * 20

Result = VerifiedSignature | SignatureError
VerifyMany = Callable[[Sequence[SignatureItem], Mapping[str, Any]], Sequence[Result]]


def vectors(path: str) -> Any:
    """JSON of the project or of the folder beside it; skips if it is not there."""
    for folder in (HERE / "data", ROOT / "tests" / "vectors", SHARED):
        if (folder / path).is_file():
            return json.loads((folder / path).read_bytes())
    return pytest.skip(f"{path} is not here: it is published, so not in the project")


def one(
    verify_many: VerifyMany,
    text: str | bytes,
    payload: bytes,
    context: Mapping[str, Any] | None = None,
) -> Result:
    """The result of a single signature."""
    raw = text.encode() if isinstance(text, str) else text
    (result,) = verify_many([SignatureItem(raw, payload)], context or {})
    return result


def signer_of(result: Result) -> str:
    """The identifier that a valid signature proves."""
    assert isinstance(result, VerifiedSignature), result
    return result.signer.value


def private_key(name: str) -> PrivateKey:
    """A key made for tests, always the same for one name."""
    return PrivateKey(sha256(name.encode()).digest())


def eip191(text: bytes) -> bytes:
    """What wallets sign, put together by hand."""
    return b"\x19Ethereum Signed Message:\n" + str(len(text)).encode() + text


def wallet_signature(key: PrivateKey, text: str | bytes, first_v: int = 27) -> bytes:
    """r || s || v, by eth-keys."""
    raw = text.encode() if isinstance(text, str) else text
    signature = key.sign_msg(eip191(raw))
    return signature.to_bytes()[:64] + bytes([signature.v + first_v])


def payload_of(signature: bytes) -> bytes:
    """A serialized `RecoverableEcdsaSignature`."""
    return RecoverableEcdsaSignature(bytes=signature).SerializeToString()


def high_s(signature: bytes) -> bytes:
    """The same r and v with n - s."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + signature[64:]


def group(number: int, depth: int) -> bytes:
    """Groups of one field number within one another."""
    return bytes([number << 3 | 3]) * depth + bytes([number << 3 | 4]) * depth


@dataclass
class StubChain:
    """The chain of the vectors: valid is SCW-OK and a hash of account and text."""

    calls: list[int] = field(default_factory=list)

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> Sequence[SmartWalletVerdict]:
        self.calls.append(len(requests))
        return [
            Valid()
            if request.signature == self.sign(request.account_id, request.hash)
            else Invalid("The wallet refuses the signature.")
            for request in requests
        ]

    @staticmethod
    def sign(account_id: str, digest: bytes) -> bytes:
        return b"SCW-OK" + sha256(account_id.encode() + digest).digest()


@dataclass(frozen=True)
class LegacyKey:
    """A key of XMTP V2 that a wallet approved; its parts can be replaced."""

    wallet: PrivateKey
    delegate: PrivateKey

    @property
    def sec1(self) -> bytes:
        """The delegated key, uncompressed."""
        return b"\x04" + self.delegate.public_key.to_bytes()

    def key_bytes(self, sec1: bytes | None = None) -> bytes:
        """The serialized `UnsignedPublicKey`."""
        key = Secp256k1PublicKey(bytes=self.sec1 if sec1 is None else sec1)
        message = UnsignedPublicKey(created_ns=5, secp256k1_uncompressed=key)
        return message.SerializeToString()

    def approve(self, key_bytes: bytes) -> bytes:
        """The wallet's signature, r || s || 0 or 1."""
        text = (
            f"XMTP : Create Identity\n{key_bytes.hex()}\n\n"
            "For more info: https://xmtp.org/signatures/"
        )
        return wallet_signature(self.wallet, text, first_v=0)

    def payload(
        self,
        text: str,
        *,
        sec1: bytes | None = None,
        key_bytes: bytes | None = None,
        approval: bytes | None = None,
        signature: bytes | None = None,
    ) -> bytes:
        """A serialized `LegacyDelegatedSignature` over ``text``."""
        if key_bytes is None:
            key_bytes = self.key_bytes(sec1)
        if approval is None:
            approval = self.approve(key_bytes)
        if signature is None:
            signature = wallet_signature(self.delegate, text)
        compact = CompactEcdsaSignature(bytes=approval[:64], recovery=approval[64])
        return LegacyDelegatedSignature(
            delegated_key=SignedPublicKey(
                key_bytes=key_bytes,
                signature=LegacySignature(wallet_ecdsa_compact=compact),
            ),
            signature=RecoverableEcdsaSignature(bytes=signature),
        ).SerializeToString()
