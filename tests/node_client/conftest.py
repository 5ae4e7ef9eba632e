"""One node for all tests that leave it running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .serving import Desk, Served


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("node") / "node.db") as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, served: Served) -> Desk:
    return Desk(tmp_path, served)
