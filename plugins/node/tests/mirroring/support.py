"""A node to follow, and what a mirror tells."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any, TypeVar

from tests.support.updates import START, Inbox

from xmtp_identity import Registry, load_registry
from xmtp_identity.errors import IdentityError
from xmtp_identity_node.mirroring.mirror import Mirror, Patience
from xmtp_identity_node.mirroring.taking import Taken
from xmtp_identity_node.server import Node
from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.settings import Settings
from xmtp_identity_store.store import Entry, Store

T = TypeVar("T")
REGISTRY = load_registry()


class Told:
    """What a mirror told."""

    def __init__(self) -> None:
        self.all = Taken()
        self.failures: list[str] = []

    def taken(self, taken: Taken) -> None:
        self.all.add(taken)

    def again(self, error: IdentityError, seconds: float) -> None:
        self.failures.append(error.code)

    @property
    def troubles(self) -> list[tuple[str, str]]:
        return [(one.inbox_id, one.error.code) for one in self.all.troubles]


def put(store: Store, *inboxes: Inbox) -> None:
    """Logs that came from elsewhere, whatever they hold."""
    for inbox in inboxes:
        entries = [Entry(one, None, START + at) for at, one in enumerate(inbox.log)]
        store.append(inbox.inbox_id, entries)


def with_node(
    path: str, work: Callable[[Node], Awaitable[T]], *, limits: Limits | None = None
) -> T:
    """What comes of some work beside a node on a store."""

    async def run() -> T:
        settings = Settings(
            store=path,
            grpc_port=0,
            http_port=0,
            read_rate="",
            stream_rate="",
            log_level="error",
            limits=limits or Limits(follow_poll_seconds=0.05),
        )
        async with Node(settings, registry=REGISTRY) as node:
            return await work(node)

    return asyncio.run(run())


def mirrored(
    path: str,
    store: Store,
    run: Callable[[Mirror], None] = lambda mirror: mirror.follow(once=True),
    *,
    registry: Registry = REGISTRY,
    port: int = 0,
    **options: Any,
) -> Told:
    """What a mirror of a node on ``path`` tells, run into ``store``.

    port: where the node is reached, if not where it listens.
    """
    told = Told()

    async def work(node: Node) -> None:
        url = f"http://127.0.0.1:{port or node.grpc_port}"
        patience = Patience(first=0.01, longest=0.01, poll=0.01, attempts=3)
        mirror = Mirror(
            store, registry, url, watcher=told, patience=patience, **options
        )
        # The note of where it stood is kept under one name, whatever the port.
        mirror._note = "mirror test"
        with closing(mirror):
            await asyncio.to_thread(run, mirror)

    with_node(path, work, limits=options.pop("limits", None))
    return told
