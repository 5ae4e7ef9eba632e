"""Signatures on the edges of what Ed25519 verifiers agree on.

Made the same way each time, so that the verdicts of real ed25519-dalek can be
kept as one bit a case (``dalek-verdicts.json``). The twelve cases of "Taming
the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020) are here under their
numbers, made anew for Ed25519ph, and so are the kinds of forgeries that
project Wycheproof has for Ed25519.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha512
from typing import Final, NamedTuple

from .curve import (
    BASE,
    IDENTITY,
    TORSION,
    L,
    P,
    Point,
    add,
    challenge,
    encode,
    equal,
    multiply,
    multiply_base,
    raw_encoding,
)

CONTEXT: Final = b"PUBLIC SIGNATURE CONTEXT"
"""The reference client's bindings verify under this one, so the corpus does."""


class Case(NamedTuple):
    name: str
    key: bytes
    signature: bytes
    message: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """A key whose private part is known: ``scalar`` B + ``torsion``."""

    name: str
    data: bytes
    scalar: int
    torsion: Point


def _number(label: str) -> int:
    return int.from_bytes(sha512(label.encode()).digest(), "little") % L


def _scalar(value: int) -> bytes:
    return value.to_bytes(32, "little")


def odd_encodings(p: Point) -> Iterator[tuple[str, bytes]]:
    """All encodings but the canonical one that decode to ``p``."""
    number = int.from_bytes(encode(p), "little")
    sign, y = number >> 255, number & (1 << 255) - 1
    ys = [y] if y >= 19 else [y, y + P]
    signs = [0, 1] if y in (1, P - 1) else [sign]
    for each_y in ys:
        for each_sign in signs:
            data = raw_encoding(each_y, each_sign)
            if data != encode(p):
                yield f"y={'p+' if each_y >= P else ''}{y} sign={each_sign}", data


def _keys() -> Iterator[Key]:
    for i in (1, 2):
        scalar = _number(f"honest {i}")
        honest = multiply_base(scalar)
        for j, torsion in enumerate(TORSION):
            name = f"honest {i}" if j == 0 else f"honest {i} + torsion {j}"
            yield Key(name, encode(add(honest, torsion)), scalar, torsion)
    for j, torsion in enumerate(TORSION):
        yield Key(f"torsion {j}", encode(torsion), 0, torsion)
        for how, data in odd_encodings(torsion):
            yield Key(f"torsion {j}, {how}", data, 0, torsion)


def _sign(
    name: str, key: Key, r: int, torsion: Point, message: bytes
) -> tuple[Case, bool]:
    """A signature with R = r B + ``torsion``, and whether it is valid.

    With the cofactor its equation always holds; without it only if the
    torsion parts of R and k A cancel out.
    """
    commitment = encode(add(multiply_base(r), torsion))
    k = challenge(commitment, key.data, message, CONTEXT) % L
    case = Case(name, key.data, commitment + _scalar((r + k * key.scalar) % L), message)
    return case, equal(add(torsion, multiply(k % 8, key.torsion)), IDENTITY)


def _first(name: str, key: Key, r: int, torsion: Point, *, valid: bool) -> Case | None:
    """The signature of the first message of 99 that makes it so."""
    for i in range(99):
        case, is_valid = _sign(name, key, r, torsion, f"{name} {i}".encode())
        if is_valid == valid:
            return case
    return None


def _per_key() -> Iterator[Case]:
    for key in _keys():
        for j, torsion in enumerate(TORSION):
            for what, r in {"mixed": _number(f"{key.name} {j}"), "small": 0}.items():
                for valid in (True, False):
                    name = f"{key.name}: R {what} with torsion {j}, {valid}"
                    case = _first(name, key, r, torsion, valid=valid)
                    if case is not None:
                        yield case
        yield from _changed(key)


