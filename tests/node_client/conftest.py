"""One node for all tests that leave it running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .serving import Desk, node_in

if TYPE_CHECKING:
    from tests.faults.processes import NodeProcess


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    with node_in(tmp_path_factory.mktemp("node")) as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, served: NodeProcess) -> Desk:
    return Desk(tmp_path, served)
