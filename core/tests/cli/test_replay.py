from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support.vectors import (
    history_log,
    history_vectors,
    odd_logs,
    real_logs,
    shown,
    stub_context,
)

from xmtp_identity import AssociationState, Member, MemberIdentifier, ReplayResult
from xmtp_identity import replay as library_replay
from xmtp_identity.cli.results import result_object
from xmtp_identity.loading import load_registry

from .support import answer, as_json, complaint, history, lines, response, run, write

SMART_WALLET = "scw_owner"
NAMES = [vector["name"] for vector in history_vectors()]
INBOX, UPDATES = history("revoke_passkey")
PASSKEY_INBOX, PASSKEY_UPDATES = history("add_passkey")

RESULT_KEYS = [
    "inbox_id",
    "authoritative",
    "deviates",
    "missing",
    "stopped_at",
    "state",
    "outcomes",
]
STATE_KEYS = ["inbox_id", "recovery", "members"]
MEMBER_KEYS = ["kind", "identifier", "added_by", "client_timestamp_ns", "chain_id"]
OUTCOME_KEYS = ["index", "outcome", "code", "deviation", "numbers", "detail"]


def _vector(name: str) -> dict[str, Any]:
    return next(vector for vector in history_vectors() if vector["name"] == name)


# Results


@pytest.mark.parametrize("name", [name for name in NAMES if name != SMART_WALLET])
@pytest.mark.parametrize("form", ["protobuf", "json"])
def test_a_real_history_gives_the_state_of_the_reference_client(
    tmp_path: Path, name: str, form: str
) -> None:
    vector = _vector(name)
    log = history_log(vector)
    content = (
        response((vector["inbox_id"], log))
        if form == "protobuf"
        else as_json(vector["inbox_id"], log)
    )
    result = answer("replay", "--json", write(tmp_path, "log", content))
    assert result["authoritative"] is True
    assert {outcome["outcome"] for outcome in result["outcomes"]} == {"applied"}
    members = result["state"]["members"]
    wanted = vector["state"]
    assert result["state"]["recovery"] == wanted["recovery"]
    assert [
        {"kind": one["kind"], "identifier": one["identifier"]}
        for one in members
        if one["kind"] != "installation"
    ] == wanted["identifiers"]
    assert [
        {"id": one["identifier"], "client_timestamp_ns": one["client_timestamp_ns"]}
        for one in members
        if one["kind"] == "installation"
    ] == wanted["installations"]


def test_without_access_to_a_chain_a_smart_wallets_history_stops() -> None:
    vector = _vector(SMART_WALLET)
    data = as_json(vector["inbox_id"], history_log(vector)).encode()
    result = answer("replay", "--json", "-", data=data)
    assert result["authoritative"] is False
    assert result["stopped_at"] == 0
    assert result["state"] is None
    [outcome] = result["outcomes"]
    assert outcome["outcome"] == "unavailable"
    assert outcome["code"] == "chain_unavailable"
    assert "eip155:8453" in outcome["detail"]


@pytest.mark.parametrize("name", real_logs())
def test_a_result_has_the_documented_keys_in_their_order(name: str) -> None:
    inbox_id, log = real_logs()[name]
    result = answer("replay", "--json", "-", data=response((inbox_id, log)))
    assert list(result) == RESULT_KEYS
    if result["state"] is not None:
        state = result["state"]
        assert list(state) == STATE_KEYS
        assert list(state["recovery"]) == ["kind", "identifier"]
        members = state["members"]
        assert all(list(member) == MEMBER_KEYS for member in members)
        order = [(member["kind"], member["identifier"]) for member in members]
        assert order == sorted(order)
        for member in members:
            added_by = member["added_by"]
            assert added_by is None or list(added_by) == ["kind", "identifier"]
            for number in (member["client_timestamp_ns"], member["chain_id"]):
                assert number is None or number == str(int(number))
    for outcome in result["outcomes"]:
        assert list(outcome) == OUTCOME_KEYS
        applied = outcome["outcome"] == "applied"
        assert (outcome["code"] is None) is applied
        assert (outcome["detail"] is None) is applied
        assert all(list(number) == ["space", "number"] for number in outcome["numbers"])


