"""Audits whose processes are killed: the same result, each inbox once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from xmtp_identity_store.auditing import Audited, Stage
from xmtp_identity_store.auditing.executors import processes
from xmtp_identity_store.errors import ProcessLost
from xmtp_identity_store.store import Store

from ..support import environment, start, xid
from .networks import PLUGINS, make, progress, run, shadow

pytestmark = pytest.mark.skipif(
    os.name != "posix", reason="SIGKILL is a matter of POSIX"
)

COUNT: Final = 700
PATIENCE_S: Final = 60


def audited(target: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    done: dict[str, Any] = xid("audit", target, *arguments, plugins=PLUGINS, code=code)
    return done


def wait_for(store: Store, goal: int, process: subprocess.Popen[bytes]) -> None:
    """Until so many inboxes are replayed or compared."""
    deadline = time.monotonic() + PATIENCE_S
    while progress(store) < goal:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("count", ["1", "2"])
def test_killed_twice_in_the_middle_it_comes_to_the_same(
    target: str, count: str
) -> None:
    make(target, COUNT)
    unbroken = audited(target)
    assert unbroken["inboxes"] == unbroken["compared"] == COUNT
    with Store.open(target) as store:
        expected = shadow(store)
        goals = [COUNT // 3, COUNT * 4 // 5]
        for goal in goals:
            anew = ["--anew"] if goal is goals[0] else []
            process = start(
                "audit", target, "--processes", count, *anew, plugins=PLUGINS
            )
            if anew:
                # What the last audit did is thrown away first.
                wait_until_less(store, 2 * COUNT, process)
            wait_for(store, goal, process)
            process.kill()
            process.communicate(timeout=PATIENCE_S)
            assert process.returncode == -signal.SIGKILL
            assert progress(store) < 2 * COUNT
        done = audited(target, "--processes", count)
        assert done == {**unbroken, "audit": 2}
        assert shadow(store) == expected


def wait_until_less(store: Store, most: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while progress(store) >= most:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_two_audits_at_once_share_the_work(target: str) -> None:
    make(target, COUNT)
    unbroken = audited(target)
    with Store.open(target) as store:
        expected = shadow(store)
        first = start("audit", target, "--anew", "--json", plugins=PLUGINS)
        wait_until_less(store, 2 * COUNT, first)
        second = start("audit", target, "--json", plugins=PLUGINS)
        outputs = [one.communicate(timeout=PATIENCE_S) for one in (first, second)]
        assert first.returncode == second.returncode == 0, outputs
        assert json.loads(outputs[0][0]) == {**unbroken, "audit": 2}
        if json.loads(outputs[1][0])["audit"] == 2:
            assert shadow(store) == expected


def test_a_process_that_is_lost_ends_the_audit_which_then_goes_on(
    target: str,
) -> None:
    make(target, 100)
    with Store.open(target) as store:
        unbroken = run(store)
        expected = shadow(store)

        with pytest.raises(ProcessLost):
            run_and_lose_one(store, target)
        assert run(store) == unbroken._replace(audit=2)
        assert shadow(store) == expected


def run_and_lose_one(store: Store, target: str) -> None:
    with processes(target, 2) as hands:

        def lose(_: Stage, done: Audited) -> None:
            if done.inboxes > 50:
                hands.submit(os._exit, 1)

        run(store, hands=hands, report=lose)


# On a cluster


def program(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_" + arguments[0], *arguments[1:]],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**environment(PLUGINS), "PYTHONWARNINGS": "default"},
    )


@contextmanager
def dask_cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers, each a process of its own."""
    file = folder / "scheduler.json"
    common = ["--scheduler-file", str(file)]
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    begun = [program("scheduler", *common, *local, "--port", "0")]
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not file.exists() or not file.read_text("utf-8"):
            assert begun[0].poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        address: str = json.loads(file.read_text("utf-8"))["address"]
        begun += [
            program(
                "worker",
                address,
                *("--nthreads", "1", "--no-nanny", *local),
                *("--local-directory", str(folder)),
            )
            for _ in range(2)
        ]
        wait_for_workers(address, 2)
        yield address, begun[1:]
    finally:
        for one in begun[::-1]:
            one.kill()
            one.wait()


def wait_for_workers(address: str, count: int) -> None:
    code = (
        "import sys, distributed as d; c = d.Client(sys.argv[1]); "
        "c.wait_for_workers(int(sys.argv[2]), timeout=60); c.close()"
    )
    subprocess.run([sys.executable, "-c", code, address, str(count)], check=True)


@pytest.mark.slow
def test_of_two_dask_workers_one_is_killed_and_it_comes_to_the_same(
    store_dsn: str, tmp_path: Path
) -> None:
    pytest.importorskip("distributed", reason="xmtp-identity-store[dask] is optional")
    make(store_dsn, COUNT)
    unbroken = audited(store_dsn)
    with Store.open(store_dsn) as store, dask_cluster(tmp_path) as (address, workers):
        expected = shadow(store)
        process = start(
            *("audit", store_dsn, "--anew", "--dask", address, "--json"),
            plugins=PLUGINS,
        )
        wait_until_less(store, 2 * COUNT, process)
        wait_for(store, COUNT // 3, process)
        workers[0].kill()
        output, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, errors.decode()
        assert json.loads(output) == {**unbroken, "audit": 2}
        assert shadow(store) == expected


def test_a_cluster_that_is_not_there_is_an_error_that_says_so(store_dsn: str) -> None:
    pytest.importorskip("distributed", reason="xmtp-identity-store[dask] is optional")
    with start(
        *("audit", store_dsn, "--dask", "tcp://127.0.0.1:9"), plugins=PLUGINS
    ) as process:
        _, errors = process.communicate()
    assert b"cluster_unusable" in errors
    assert b"Traceback" not in errors


def test_a_file_can_not_be_audited_by_a_cluster(path: str) -> None:
    make(path, 5, upgraded=False)
    with start("audit", path, "--dask", "tcp://127.0.0.1:9", plugins=PLUGINS) as one:
        _, errors = one.communicate()
    assert (one.returncode, b"not_shared" in errors) == (2, True)
