"""Ten thousand inboxes, of which a hundred name one leaf kind.

All signatures are real, and so are the processes: `xid` as people start it.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from tests.support.plugin_leaves import solana
from tests.support.signers import Wallet
from tests.support.updates import Add, Inbox

from xmtp_identity import Registry, load_registry
from xmtp_identity.stored import peek
from xmtp_identity_store.store import Store

from .support import (
    CLIENT,
    as_json,
    content,
    fresh,
    start,
    xid,
)

pytest.importorskip(
    "xmtp_identity_solana",
    reason="the leaf kind of these tests is xmtp-identity-solana",
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a matter of POSIX"),
]

INBOXES: Final = 10_000
NAMING: Final = 100
KILLS: Final = 10
NEWER: Final = f"{CLIENT},solana"
SEED: Final = 4


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with all logs and no snapshot."""
    folder = tmp_path_factory.mktemp("imported")
    lines, store = folder / "logs.jsonl", folder / "store.db"
    with lines.open("w", encoding="utf-8") as file:
        for number in range(INBOXES):
            owner = Wallet(f"owner {number}")
            inbox = Inbox(owner)
            if number % (INBOXES // NAMING) == 7:
                inbox.append_leaf(Add(solana(f"leaf {number}"), owner))
            file.write(as_json(inbox) + "\n")
    done = xid("import", "--store", str(store), "--jsonl", str(lines))
    assert done == {"logs": INBOXES, "entries": INBOXES + NAMING, "refused": 0}
    return store


@pytest.fixture(scope="module")
def upgraded(imported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, upgraded by a client without the leaf kind."""
    path = tmp_path_factory.mktemp("upgraded") / "store.db"
    shutil.copy(imported, path)
    counts = _upgrade(path, CLIENT)
    assert (counts["stale"], counts["replayed"]) == (INBOXES, INBOXES)
    return path


@pytest.fixture(scope="module")
def newer(upgraded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That one, upgraded again by a client with the leaf kind."""
    path = tmp_path_factory.mktemp("newer") / "store.db"
    shutil.copy(upgraded, path)
    assert _upgrade(path, NEWER) == {
        "inboxes": INBOXES,
        "stale": NAMING,
        "replayed": NAMING,
        "resumed": 0,
        "damaged": 0,
        "waiting": 0,
        "skipped": 0,
    }
    return path


@pytest.fixture
def copy(imported: Path, tmp_path: Path) -> Path:
    """A store of one's own without snapshots."""
    return Path(shutil.copy(imported, tmp_path / "store.db"))


def _content(path: Path) -> list[tuple[object, ...]]:
    with Store.open(str(path), create=False) as store:
        return content(store)


def _upgrade(path: Path, plugins: str, *arguments: str) -> dict[str, int]:
    counts: dict[str, int] = xid(
        "upgrade", "--store", str(path), *arguments, plugins=plugins
    )
    return counts


def _registry(plugins: str) -> Registry:
    return load_registry(allow=plugins.split(","), strict=True)


def test_a_new_plugin_replays_exactly_the_hundred_that_name_its_kind(
    upgraded: Path, newer: Path
) -> None:
    before, after = _content(upgraded), _content(newer)
    changed = {str(inbox_id) for _, inbox_id, *_ in set(before) ^ set(after)}
    assert len(changed) == NAMING
    registry = _registry(NEWER)
    with Store.open(str(newer), create=False) as store:
        assert store.count_stale(registry) == 0
        for inbox_id in changed:
            saved = store.snapshot(inbox_id)
            assert saved is not None
            assert saved.version == 2
            assert saved.data == fresh(inbox_id, store.log(inbox_id), registry, {})
            assert set(peek(saved.data).layers) == {100}


def test_what_is_stale_and_why_is_said_before_and_after(
    upgraded: Path, newer: Path
) -> None:
    status: Any = xid("status", "--store", str(upgraded))
    assert (status["inboxes"], status["stale"], status["reasons"]) == (INBOXES, 0, [])
    assert status["unseen"] == [
        {
            "number": 100,
            "kind": "solana",
            "package": "xmtp-identity-solana",
            "inboxes": NAMING,
        }
    ]
    status = xid("status", "--store", str(upgraded), plugins=NEWER, code=1)
    (reason,) = status["reasons"]
    assert (status["stale"], reason["inboxes"]) == (NAMING, NAMING)
    assert (reason["reason"], reason["kind"]) == ("kind_added", "solana")
    assert xid("status", "--store", str(newer), plugins=NEWER)["stale"] == 0


@pytest.mark.parametrize(("processes", "kills"), [(1, KILLS), (2, 3)])
def test_killed_at_random_points_and_started_again_it_ends_in_the_same_state(
    upgraded: Path, copy: Path, processes: int, kills: int
) -> None:
    chance = random.Random(SEED)
    points = sorted(chance.sample(range(INBOXES * 9 // 10), kills))
    registry = _registry(CLIENT)
    command = ["upgrade", "--store", str(copy), "--processes", str(processes)]
    with Store.open(str(copy), create=False) as store:

        def replayed() -> int:
            return INBOXES - store.count_stale(registry)

        for point in points:
            # What the last one wrote before it was killed may be more.
            goal = max(point, replayed() + 1)
            process = start(*command)
            try:
                while replayed() < goal:
                    _let_work(process, 0.01)
                # And now anywhere in the next piece.
                _let_work(process, chance.random() * 0.05)
            finally:
                process.kill()
                # Ends when those that it started have ended as well.
                process.communicate(timeout=60)
            assert process.returncode == -signal.SIGKILL
        left = store.count_stale(registry)
    assert 0 < left < INBOXES
    counts = _upgrade(copy, CLIENT)
    assert (counts["stale"], counts["replayed"]) == (left, left)
    assert _content(copy) == _content(upgraded)


def _let_work(process: subprocess.Popen[bytes], seconds: float) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(seconds)


def test_two_upgrades_at_once_do_no_harm(upgraded: Path, copy: Path) -> None:
    commands = (["--json"], ["--json", "--processes", "2"])
    processes = [start("upgrade", "--store", str(copy), *more) for more in commands]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    counts = [json.loads(output) for output, _ in outputs]
    assert sum(one["replayed"] for one in counts) == INBOXES
    assert _content(copy) == _content(upgraded)


def test_two_upgrades_by_different_clients_at_once_do_no_harm(
    newer: Path, copy: Path
) -> None:
    """Whoever is last, the next upgrade brings what its client lacks."""
    processes = [
        start("upgrade", "--store", str(copy), plugins=plugins)
        for plugins in (CLIENT, NEWER)
    ]
    outputs = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert xid("status", "--store", str(copy))["stale"] == 0
    _upgrade(copy, NEWER)
    assert _content(copy) == _content(newer)
