"""A service for tests, and what several tests look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.support.chain import StubChain
from tests.support.signers import SmartWallet, Wallet, secret
from tests.support.updates import Inbox

from xmtp_identity import Registry, load_registry, replay
from xmtp_identity.stored import load
from xmtp_identity_ethereum.smart_wallet import Unavailable
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.service.service import Service
from xmtp_identity_store.store import Store

T = TypeVar("T")
REGISTRY = load_registry()


def inbox_of(name: str, nonce: int = 0) -> Inbox:
    """An inbox whose log holds its creation, which nobody published."""
    return Inbox(Wallet(name), nonce)


def creation(inbox: Inbox) -> bytes:
    """The update that creates an inbox."""
    assert inbox.log[0] is not None
    return inbox.log[0]


def serving(
    store: Store,
    work: Callable[[Service], Awaitable[T]],
    *,
    registry: Registry = REGISTRY,
    limits: Limits | None = None,
    context: Mapping[str, Any] | None = None,
) -> T:
    """What comes of some work with a service on a new event loop."""

    async def run() -> T:
        async with service_on(
            store, registry=registry, limits=limits, context=context
        ) as service:
            return await work(service)

    return asyncio.run(run())


@asynccontextmanager
async def service_on(
    store: Store,
    *,
    registry: Registry = REGISTRY,
    limits: Limits | None = None,
    context: Mapping[str, Any] | None = None,
) -> AsyncIterator[Service]:
    """A service that is closed afterwards."""
    service = Service(store, registry, settings=limits, context=context)
    try:
        yield service
    finally:
        await service.close()


async def refused(work: Awaitable[object]) -> str:
    """The code of the error that this raises."""
    from xmtp_identity.errors import IdentityError

    try:
        await work
    except IdentityError as error:
        return error.code
    raise AssertionError("nothing was refused")


def check_consistent(store: Store, registry: Registry = REGISTRY) -> None:
    """Log, snapshot and address log of every inbox say the same."""
    for inbox_id in store.inboxes():
        log = store.log(inbox_id)
        assert len(set(log)) == len(log), "an update is there twice"
        result = replay(inbox_id, log, registry)
        assert {one.outcome.value for one in result.outcomes} == {"applied"}
        head = store.heads([inbox_id])[inbox_id]
        assert head.entries == len(log)
        assert head.saved is not None
        snapshot = load(head.saved.data, registry, inbox_id)
        assert result.snapshot is not None
        assert snapshot.position == len(log)
        assert snapshot.root.members == result.snapshot.root.members
        assert {
            (row.number, row.identifier): (row.associated, row.revoked)
            for row in store.associations(inbox_id)
        } == {
            (registry.by_name[one.kind].number, one.value): tuple(association)
            for one, association in result.associations.items()
        }


@dataclass
class HeadedChain(StubChain):
    """The stub chain with a newest block, 1000 if nothing else is said."""

    heads: dict[int, int] = field(default_factory=dict)

    def head(self, chain_id: int) -> int | Unavailable:
        if chain_id in self.away:
            return Unavailable(f"The chain eip155:{chain_id} is away.")
        return self.heads.get(chain_id, 1000)


def smart_wallet(name: str, block: int = 1000) -> SmartWallet:
    return SmartWallet("0x" + secret(name)[:20].hex(), 1, block)
