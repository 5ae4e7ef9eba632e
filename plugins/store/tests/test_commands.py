"""`xid import`, `xid status`, `xid upgrade`: what they answer, and how they end."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from tests.support.chain import ReachableChain
from tests.support.protobuf import length, uint
from tests.support.signers import smart_wallet
from tests.support.updates import Add, Inbox

from xmtp_identity.cli.root import xid
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.store import Store

from .support import CLIENT, as_json, by_key, environment, fill, owned, start

LARGEST = (1 << 64) - 1


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder for files to import."""
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def run(*arguments: str, data: bytes = b"") -> Result:
    runner = CliRunner(env={"XID_PLUGINS": CLIENT, "XID_STRICT_PLUGINS": "1"})
    return runner.invoke(xid, arguments, input=data)


def answer(*arguments: str, data: bytes = b"", code: int = 0) -> Any:
    result = run(*arguments, "--json", data=data)
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


def complaints(result: Result) -> list[str]:
    """The codes of what went to standard error, one a line."""
    found = result.stderr.splitlines()
    assert all(line.startswith("xid: ") for line in found)
    return [line.rpartition("[")[2].removesuffix("]") for line in found]


def response(inbox: Inbox, first: int = 1) -> bytes:
    """A log as the node answers with it; its sequence IDs are as large as can be."""
    entries = b"".join(
        length(
            2,
            uint(1, LARGEST - 100 + index)
            + uint(2, first + index)
            + (b"" if update is None else length(3, update)),
        )
        for index, update in enumerate(inbox.log)
    )
    return length(1, length(1, inbox.inbox_id) + entries)


# import


def test_logs_of_every_format_are_imported(path: str, logs: Path) -> None:
    inboxes = [owned(str(number)) for number in range(4)]
    inboxes[1].push(None)
    (logs / "many.bin").write_bytes(response(inboxes[0]) + response(inboxes[1]))
    (logs / "one.json").write_text(as_json(inboxes[2]))
    answered = answer(
        "import",
        "--store",
        path,
        *(str(logs / name) for name in ("many.bin", "one.json")),
        "-",
        data=response(inboxes[3]),
    )
    assert answered == {"logs": 4, "entries": 5, "refused": 0}
    with Store.open(path) as store:
        assert list(store.inboxes()) == [one.inbox_id for one in by_key(inboxes)]
        for inbox in inboxes:
            assert store.log(inbox.inbox_id) == inbox.log
        assert store.entries(inboxes[1].inbox_id) == [
            Entry(inboxes[1].log[0], LARGEST - 100, 1),
            Entry(None, LARGEST - 99, 2),
        ]
        assert store.entries(inboxes[2].inbox_id) == [Entry(inboxes[2].log[0])]


def test_the_same_file_can_be_imported_again(path: str, logs: Path) -> None:
    inbox, file = owned("owner"), logs / "log.bin"
    file.write_bytes(response(inbox))
    assert answer("import", "--store", path, str(file))["entries"] == 1
    assert answer("import", "--store", path, str(file))["entries"] == 0
    inbox.push(b"more")
    file.write_bytes(response(inbox))
    assert answer("import", "--store", path, str(file)) == {
        "logs": 1,
        "entries": 1,
        "refused": 0,
    }


