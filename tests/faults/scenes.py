"""What happens to nodes while they are published to; tests and long runs call
these with other numbers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import cycle
from random import Random

import grpc.aio

from xmtp_identity_store.store import Store

from ..support.postgres import Postgres
from ..support.signers import Wallet
from ..support.updates import Create, inbox_id_for, write
from .checks import (
    check_everything,
    check_logs,
    check_store,
    stored_logs,
    totals,
    wait_until_unused,
)
from .client import Client, Logged, code_of
from .load import Load
from .processes import NodeProcess
from .workload import Plan

__all__ = [
    "Kills",
    "end_one_node",
    "kill_again_and_again",
    "kill_postgres_again_and_again",
    "publish_together",
    "race_for_owners",
]


@dataclass
class Kills:
    """What came of killing a node.

    doubtful: updates whose publisher had no answer when the node was killed.
    survived: those of them that were in the log.
    """

    kills: int = 0
    acknowledged: int = 0
    doubtful: int = 0
    survived: int = 0
    points: list[int] = field(default_factory=list)


async def kill_again_and_again(
    node: NodeProcess,
    load: Load,
    random: Random,
    kills: int,
    *,
    delay: Callable[[], float] = lambda: 0.0,
) -> Kills:
    """SIGKILL a running node at random points of a load, and check each time
    what the dead node left and what the next one says; then let the load end.

    delay: seconds between an acknowledgement and the kill.
    """
    done = Kills()
    for left in range(kills, 0, -1):
        before = len(load.acknowledged)
        # So that the last kill still comes under load.
        most = max(2, (load.total - before) // (left + 1) * 2)
        point = before + random.randrange(1, most)
        done.points.append(point)
        await _load_until_killed(node, load, point, delay)
        done.kills += 1
        wait_until_unused(node.store)
        logs = stored_logs(node.store, load.plans)
        results = check_logs(load.plans, logs, load.acknowledged)
        with Store.open(node.store) as store:
            check_store(store, load.plans, logs, results)
        done.doubtful += len(load.doubtful)
        done.survived += totals(logs.values()) - len(load.acknowledged)
        node.start()
        async with Client(node.target) as client:
            await check_everything(client, node.store, load.plans, load.acknowledged)
    async with Client(node.target) as client:
        await load.to_the_end([client])
        logs = await check_everything(client, node.store, load.plans, load.acknowledged)
    assert totals(logs.values()) == load.total
    done.acknowledged = len(load.acknowledged)
    return done


async def _load_until_killed(
    node: NodeProcess, load: Load, point: int, delay: Callable[[], float]
) -> None:
    loop = asyncio.get_running_loop()
    killing: list[asyncio.TimerHandle] = []

    def on_answer(count: int) -> None:
        if count >= point and not killing:
            wait = delay()
            killing.append(loop.call_later(wait, node.kill))
            if not wait:
                killing[0].cancel()
                node.kill()

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(node.target)) for _ in range(4)
        ]
        await asyncio.gather(*(client.ready() for client in clients))
        await load.until_broken(clients, on_answer)
    node.kill()


async def end_one_node(
    nodes: Sequence[NodeProcess],
    load: Load,
    point: int,
    end: Callable[[NodeProcess], object],
) -> None:
    """End the first node when so many updates were acknowledged; the others go
    on, and then take over what is left. If it was the only one, it starts
    again for that."""
    ended: list[asyncio.Future[object]] = []

    def on_answer(count: int) -> None:
        if count >= point and not ended:
            ended.append(
                asyncio.get_running_loop().run_in_executor(None, end, nodes[0])
            )

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(node.target)) for node in nodes
        ]
        await load.until_broken(clients, on_answer)
        await asyncio.gather(*ended)
        logs = stored_logs(nodes[0].store, load.plans)
        check_logs(load.plans, logs, load.acknowledged)
        if len(nodes) == 1:
            nodes[0].start()
        await load.to_the_end([clients[-1]])
        logs = await check_everything(
            clients[-1], nodes[-1].store, load.plans, load.acknowledged
        )
    assert totals(logs.values()) == load.total


async def kill_postgres_again_and_again(
    node: NodeProcess,
    postgres: Postgres,
    load: Load,
    random: Random,
    kills: int,
) -> Kills:
    """SIGKILL the database of a running node at random points of a load, and
    start it again; the node itself goes on, and so do its clients."""
    # What was committed before a kill is still acknowledged after it, at the
    # most one update of each inbox: the next kill is later than that.
    stride = load.total // kills
    done = Kills(
        points=[
            turn * stride + random.randrange(1, stride - len(load.plans))
            for turn in range(kills)
        ]
    )
    restarts: list[asyncio.Future[None]] = []
    pid = node.pid

    def on_answer(count: int) -> None:
        if count in done.points:
            # At once, while transactions are under way.
            postgres.kill()
            loop = asyncio.get_running_loop()
            restarts.append(loop.run_in_executor(None, postgres.start))

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(node.target)) for _ in range(4)
        ]
        await load.to_the_end(clients, on_answer)
        await asyncio.gather(*restarts)
        logs = await check_everything(
            clients[0], node.store, load.plans, load.acknowledged
        )
    assert totals(logs.values()) == load.total
    assert (node.alive, node.pid) == (True, pid)
    done.kills = len(restarts)
    done.acknowledged = len(load.acknowledged)
    return done


async def publish_together(
    nodes: Sequence[NodeProcess], plans: Sequence[Plan]
) -> dict[str, int]:
    """All updates of all plans at once, each by one of several nodes in turn;
    only the first of each inbox goes ahead. Gives how often which answer made
    a client try again."""
    failures: Counter[str] = Counter()

    def failed(status: str) -> None:
        failures[status] += 1

    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(node.target, deadline=60))
            for node in nodes
        ]
        everything = {update for plan in plans for update in plan.updates}
        before = totals((await clients[0].logs(_all_inboxes(nodes[0]))).values())
        # Whoever follows meanwhile misses nothing and gets nothing twice.
        follower = asyncio.create_task(clients[-1].follow(before + len(everything)))
        for plan, client in zip(plans, cycle(clients), strict=False):
            await client.publish(plan.updates[0])
        rest = [
            update
            for updates in zip(*(plan.updates[1:] for plan in plans), strict=True)
            for update in updates
        ]
        await asyncio.gather(
            *(
                client.publish_until_answered(update, on_failure=failed)
                for update, client in zip(rest, cycle(clients), strict=False)
            )
        )
        followed = await follower
        seen = [
            await check_everything(
                client, node.store, plans, everything, in_order=False
            )
            for node, client in zip(nodes, clients, strict=True)
        ]
    assert all(one == seen[0] for one in seen)
    assert totals(seen[0].values()) == len(everything)
    _check_followed(followed, seen[0])
    return dict(failures)


def _check_followed(
    followed: Sequence[tuple[str, int, Logged]], logs: Mapping[str, Sequence[Logged]]
) -> None:
    """Each entry once, and those of one inbox in their order."""
    assert len({(inbox_id, position) for inbox_id, position, _ in followed}) == len(
        followed
    )
    for inbox_id, log in logs.items():
        mine = [
            (position, entry) for one, position, entry in followed if one == inbox_id
        ]
        assert mine == list(enumerate(log))


def _all_inboxes(node: NodeProcess) -> list[str]:
    with Store.open(node.store) as store:
        return list(store.inboxes())


async def race_for_owners(
    nodes: Sequence[NodeProcess], owners: int, name: str = "wanted"
) -> None:
    """Each owner creates two inboxes at once, at two nodes: it gets one."""

    async def create(client: Client, owner: Wallet, nonce: int) -> str:
        update = write(inbox_id_for(owner, nonce), Create(owner, nonce))
        try:
            await client.publish(update)
        except grpc.aio.AioRpcError as error:
            return f"{error.code().name} {code_of(error)}"
        return ""

    people = [Wallet(f"{name} {number}") for number in range(owners)]
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(Client(node.target, deadline=60))
            for node in nodes
        ]
        answers = await asyncio.gather(
            *(
                create(client, owner, nonce)
                for owner in people
                for nonce, client in enumerate(clients)
            )
        )
        found = await clients[0].inbox_ids((1, owner.value) for owner in people)
        ids = [
            inbox_id_for(owner, nonce)
            for owner in people
            for nonce in range(len(clients))
        ]
        logs = await clients[-1].logs(ids)
    refused = ["ALREADY_EXISTS owner_taken"] * (len(clients) - 1)
    for number, owner in enumerate(people):
        mine = answers[number * len(clients) : (number + 1) * len(clients)]
        assert sorted(mine) == ["", *refused]
        won = inbox_id_for(owner, mine.index(""))
        assert found[1, owner.value] == won
        lengths = {
            nonce: len(logs.get(inbox_id_for(owner, nonce), []))
            for nonce in range(len(clients))
        }
        assert lengths == {
            nonce: int(inbox_id_for(owner, nonce) == won) for nonce in lengths
        }
