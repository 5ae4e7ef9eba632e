"""Inboxes, a node that has them, and clients that never really wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.support.leaf_kinds import leaf_a, registry_with
from tests.support.signers import Installation, Wallet
from tests.support.updates import Add, Inbox

from xmtp_identity import Registry
from xmtp_identity.remote import RemoteLog

from .node import Node

Connect = Callable[..., RemoteLog]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return registry_with("testa", "testb", "testchain")


@pytest.fixture
def alice() -> Inbox:
    """Three entries: a wallet, its app, a leaf."""
    owner = Wallet("alice")
    inbox = Inbox(owner)
    inbox.append(Add(Installation("app"), owner))
    inbox.append_leaf(Add(leaf_a("a1"), owner))
    return inbox


@pytest.fixture
def bob() -> Inbox:
    return Inbox(Wallet("bob"))


@pytest.fixture
def node(alice: Inbox, bob: Inbox) -> Iterator[Node]:
    with Node(alice, bob) as running:
        yield running


@pytest.fixture
def connect(node: Node, registry: Registry) -> Iterator[Connect]:
    """Makes clients of the node; how long each would have waited is in `pauses`."""
    made: list[RemoteLog] = []

    def connect(url: str = node.url, **options: Any) -> RemoteLog:
        options.setdefault("sleep", lambda _: None)
        made.append(RemoteLog(url, registry, **options))
        return made[-1]

    yield connect
    for one in made:
        one.close()


@pytest.fixture
def client(connect: Connect) -> RemoteLog:
    return connect()
