"""The accelerator against the core's own way, on random edges of Ed25519ph.

    python -m plugins.accelerate.tests.differential [--cases N] [--seed N]

Keys and commitments are of prime, mixed and small order, in canonical and in
unreduced encodings, or no points at all; scalars lie around the bounds; some
bits are flipped. About a sixth of the signatures is valid. It ends with 1 if
a verdict differs in any way, be it in its reason.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from hashlib import sha512
from random import Random
from typing import Final, NamedTuple

from core.tests.installation import curve
from core.tests.installation.corpus import odd_encodings
from nacl.bindings import (
    crypto_core_ed25519_add,
    crypto_scalarmult_ed25519_base_noclamp,
)

from xmtp_identity.installation import ed25519ph
from xmtp_identity_accelerate.native import check_many

BATCH: Final = 128
L: Final = curve.L
_TORSION: Final = [curve.encode(point) for point in curve.TORSION]
_NEAR: Final = [*range(40), *(curve.P - 20 + i for i in range(39))]


class Edge(NamedTuple):
    """A signature to judge."""

    key: bytes
    signature: bytes
    digest: bytes


@cache
def _odd() -> list[bytes]:
    """Every unreduced encoding of a point of small order."""
    return [data for point in curve.TORSION for _, data in odd_encodings(point)]


def _point(scalar: int, torsion: int) -> bytes:
    """``scalar`` B and a point of small order."""
    if not scalar:
        return _TORSION[torsion]
    point = crypto_scalarmult_ed25519_base_noclamp(scalar.to_bytes(32, "little"))
    return crypto_core_ed25519_add(point, _TORSION[torsion]) if torsion else point


def _some_point(random: Random) -> tuple[bytes, int]:
    """An encoding, and the scalar to sign with (0 where there is none)."""
    scalar = random.randrange(1, L)
    match random.randrange(10):
        case 0 | 1 | 2 | 3:
            return _point(scalar, 0), scalar
        case 4 | 5:
            return _point(scalar, random.randrange(1, 8)), scalar
        case 6:
            return _TORSION[random.randrange(8)], 0
        case 7:
            return random.choice(_odd()), 0
        case 8:
            y = random.choice(_NEAR) + random.randrange(2) * (1 << 255)
            return y.to_bytes(32, "little"), 0
        case _:
            return random.randbytes(32), 0


def _scalar(random: Random, right: int) -> bytes:
    match random.randrange(12):
        case 0:
            value = right + random.randrange(1, 15) * L
        case 1:
            value = random.choice([0, L, 2 * L, 1 << 252, 1 << 253, 1 << 255])
            value += random.randrange(-2, 3)
        case 2:
            value = random.getrandbits(256)
        case _:
            value = right
    return (value % (1 << 256)).to_bytes(32, "little")


def edges(random: Random, count: int, context: bytes) -> Iterator[Edge]:
    """Random signatures under one context."""
    domain = b"SigEd25519 no Ed25519 collisions\x01" + bytes([len(context)]) + context
    for _ in range(count):
        key, a = _some_point(random)
        commitment, r = _some_point(random)
        digest = random.randbytes(64)
        hashed = sha512(domain + commitment + key + digest).digest()
        k = int.from_bytes(hashed, "little") % L
        signature = commitment + _scalar(random, (r + k * a) % L)
        whole = bytearray(key + signature + digest)
        if not random.randrange(8):
            whole[random.randrange(len(whole))] ^= 1 << random.randrange(8)
        yield Edge(bytes(whole[:32]), bytes(whole[32:96]), bytes(whole[96:]))


def differences(seed: int, count: int) -> tuple[list[str], Counter[int]]:
    """What the two decide differently, and how often each verdict came."""
    random, found, verdicts = Random(seed), [], Counter[int]()
    for start in range(0, count, BATCH):
        context = random.randbytes(random.choice([0, 1, 25, 64, 255]))
        batch = list(edges(random, min(BATCH, count - start), context))
        theirs = check_many(b"".join(map(b"".join, batch)), context)
        for edge, verdict in zip(batch, theirs, strict=True):
            own = ed25519ph._verdict(*edge, context)
            verdicts[own] += 1
            if own != verdict:
                case = " ".join(part.hex() for part in (*edge, context))
                found.append(f"{own} {verdict} {case}")
    return found, verdicts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=8)
    asked = parser.parse_args()
    found, verdicts = differences(asked.seed, asked.cases)
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{sum(verdicts.values())} cases, {len(found)} differences;", end=" ")
    names = ["valid", "unreduced scalar", "no point", "not of this text"]
    print(", ".join(f"{verdicts[i]} {name}" for i, name in enumerate(names)))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
