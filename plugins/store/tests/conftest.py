"""Makes `tests.support` importable, however pytest is started."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = str(Path(__file__).resolve().parents[3])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from tests.support.postgres import (  # noqa: E402 - after the path is set
    empty_dsn,
    store_dsn,
)

from xmtp_identity_store.store import Store  # noqa: E402

__all__ = ["empty_dsn", "store_dsn"]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where a store can be made."""
    return str(tmp_path / "store.db")


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest) -> str:
    """A store or where one can be made, on each database."""
    name = {"sqlite": "path", "postgresql": "store_dsn"}[request.param]
    found: str = request.getfixturevalue(name)
    return found


@pytest.fixture
def store(target: str) -> Iterator[Store]:
    with Store.open(target) as opened:
        yield opened
