"""`xid serve` as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.signers import Wallet
from tests.support.updates import Add

from .support import Client, client_of, creation, inbox_of, refused


@contextmanager
def process(folder: Path, *arguments: str) -> Iterator[tuple[Any, Any]]:
    """The process, and the line that it logged when it began to serve."""
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "xmtp_identity", "serve"),
            *("--store", str(folder / "node.sqlite")),
            *("--grpc-port", "0", "--http-port", "0", *arguments),
        ],
        stderr=subprocess.PIPE,
        env={**os.environ, "XID_NODE_STOP_SECONDS": "5"},
        text=True,
    ) as running:
        try:
            assert running.stderr is not None
            for line in running.stderr:
                event = json.loads(line)
                if event["event"] == "serving":
                    break
            yield running, event
        finally:
            running.kill()


def with_client(event: Any, work: Any) -> Any:
    node: Any = SimpleNamespace(
        grpc_port=event["grpc_port"], http_port=event["http_port"]
    )

    async def run() -> Any:
        async with client_of(node) as client:
            return await work(client)

    return asyncio.run(run())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_serves_and_stops_when_it_is_told(
    tmp_path: Path, number: signal.Signals
) -> None:
    inbox = inbox_of("alice")

    async def publish(client: Client) -> None:
        await client.publish(creation(inbox))
        assert await client.log(inbox.inbox_id) == [creation(inbox)]

    with process(tmp_path) as (running, event):
        with_client(event, publish)
        running.send_signal(number)
        rest = running.stderr.read()
        assert running.wait(20) == 0
    lines = [json.loads(line) for line in rest.splitlines()]
    assert lines[-1]["event"] == "stopped"


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path: Path) -> None:
    inboxes = [inbox_of(f"owner {number}") for number in range(20)]

    async def publish(client: Client) -> None:
        await asyncio.gather(*(client.publish(creation(one)) for one in inboxes))

    async def read(client: Client) -> list[list[bytes]]:
        return [await client.log(one.inbox_id) for one in inboxes]

    with process(tmp_path) as (running, event):
        with_client(event, publish)
        running.kill()
        running.wait(20)
    with process(tmp_path) as (_, event):
        assert with_client(event, read) == [[creation(one)] for one in inboxes]


def test_the_log_is_json_and_holds_no_update_and_no_secret(tmp_path: Path) -> None:
    inbox = inbox_of("alice")
    update = creation(inbox)
    stranger = inbox.update(Add(Wallet("bob"), Wallet("mallory")))

    async def work(client: Client) -> None:
        await client.publish(update)
        assert (await refused(client.publish(stranger))).code == "not_a_member"

    with process(tmp_path, "--rate-store", "redis://:hunter2@127.0.0.1:1/0") as (
        running,
        event,
    ):
        with_client(event, work)
        running.send_signal(signal.SIGTERM)
        rest = running.stderr.read()
    lines = [json.loads(line) for line in rest.splitlines()]
    codes = [line["code"] for line in lines if line["event"] == "call"]
    assert codes == [None, "not_a_member"]
    assert "hunter2" not in rest + json.dumps(event)
    assert update.hex() not in rest
    assert repr(update)[2:40] not in rest


def test_a_store_that_can_not_be_used_is_one_line_on_standard_error(
    tmp_path: Path,
) -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "xmtp_identity", "serve"),
            *("--store", "postgresql://node:hunter2@127.0.0.1:1/none"),
            *("--grpc-port", "0", "--http-port", "0"),
        ],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 2
    (line,) = [one for one in ended.stderr.splitlines() if one.startswith("xid: ")]
    assert "hunter2" not in ended.stderr
    assert "[store_unavailable]" in line
