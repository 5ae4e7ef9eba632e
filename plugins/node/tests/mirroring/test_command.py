"""`xid mirror` as a person runs it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from pathlib import Path

from tests.support.signers import Installation, Wallet
from tests.support.updates import Add, Inbox

from xmtp_identity_node.server import Node
from xmtp_identity_store.store import Store

from .support import put, with_node


async def xid(*arguments: str, code: int = 0) -> tuple[str, str]:
    """What ``xid mirror`` writes on both streams."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "xmtp_identity", "mirror", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    output, errors = await process.communicate()
    assert process.returncode == code, errors.decode()
    return output.decode(), errors.decode()


def test_a_store_is_filled_and_then_up_to_date(tmp_path: Path) -> None:
    source, mirror = str(tmp_path / "source.db"), str(tmp_path / "mirror.db")
    inbox = Inbox(Wallet("alice"))
    inbox.push(None)
    with Store.open(source) as store:
        put(store, inbox)

    async def work(node: Node) -> None:
        url = f"http://127.0.0.1:{node.grpc_port}"
        output, errors = await xid(url, "--store", mirror, "--once", "--json")
        assert json.loads(output) == {
            "entries": 2,
            "labels": [
                {
                    "inbox_id": inbox.inbox_id,
                    "position": 1,
                    "outcome": "rejected",
                    "code": "no_update",
                }
            ],
            "waiting": [],
            "troubles": [],
        }
        assert errors == ""
        output, _ = await xid(url, "--store", mirror, "--once", "--check")
        assert re.findall(r"[0-9]+", output) == ["0", "0", "0"]

    with_node(source, work)
    with Store.open(mirror) as store:
        assert store.log(inbox.inbox_id) == inbox.log


def test_what_contradicts_is_named_and_the_exit_code_is_2(tmp_path: Path) -> None:
    source, mirror = str(tmp_path / "source.db"), str(tmp_path / "mirror.db")
    inbox, other = Inbox(Wallet("alice")), Inbox(Wallet("alice"))
    for log, app in ((inbox, "one"), (other, "two")):
        log.append(Add(Installation(app), log.owner))
    for path, log in ((source, inbox), (mirror, other)):
        with Store.open(path) as store:
            put(store, log)
    listed = tmp_path / "inboxes.txt"
    listed.write_text(f"# one\n\n{inbox.inbox_id}\n")

    async def work(node: Node) -> None:
        url = f"http://127.0.0.1:{node.grpc_port}"
        for way in ([], ["--inboxes", str(listed)], ["--inbox", inbox.inbox_id]):
            _, errors = await xid(url, "--store", mirror, "--once", *way, code=2)
            assert "[log_rewritten]" in errors
            assert inbox.inbox_id in errors
            assert "[not_all_taken]" in errors

    with_node(source, work)
    with Store.open(mirror) as store:
        assert store.log(inbox.inbox_id) == other.log


def test_a_node_that_is_away_is_named_in_one_line(tmp_path: Path) -> None:
    async def run() -> None:
        _, errors = await xid("ftp://node", "--store", str(tmp_path / "m.db"), code=2)
        assert "[bad_node_url]" in errors

    asyncio.run(run())
