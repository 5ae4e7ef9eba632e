"""Edwards25519 as in the textbook, in plain integers: slow, for tests only.

The formulas are RFC 8032's (section 5.1.4). What is decided here follows the
rule of ed25519-dalek's ``verify_prehashed``, which is the same as that of the
code under test and shares nothing with it.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha512
from typing import Final, NamedTuple

P: Final = 2**255 - 19
L: Final = 2**252 + 27742317777372353535851937790883648493
D: Final = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE: Final = pow(2, (P - 1) // 4, P)


class Point(NamedTuple):
    """Extended coordinates: x = X/Z, y = Y/Z, T = XY/Z."""

    x: int
    y: int
    z: int
    t: int


def point(x: int, y: int) -> Point:
    """A point of its affine coordinates."""
    return Point(x, y, 1, x * y % P)


IDENTITY: Final = point(0, 1)


def add(p: Point, q: Point) -> Point:
    """The sum; the formula holds for all pairs of points."""
    a = (p.y - p.x) * (q.y - q.x) % P
    b = (p.y + p.x) * (q.y + q.x) % P
    c = 2 * p.t * q.t * D % P
    d = 2 * p.z * q.z % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return Point(e * f % P, g * h % P, f * g % P, e * h % P)


def negate(p: Point) -> Point:
    return Point(-p.x % P, p.y, p.z, -p.t % P)


def multiply(scalar: int, p: Point) -> Point:
    """``scalar`` times ``p``, for a scalar of at least 0, bit by bit."""
    result = IDENTITY
    for bit in f"{scalar:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, p)
    return result


def equal(p: Point, q: Point) -> bool:
    return (p.x * q.z - q.x * p.z) % P == 0 and (p.y * q.z - q.y * p.z) % P == 0


def encode(p: Point) -> bytes:
    """The canonical encoding (RFC 8032, 5.1.2)."""
    inverse = pow(p.z, -1, P)
    x, y = p.x * inverse % P, p.y * inverse % P
    return raw_encoding(y, x & 1)


def raw_encoding(y: int, sign: int) -> bytes:
    """Any y below 2^255 and any sign, whether or not they mean a point."""
    return (y | sign << 255).to_bytes(32, "little")


def decompress(data: bytes) -> Point | None:
    """A point as curve25519-dalek reads it.

    Unlike RFC 8032, 5.1.3, it reduces y, and takes a sign of x = 0.
    """
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, (number & (1 << 255) - 1) % P
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P != 0:
        return None
    if x & 1 != sign:
        x = -x % P
    return point(x, y)


def _base() -> Point:
    base = decompress(raw_encoding(4 * pow(5, -1, P) % P, 0))
    assert base is not None
    return base


BASE: Final = _base()


def _torsion() -> list[Point]:
    """The points of the orders 1, 2, 4 and 8: multiples of one of order 8."""
    for y in range(2, 100):
        candidate = decompress(raw_encoding(y, 0))
        if candidate is not None:
            generator = multiply(L, candidate)
            if not equal(multiply(4, generator), IDENTITY):
                return [multiply(i, generator) for i in range(8)]
    raise AssertionError


TORSION: Final = _torsion()


@cache
def multiply_base(scalar: int) -> Point:
    return multiply(scalar, BASE)


def challenge(commitment: bytes, key: bytes, message: bytes, context: bytes) -> int:
    """k of RFC 8032, 5.1.7, for Ed25519ph, not yet reduced."""
    domain = b"SigEd25519 no Ed25519 collisions" + bytes([1, len(context)]) + context
    data = domain + commitment + key + sha512(message).digest()
    return int.from_bytes(sha512(data).digest(), "little")


def accepts(key: bytes, signature: bytes, message: bytes, context: bytes) -> bool:
    """Whether ed25519-dalek's ``verify_prehashed`` would take the signature."""
    commitment, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    a = decompress(key)
    if a is None or scalar >= L:
        return False
    k = challenge(commitment, key, message, context) % L
    return encode(add(multiply_base(scalar), multiply(k, negate(a)))) == commitment
