"""The stores that nodes are killed on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..support.postgres import server, store_dsn

__all__ = ["store", "store_dsn"]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A new store of either sort, as `--store` takes it."""
    if request.param == "sqlite":
        return str(tmp_path / "node.db")
    return server().new_store()