@pytest.mark.parametrize("name", odd_logs())
def test_the_command_line_says_of_an_odd_log_what_the_library_says(name: str) -> None:
    inbox_id, log = real_logs()[name]
    registry = load_registry(allow=["ethereum", "passkey"])
    wanted = result_object(library_replay(inbox_id, log, registry))
    data = as_json(inbox_id, log).encode()
    assert answer("replay", "--json", "-", data=data) == wanted


def test_the_members_of_layers_stand_sorted_among_those_of_the_root() -> None:
    owner = MemberIdentifier("ethereum", "0xb")
    app = MemberIdentifier("installation", "aa")
    leaf = MemberIdentifier("fish", "Nemo")
    state = AssociationState(
        "inbox",
        owner,
        {
            app: Member(app, owner, 2**64 - 1, None),
            owner: Member(owner, None, None, 2**64 - 1),
        },
        {1000: {leaf: Member(leaf, app, 0, None)}},
    )
    result = ReplayResult("inbox", state, (), True, None, ("solana",), None, None, None)
    shown_result = result_object(result)
    assert shown_result["missing"] == ["solana"]
    assert shown_result["state"]["members"] == [
        {
            "kind": "ethereum",
            "identifier": "0xb",
            "added_by": None,
            "client_timestamp_ns": None,
            "chain_id": "18446744073709551615",
        },
        {
            "kind": "fish",
            "identifier": "Nemo",
            "added_by": {"kind": "installation", "identifier": "aa"},
            "client_timestamp_ns": "0",
            "chain_id": None,
        },
        {
            "kind": "installation",
            "identifier": "aa",
            "added_by": {"kind": "ethereum", "identifier": "0xb"},
            "client_timestamp_ns": "18446744073709551615",
            "chain_id": None,
        },
    ]


def test_a_smart_wallets_chain_is_a_decimal_string() -> None:
    vector = _vector(SMART_WALLET)
    result = library_replay(
        vector["inbox_id"],
        history_log(vector),
        load_registry(allow=["ethereum"]),
        context=stub_context(),
    )
    assert result.state is not None
    assert shown(result.state) == vector["state"]
    [owner, *_] = result_object(result)["state"]["members"]
    assert owner["chain_id"] == "8453"
    assert owner["added_by"] is None


# Several inboxes, several files


def test_one_inbox_gives_one_object_and_several_one_object_a_line(
    tmp_path: Path,
) -> None:
    both = write(
        tmp_path,
        "both",
        response((INBOX, UPDATES[:1]), (PASSKEY_INBOX, PASSKEY_UPDATES))
        + response((INBOX, UPDATES[1:])),
    )
    results = lines("replay", "--json", both)
    assert [result["inbox_id"] for result in results] == [INBOX, PASSKEY_INBOX]
    assert [len(result["outcomes"]) for result in results] == [
        len(UPDATES),
        len(PASSKEY_UPDATES),
    ]
    assert all(result["authoritative"] for result in results)


def test_each_file_stands_for_itself(tmp_path: Path) -> None:
    first = write(tmp_path, "1", as_json(INBOX, UPDATES[:1]))
    second = write(tmp_path, "2", as_json(INBOX, UPDATES))
    results = lines("replay", "--json", first, second, first)
    assert [len(result["outcomes"]) for result in results] == [1, len(UPDATES), 1]


def test_nothing_is_printed_if_one_of_the_files_is_bad(tmp_path: Path) -> None:
    good = write(tmp_path, "good", as_json(INBOX, UPDATES))
    bad = write(tmp_path, "bad", b"\x00\x01")
    assert complaint("replay", "--json", good, bad).startswith(f"{bad}: ")


# Options


def test_at_gives_the_state_after_that_many_entries() -> None:
    data = as_json(INBOX, UPDATES).encode()
    registry = load_registry(allow=["ethereum", "passkey"])
    for count in range(len(UPDATES) + 1):
        result = answer("replay", "--json", "--at", str(count), "-", data=data)
        wanted = result_object(library_replay(INBOX, UPDATES[:count], registry))
        assert result == wanted
    assert answer("replay", "--json", "--at", "0", "-", data=data)["state"] is None


