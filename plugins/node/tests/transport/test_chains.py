"""Commands that need a chain and ask a node for it, each a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from tests.support.chain import ReachableChain
from tests.support.signers import Installation, smart_wallet
from tests.support.updates import Add, Inbox

from xmtp_identity.cli.root import xid
from xmtp_identity_node.server import Node
from xmtp_identity_store.store import Entry, Store

from .support import REGISTRY, client_of, creation, inbox_of, refused, settings_for

SAFE = smart_wallet("safe", 8453)


@asynccontextmanager
async def asked(folder: Path, chain: ReachableChain) -> AsyncIterator[Path]:
    """A file that names a node which has access to the chain."""
    settings = settings_for(folder, store=str(folder / "asked.sqlite"))
    context = {"ethereum": chain}
    async with Node(settings, registry=REGISTRY, context=context) as node:
        file = folder / "chains.toml"
        file.write_text(f'[chains]\neip155 = "grpc://127.0.0.1:{node.grpc_port}"\n')
        yield file


def beside(
    folder: Path, chain: ReachableChain, work: Callable[[Path], Awaitable[None]]
) -> None:
    """Do some work while such a node runs."""

    async def run() -> None:
        async with asked(folder, chain) as file, asyncio.timeout(60):
            await work(file)

    asyncio.run(run())


async def start(*arguments: str, **variables: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "xmtp_identity", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONWARNINGS": "error", **variables},
    )


async def printed(*arguments: str, **variables: str) -> str:
    """What a command prints that succeeds and complains of nothing."""
    process = await start(*arguments, **variables)
    output, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")
    return output.decode()


@asynccontextmanager
async def serve(folder: Path, *arguments: str, **variables: str) -> AsyncIterator[Any]:
    """A client of ``xid serve``."""
    store = ("--store", str(folder / "node.sqlite"))
    ports = ("--grpc-port", "0", "--http-port", "0")
    process = await start(*arguments, *store, *ports, **variables)
    assert process.stderr is not None
    try:
        while (line := json.loads(await process.stderr.readline()))["event"] != (
            "serving"
        ):
            pass
        node: Any = SimpleNamespace(**line)
        async with client_of(node) as client:
            yield client
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        assert process.returncode == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def with_safe(name: str) -> Inbox:
    """An inbox in which a smart wallet adds an app."""
    inbox = inbox_of(name)
    inbox.append(Add(SAFE, inbox.owner))
    inbox.append(Add(Installation("app"), SAFE))
    return inbox


@pytest.mark.parametrize("by", ["setting", "variable", "option", "environment"])
def test_a_node_takes_smart_wallets_of_the_chains_that_it_is_told(
    tmp_path: Path, by: str
) -> None:
    inbox, chain = with_safe("alice"), ReachableChain()

    async def work(file: Path) -> None:
        path = str(file)
        named: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
            "setting": (("serve", "--chains", path), {}),
            "variable": (("serve",), {"XID_NODE_CHAINS": path}),
            "option": (("--chains", path, "serve"), {}),
            "environment": (("serve",), {"XID_CHAINS": path}),
        }
        arguments, variables = named[by]
        async with serve(tmp_path, *arguments, **variables) as client:
            for update in inbox.log:
                await client.publish(update)
            assert await client.log(inbox.inbox_id) == inbox.log

    beside(tmp_path, chain, work)
    assert {one.block_number for one in chain.asked} >= {SAFE.block}


def test_a_node_without_the_chain_asks_to_try_again(tmp_path: Path) -> None:
    inbox = with_safe("alice")

    async def work() -> None:
        async with serve(tmp_path, "serve") as client:
            await client.publish(creation(inbox))
            found = await refused(client.publish(inbox.log[1]))
            assert (found.status, found.code) == ("UNAVAILABLE", "chain_unavailable")

    asyncio.run(work())


def test_a_chain_that_is_away_is_no_verdict_anywhere(tmp_path: Path) -> None:
    inbox, chain = with_safe("alice"), ReachableChain(away=frozenset({8453}))
    log = tmp_path / "log.json"
    hexes = [None if one is None else one.hex() for one in inbox.log]
    log.write_text(json.dumps({"inbox_id": inbox.inbox_id, "log": hexes}))

    async def work(file: Path) -> None:
        for away, stopped in ((frozenset({8453}), 1), (frozenset[int](), None)):
            chain.away = away
            result = json.loads(
                await printed("--chains", str(file), "replay", "--json", str(log))
            )
            assert result["stopped_at"] == stopped
            assert result["authoritative"] is (stopped is None)

    beside(tmp_path, chain, work)


def test_processes_of_a_replay_and_of_an_upgrade_ask_too(tmp_path: Path) -> None:
    inboxes = [with_safe(f"owner {number}") for number in range(12)]
    path = str(tmp_path / "store.sqlite")
    with Store.open(path) as store:
        for inbox in inboxes:
            entries = [Entry(one, None, 1 + at) for at, one in enumerate(inbox.log)]
            store.append(inbox.inbox_id, entries)
    lines = tmp_path / "logs.jsonl"
    lines.write_text(
        "".join(
            json.dumps(
                {"inbox_id": one.inbox_id, "log": [e.hex() for e in one.log if e]}
            )
            + "\n"
            for one in inboxes
        )
    )

    async def work(file: Path) -> None:
        chains = ("--chains", str(file))
        replayed = await printed(
            *chains, "replay", "--jsonl", str(lines), "--processes", "2"
        )
        results = [json.loads(line) for line in replayed.splitlines()]
        assert [one["inbox_id"] for one in results] == [i.inbox_id for i in inboxes]
        assert all(one["authoritative"] for one in results)
        upgraded = await printed(
            *chains, "upgrade", "--store", path, "--processes", "2", "--json"
        )
        done = json.loads(upgraded)
        assert (done["replayed"], done["waiting"]) == (len(inboxes), 0)

    beside(tmp_path, ReachableChain(), work)


def test_a_mirror_and_a_reader_ask_the_chain_themselves(tmp_path: Path) -> None:
    inbox, chain = with_safe("alice"), ReachableChain()
    mirror = str(tmp_path / "mirror.sqlite")

    async def work(file: Path) -> None:
        chains = ("--chains", str(file))
        async with serve(tmp_path, *chains, "serve") as client:
            for update in inbox.log:
                await client.publish(update)
            url = f"http://127.0.0.1:{client.node.grpc_port}"
            told = json.loads(
                await printed(
                    *(*chains, "mirror", url, "--store", mirror, "--once", "--json")
                )
            )
            assert (told["entries"], told["labels"], told["waiting"]) == (3, [], [])
            found = await printed(
                "whois", SAFE.account_id, "--json", "--node", url, XID_CHAINS=str(file)
            )
            members = json.loads(found)["state"]["members"]
            assert {one["chain_id"] for one in members} == {None, "8453"}

    beside(tmp_path, chain, work)


def test_a_setting_goes_before_the_option_and_is_shown(tmp_path: Path) -> None:
    def shown(*arguments: str) -> Any:
        result = CliRunner(env={"XID_NODE_CHAINS": None}).invoke(xid, arguments)
        return json.loads(result.stdout)["chains"]

    assert shown("serve", "--show") == ""
    assert shown("--chains", "a.toml", "serve", "--show") == "a.toml"
    both = ("--chains", "a.toml", "serve", "--chains", "b.toml", "--show")
    assert shown(*both) == "b.toml"


def test_a_bad_file_of_chains_stops_the_node_before_it_serves(tmp_path: Path) -> None:
    file = tmp_path / "chains.toml"
    file.write_text('[chains]\n"eip155:1" = "ftp://host/the-secret-key"\n')
    store = str(tmp_path / "node.sqlite")
    result = CliRunner().invoke(xid, ["serve", "--store", store, "--chains", str(file)])
    assert result.exit_code == 2
    assert result.stderr.endswith("[bad_chains]\n")
    assert "the-secret-key" not in result.output
