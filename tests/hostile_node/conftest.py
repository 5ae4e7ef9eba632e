"""A node that the tests of this folder do all kinds of things to."""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..faults.client import Client
from ..faults.processes import NodeProcess
from ..faults.workload import Plan, plans

_FILES = 6000
_USUAL_FILES = 1024


@pytest.fixture(scope="session")
def well_known() -> list[Plan]:
    """Inboxes that the node has from the start."""
    return plans("hostile", 3, 12)


@pytest.fixture(scope="session")
def node(
    tmp_path_factory: pytest.TempPathFactory, well_known: list[Plan]
) -> Iterator[NodeProcess]:
    """A node on SQLite, in a process of its own, with default limits."""
    if sys.platform != "linux":
        pytest.skip("the memory of another process is read from Linux's /proc")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < _FILES:
        pytest.skip(f"2,000 connections need {_FILES} files, this user may have {hard}")
    folder: Path = tmp_path_factory.mktemp("hostile")
    # The node inherits what most systems give; it has to see to more itself.
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, _USUAL_FILES), hard))
    with NodeProcess(str(folder / "node.db"), folder / "node.log") as running:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, _FILES), hard))
        asyncio.run(_publish(running, well_known))
        yield running
        assert running.alive, running.tail()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def _publish(node: NodeProcess, well_known: list[Plan]) -> None:
    async with Client(node.target) as client:
        for plan in well_known:
            for update in plan.updates:
                await client.publish(update)


@pytest.fixture(autouse=True)
def _still_answers(node: NodeProcess, well_known: list[Plan]) -> Iterator[None]:
    """Whatever a test did: the node answers, rightly, to a new client, and no
    call failed for a reason that the node did not think of."""
    before = node.log.stat().st_size
    yield

    async def ask() -> None:
        async with Client(node.target) as client:
            logs = await client.logs([plan.inbox_id for plan in well_known])
        for plan in well_known:
            assert [entry.update for entry in logs[plan.inbox_id]] == list(plan.updates)

    asyncio.run(ask())
    written = node.log.read_bytes()[before:].decode("utf-8", "replace")
    broken = [line for line in written.splitlines() if "call_broke" in line]
    assert not broken, broken[0]
