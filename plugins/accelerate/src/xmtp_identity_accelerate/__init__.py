"""Ed25519ph in C, for the installations of `xmtp_identity`, which finds it itself.

`xmtp_identity_accelerate.native` is what the core imports. It can be imported
only where the extension module was compiled.
"""

from __future__ import annotations

from importlib.util import find_spec

__all__ = ["is_built"]


def is_built() -> bool:
    """Whether the extension module is installed beside this package."""
    return find_spec("_xmtp_identity_accelerate") is not None
