from __future__ import annotations

from hashlib import sha256
from typing import Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity.testing.twins import twins_of
from xmtp_identity.testing.variants import bit_flips

N_P256: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
N_K256: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
L: Final = 2**252 + 27742317777372353535851937790883648493
KEY: Final = ec.derive_private_key(12345, ec.SECP256R1())
TEXT: Final = b"text"


def _sign(count: int) -> bytes:
    return KEY.sign(
        TEXT + bytes((count,)), ec.ECDSA(SHA256(), deterministic_signing=True)
    )


def _is_valid(count: int, der: bytes) -> bool:
    try:
        KEY.public_key().verify(der, TEXT + bytes((count,)), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("count", range(8))
def test_the_other_s_of_a_der_signature_is_among_the_twins(count: int) -> None:
    valid = [what for what, twin in twins_of(_sign(count)) if _is_valid(count, twin)]
    assert valid == ["n - s of P-256 in DER, at byte 0"]


@pytest.mark.parametrize("count", range(8))
def test_it_is_found_inside_a_message_and_the_length_before_it_is_mended(
    count: int,
) -> None:
    der = _sign(count)
    head, tail = b"\x0a\x03abc\x12" + bytes((len(der),)), b"\x1a\x02xy"
    mended = []
    for _, twin in twins_of(head + der + tail):
        inner = twin.removeprefix(head[:-1]).removesuffix(tail)
        if inner[:1] == bytes((len(inner) - 1,)) and inner[1:] != der:
            mended.append(inner[1:])
    assert any(_is_valid(count, one) for one in mended)


@pytest.mark.parametrize("order", [N_P256, N_K256])
@pytest.mark.parametrize("before", [0, 1, 7])
def test_compact_signatures_have_their_other_s_with_either_recovery_id(
    order: int, before: int
) -> None:
    r, s = sha256(b"r").digest(), sha256(b"s").digest()
    other = (order - int.from_bytes(s)).to_bytes(32)
    head = b"\x1f" + bytes(before - 1) if before else b""
    twins = {twin for _, twin in twins_of(head + r + s + b"\x1b")}
    for recovery in (b"\x1a", b"\x1b", b"\x1c"):
        assert head + r + other + recovery in twins
    if before == 1:
        for header in (b"\x1e", b"\x1f", b"\x20"):
            assert header + r + other + b"\x1b" in twins


def test_ed25519_has_s_plus_l() -> None:
    commitment, scalar = sha256(b"R").digest(), 10**70
    twins = {twin for _, twin in twins_of(commitment + scalar.to_bytes(32, "little"))}
    for times in (1, 8):
        added = (scalar + times * L).to_bytes(32, "little")
        assert commitment + added in twins


@given(st.binary(max_size=200))
def test_no_twin_is_what_it_is_a_twin_of(payload: bytes) -> None:
    twins = list(twins_of(payload))
    assert payload not in {twin for _, twin in twins}
    assert all(what for what, _ in twins)


@given(st.binary(max_size=40))
def test_each_bit_is_flipped_once(data: bytes) -> None:
    flips = list(bit_flips(data))
    assert len(set(flips)) == 8 * len(data)
    number = int.from_bytes(data)
    for flip in flips:
        assert (int.from_bytes(flip) ^ number).bit_count() == 1