def test_a_log_that_contradicts_is_refused_and_the_rest_goes_on(
    path: str, logs: Path
) -> None:
    inbox, forged, other = owned("owner"), owned("owner"), owned("other")
    inbox.push(b"true")
    forged.push(b"false")
    with Store.open(path) as store:
        fill(store, [inbox])
    file = logs / "log.bin"
    file.write_bytes(response(forged) + response(other))
    result = run("import", "--store", path, str(file), "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {"logs": 1, "entries": 1, "refused": 1}
    assert complaints(result) == ["log_conflict", "logs_refused"]
    with Store.open(path) as store:
        assert store.log(inbox.inbox_id) == inbox.log
        assert store.log(other.inbox_id) == other.log


def test_lines_that_can_not_be_read_are_told_by_number(path: str) -> None:
    lines = [as_json(owned("1")), "", "{}", as_json(owned("2"))]
    result = run(
        *("import", "--store", path, "--jsonl", "-", "--json"),
        data="\n".join(lines).encode(),
    )
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {"logs": 2, "entries": 2, "refused": 2}
    assert complaints(result) == ["empty_file", "bad_json", "logs_refused"]
    assert "standard input, line 2:" in result.stderr
    assert "standard input, line 3:" in result.stderr


def test_a_line_too_long_is_passed_over(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = as_json(owned("1")).encode()
    monkeypatch.setattr("xmtp_identity_store.importing.MAX_LINE_BYTES", len(short) + 1)
    monkeypatch.setattr("xmtp_identity_store.importing._SKIPPED_BYTES", 100)
    data = b"\n".join([b"x" * 3000, short])
    result = run("import", "--store", path, "--jsonl", "-", "--json", data=data)
    assert json.loads(result.stdout) == {"logs": 1, "entries": 1, "refused": 1}
    assert complaints(result) == ["file_too_large", "logs_refused"]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "empty_file"), (b"none", "unknown_format"), (b"{", "truncated_file")],
)
def test_a_file_that_is_no_log_is_refused(
    path: str, logs: Path, content: bytes, code: str
) -> None:
    (logs / "bad").write_bytes(content)
    result = run("import", "--store", path, str(logs / "bad"))
    assert (result.exit_code, complaints(result)) == (2, [code])


