"""A chain for the whole run, the wallets on it, and access to it.

For the tests beside it and for those of the whole workspace.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from xmtp_identity_ethereum.chain.access import ChainAccess
from xmtp_identity_ethereum.chain.limits import Limits

from .anvil import CHAIN_ID, Anvil
from .wallets import Wallets
from .zoo import Kept, zoo_on

__all__ = ["access", "anvil", "chain_access", "wallets", "zoo"]

_PACKAGES = Path(__file__).resolve().parent / "node_modules" / "@foundry-rs"


def chain_access(anvil: Anvil) -> ChainAccess:
    """Access to a chain that always knows the newest block."""
    return ChainAccess({CHAIN_ID: [anvil.url]}, limits=Limits(head_s=0))


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    """Where CI is set, a missing Node.js is a failure."""
    if shutil.which("node") is None and not os.environ.get("CI"):
        pytest.skip("node is not installed, so wallets can't be compiled")
    if not _PACKAGES.is_dir():
        pytest.fail("anvil is not installed: `make test` does it.")
    with Anvil() as anvil:
        yield anvil


@pytest.fixture(scope="session")
def wallets(anvil: Anvil) -> Wallets:
    return Wallets(anvil)


@pytest.fixture(scope="session")
def zoo(wallets: Wallets) -> Mapping[str, Kept]:
    return zoo_on(wallets)


@pytest.fixture(scope="session")
def access(anvil: Anvil) -> Iterator[ChainAccess]:
    with chain_access(anvil) as access:
        yield access