def _changed(key: Key) -> Iterator[Case]:
    """A good signature, and what becomes of it."""
    name = f"{key.name}: good"
    good = _first(name, key, _number(name), IDENTITY, valid=True)
    assert good is not None
    yield good
    commitment, s = good.signature[:32], int.from_bytes(good.signature[32:], "little")
    scalars = {f"S + {i} L": s + i * L for i in (1, 2, 3, 7, 8, 14)}
    scalars |= {"S = 0": 0, "S = 1": 1, "S = L - 1": L - 1, "-S": -s % L}
    for what, value in scalars.items():
        yield good._replace(
            name=f"{name}, {what}", signature=commitment + _scalar(value)
        )
    for bit in (0, 7, 255, 256, 300, 504, 508, 509, 510, 511):
        flipped = bytearray(good.signature)
        flipped[bit // 8] ^= 1 << bit % 8
        yield good._replace(name=f"{name}, bit {bit}", signature=bytes(flipped))
    yield good._replace(name=f"{name}, other text", message=b"other")
    swapped = good.signature[32:] + commitment
    yield good._replace(name=f"{name}, S || R", signature=swapped)


def _odd_commitments() -> Iterator[Case]:
    """R of small order in each of its unreduced encodings: none may pass.

    For these keys S B - k A is that point, or may be.
    """
    for key in _keys():
        if key.scalar and "torsion" in key.name:
            continue
        for j, torsion in enumerate(TORSION):
            for how, data in odd_encodings(torsion):
                name = f"{key.name}: R = torsion {j}, {how}"
                message = name.encode()
                k = challenge(data, key.data, message, CONTEXT) % L
                s = k * key.scalar % L
                yield Case(name, key.data, data + _scalar(s), message)


def _odd_keys() -> Iterator[Case]:
    """Every y from p to 2^255 - 1, and the first and last ones below p.

    With both signs; many of them are no points.
    """
    for y in (*range(20), *range(P - 20, P), *range(P, 1 << 255)):
        for sign in (0, 1):
            data = raw_encoding(y, sign)
            name = f"key y={'p+' if y >= P else ''}{y % P} sign={sign}"
            yield Case(f"{name}: R = B, S = 1", data, encode(BASE) + _scalar(1), b"m")
            zeros = encode(IDENTITY) + _scalar(0)
            yield Case(f"{name}: R = 0, S = 0", data, zeros, b"m")
            yield Case(f"{name}: all zero bytes", data, bytes(64), b"m")


def _scalars() -> Iterator[Case]:
    """S around each bound that a verifier may have.

    The key is the point at infinity, so that R = S B whatever k is.
    """
    key = encode(IDENTITY)
    bounds = (0, L, 2 * L, 8 * L, 1 << 252, 1 << 253, 1 << 254, 1 << 255, 1 << 256)
    for bound in bounds:
        for s in range(bound - 2, bound + 3):
            if 0 <= s < 1 << 256:
                commitment = encode(multiply_base(s % L))
                yield Case(
                    f"key 0: S = {s:#x}", key, commitment + _scalar(s), b"scalars"
                )


def many_eddsas() -> Iterator[Case]:
    """The twelve cases of "Taming the many EdDSAs", as Ed25519ph."""
    a = _number("many EdDSAs")
    honest = Key("honest", encode(multiply_base(a)), a, IDENTITY)
    mixed = Key("mixed", encode(add(multiply_base(a), TORSION[1])), a, TORSION[1])
    small = Key("small", encode(TORSION[1]), 0, TORSION[1])
    odd = Key("odd", raw_encoding(P - 1, 1), 0, TORSION[4])
    r = _number("many EdDSAs, R")

    def some(name: str, key: Key, r: int, *, valid: bool = True) -> Case:
        found = (
            _first(name, key, r, t, valid=valid) for t in TORSION[1:] + TORSION[:1]
        )
        return next(case for case in found if case is not None)

    yield some("0: small A, small R, S = 0", small, 0)
    yield some("1: small A, mixed R", small, r)
    yield some("2: mixed A, small R", mixed, 0)
    yield some("3: mixed A, mixed R", mixed, r)
    yield some("4: mixed A, right only with the cofactor", mixed, r, valid=False)
    yield some("5: small A, right only with the cofactor", small, r, valid=False)
    good, _ = _sign("good", honest, r, IDENTITY, b"many EdDSAs")
    s = int.from_bytes(good.signature[32:], "little")
    for name, value in {"6: S above L": s + L, "7: S far above L": s + 14 * L}.items():
        yield good._replace(name=name, signature=good.signature[:32] + _scalar(value))
    for name, commitment in {
        "8: unreduced R, hashed as sent": raw_encoding(P + 1, 0),
        "9: unreduced R, hashed reduced": encode(IDENTITY),
    }.items():
        k = challenge(commitment, honest.data, name.encode(), CONTEXT) % L
        signature = raw_encoding(P + 1, 0) + _scalar(k * a % L)
        yield Case(name, honest.data, signature, name.encode())
    reduced = Key("reduced", encode(odd.torsion), 0, odd.torsion)
    for i in range(99):
        name, message = "10: unreduced A, hashed reduced", f"10 {i}".encode()
        case, good_if_reduced = _sign(name, reduced, r, IDENTITY, message)
        _, good_as_sent = _sign(name, odd, r, IDENTITY, message)
        if good_if_reduced and not good_as_sent:
            yield case._replace(key=odd.data)
            break
    yield some("11: unreduced A, hashed as sent", odd, r)


def corpus() -> list[Case]:
    """All cases; no two have the same name."""
    cases = [
        *_per_key(),
        *_odd_commitments(),
        *_odd_keys(),
        *_scalars(),
        *many_eddsas(),
    ]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def lines(cases: list[Case]) -> str:
    """The cases as ``dalek.mjs`` reads them."""
    return "".join(
        f"{case.key.hex()} {case.signature.hex()} {case.message.hex()}\n"
        for case in cases
    )
