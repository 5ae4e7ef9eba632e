"""What a client that lacks something is told, and how a log looks to each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.support.vectors import odd_logs

from xmtp_identity import Registry, load_registry, replay
from xmtp_identity.builder import AddMember, CreateInbox, PlannedAction
from xmtp_identity.builder import SignatureRequest as Request
from xmtp_identity.cli.root import xid
from xmtp_identity.deviations import DEVIATIONS
from xmtp_identity.explain import Explanation, explain
from xmtp_identity.kinds import Signer
from xmtp_identity.protocol.root_rules import inbox_id_of

START_NS = 1_790_000_000 * 10**9


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry(strict=True)


@pytest.fixture(scope="module")
def log(registry: Registry) -> tuple[str, list[bytes]]:
    """An inbox with a passkey, a Solana and a Bitcoin address, one an update."""

    def key(kind: str) -> Signer:
        signing = registry.kind(kind).signing
        assert signing is not None
        return signing().load_key(signing().new_key(), str)

    owner = key("ethereum")
    me = owner.identifier
    inbox_id = inbox_id_of(me, 0, registry.kind("ethereum"))
    updates: list[bytes] = []

    def write(action: PlannedAction, *signers: Signer) -> None:
        time_ns = START_NS + len(updates) * 10**9
        request = Request(inbox_id, [action], registry, client_timestamp_ns=time_ns)
        for signer in signers:
            request.sign(signer)
        updates.append(request.encode())

    write(CreateInbox(me), owner)
    for kind in ("solana", "passkey", "bitcoin"):
        newcomer = key(kind)
        write(AddMember(newcomer.identifier, me), owner, newcomer)
    return inbox_id, updates


def explained(
    log: tuple[str, list[bytes]], registry: Registry
) -> dict[int, Explanation]:
    found = explain(replay(*log, registry))
    return {explanation.index: explanation for explanation in found}


def test_where_nothing_lacks_there_is_nothing_to_explain(
    log: tuple[str, list[bytes]], registry: Registry
) -> None:
    assert explained(log, registry) == {}


def test_a_leaf_kind_that_lacks_is_named_with_its_package_and_what_is_not_seen(
    log: tuple[str, list[bytes]], registry: Registry
) -> None:
    found = explained(log, registry.without("solana", "bitcoin"))
    assert set(found) == {1, 3}
    assert found[1].missing == ("member 100 is solana's: install xmtp-identity-solana",)
    assert found[3].missing == (
        "member 101 is bitcoin's: install xmtp-identity-bitcoin",
    )
    assert "Who may act for the inbox is certain" in found[1].unseen
    assert found[1].reference_client == ""


def test_a_root_kind_that_lacks_takes_the_certainty_away(
    log: tuple[str, list[bytes]], registry: Registry
) -> None:
    found = explained(log, registry.without("passkey"))
    assert set(found) == {2}
    assert all("install xmtp-identity-passkey" in line for line in found[2].missing)
    assert "not authoritative" in found[2].unseen


def test_each_deviation_says_what_the_reference_client_makes_of_it(
    registry: Registry,
) -> None:
    rows = {row.code: row for row in DEVIATIONS}
    seen = set()
    for case in odd_logs().values():
        entries = [None if e is None else bytes.fromhex(e) for e in case["log"]]
        result = replay(case["inbox_id"], entries, registry)
        found = {one.index: one.reference_client for one in explain(result)}
        for outcome in result.outcomes:
            if outcome.deviation:
                seen.add(outcome.code)
                assert rows[outcome.code].libxmtp in found[outcome.index]
            else:
                assert not found.get(outcome.index)
    assert {"word_reused", "several_variants", "identifier_kind"} <= seen


def test_unknown_numbers_are_told_apart_from_packages_that_lack(
    registry: Registry,
) -> None:
    case = odd_logs()["a7"]  # an action of a number that nobody knows
    entries = [None if e is None else bytes.fromhex(e) for e in case["log"]]
    (found,) = explain(replay(case["inbox_id"], entries, registry))
    assert found.missing == (
        "action 5 is an action that this release does not know: upgrade xmtp-identity",
    )


@pytest.fixture
def path(tmp_path: Path, log: tuple[str, list[bytes]]) -> str:
    content = {"inbox_id": log[0], "log": [update.hex() for update in log[1]]}
    file = tmp_path / "log.json"
    file.write_text(json.dumps(content), "utf-8")
    return str(file)


def run(*arguments: str) -> str:
    result = CliRunner().invoke(xid, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_replay_explains_for_people_and_for_programs(path: str) -> None:
    shown = run("replay", "--without", "solana", "--explain", path)
    assert "Lacking: member 100 is solana's: install xmtp-identity-solana." in shown
    told = json.loads(run("replay", "--without", "solana", "--explain", "--json", path))
    (explanation,) = told["explanations"]
    assert explanation["index"] == 1
    assert explanation["reference_client"] is None


def test_compat_shows_the_log_with_each_plugin_left_out(
    path: str, registry: Registry, log: tuple[str, list[bytes]]
) -> None:
    seen: dict[str, Any] = json.loads(run("compat", "--json", path))
    views = {client["without"]: client["result"] for client in seen["clients"]}
    assert set(views) == {None, *registry.by_name}
    whole = views[None]
    for name in ("solana", "bitcoin"):
        view = views[name]
        assert view["authoritative"]
        assert view["missing"] == [name]
        assert view["state"]["members"] == [
            member for member in whole["state"]["members"] if member["kind"] != name
        ]
    assert not views["passkey"]["authoritative"]
    shown = run("compat", path)
    assert log[0] in shown
    assert "solana" in shown
