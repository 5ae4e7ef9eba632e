"""The solana kind's case for the conformance kit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Final

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, WireSignature
from xmtp_identity.testing import ConformanceCase, SignerMaker, Vector

from .identifier import MAINNET, NUMBER, encode
from .plugin import register_kinds
from .signature import SIGNATURE_BYTES, messages
from .signer import KeypairSigner

__all__ = ["CASES"]


@dataclass(frozen=True, slots=True)
class _Wrapping:
    """A wallet that does not sign the text as it is, but the message of this
    place among all that wallets sign for it."""

    wallet: KeypairSigner
    place: int

    @property
    def identifier(self) -> MemberIdentifier:
        return self.wallet.identifier

    def sign(self, text: str) -> WireSignature:
        key, secret = crypto_sign_seed_keypair(self.wallet.seed)
        message = list(messages(text.encode("utf-8"), key))[self.place]
        return WireSignature(NUMBER, crypto_sign(message, secret)[:SIGNATURE_BYTES])


def _wrapping(place: int) -> SignerMaker:
    return lambda seed: _Wrapping(KeypairSigner(seed), place)


_TEXT: Final = "Prove ownership\n\nkind: solana\nnonce: 1 \u2013 \xfc\n"

_VECTORS: Final = (
    Vector(
        identifier="GmaDrppBC7P5ARKV8g3djiwP89vz1jLK23V2GBjuAEGB",
        text=_TEXT,
        payload=bytes.fromhex(
            "4b2c62036d270e4620a989989acbd80dfcfe2fbc5f051184bb0ff2321d8d631b66ddfceb9"
            "81164ded88d8a5bb125c79f95fd9520aa90cb6dce8667ff1a05c209"
        ),
        source="@solana/kit 8, the bare text",
    ),
    Vector(
        identifier="GmaDrppBC7P5ARKV8g3djiwP89vz1jLK23V2GBjuAEGB",
        text=_TEXT,
        payload=bytes.fromhex(
            "be59e0d37a3e6256e269b0afefdab7f550968a52ab044c8a78319eeed648017c183118b7f"
            "593a0215dd05d07c8ad9024db73da2aee41f8e2c69680a1df8f700e"
        ),
        source="@solana/kit 8, version 0, format 1",
    ),
    Vector(
        identifier="GmaDrppBC7P5ARKV8g3djiwP89vz1jLK23V2GBjuAEGB",
        text=_TEXT,
        payload=bytes.fromhex(
            "393453e77be4d8aa5674debbe1301855ee76e2a545401c63abf1c69c879cdc1bf326e81d5"
            "6e2530bef913b38d3901c3698d9e3b78f726d7421f54a58aa369c0d"
        ),
        source="@solana/kit 8, version 0, format 2",
    ),
    Vector(
        identifier="GmaDrppBC7P5ARKV8g3djiwP89vz1jLK23V2GBjuAEGB",
        text=_TEXT,
        payload=bytes.fromhex(
            "bcd87630baa2ec0a304dbbd3a41b1f86d4eb6d2d2eaa6750b9dfd2c7c6486b225c194e8a8"
            "31813793fcc51956be7f2a69245d83c35f043b6b0920ae51c124b06"
        ),
        source="@solana/kit 8, version 1",
    ),
    Vector(
        identifier="11111111111111111111111111111111",
        text=("Prove ownership of 11111111111111111111111111111111\nnonce 0\n"),
        payload=bytes.fromhex(
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f000000000"
            "0000000000000000000000000000000000000000000000000000000"
        ),
        source="a forgery for the key of the System Program",
        valid=False,
    ),
)

_ADDRESS: Final = _VECTORS[0].identifier


def _raw_call(item: SignatureItem) -> Callable[[], object]:
    """Ed25519, by libsodium."""
    key = b"" if item.identifier is None else encode(item.identifier)
    return partial(crypto_sign_open, item.payload + item.text, key)


CASES: Final = (
    ConformanceCase(
        kind=register_kinds()[0],
        distribution="xmtp-identity-solana",
        signer=KeypairSigner,
        other_signers=MappingProxyType(
            {
                "version-0-format-1": _wrapping(1),
                "version-0-format-2": _wrapping(2),
                "command-line": _wrapping(3),
                "version-1": _wrapping(4),
            }
        ),
        valid=(
            _ADDRESS,
            f"{MAINNET}:{_ADDRESS}",
            "75fbpmYQk5aun67sQx1PFZoGMeu1Ad7eeokRHRRzbGRx",
        ),
        invalid=(
            "",
            "1" * 32,  # the System Program: a key of small order
            _ADDRESS[:-1],
            f"1{_ADDRESS}",
            _ADDRESS.replace("G", "0", 1),  # not in the alphabet
            f"solana:{_ADDRESS}",
            f"eip155:1:{_ADDRESS}",
            "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c",
        ),
        vectors=_VECTORS,
        raw_call=_raw_call,
    ),
)
