"""What several tests share: texts, keys, vectors, and the five forms by hand."""

from __future__ import annotations

import json
from hashlib import sha256, sha512
from pathlib import Path
from typing import Any, Final

import pytest
from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
    crypto_sign_seed_keypair,
)

from xmtp_identity.errors import SignatureError
from xmtp_identity.identifier import MemberIdentifier
from xmtp_identity.kinds import SignatureItem, VerifiedSignature
from xmtp_identity_solana.identifier import encode
from xmtp_identity_solana.signature import verify_many
from xmtp_identity_solana.signer import KeypairSigner

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[2]

ORDER: Final = 2**252 + 27742317777372353535851937790883648493
SYSTEM_PROGRAM: Final = "1" * 32

IDENTITY: Final = b"\x01" + bytes(31)
# A point that makes all eight of small order; with the multiples of the base
# point they are the whole curve.
ORDER_8: Final = bytes.fromhex(
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
)


def small_order_points() -> list[bytes]:
    """All eight, in their one canonical encoding."""
    points = [IDENTITY]
    while len(points) < 8:
        points.append(crypto_core_ed25519_add(points[-1], ORDER_8))
    return points


def text_for(address: str) -> str:
    """What one signs who adds an address to an inbox."""
    return (
        f"XMTP : Authenticate to inbox\n\nInbox ID: {'ab' * 32}\n"
        "Current time: 2026-01-01T00:00:00Z\n\n- Link Solana address to inbox\n"
        f"  (Solana address: {address})\n\n"
        "For more info: https://xmtp.org/signatures"
    )


def signer(name: str) -> KeypairSigner:
    """A key made for tests, always the same for one name."""
    return KeypairSigner(sha256(name.encode()).digest())


def secret_of(wallet: KeypairSigner) -> bytes:
    """The 64 bytes with which libsodium signs."""
    return crypto_sign_seed_keypair(wallet.seed)[1]


def wrapped(form: str, text: bytes, key: bytes) -> bytes:
    """What a wallet signs, put together by hand from Solana's documents."""
    length = bytes([len(text) % 256, len(text) // 256 % 256])
    start = bytes([255]) + b"solana offchain"
    if form == "raw":
        return text
    if form.startswith("v0_"):
        number = int(form.removeprefix("v0_"))
        return start + bytes([0] * 33 + [number, 1]) + key + length + text
    if form.startswith("legacy_"):
        number = int(form.removeprefix("legacy_"))
        return start + bytes([0, number]) + length + text
    assert form == "v1"
    return start + bytes([1, 1]) + key + text


FORMS: Final = ("raw", "v0_1", "v0_2", "legacy_1", "v1")


def verify(
    signer: MemberIdentifier | None, text: bytes, signature: bytes
) -> VerifiedSignature | SignatureError:
    """The result of a single signature."""
    (result,) = verify_many([SignatureItem(text, signature, signer)], {})
    return result


def code_of(result: VerifiedSignature | SignatureError) -> str:
    """Why a signature is refused."""
    assert isinstance(result, SignatureError), result
    return result.code


def with_torsion(wallet: KeypairSigner, message: bytes, torsion: bytes) -> bytes:
    """A signature to whose R a point of small order is added.

    With the identity it is sound; with any other point only verifiers that
    multiply their equation by the cofactor take it.
    """
    key = encode(wallet.identifier)
    scalar = bytearray(sha512(wallet.seed).digest()[:32])
    scalar[0] &= 248
    scalar[31] = scalar[31] & 63 | 64
    nonce = 2026
    commitment = crypto_core_ed25519_add(
        crypto_scalarmult_ed25519_base_noclamp(nonce.to_bytes(32, "little")), torsion
    )
    challenge = crypto_core_ed25519_scalar_reduce(
        sha512(commitment + key + message).digest()
    )
    product = int.from_bytes(challenge, "little") * int.from_bytes(scalar, "little")
    return commitment + ((nonce + product) % ORDER).to_bytes(32, "little")


def data(name: str) -> Any:
    """A vector file of the project."""
    return json.loads((HERE / "data" / name).read_text("utf-8"))


def shared(name: str) -> Any:
    """A published vector file, which stands beside the project, not in it."""
    path = ROOT.parent / "shared" / "vectors" / name
    if not path.is_file():
        pytest.skip(f"the shared vectors are not here: {name}")
    return json.loads(path.read_text("utf-8"))
