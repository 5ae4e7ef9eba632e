"""A node whose PostgreSQL is killed under load goes on by itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from ..support.postgres import server
from .load import Load
from .processes import NodeProcess
from .scenes import kill_postgres_again_and_again
from .workload import plans

KILLS = 2


def test_a_node_outlives_its_database_and_loses_nothing(
    store_dsn: str, tmp_path: Path
) -> None:
    load = Load(plans("database", 16, 12))
    with NodeProcess(store_dsn, tmp_path / "node.log") as node:
        done = asyncio.run(
            kill_postgres_again_and_again(node, server(), load, Random(1), KILLS)
        )
    assert done.kills == KILLS
    assert done.acknowledged == load.total
