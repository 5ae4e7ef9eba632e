"""The ethereum kind's case for the conformance kit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from types import MappingProxyType
from typing import Final

from coincurve import PublicKey

from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, WireSignature
from xmtp_identity.testing import ConformanceCase, Vector

from . import legacy
from .hashing import eip191_hash
from .identifier import KIND
from .plugin import register_kinds
from .secp256k1 import public_key_of, sign
from .signer import WalletSigner
from .smart_wallet import (
    Invalid,
    SmartWalletRequest,
    SmartWalletVerdict,
    Valid,
    smart_wallet_signature,
)
from .v1.ethereum_pb2 import (
    CompactEcdsaSignature,
    LegacyDelegatedSignature,
    LegacySignature,
    RecoverableEcdsaSignature,
    Secp256k1PublicKey,
    SignedPublicKey,
    UnsignedPublicKey,
)

__all__ = ["CASES"]

_CHAIN_ID: Final = 8453
_BLOCK: Final = 12_345_678
_FIRST_V: Final = 27


@dataclass(frozen=True, slots=True)
class _SmartWallet:
    """A smart wallet on the chain of this case, which takes as its signature the
    hash of its account and of what was signed."""

    seed: bytes = field(repr=False)

    @property
    def identifier(self) -> MemberIdentifier:
        address = sha256(b"smart wallet " + self.seed).digest()[:20]
        return MemberIdentifier(KIND, f"0x{address.hex()}")

    def sign(self, text: str) -> WireSignature:
        account_id = f"eip155:{_CHAIN_ID}:{self.identifier.value}"
        signature = _taken_by(account_id, eip191_hash(text.encode("utf-8")))
        return smart_wallet_signature(account_id, _BLOCK, signature)


def _taken_by(account_id: str, digest: bytes) -> bytes:
    return sha256(b"smart wallet " + account_id.encode("utf-8") + digest).digest()


class _Chain:
    """A chain on which `_SmartWallet` stands."""

    def verify(
        self, requests: Sequence[SmartWalletRequest]
    ) -> Sequence[SmartWalletVerdict]:
        return [
            Valid()
            if request.signature == _taken_by(request.account_id, request.hash)
            else Invalid("The wallet does not take this signature.")
            for request in requests
        ]


@dataclass(frozen=True, slots=True)
class _DelegatedKey:
    """A key of XMTP V2 that the wallet of the seed approved."""

    seed: bytes = field(repr=False)

    @property
    def identifier(self) -> MemberIdentifier:
        return WalletSigner(self.seed).identifier

    def sign(self, text: str) -> WireSignature:
        delegate = sha256(b"delegated key " + self.seed).digest()
        key = Secp256k1PublicKey(bytes=b"\x04" + public_key_of(delegate))
        unsigned = UnsignedPublicKey(created_ns=1, secp256k1_uncompressed=key)
        key_bytes = unsigned.SerializeToString()
        approval, parity = sign(self.seed, eip191_hash(legacy.approval_text(key_bytes)))
        approved = SignedPublicKey(
            key_bytes=key_bytes,
            signature=LegacySignature(
                wallet_ecdsa_compact=CompactEcdsaSignature(
                    bytes=approval, recovery=parity
                )
            ),
        )
        signature, parity = sign(delegate, eip191_hash(text.encode("utf-8")))
        message = LegacyDelegatedSignature(
            delegated_key=approved,
            signature=RecoverableEcdsaSignature(
                bytes=signature + bytes((_FIRST_V + parity,))
            ),
        )
        return WireSignature(legacy.NUMBER, message.SerializeToString())


_VECTORS: Final = (
    Vector(
        identifier="0xa90349c7bb003bccba8667daa39cd181d9b37411",
        text=(
            "XMTP : Authenticate to inbox\n"
            "\n"
            "Inbox ID: 63938662e5fce9dad109b0cd3a654401476acadcd531aff3fef5a3b7a1a6da"
            "39\n"
            "Current time: 2026-11-20T10:47:15Z\n"
            "\n"
            "- Create inbox\n"
            "  (Owner: 0xa90349c7bb003bccba8667daa39cd181d9b37411)\n"
            "- Grant messaging access to app\n"
            "  (ID: 9f8de2a0071c0155c7c055fdc2a211ea58129868ef64aeda2863e119ef4969f3)\n"
            "\n"
            "For more info: https://xmtp.org/signatures"
        ),
        payload=bytes.fromhex(
            "0a4112aca27d0f4112ffcbb9b40e493ca08e5787095aa76363778ff87b3bbeaeadb7335da"
            "23277f14aa360a2c913cbceab5c6682c2c675fbee7a537bd993595c01901c"
        ),
        source="a wallet in a log of libxmtp 1.10.0",
        number=1,
    ),
    Vector(
        identifier="0x45e3fff31a1d5d730b203e2c0388ae844cb2dcac",
        text=(
            "XMTP : Authenticate to inbox\n"
            "\n"
            "Inbox ID: d55fd401bb9b1a42ceec788ab0aba5c4141ffdc3a1bde0ab736ca94e9bc6dc"
            "85\n"
            "Current time: 2023-11-14T22:13:20Z\n"
            "\n"
            "- Create inbox\n"
            "  (Owner: 0x45e3fff31a1d5d730b203e2c0388ae844cb2dcac)\n"
            "\n"
            "For more info: https://xmtp.org/signatures"
        ),
        payload=bytes.fromhex(
            "0a91010a47087b1a430a41042bcc830a17badae0c58c68eb9884ea1cd48299440620287e6"
            "397d66b9369d1e054be2e8b0cd5c02de2695ffa967b20c10eaedb6668ea888eb3e11628b6"
            "e7ed76124612440a404345cbd6dddfc0ed972a16a80798881b78c4848096cb22b04ee39ea"
            "65d060f624ceae1dad1e29a8b233b66034d22e44530a8ec353683d278444ef812a6fd22eb"
            "100112430a41cf9b3426c936cf0564e9863a75473134b0e806fd25ccdfafb62084f64250a"
            "da0603966bebf4e14dedf04863b2d300b2d2cb5f1d28c634697ef5697201f7c77ec1b"
        ),
        source="eth-keys, taken by libxmtp",
        number=4,
    ),
    Vector(
        identifier="0x43edb5b238c77abd88f7f5f3f0f0c657e15503de",
        text=(
            "XMTP : Authenticate to inbox\n"
            "\n"
            "Inbox ID: fc29ed006c59bab5dd4360628fa6e9bd8516fef86544f40ab091594f071bb0"
            "57\n"
            "Current time: 2023-11-14T22:13:20Z\n"
            "\n"
            "- Create inbox\n"
            "  (Owner: 0x43edb5b238c77abd88f7f5f3f0f0c657e15503de)\n"
            "\n"
            "For more info: https://xmtp.org/signatures"
        ),
        payload=bytes.fromhex(
            "0a8f010a47087b1a430a410462f7d36407169d7fe2643287af70e4e1418bf597d04ae7260"
            "d12c665fe4409ddf4a18e0ad5b00524e1975b050e12b64634d201d39c1b5d24f8130d5f92"
            "7c69be124412420a406e3ed4de08a0247dd7fa4f7470c96b7cf9c0baf5ead70857e897acd"
            "f2a53943163b05b56bf368a5abbf53b8879755f7e063652f90fb592f3eabe455ba26697a2"
            "12430a41cb7abeebd17472f682d5d76d88cb77e5467e8b3a190aea3918e80f04c1a171172"
            "4f8919da0b675d8018d43b2cf7cbaa0ee72b302f5846f1bf78ddb07cf6162951c"
        ),
        source="a key that the wallet did not approve",
        number=4,
        valid=False,
    ),
)


def _raw_call(item: SignatureItem) -> Callable[[], object]:
    """Recovery of the key, by coincurve."""
    signature = item.payload[2:66] + bytes((item.payload[66] - _FIRST_V,))
    return partial(
        PublicKey.from_signature_and_message,
        signature,
        eip191_hash(item.text),
        hasher=None,
    )


CASES: Final = (
    ConformanceCase(
        kind=register_kinds()[0],
        distribution="xmtp-identity-ethereum",
        signer=WalletSigner,
        other_signers=MappingProxyType(
            {"smart-wallet": _SmartWallet, "delegated-key": _DelegatedKey}
        ),
        context=MappingProxyType({KIND: _Chain()}),
        valid=(
            "0xa90349c7bb003bccba8667daa39cd181d9b37411",
            "0xA90349C7BB003BCCBA8667DAA39CD181D9B37411",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",  # EIP-55's first example
        ),
        invalid=(
            "",
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD",  # a wrong capital
            "a90349c7bb003bccba8667daa39cd181d9b37411",
            "0Xa90349c7bb003bccba8667daa39cd181d9b37411",
            "0xa90349c7bb003bccba8667daa39cd181d9b3741",
            "0xa90349c7bb003bccba8667daa39cd181d9b374110",
            "vitalik.eth",
            "eip155:1:0xa90349c7bb003bccba8667daa39cd181d9b37411",
        ),
        vectors=_VECTORS,
        raw_call=_raw_call,
    ),
)