def test_what_is_missing_is_said_and_nothing_is_made(path: str, logs: Path) -> None:
    missing = str(logs / "missing")
    result = run("import", "--store", path, missing)
    assert (result.exit_code, complaints(result)) == (2, ["unusable_file"])
    for command in ("status", "upgrade"):
        result = run(command, "--store", missing)
        assert (result.exit_code, complaints(result)) == (2, ["no_store"])
    assert list(logs.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["import", "file"],
        ["import", "--store", "x"],
        ["import", "--store", "x", "-", "-"],
        ["status"],
        ["upgrade", "--store", "x", "--processes", "0"],
        ["upgrade", "--store", "x", "--processes", "1_0"],
        ["upgrade", "--store", "x", "--processes", "257"],
    ],
)
def test_wrong_usage_is_said_and_makes_no_store(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert (result.exit_code, complaints(result)) == (2, ["usage"])
    assert list(tmp_path.iterdir()) == []


# status and upgrade


def test_a_stores_life_at_the_command_line(path: str, logs: Path) -> None:
    inbox = owned("owner")
    (logs / "log.json").write_text(as_json(inbox))
    answer("import", "--store", path, str(logs / "log.json"))
    status = answer("status", "--store", path, code=1)
    assert status == {
        "inboxes": 1,
        "stale": 1,
        "reasons": [
            {
                "reason": "no_snapshot",
                "kind": None,
                "cause": None,
                "inboxes": 1,
                "examples": [inbox.inbox_id],
            }
        ],
        "unseen": [],
    }
    assert answer("upgrade", "--store", path) == {
        "inboxes": 1,
        "stale": 1,
        "replayed": 1,
        "resumed": 0,
        "damaged": 0,
        "waiting": 0,
        "skipped": 0,
    }
    assert answer("status", "--store", path) == {
        "inboxes": 1,
        "stale": 0,
        "reasons": [],
        "unseen": [],
    }
    assert answer("upgrade", "--store", path)["replayed"] == 0


def test_an_inbox_that_waits_for_its_chain_is_upgraded_when_it_can_be_asked(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ReachableChain().stand_for_servers(monkeypatch)
    chains = tmp_path / "chains.toml"
    chains.write_text('[chains]\n"eip155:1" = "http://rpc.example"\n', "utf-8")
    safe = owned("safe")
    safe.append(Add(smart_wallet("wallet"), safe.owner))
    with Store.open(path) as store:
        fill(store, [safe])
    assert answer("upgrade", "--store", path)["waiting"] == 1
    done = answer("--chains", str(chains), "upgrade", "--store", path)
    assert (done["resumed"], done["waiting"]) == (1, 0)
    assert answer("status", "--store", path)["stale"] == 0


def test_what_people_read(path: str) -> None:
    safe = owned("safe")
    safe.append(Add(smart_wallet("wallet"), safe.owner))
    inboxes = by_key([safe, owned("1"), owned("2"), owned("3"), owned("4")])
    with Store.open(path) as store:
        fill(store, inboxes)
    result = run("status", "--store", path)
    assert (result.exit_code, result.stderr) == (1, "")
    assert "was never replayed" in result.stdout
    assert result.stdout.count(inboxes[0].inbox_id) == 1
    result = run("upgrade", "--store", path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "5 whole, 0 from a snapshot" in result.stdout
    assert "1 inboxes that need a chain" in result.stdout
    result = run("status", "--store", path)
    assert result.exit_code == 1
    assert "chain_unavailable" in result.stdout


def test_a_damaged_snapshot_is_found_and_made_anew_on_request(path: str) -> None:
    with Store.open(path) as store:
        fill(store, [owned("owner")])
    answer("upgrade", "--store", path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE snapshots SET data = x'00'")
    assert answer("status", "--store", path)["stale"] == 0
    (reason,) = answer("status", "--store", path, "--check", code=1)["reasons"]
    assert reason["reason"] == "damaged"
    counts = answer("upgrade", "--store", path, "--check")
    assert (counts["replayed"], counts["damaged"]) == (1, 1)
    assert answer("status", "--store", path, "--check")["stale"] == 0


def test_the_commands_load_sqlalchemy_when_they_run() -> None:
    for arguments, loaded in ((["--help"], "False"), (["status", "--help"], "False")):
        code = (
            "import sys\nfrom xmtp_identity.cli import main\n"
            f"main({arguments!r})\nprint('sqlalchemy' in sys.modules)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env=environment(CLIENT),
        )
        assert done.stdout.splitlines()[-1] == loaded
        assert "status" in done.stdout


# Being stopped


def _slow_store(path: str) -> None:
    with Store.open(path) as store:
        fill(store, [owned(str(number)) for number in range(2500)])


@pytest.mark.skipif(os.name != "posix", reason="signals are a matter of POSIX")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_ctrl_c_stops_an_upgrade_between_pieces_and_says_how_far_it_came(
    path: str, processes: str
) -> None:
    _slow_store(path)
    process = start("upgrade", "--store", path, "--processes", processes)
    with Store.open(path) as store:
        while not any(store.snapshot(inbox_id) for inbox_id in [_first(store)]):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate()
    assert (process.returncode, output) == (2, b""), errors
    first, second = errors.decode().splitlines()
    assert first.endswith("run the same again to go on. [upgrade_stopped]")
    assert " of 2,500 inboxes are done" in first
    assert second == "xid: Interrupted. [interrupted]"
    counts = answer("upgrade", "--store", path)
    assert 0 < counts["stale"] == counts["replayed"] < 2500
    assert answer("status", "--store", path, "--check")["stale"] == 0


def _first(store: Store) -> str:
    return next(iter(store.inboxes()))


# Terminals


def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(path: str) -> None:
    pty = pytest.importorskip("pty", reason="terminals are a matter of POSIX")
    _slow_store(path)
    outer, inner = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "xmtp_identity", "upgrade", "--store", path, "--json"],
        stdout=subprocess.PIPE,
        stderr=inner,
        env=environment(CLIENT) | {"TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(inner)
    shown = b""
    # The other end answers with an error when nobody holds it any more.
    with suppress(OSError):
        while piece := os.read(outer, 4096):
            shown += piece
    os.close(outer)
    output, _ = process.communicate()
    assert process.returncode == 0
    assert json.loads(output)["replayed"] == 2500
    assert b"Upgrading" in shown
    assert b"/2500" in shown
