"""`xid ... --node URL`: in place of a file stands a node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from click.testing import CliRunner, Result
from tests.support.signers import Installation, Wallet, secret
from tests.support.updates import Change, Inbox

from xmtp_identity.cli.root import xid
from xmtp_identity.v1.api_pb2 import PublishIdentityUpdateRequest

from .certificate import certificate_of_localhost
from .node import LOOK_UP, PUBLISH, Node, fails, says

PLUGINS: Final = {"XID_PLUGINS": "ethereum", "XID_STRICT_PLUGINS": "", "XID_NODE": ""}


class Desk:
    """A folder with the keys of people who are known to a node."""

    def __init__(self, folder: Path, node: Node) -> None:
        self.folder = folder
        self.node = node
        for name in ("alice", "friend"):
            (folder / f"{name}.key").write_text(secret(name).hex())
        app = {"kind": "installation", "seed": secret("app").hex()}
        (folder / "app.key").write_text(json.dumps(app))

    def run(self, *arguments: str, env: Mapping[str, str] = PLUGINS) -> Result:
        result = CliRunner(env={**PLUGINS, **env}).invoke(xid, arguments)
        assert "Traceback" not in result.output
        assert "internal_error" not in result.output
        return result

    def good(self, *arguments: str) -> str:
        result = self.run(*arguments, "--node", self.node.url)
        assert result.exit_code == 0, result.output
        assert not result.stderr
        return result.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.good(*arguments, "--json"))

    def refused(self, *arguments: str, code: int = 2) -> str:
        result = self.run(*arguments, "--node", self.node.url)
        assert result.exit_code == code, result.output
        assert not result.stdout
        assert result.stderr.count("\n") == 1
        return result.stderr

    def inbox(self, command: str, *arguments: str) -> tuple[str, ...]:
        return ("inbox", command, "--as", "alice.key", *arguments)


@pytest.fixture
def desk(tmp_path: Path, node: Node, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, node)


def _values(state: Any) -> set[str]:
    return {member["identifier"] for member in state["members"]}


# xid inbox


def test_an_inbox_is_created_on_a_node(desk: Desk, node: Node) -> None:
    answer = desk.json(
        *desk.inbox("create", "--nonce", "7", "--installation", "app.key")
    )
    assert answer["entries"] == 1
    assert len(answer["added"]) == 2
    assert len(node.logs[answer["inbox_id"]]) == 1


def test_the_inbox_is_that_of_whoever_acts(
    desk: Desk, node: Node, alice: Inbox
) -> None:
    friend = Wallet("friend")
    answer = desk.json(*desk.inbox("link", "friend.key"))
    assert answer["inbox_id"] == alice.inbox_id
    assert answer["entries"] == 4
    assert [one["identifier"] for one in answer["added"]] == [friend.value]
    desk.good(*desk.inbox("rotate", friend.value))
    revoke = ("inbox", "revoke", "--as", "friend.key", "--inbox", alice.inbox_id)
    output = desk.good(*revoke, alice.owner.value)
    assert f"removed   ethereum:{alice.owner.value}" in output
    assert f"recovery  ethereum:{friend.value}" in output
    assert "entries   6" in output
    assert len(node.logs[alice.inbox_id]) == 6


def test_an_app_names_the_inbox(desk: Desk, alice: Inbox) -> None:
    act = ("inbox", "link", "--as", "app.key", "friend.key")
    assert "[no_look_up]" in desk.refused(*act)
    assert desk.json(*act, "--inbox", alice.inbox_id)["entries"] == 4


def test_who_is_unknown_to_the_node_names_the_inbox(desk: Desk) -> None:
    act = ("inbox", "link", "--as", "friend.key", "app.key")
    assert "name one with --inbox. [no_such_inbox]" in desk.refused(*act)
    assert "has no log of the inbox" in desk.refused(*act, "--inbox", "0" * 64)


def test_a_node_that_names_a_false_inbox_is_found_out(
    desk: Desk, node: Node, alice: Inbox
) -> None:
    node.owners[1, Wallet("friend").value] = alice.inbox_id
    act = ("inbox", "link", "--as", "friend.key", "app.key")
    assert "[inbox_unproven]" in desk.refused(*act)


def test_an_outside_wallet_signs_for_a_node(
    desk: Desk, node: Node, alice: Inbox
) -> None:
    friend = Wallet("friend")
    act = desk.inbox("link", friend.value)
    asked = desk.json(*act, "--text-only")
    assert not node.calls[PUBLISH]
    signature = friend.raw(asked["text"].encode()).hex()
    answer = desk.json(*act, "--time", asked["time"], "--signature", signature)
    assert answer["entries"] == 4


def test_what_the_node_refuses_is_an_answer_that_is_no(desk: Desk, node: Node) -> None:
    status = grpc.StatusCode.FAILED_PRECONDITION
    node.does(PUBLISH, fails(status, "Full.\x1b[2J", "log_full"))
    stderr = desk.refused(*desk.inbox("link", "friend.key"), code=1)
    assert r"Full.\x1b[2J [log_full] [node_refused]" in stderr


def test_who_comes_second_is_told(desk: Desk, node: Node, alice: Inbox) -> None:
    def loses(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        change = alice.update(Change(Wallet("other"), alice.owner))
        node.logs[alice.inbox_id].append(change)
        return node.truth(PUBLISH, request)

    node.does(PUBLISH, loses)
    stderr = desk.refused(*desk.inbox("rotate", "friend.key"))
    assert "came first" in stderr
    assert "[log_changed]" in stderr


def test_one_of_a_file_and_a_node_is_given(desk: Desk) -> None:
    link = desk.inbox("link", "friend.key")
    assert "Missing option '--log' or '--node'." in desk.run(*link).stderr
    assert "[options_clash]" in desk.refused(*link, "--log", "my.log")
    stderr = desk.run(*link, "--log", "my.log", "--store", "my.db").stderr
    assert "[options_clash]" in stderr


def test_the_environment_names_a_node_and_no_option_does(
    desk: Desk, node: Node, alice: Inbox
) -> None:
    env = {"XID_NODE": node.url}
    link = desk.run(*desk.inbox("link", "friend.key", "--json"), env=env)
    assert json.loads(link.stdout)["inbox_id"] == alice.inbox_id
    # A file that is named stays a file.
    created = desk.run(*desk.inbox("create", "--log", "my.log"), env=env)
    assert created.exit_code == 0, created.output
    assert (desk.folder / "my.log").exists()
    assert desk.run("replay", "my.log", env=env).exit_code == 0
    assert desk.run("whois", alice.owner.value, env=env).exit_code == 0


# xid replay, inspect, text


def test_a_log_is_replayed_from_a_node(desk: Desk, alice: Inbox, bob: Inbox) -> None:
    lines = desk.good("replay", "--json", alice.inbox_id, bob.inbox_id).splitlines()
    first, second = map(json.loads, lines)
    assert first["inbox_id"] == alice.inbox_id
    assert [one["code"] for one in first["outcomes"]] == [
        None,
        None,
        "kind_not_installed",
    ]
    assert _values(second["state"]) == {bob.owner.value}
    earlier = desk.json("replay", alice.inbox_id, "--at", "1")
    assert _values(earlier["state"]) == {alice.owner.value}
    assert "Entry 2" in desk.good("replay", alice.inbox_id, "--explain")


def test_entries_on_a_node_are_inspected(desk: Desk, alice: Inbox) -> None:
    found = desk.json("inspect", alice.inbox_id, "--entry", "1")
    assert (found["inbox_id"], found["index"]) == (alice.inbox_id, 1)
    text = desk.good("text", alice.inbox_id, "--entry", "0")
    assert f"(Owner: {alice.owner.value})" in text


def test_options_for_files_do_not_go_with_a_node(desk: Desk, alice: Inbox) -> None:
    assert "[options_clash]" in desk.refused("inspect", alice.inbox_id, "--update")
    assert "leave --node out" in desk.refused("replay", "--jsonl", alice.inbox_id)
    assert "--store needs --node" in desk.run("replay", "a", "--store", "b").stderr


def test_what_a_node_does_not_have_is_said(desk: Desk) -> None:
    for command in ("replay", "inspect", "text"):
        assert "[no_such_inbox]" in desk.refused(command, "0" * 64)
        assert "[inbox_id]" in desk.refused(command, "my.log")


# xid whois


def test_an_identifier_leads_to_its_inbox_and_members(desk: Desk, alice: Inbox) -> None:
    answer = desk.json("whois", alice.owner.value)
    assert answer["identifier"] == {
        "kind": "ethereum",
        "identifier": alice.owner.value,
    }
    assert answer["inbox_id"] == alice.inbox_id
    assert answer["entries"] == 3
    assert answer["authoritative"]
    assert answer["missing"] == ["1000"]
    assert _values(answer["state"]) == {
        alice.owner.value,
        Installation("app").identifier.value,
    }
    for who in ("alice.key", f"ethereum:{alice.owner.value}"):
        assert desk.json("whois", who) == answer


def test_people_see_the_inbox_and_its_members(desk: Desk, alice: Inbox) -> None:
    output = desk.good("whois", "--kind", "ethereum", alice.owner.value)
    assert f"Inbox {alice.inbox_id}" in output
    assert f"Identifier  ethereum:{alice.owner.value}" in output
    assert "Members (2)" in output
    assert "outcome" not in output.lower()


def test_an_inbox_id_shows_the_same(desk: Desk, alice: Inbox) -> None:
    answer = desk.json("whois", alice.inbox_id)
    assert answer["identifier"] is None
    assert answer["state"]["recovery"]["identifier"] == alice.owner.value


@pytest.mark.parametrize("who", [Wallet("nobody").value, "0" * 64])
def test_who_has_no_inbox_is_an_answer_that_is_no(desk: Desk, who: str) -> None:
    result = desk.run("whois", who, "--node", desk.node.url)
    assert result.exit_code == 1
    assert "knows no inbox of" in result.stdout
    as_json = desk.run("whois", who, "--json", "--node", desk.node.url)
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["inbox_id"] is None


def test_whois_takes_a_nodes_word_for_nothing(
    desk: Desk, node: Node, alice: Inbox
) -> None:
    nobody = Wallet("nobody").value
    node.owners[1, nobody] = alice.inbox_id
    assert "[inbox_unproven]" in desk.refused("whois", nobody)
    node.does(LOOK_UP, says(b"\xff"))
    assert "[node_answer]" in desk.refused("whois", nobody)


def test_whois_says_what_can_not_be_looked_up(desk: Desk) -> None:
    assert "[no_look_up]" in desk.refused("whois", "app.key")
    assert "[unknown_signer]" in desk.refused("whois", "what")
    assert "Missing option '--node'" in desk.run("whois", "0" * 64).stderr


# The store, and nodes that are not there


def test_a_store_notices_what_a_node_takes_back(
    desk: Desk, node: Node, alice: Inbox
) -> None:
    pytest.importorskip("xmtp_identity_store", reason="the local store is not here")
    kept = ("--store", "my.db")
    desk.good("replay", alice.inbox_id, *kept)
    node.logs[alice.inbox_id].pop()
    assert "[log_shortened]" in desk.refused("replay", alice.inbox_id, *kept)
    assert "[log_shortened]" in desk.refused("whois", alice.owner.value, *kept)
    link = desk.inbox("link", "friend.key")
    assert "[log_shortened]" in desk.refused(*link, *kept)
    assert not node.calls[PUBLISH]
    desk.good(*link)


def test_without_the_store_its_package_is_named(
    desk: Desk, alice: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "xmtp_identity_store.store", None)
    stderr = desk.refused("replay", alice.inbox_id, "--store", "my.db")
    assert "pip install xmtp-identity-store. [store_missing]" in stderr


def test_without_grpcio_the_extra_is_named(
    desk: Desk, alice: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules: dict[str, Any] = sys.modules
    monkeypatch.setitem(modules, "grpc", None)
    stderr = desk.refused("whois", alice.inbox_id)
    assert "pip install 'xmtp-identity[remote]'. [remote_missing]" in stderr


@pytest.mark.parametrize(
    ("url", "code"), [("localhost", "bad_node_url"), ("\x1b[2J", "bad_node_url")]
)
def test_a_url_that_is_none_is_said(desk: Desk, url: str, code: str) -> None:
    result = desk.run("whois", "0" * 64, "--node", url)
    assert result.exit_code == 2
    assert result.stderr.endswith(f"[{code}]\n")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_node_that_is_not_there_is_one_line(desk: Desk, scheme: str) -> None:
    """Whatever gRPC would like to say beside it."""
    target = desk.node.url
    if scheme == "http":
        desk.node.stop()
    done = subprocess.run(
        [
            *(sys.executable, "-m", "xmtp_identity", "whois", "0" * 64),
            *("--node", target.replace("http", scheme)),
        ],
        check=False,
        capture_output=True,
        env={**os.environ, **PLUGINS},
    )
    assert done.returncode == 2
    assert not done.stdout
    assert done.stderr.startswith(b"xid: ")
    assert done.stderr.endswith(b"[node_unavailable]\n")
    assert done.stderr.count(b"\n") == 1


def test_a_certificate_of_ones_own_is_trusted_by_the_environment(
    desk: Desk, alice: Inbox
) -> None:
    key, certificate = certificate_of_localhost()
    trusted = desk.folder / "trusted.pem"
    trusted.write_bytes(certificate)
    credentials = grpc.ssl_server_credentials([(key, certificate)])
    with Node(alice, credentials=credentials) as encrypted:
        port = encrypted.address.rpartition(":")[2]
        done = subprocess.run(
            [
                *(sys.executable, "-m", "xmtp_identity", "whois", alice.inbox_id),
                *("--node", f"https://localhost:{port}"),
            ],
            check=False,
            capture_output=True,
            env={
                **os.environ,
                **PLUGINS,
                "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(trusted),
            },
        )
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_the_update_that_is_sent_is_the_one_that_was_made(
    desk: Desk, node: Node, alice: Inbox, bob: Inbox
) -> None:
    sent = []

    def keeps(node: Node, request: bytes, context: grpc.ServicerContext) -> bytes:
        sent.append(PublishIdentityUpdateRequest.FromString(request).identity_update)
        return node.truth(PUBLISH, request)

    node.does(PUBLISH, keeps)
    desk.good(*desk.inbox("link", "friend.key"))
    assert node.logs[alice.inbox_id] == [*alice.log, *sent]
    assert node.logs[bob.inbox_id] == bob.log
