"""Makes `tests.support` importable, and takes its PostgreSQL."""

from __future__ import annotations

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[4])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from tests.support.postgres import store_dsn  # noqa: E402 - after the path is set

__all__ = ["store_dsn"]
