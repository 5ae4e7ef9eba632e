"""Ed25519ph in C, where the package `xmtp-identity-accelerate` is installed.

It is looked for once, when the first signature is verified. `XID_ACCELERATE=0`
leaves it aside; without it, or if it does not work, `ed25519ph` goes its own
way on PyNaCl, with the same decisions.
"""

from __future__ import annotations

import os
from functools import cache
from hashlib import sha512
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SWITCH", "accelerator"]

SWITCH: Final = "XID_ACCELERATE"

# RFC 8032, section 7.3: key and signature of "abc".
_KEY: Final = bytes.fromhex(
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf"
)
_SIGNATURE: Final = bytes.fromhex(
    "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
    "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
)


@cache
def accelerator() -> Callable[[bytes, bytes], bytes] | None:
    """What checks a batch, or None: keys, signatures and digests, and a context.

    It takes 160 bytes for each, one after the other, and gives a byte for each.
    """
    if os.environ.get(SWITCH) == "0":
        return None
    try:
        # By its name: the core does not depend on the package, which may be absent.
        from importlib import import_module

        native: Any = import_module("xmtp_identity_accelerate.native")
        check = cast("Callable[[bytes, bytes], bytes]", native.check_many)
        return check if _works(check) else None
    except Exception:  # noqa: BLE001 - a damaged package must not end verification
        return None


def _works(check: Callable[[bytes, bytes], bytes]) -> bool:
    """Whether it was compiled for this machine: one signature, and one forged."""
    digest = sha512(b"abc").digest()
    forged = sha512(b"abd").digest()
    records = _KEY + _SIGNATURE + digest + _KEY + _SIGNATURE + forged
    return check(records, b"") == b"\x00\x03"
