"""The installation kind's case for the conformance kit."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import sha512
from typing import Final

from ..kinds import SignatureItem
from ..testing import ConformanceCase, Vector
from .ed25519ph import verify
from .kind import INSTALLATION
from .signature import SIGNATURE_CONTEXT
from .signer import InstallationSigner

__all__ = ["CASES"]

_VECTORS: Final = (
    Vector(
        identifier=("9f8de2a0071c0155c7c055fdc2a211ea58129868ef64aeda2863e119ef4969f3"),
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
            "0a4012723e13f71918c409483da36d6bf5ed62933b55cf252562e7df4f3b6600aa11bb80e"
            "552047d117239073972b0c526b24d88aae29d15a8a9fdbc5be549e1610e12209f8de2a007"
            "1c0155c7c055fdc2a211ea58129868ef64aeda2863e119ef4969f3"
        ),
        source="libxmtp 1.10.0",
    ),
)


def _raw_call(item: SignatureItem) -> Callable[[], object]:
    """Ed25519ph with a context, which no library has as one call."""
    signature, key = item.payload[2:66], item.payload[68:]
    digest = sha512(item.text).digest()
    return partial(verify, key, signature, digest, SIGNATURE_CONTEXT)


CASES: Final = (
    ConformanceCase(
        kind=INSTALLATION,
        distribution="xmtp-identity",
        signer=InstallationSigner,
        valid=(
            "9f8de2a0071c0155c7c055fdc2a211ea58129868ef64aeda2863e119ef4969f3",
            "9F8DE2A0071C0155C7C055FDC2A211EA58129868EF64AEDA2863E119EF4969F3",
            "5a581725545d533c8cffb0b658c762fd8caa216122eafce3adf486c41e9e37a3",
        ),
        invalid=(
            "",
            "0x9f8de2a0071c0155c7c055fdc2a211ea58129868ef64aeda2863e119ef4969f3",
            "9f8de2a0071c0155c7c055fdc2a211ea58129868ef64aeda2863e119ef4969f",
            "01" + "00" * 31,  # the neutral point: anyone signs for it
            "02" + "00" * 31,  # no point of the curve
            "ff" * 32,  # y over p
        ),
        vectors=_VECTORS,
        raw_call=_raw_call,
    ),
)
