"""Many clients that publish at once, and what the node told them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence

import grpc.aio

from .client import DOUBTFUL, Client
from .workload import Plan

__all__ = ["Load"]


class Load:
    """Plans on their way: one client for each, update after update.

    acknowledged: the updates that a node said it took.
    failures: how often which answer made a client try again.
    """

    def __init__(self, plans: Sequence[Plan]) -> None:
        self.plans = plans
        self.acknowledged: list[bytes] = []
        self.failures: Counter[str] = Counter()
        self._next = dict.fromkeys((plan.inbox_id for plan in plans), 0)
        self._doubtful: set[bytes] = set()

    @property
    def doubtful(self) -> set[bytes]:
        """The updates whose fate their publishers don't know."""
        return self._doubtful - set(self.acknowledged)

    @property
    def total(self) -> int:
        """How many updates there are."""
        return sum(len(plan.updates) for plan in self.plans)

    async def until_broken(
        self, clients: Sequence[Client], on_answer: Callable[[int], object]
    ) -> None:
        """Publish until the node is gone; the updates that were not answered
        are remembered.

        on_answer: told how many updates were acknowledged so far.
        """

        async def one(plan: Plan, client: Client) -> None:
            for update in plan.updates[self._next[plan.inbox_id] :]:
                try:
                    await client.publish(update)
                except grpc.aio.AioRpcError as error:
                    if error.code() in DOUBTFUL:
                        self._doubtful.add(update)
                        return
                    if update not in self._doubtful:
                        raise
                    # It was appended before the node was killed.
                self._answered(plan, update)
                on_answer(len(self.acknowledged))

        await self._all(one, clients)

    async def to_the_end(
        self,
        clients: Sequence[Client],
        on_answer: Callable[[int], object] = lambda _: None,
    ) -> None:
        """Publish what is left, each update until it is answered."""

        async def one(plan: Plan, client: Client) -> None:
            for update in plan.updates[self._next[plan.inbox_id] :]:
                await client.publish_until_answered(
                    update,
                    doubtful=update in self._doubtful,
                    on_failure=self._failed,
                )
                self._answered(plan, update)
                on_answer(len(self.acknowledged))

        await self._all(one, clients)

    def _answered(self, plan: Plan, update: bytes) -> None:
        self.acknowledged.append(update)
        self._next[plan.inbox_id] += 1

    def _failed(self, status: str) -> None:
        self.failures[status] += 1

    async def _all(
        self,
        one: Callable[[Plan, Client], Coroutine[None, None, None]],
        clients: Sequence[Client],
    ) -> None:
        async with asyncio.TaskGroup() as tasks:
            for index, plan in enumerate(self.plans):
                client = clients[index % len(clients)]
                tasks.create_task(one(plan, client))
