"""As many connections as there are files for."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from xmtp_identity_node.files import fitted, needed
from xmtp_identity_node.settings import Settings

from .test_serve import process

USUAL = 1024


def test_nothing_changes_where_there_are_files_enough() -> None:
    settings = Settings()
    assert fitted(settings, None) is settings
    assert fitted(settings, needed(settings)) is settings


@pytest.mark.parametrize("files", [256, USUAL, 5000])
def test_connections_leave_files_for_the_store(files: int) -> None:
    settings = Settings(grpc_connections=6000, http_connections=2000)
    fewer = fitted(settings, files)
    assert fewer.grpc_connections + fewer.http_connections <= files - 100
    assert fewer.grpc_connections == pytest.approx(3 * fewer.http_connections, abs=3)
    assert needed(fewer) <= files


def test_a_node_with_hardly_any_files_has_a_connection_of_each() -> None:
    fewer = fitted(Settings(), 10)
    assert (fewer.grpc_connections, fewer.http_connections) == (1, 1)


@pytest.fixture
def usual_files() -> Iterator[int]:
    """The usual soft bound; gives the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = needed(Settings())
    if hard != resource.RLIM_INFINITY and hard < wanted:
        pytest.skip(f"this system allows {hard} open files, a node wants {wanted}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (USUAL, hard))
    yield wanted
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(sys.platform != "linux", reason="prlimit is Linux's")
def test_the_process_raises_its_bound(tmp_path: Path, usual_files: int) -> None:
    with process(tmp_path) as (running, event):
        soft, _ = resource.prlimit(running.pid, resource.RLIMIT_NOFILE)
    assert soft == usual_files
    assert event["event"] == "serving"


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such bound")
def test_fewer_connections_than_were_set_are_in_the_log(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "xmtp_identity", "serve", "--grpc-port", "0"]
    command += ["--http-port", "0", "--store", str(tmp_path / "node.sqlite")]
    with subprocess.Popen(
        ["sh", "-c", f'ulimit -n {USUAL} && exec "$@"', "sh", *command],
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        line = json.loads(running.stderr.readline())
        running.kill()
    assert (line["event"], line["level"]) == ("fewer_connections", "warning")
    assert line["grpc_connections"] + line["http_connections"] < USUAL
