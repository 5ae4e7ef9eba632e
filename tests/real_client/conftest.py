"""A node, a relay before it, and processes for XMTP's client."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import grpc
import pytest

from xmtp_identity import Registry, load_registry

from ..faults.processes import NodeProcess
from .clients import Process
from .relay import Relay

_CLIENT: Final = Path(__file__).parent / "node_modules" / "@xmtp" / "node-bindings"


@pytest.fixture(scope="session")
def node_js() -> None:
    """Where CI is set, missing Node.js is a failure."""
    if shutil.which("node") is None and not os.environ.get("CI"):
        pytest.skip("node is not installed, so XMTP's real client can't run")
    if not _CLIENT.is_dir():
        pytest.fail("XMTP's real client is not installed: `make test` does it.")


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load_registry(strict=True)


@pytest.fixture(scope="session")
def node(
    node_js: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[NodeProcess]:
    folder = tmp_path_factory.mktemp("node")
    store = str(folder / "node.sqlite")
    with NodeProcess(store, folder / "log") as node:
        yield node


@pytest.fixture(scope="session")
def channel(node: NodeProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(node.target) as channel:
        yield channel


@pytest.fixture
def relay(node: NodeProcess) -> Iterator[Relay]:
    with Relay(node.target) as relay:
        yield relay


@pytest.fixture(scope="module")
def process(node_js: None) -> Iterator[Process]:
    with Process() as process:
        yield process
