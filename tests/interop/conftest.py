"""The reference client, one for all tests that ask for it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

from .oracle import Libxmtp


@pytest.fixture(scope="session")
def libxmtp() -> Iterator[Libxmtp]:
    """XMTP's real client; where CI is set, missing Node.js is a failure."""
    if shutil.which("node") is None and not os.environ.get("CI"):
        pytest.skip("node is not installed, so XMTP's real client can't run")
    with Libxmtp() as client:
        yield client
