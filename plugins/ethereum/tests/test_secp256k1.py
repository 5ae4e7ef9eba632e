"""The curve: what coincurve is asked, and what it must not be let decide."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmtp_identity_ethereum.secp256k1 import (
    is_secret,
    lower_s,
    parse_public_key,
    public_key_of,
    recover,
    sign,
)

from .support import ORDER, private_key, vectors

PRIME = 2**256 - 2**32 - 977
DIGEST = sha256(b"digest").digest()
KEY = private_key("curve").public_key.to_bytes()
X, Y = KEY[:32], KEY[32:]


def point_from(start: int, step: int = 1) -> int:
    """The first x at or after ``start`` that a point of the curve has."""
    x = start
    while pow(x**3 + 7, (PRIME - 1) // 2, PRIME) != 1:
        x += step
    return x


def compact(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_a_signature_recovers_its_key_and_has_a_low_s(
    seed: bytes, digest: bytes
) -> None:
    secret = sha256(seed).digest()
    signature, parity = sign(secret, digest)
    assert recover(signature, parity, digest) == public_key_of(secret)
    assert lower_s(signature) == signature


@pytest.mark.parametrize("parity", [-1, 2, 3, 27, 255])
def test_recovery_ids_other_than_0_and_1_are_refused(parity: int) -> None:
    signature, _ = sign(b"\1" * 32, DIGEST)
    with pytest.raises(ValueError, match="parity"):
        recover(signature, parity, DIGEST)


def test_recovery_ids_2_and_3_are_refused_where_x_was_reduced() -> None:
    reduced = point_from(ORDER) - ORDER
    signature = compact(reduced, 5)
    for parity in (2, 3):
        with pytest.raises(ValueError, match="parity"):
            recover(signature, parity, DIGEST)


@pytest.mark.parametrize("s", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_s_out_of_range_is_refused(s: int) -> None:
    signature = compact(point_from(1), s)
    assert lower_s(signature) == signature
    with pytest.raises(ValueError, match=r"recover|parse"):
        recover(signature, 0, DIGEST)


@pytest.mark.parametrize("r", [0, ORDER, PRIME, 2**256 - 1])
def test_r_out_of_range_is_refused(r: int) -> None:
    with pytest.raises(ValueError, match=r"recover|parse"):
        recover(compact(r, 5), 0, DIGEST)


def test_an_r_that_no_point_has_is_refused() -> None:
    absent = next(x for x in range(1, 99) if point_from(x) != x)
    with pytest.raises(ValueError, match="recover"):
        recover(compact(absent, 5), 0, DIGEST)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="65 bytes"):
        recover(b"\1" * length, 0, DIGEST)


def test_s_is_lowered_from_the_first_above_half_the_order() -> None:
    r, half = point_from(1), ORDER // 2
    assert lower_s(compact(r, half)) == compact(r, half)
    assert lower_s(compact(r, half + 1)) == compact(r, half)
    assert lower_s(compact(r, ORDER - 1)) == compact(r, 1)


@pytest.mark.parametrize(
    ("sec1", "reads"),
    [
        (b"\x04" + KEY, True),
        (bytes([2 + (Y[-1] & 1)]) + X, True),
        (bytes([3 - (Y[-1] & 1)]) + X, False),  # the point opposite
        (b"\x05" + X, Y[-1] & 1 == 0),
    ],
)
def test_a_key_is_read_from_each_form_that_the_reference_client_takes(
    sec1: bytes,
    reads: bool,
) -> None:
    assert (parse_public_key(sec1) == KEY) is reads


def test_the_compact_form_stands_for_the_even_y() -> None:
    x = point_from(1).to_bytes(32, "big")
    assert parse_public_key(b"\x05" + x)[-1] & 1 == 0


@pytest.mark.parametrize(
    "sec1",
    [
        b"",
        b"\x00",
        b"\x00" + KEY,
        KEY,
        X,
        b"\x06" + KEY,  # hybrid: coincurve takes these two
        b"\x07" + KEY,
        b"\x02" + KEY,
        b"\x05" + KEY,
        b"\x04" + X,
        b"\x04" + KEY + b"\x00",
        b"\x04" + X + X,
        b"\x02" + PRIME.to_bytes(32, "big"),
        b"\x02" + b"\xff" * 32,
        b"\x05" + b"\xff" * 32,
    ],
)
def test_what_is_no_key_in_sec_1_form_is_refused(sec1: bytes) -> None:
    with pytest.raises(ValueError, match=r"SEC 1|could not be parsed"):
        parse_public_key(sec1)


@pytest.mark.parametrize(
    ("number", "good"),
    [(0, False), (1, True), (ORDER - 1, True), (ORDER, False), (2**256 - 1, False)],
)
def test_a_private_key_is_between_0_and_the_order(number: int, good: bool) -> None:
    assert is_secret(number.to_bytes(32, "big")) is good


def test_a_private_key_has_32_bytes() -> None:
    assert not is_secret(b"\1" * 31)
    assert not is_secret(b"\1" * 33)


def read_der(der: bytes) -> tuple[int, int] | None:
    """r and s of strict DER that fit 32 bytes each and are not negative."""
    numbers = []
    if len(der) < 8 or der[0] != 0x30 or der[1] != len(der) - 2 or der[1] > 127:
        return None
    rest = der[2:]
    for _ in range(2):
        if len(rest) < 3 or rest[0] != 2 or not 0 < rest[1] <= len(rest) - 2:
            return None
        body, rest = rest[2 : 2 + rest[1]], rest[2 + rest[1] :]
        padded = len(body) > 1 and body[0] == 0
        if body[0] > 127 or (padded and body[1] < 128) or len(body) > 32 + padded:
            return None
        numbers.append(int.from_bytes(body, "big"))
    return None if rest else (numbers[0], numbers[1])


def recovers(key: bytes, signature: bytes, digest: bytes) -> bool:
    for parity in (0, 1):
        try:
            if recover(signature, parity, digest) == key:
                return True
        except ValueError:
            continue
    return False


def judge(test: dict[str, Any], key: bytes) -> str:
    """How a Wycheproof vector comes out, or why it says nothing of us."""
    numbers = read_der(bytes.fromhex(test["sig"]))
    digest = sha256(bytes.fromhex(test["msg"])).digest()
    if numbers is None:
        # Ethereum's form has no DER and no numbers of other lengths.
        return "no form of 64 bytes"
    signature = compact(*numbers)
    if not recovers(key, signature, digest):
        if test["result"] == "valid" and numbers[0] + ORDER < PRIME:
            # Needs recovery id 2 or 3, which the reference client lacks.
            return "x reduced"
        return "invalid"
    if lower_s(signature) != signature:
        # Bitcoin refuses it; here it is admission that does.
        return "high s"
    return "valid"


def test_wycheproofs_signatures_recover_the_key_where_they_are_valid() -> None:
    path = "standards/bitcoin/ecdsa_secp256k1_sha256_bitcoin_test.json"
    found = Counter(
        (
            judge(test, bytes.fromhex(one["publicKey"]["uncompressed"])[1:]),
            test["result"],
        )
        for one in vectors(path)["testGroups"]
        for test in one["tests"]
    )
    assert found == {
        ("valid", "valid"): 161,
        ("invalid", "invalid"): 67,
        ("no form of 64 bytes", "invalid"): 232,
        ("high s", "invalid"): 2,
        ("x reduced", "valid"): 1,
    }
