"""Two nodes on one PostgreSQL: one order, nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.postgres import server
from .load import Load
from .processes import NodeProcess
from .scenes import end_one_node, publish_together, race_for_owners
from .workload import plans


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[NodeProcess]]:
    folder = tmp_path_factory.mktemp("two-nodes")
    store = server().new_store()
    with (
        NodeProcess(store, folder / "one.log") as one,
        NodeProcess(store, folder / "two.log") as two,
    ):
        yield [one, two]


def test_a_thousand_concurrent_publishes_to_ten_inboxes(
    nodes: list[NodeProcess],
) -> None:
    all_plans = plans("together", 10, 100, in_any_order=True)
    asyncio.run(publish_together(nodes, all_plans))


def test_when_one_of_two_nodes_is_killed_the_other_takes_over(tmp_path: Path) -> None:
    store = server().new_store()
    load = Load(plans("taken over", 16, 12))
    with (
        NodeProcess(store, tmp_path / "one.log") as one,
        NodeProcess(store, tmp_path / "two.log") as two,
    ):
        asyncio.run(end_one_node([one, two], load, 40, NodeProcess.kill))
        assert (one.alive, two.alive) == (False, True)


def test_of_two_inboxes_that_one_owner_creates_at_once_one_comes_to_be(
    nodes: list[NodeProcess],
) -> None:
    asyncio.run(race_for_owners(nodes, 40))
