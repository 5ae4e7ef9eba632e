"""Makes `tests.support` importable, however pytest is started."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = str(Path(__file__).resolve().parents[3])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from xmtp_identity_store.store import Store  # noqa: E402 - after the path is set


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where a store can be made."""
    return str(tmp_path / "store.db")


@pytest.fixture
def store(path: str) -> Iterator[Store]:
    with Store.open(path) as opened:
        yield opened
