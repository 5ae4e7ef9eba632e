"""The wheels that new plugins are made with and tested against."""

from __future__ import annotations

from pathlib import Path

import pytest

from .environments import build_wheels


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheels of the core and of one root kind."""
    folder = tmp_path_factory.mktemp("wheels")
    build_wheels(folder, "core", "plugins/ethereum")
    return folder
