"""Makes `tests.support` importable, and a store for each database."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = str(Path(__file__).resolve().parents[4])
if _ROOT not in sys.path:
    sys.path.insert(0, _ROOT)

from tests.support.postgres import server  # noqa: E402 - after the path is set

from xmtp_identity_store.store import Store  # noqa: E402 - after the path is set


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a new store is, on each database in turn."""
    if request.param == "sqlite":
        yield str(tmp_path / "node.db")
        return
    dsn = server().new_store()
    yield dsn
    server().drop(dsn)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store on SQLite."""
    with Store.open(str(tmp_path / "node.db")) as opened:
        yield opened
