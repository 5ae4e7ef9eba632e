"""Makes `tests.support` importable, and the fixtures available."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[4])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from .fixtures import access, anvil, wallets, zoo  # noqa: E402 - it needs the path

__all__ = ["access", "anvil", "wallets", "zoo"]
