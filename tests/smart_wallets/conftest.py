"""A chain with wallets, access to it, and a node that asks it too."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from plugins.ethereum.tests.evm_wallets.anvil import CHAIN_ID, Anvil
from plugins.ethereum.tests.evm_wallets.fixtures import access, anvil, wallets, zoo

from xmtp_identity import Registry, load_registry
from xmtp_identity.kinds import Context
from xmtp_identity_ethereum.chain.access import ChainAccess

from ..faults.processes import NodeProcess

if TYPE_CHECKING:
    from plugins.ethereum.tests.evm_wallets.zoo import Kept

__all__ = ["access", "anvil", "wallets", "zoo"]

_CLIENT = Path(__file__).parents[1] / "real_client" / "node_modules" / "@xmtp"


@pytest.fixture(scope="session")
def registry() -> Registry:
    return load_registry(strict=True)


@pytest.fixture(scope="session")
def context(access: ChainAccess) -> Context:
    return {"ethereum": access}


@pytest.fixture(scope="session")
def chains_file(anvil: Anvil, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `xid --chains` reads."""
    path = tmp_path_factory.mktemp("chains") / "chains.toml"
    path.write_text(f'[chains]\n"eip155:{CHAIN_ID}" = "{anvil.url}"\n')
    return path


@pytest.fixture(scope="session")
def node(
    zoo: Mapping[str, Kept],
    chains_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[NodeProcess]:
    """One for which what it takes for the newest block, which may be seconds
    old, has all wallets of the zoo."""
    folder = tmp_path_factory.mktemp("node")
    store = str(folder / "node.sqlite")
    with NodeProcess(store, folder / "log", chains=str(chains_file)) as node:
        yield node


@pytest.fixture(scope="session")
def channel(node: NodeProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(node.target) as channel:
        yield channel


@pytest.fixture(scope="session")
def real_client() -> None:
    """Where CI is set, missing Node.js is a failure."""
    if shutil.which("node") is None and not os.environ.get("CI"):
        pytest.skip("node is not installed, so XMTP's real client can't run")
    if not _CLIENT.is_dir():
        pytest.fail("XMTP's real client is not installed: `make test` does it.")
