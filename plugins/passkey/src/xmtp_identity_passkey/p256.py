"""The curve P-256 (NIST SP 800-186, section 3.2.1.3): the few numbers used here.

Plain integers, so that reading an identifier loads no cryptography. Nothing
secret is computed with them.
"""

from __future__ import annotations

from typing import Final

__all__ = ["FIELD_BYTES", "UNCOMPRESSED_BYTES", "N", "P", "is_on_curve"]

P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
"""The prime of the field."""

N: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of the group."""

_A: Final = -3
_B: Final = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

FIELD_BYTES: Final = 32
"""Bytes of a coordinate, of r and of s."""

UNCOMPRESSED_BYTES: Final = 1 + 2 * FIELD_BYTES
"""Bytes of an uncompressed point: 04, x, y (SEC 1, section 2.3.3)."""


def is_on_curve(x: int, y: int) -> bool:
    """Whether (x, y) is a point of the curve, both coordinates reduced."""
    if not (0 <= x < P and 0 <= y < P):
        return False
    return (y * y - (x * x * x + _A * x + _B)) % P == 0
