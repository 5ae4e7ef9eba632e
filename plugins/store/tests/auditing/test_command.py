"""`xid audit` as people run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete
from tests.benchmarks.synthetic import MIX, inbox_of, network

from xmtp_identity.cli.root import xid
from xmtp_identity_store import audit_command
from xmtp_identity_store.keys import row_key
from xmtp_identity_store.schema import addresses
from xmtp_identity_store.store import Store

from ..support import content, execute
from .networks import PLUGINS, logs, make


def run(*arguments: str) -> Result:
    runner = CliRunner(env={"XID_PLUGINS": PLUGINS, "XID_STRICT_PLUGINS": "1"})
    return runner.invoke(xid, ["audit", *arguments])


def answer(*arguments: str, code: int = 0) -> dict[str, Any]:
    result = run(*arguments, "--json")
    assert result.exit_code == code, result.output
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def test_differences_are_told_by_inbox_and_written_over_on_request(
    target: str, tmp_path: Path
) -> None:
    make(target, 30)
    with Store.open(target) as store:
        sound = content(store)
        victims = sorted(store.inboxes(), key=row_key)[3:5]
        for victim in victims:
            row = row_key(victim)
            execute(store, delete(addresses).where(addresses.c.inbox == row))
    listed = tmp_path / "differences.jsonl"
    done = answer(target, "--list", str(listed), code=1)
    expected = [
        {"inbox_id": victim, "verdict": "different", "what": ["addresses"]}
        for victim in victims
    ]
    assert (done["audit"], done["different"]) == (1, 2)
    assert done["differences"] == expected
    assert list(map(json.loads, listed.read_text("utf-8").splitlines())) == expected
    done = answer(target, "--replace")
    assert (done["audit"], done["different"], done["replaced"]) == (1, 0, 2)
    assert {one["verdict"] for one in done["differences"]} == {"replaced"}
    with Store.open(target) as store:
        assert content(store) == sound
    assert answer(target)["audit"] == 2


def test_what_people_read(path: str) -> None:
    make(path, 10)
    result = run(path)
    assert result.exit_code == 0
    assert "10," in result.stdout
    assert " a second" in result.stdout
    with Store.open(path) as store:
        execute(store, delete(addresses))
    result = run(path)
    assert result.exit_code == 1
    assert "Differences (10)" in result.stdout
    assert "Replaced" in run(path, "--replace").stdout


def test_an_audit_that_is_interrupted_says_how_to_go_on(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(path, 10)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(audit_command._Shown, "report", interrupt)
        result = run(path)
    assert result.exit_code != 0
    assert "[audit_stopped]" in result.stderr
    assert answer(path)["audit"] == 1


@pytest.mark.parametrize("parts", ["63", "65", "100", "131072"])
def test_parts_are_a_power_of_two_and_at_least_the_buckets(
    path: str, parts: str
) -> None:
    make(path, 1)
    assert run(path, "--parts", parts).exit_code == 2


def test_a_list_that_can_not_be_written_is_an_error_that_says_so(
    path: str, tmp_path: Path
) -> None:
    make(path, 1)
    result = run(path, "--list", str(tmp_path / "no" / "file"))
    assert result.exit_code == 2
    assert "[unusable_file]" in result.stderr


def test_a_store_that_is_not_there_is_not_made(path: str) -> None:
    result = run(path)
    assert result.exit_code == 2
    assert "[no_store]" in result.stderr
    assert not Path(path).exists()


# The networks of these tests


def test_a_network_is_the_same_whichever_part_of_it_is_made() -> None:
    whole = list(network(20, seed=3))
    parts = [*network(7, seed=3), *network(13, seed=3, first=7)]
    assert parts == whole
    assert len(dict(whole)) == 20
    assert dict(network(20, seed=4)).keys().isdisjoint(dict(whole))
    inbox = inbox_of(3, 11, MIX)
    assert whole[11] == (inbox.inbox_id, inbox.log)


def test_a_network_holds_what_is_refused_as_well_as_what_is_applied() -> None:
    updates = [update for _, log in logs(150) for update in log]
    assert None in updates
    assert len(set(updates)) < len(updates)
