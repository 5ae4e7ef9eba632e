"""Several nodes on one store, and databases that go away."""

from __future__ import annotations

import asyncio

import pytest
from tests.support.postgres import Postgres, server
from tests.support.signers import Installation
from tests.support.updates import Add, Inbox

from xmtp_identity_node.service.limits import Limits
from xmtp_identity_node.service.service import Service
from xmtp_identity_store.store import Store

from .support import check_consistent, creation, inbox_of, service_on


def growing(name: str, updates: int) -> tuple[Inbox, list[bytes]]:
    """An inbox and updates that can be published in any order, the first first."""
    inbox = inbox_of(name)
    made = [creation(inbox)]
    for number in range(updates):
        made.append(inbox.update(Add(Installation(f"app {number}"), inbox.owner)))
        inbox.push(None)  # another second, so that the text is another one
    return inbox, made


def test_nodes_on_one_database_make_one_order_and_lose_nothing(target: str) -> None:
    inboxes = [growing(f"owner {number}", 12) for number in range(5)]

    async def work(first: Service, second: Service) -> None:
        for _, updates in inboxes:
            await first.publish(updates[0])
        done = await asyncio.gather(
            *(
                (first, second)[number % 2].publish(update)
                for _, updates in inboxes
                for number, update in enumerate(updates[1:])
            )
        )
        assert len({one.sequence_id for one in done}) == len(done)

    async def run(one: Store, two: Store) -> None:
        limits = Limits(publish_seconds=60.0)
        async with (
            service_on(one, limits=limits) as first,
            service_on(two, limits=limits) as second,
        ):
            await work(first, second)

    with Store.open(target) as one, Store.open(target) as two:
        asyncio.run(run(one, two))
        for inbox, updates in inboxes:
            assert set(one.log(inbox.inbox_id)) == set(updates)
            log = one.updates([(inbox.inbox_id, 0)], max_bytes=1 << 30)[0]
            numbers = [entry.sequence_id or 0 for entry in log]
            assert numbers == sorted(set(numbers))
        check_consistent(one)


@pytest.mark.slow
def test_publishing_outlives_a_database_that_is_killed_and_started_again() -> None:
    server()  # skips where there is no PostgreSQL
    database = Postgres()
    inboxes = [growing(f"owner {number}", 25) for number in range(6)]
    acknowledged: list[bytes] = []
    restarts: list[asyncio.Future[None]] = []

    async def publish_all(service: Service, updates: list[bytes]) -> None:
        for update in updates:
            await service.publish(update)
            acknowledged.append(update)
            if len(acknowledged) in {40, 100}:
                restarts.append(
                    asyncio.ensure_future(asyncio.to_thread(database.restart))
                )

    async def run(store: Store) -> None:
        async with service_on(store, limits=Limits(publish_seconds=60.0)) as service:
            await asyncio.gather(
                *(publish_all(service, updates) for _, updates in inboxes)
            )
            await asyncio.gather(*restarts)

    try:
        with Store.open(database.new_store()) as store:
            asyncio.run(run(store))
            for inbox, updates in inboxes:
                assert store.log(inbox.inbox_id) == updates
            check_consistent(store)
    finally:
        database.stop()