def test_at_beyond_the_log_is_bad_input() -> None:
    beyond = str(len(UPDATES) + 1)
    said = complaint(
        "replay", "--at", beyond, "-", data=as_json(INBOX, UPDATES).encode()
    )
    assert said.endswith("[beyond_log]")
    assert f"which has {len(UPDATES)} entries" in said


@pytest.mark.parametrize("number", ["-1", "x", "1_0", "٣", "", " 1", "1e3", "9" * 30])
def test_at_takes_ascii_digits_alone(number: str) -> None:
    data = as_json(INBOX, UPDATES).encode()
    assert complaint("replay", f"--at={number}", "-", data=data).endswith("[usage]")


def test_without_a_root_kind_the_result_is_not_authoritative() -> None:
    data = as_json(PASSKEY_INBOX, PASSKEY_UPDATES).encode()
    result = answer("replay", "--json", "--without", "passkey", "-", data=data)
    assert result["authoritative"] is False
    discarded = [one for one in result["outcomes"] if one["outcome"] == "discarded"]
    assert {one["code"] for one in discarded} == {"kind_not_installed"}
    assert {"space": "member", "number": 3} in discarded[0]["numbers"]
    assert all(one["kind"] != "passkey" for one in result["state"]["members"])


def test_without_may_be_repeated() -> None:
    data = as_json(PASSKEY_INBOX, PASSKEY_UPDATES).encode()
    result = answer(
        "replay",
        "--json",
        "--without",
        "passkey",
        "--without",
        "ethereum",
        "-",
        data=data,
    )
    assert result["state"] is None


def test_without_an_unknown_kind_is_bad_input() -> None:
    said = complaint("replay", "--without", "solana", "-", data=b"")
    assert said.endswith("[unknown_kind]")
    assert "'solana'" in said


def test_a_plugin_that_is_switched_off_is_like_without() -> None:
    data = as_json(PASSKEY_INBOX, PASSKEY_UPDATES).encode()
    off = run("replay", "--json", "-", data=data, env={"XID_PLUGINS": "ethereum"})
    without = answer("replay", "--json", "--without", "passkey", "-", data=data)
    assert json.loads(off.stdout) == without


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--json"],
        ["-", "-"],
        ["--processes", "2", "-"],
        ["--jsonl", "a", "b"],
        ["--jsonl", "--processes", "0", "-"],
        ["--jsonl", "--processes", "257", "-"],
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str]) -> None:
    assert complaint("replay", *arguments).endswith("[usage]")


# For people


def test_a_report_says_state_members_outcomes_and_authority(tmp_path: Path) -> None:
    result = run("replay", write(tmp_path, "log", response((INBOX, UPDATES))))
    assert result.exit_code == 0
    state = _vector("revoke_passkey")["state"]
    assert f"Inbox {INBOX}" in result.stdout
    assert "Authoritative  yes" in result.stdout
    assert f"ethereum:{state['recovery']['identifier']}" in result.stdout
    for installation in state["installations"]:
        assert installation["id"] in result.stdout
    assert f"Entries ({len(UPDATES)})" in result.stdout
    assert result.stdout.count("applied") == len(UPDATES)


def test_a_report_says_why_a_result_is_not_authoritative() -> None:
    vector = _vector(SMART_WALLET)
    data = as_json(vector["inbox_id"], history_log(vector)).encode()
    report = run("replay", "-", data=data).stdout
    assert "Authoritative  no, stopped before entry 0: " in report
    assert "State          the inbox was not created" in report
    data = as_json(PASSKEY_INBOX, PASSKEY_UPDATES).encode()
    report = run("replay", "--without", "passkey", "-", data=data).stdout
    assert "Authoritative  no, this client is too old" in report
    assert "discarded  kind_not_installed  No plugin here provides" in report


def test_reports_of_several_inboxes_stand_apart() -> None:
    data = response((INBOX, UPDATES), (PASSKEY_INBOX, PASSKEY_UPDATES))
    report = run("replay", "-", data=data).stdout
    assert report.count("\n\nInbox ") == 1
