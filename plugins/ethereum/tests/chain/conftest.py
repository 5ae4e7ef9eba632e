"""The chain of the folder beside, for one check that the real thing works."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[4])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from ..evm_wallets.fixtures import anvil, wallets  # noqa: E402 - it needs the path

__all__ = ["anvil", "wallets"]
