"""A node that is killed under load loses nothing that it acknowledged."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from .load import Load
from .processes import NodeProcess
from .scenes import end_one_node, kill_again_and_again
from .workload import plans

KILLS = 3


def test_a_killed_node_keeps_all_it_acknowledged_once_and_consistent(
    store: str, tmp_path: Path
) -> None:
    load = Load(plans("killed", 16, 12))
    with NodeProcess(store, tmp_path / "node.log") as node:
        done = asyncio.run(kill_again_and_again(node, load, Random(1), KILLS))
    assert done.kills == KILLS
    assert done.acknowledged == load.total


def test_a_node_that_is_stopped_under_load_ends_in_order(
    store: str, tmp_path: Path
) -> None:
    load = Load(plans("stopped", 16, 12))
    codes = []
    with NodeProcess(store, tmp_path / "node.log") as node:
        asyncio.run(
            end_one_node([node], load, 40, lambda one: codes.append(one.stop()))
        )
        assert codes == [0], node.tail()
        assert "call_broke" not in node.log.read_text("utf-8")
