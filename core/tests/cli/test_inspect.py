from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.vectors import history_log, history_vectors, real_logs

from xmtp_identity.cli.fields import read_fields
from xmtp_identity.loading import load_registry

from .support import (
    answer,
    as_json,
    complaint,
    history,
    lines,
    one_line,
    process,
    response,
    run,
    write,
)

REGISTRY = load_registry(allow=["ethereum", "passkey"])
UPDATES = [
    update
    for _, log in real_logs().values()
    for update in log
    if update is not None and len(update) < 2000
]
INBOX, LOG = history("revoke_passkey")
UPDATE = LOG[0]


def _inspect(data: bytes) -> Any:
    return answer("inspect", "--json", "--update", "-", data=data)


def _field(found: Any, *names: str) -> Any:
    """The first field of this name, in the first of the name before it."""
    for name in names:
        found = next(one for one in found["fields"] if one["name"] == name)
    return found


# What an update holds


@pytest.mark.parametrize("vector", history_vectors(), ids=lambda vector: vector["name"])
def test_a_real_history_is_shown_with_the_texts_of_the_reference_client(
    vector: dict[str, Any],
) -> None:
    data = response((vector["inbox_id"], history_log(vector)))
    found = lines("inspect", "--json", "-", data=data)
    assert [one["index"] for one in found] == list(range(len(vector["updates"])))
    for one, update in zip(found, vector["updates"], strict=True):
        assert one["inbox_id"] == vector["inbox_id"]
        assert one["text"] == update["signature_text"]
        assert one["no_text"] is None
        assert one["bytes"] == len(update["raw"]) // 2
        assert "broken" not in one
        assert _field(one, "inbox_id")["value"] == vector["inbox_id"]
        time = _field(one, "client_timestamp_ns")["value"]
        assert time == update["client_timestamp_ns"]
        actions = [field for field in one["fields"] if field["name"] == "actions"]
        assert len(actions) == len(update["actions"])


def test_the_messages_of_plugins_are_named_field_by_field() -> None:
    _, updates = history("add_passkey")
    found = _inspect(updates[-1])
    add = _field(found, "actions", "add")
    member = _field(add, "new_member_identifier", "xmtp_identity_passkey.v1.passkey")
    assert member["kind"] == "passkey"
    assert member["identifier"] == _field(member, "key")["hex"]
    signature = _field(
        add, "new_member_signature", "xmtp_identity_passkey.v1.passkey_signature"
    )
    names = [field["name"] for field in signature["fields"]]
    assert names == [
        "public_key",
        "signature",
        "authenticator_data",
        "client_data_json",
    ]


def test_a_field_that_is_unknown_is_shown_by_number_wire_type_and_hex() -> None:
    unknown = b"\x28\x96\x01" + b"\x32\x02hi" + b"\x3d\1\2\3\4" + b"\x41" + bytes(8)
    group = b"\x4b\x08\x01\x4c"
    found = _inspect(UPDATE + unknown + group)
    assert "broken" not in found
    assert found["fields"][-5:] == [
        {
            "number": 5,
            "name": None,
            "wire_type": "varint",
            "value": "150",
            "hex": "9601",
        },
        {"number": 6, "name": None, "wire_type": "len", "hex": "6869"},
        {"number": 7, "name": None, "wire_type": "i32", "hex": "01020304"},
        {"number": 8, "name": None, "wire_type": "i64", "hex": "00" * 8},
        {"number": 9, "name": None, "wire_type": "group", "hex": "0801"},
    ]


def test_a_known_field_of_the_wrong_wire_type_says_so() -> None:
    found = _inspect(b"\x18\x05")  # inbox_id as a varint
    [field] = found["fields"]
    assert field["name"] == "inbox_id"
    assert field["wire_type"] == "varint"
    assert "wrong wire type" in field["error"]


def test_what_can_be_read_is_shown_up_to_where_it_breaks() -> None:
    found = _inspect(UPDATE + b"\x0a\x7fxx")
    assert _field(found, "inbox_id")["value"] == INBOX
    assert found["broken"]["rest"] == b"\x0a\x7fxx".hex()
    assert found["text"] is None
    assert found["no_text"]["code"] == "undecodable"


def test_a_leaf_kind_that_is_not_here_is_named_by_the_allotment() -> None:
    member = b"\xa2\x06\x03abc"  # number 100
    add = b"\x0a" + bytes([len(member)]) + member
    action = b"\x12" + bytes([len(add)]) + add
    update = b"\xa2\x06" + bytes([len(action)]) + action
    found = _inspect(update)
    variant = _field(found, "leaf_actions", "add", "new_member_identifier")["fields"][0]
    assert variant["number"] == 100
    assert variant["kind"] == "solana"
    assert variant["hex"] == "616263"


def test_an_entry_without_an_update_says_so() -> None:
    data = as_json(INBOX, [None]).encode()
    [found] = lines("inspect", "--json", "-", data=data)
    assert found["fields"] is None
    assert found["no_text"]["code"] == "no_update"
    assert run("inspect", "-", data=data).stdout.endswith("no update\n")


def test_people_see_names_values_time_and_text() -> None:
    shown = run("inspect", "-", data=UPDATE).stdout
    assert "create_inbox (1)" in shown
    assert "erc_191 (1) [ethereum]" in shown
    assert f"inbox_id (3): '{INBOX}'" in shown
    assert "Signed text\n  XMTP : Authenticate to inbox\n" in shown
    assert "2026-11-20 10:47:34Z" in shown


# Which bytes are looked at


def test_an_update_is_recognised_as_it_is_and_in_hex(tmp_path: Path) -> None:
    for update in LOG:
        shown = run("inspect", write(tmp_path, "raw", update)).stdout
        assert shown.startswith("Entry 0\nIdentityUpdate")
        for text in (update.hex(), f"\n{update.hex().upper()} \r\n"):
            assert run("inspect", write(tmp_path, "hex", text)).stdout == shown


def test_every_real_update_is_taken_for_an_update() -> None:
    for vector in history_vectors():
        for update in history_log(vector):
            assert update is not None
            [found] = lines("inspect", "--json", "-", data=update)
            assert found["inbox_id"] is None


def test_what_is_neither_a_log_nor_an_update_is_refused() -> None:
    for data in (b"hello", b"\x00", b"\x28\x01", b""):
        assert complaint("inspect", "-", data=data)


def test_an_entry_and_an_inbox_are_chosen() -> None:
    data = response((INBOX, LOG), ("other", [None, LOG[0]]))
    assert len(lines("inspect", "--json", "-", data=data)) == len(LOG) + 2
    [one] = lines(
        "inspect", "--json", "--inbox", "other", "--entry", "1", "-", data=data
    )
    assert (one["inbox_id"], one["index"]) == ("other", 1)
    for arguments, code in (
        (["--entry", "0"], "several_inboxes"),
        (["--inbox", "nobody"], "no_such_inbox"),
        (["--inbox", "other", "--entry", "2"], "no_such_entry"),
        (["--entry", "x"], "usage"),
    ):
        assert complaint("inspect", *arguments, "-", data=data).endswith(f"[{code}]")


# Hostile bytes


def _check(data: bytes) -> None:
    found = _inspect(data)
    assert found["bytes"] == len(data)
    if "broken" in found:
        assert data.hex().endswith(found["broken"]["rest"])
    shown = run("inspect", "--update", "-", data=data)
    assert shown.exit_code == 0
    assert shown.stdout.replace("\n", "").isprintable()


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_shown(data: bytes) -> None:
    _check(data)


@given(st.sampled_from(UPDATES), st.data())
def test_mutated_updates_are_shown(update: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(update)))
    end = draw.draw(st.integers(start, min(len(update), start + 9)))
    _check(update[:start] + draw.draw(st.binary(min_size=1, max_size=9)) + update[end:])


@pytest.mark.parametrize("name", real_logs())
def test_every_odd_log_is_shown(name: str) -> None:
    inbox_id, log = real_logs()[name]
    found = lines("inspect", "--json", "-", data=response((inbox_id, log)))
    assert len(found) == len(log)


def test_deep_nesting_is_where_an_update_breaks() -> None:
    for depth in (31, 33, 50_000):
        found = _inspect(b"\x4b" * depth + b"\x4c" * depth)
        assert ("broken" in found) is (depth > 32)


@given(st.binary(max_size=300) | st.sampled_from(UPDATES).map(lambda data: data[:-3]))
def test_fields_and_rest_are_all_of_the_bytes(data: bytes) -> None:
    reading = read_fields(data, REGISTRY)
    values = b"".join(field.raw for field in reading.fields) + reading.rest
    position = 0
    for byte in values:  # in order, with tags and lengths between
        position = data.index(byte, position) + 1
    assert (reading.error is None) <= (reading.rest == b"")


# The signed text


@pytest.mark.parametrize("vector", history_vectors(), ids=lambda vector: vector["name"])
def test_text_gives_the_exact_bytes_that_were_signed(vector: dict[str, Any]) -> None:
    data = response((vector["inbox_id"], history_log(vector)))
    for index, update in enumerate(vector["updates"]):
        wanted = update["signature_text"]
        result = run("text", "--entry", str(index), "-", data=data)
        assert result.stdout_bytes == wanted.encode()
        one = answer("text", "--json", "-", data=bytes.fromhex(update["raw"]))
        assert one == {"inbox_id": None, "index": 0, "text": wanted}


def test_text_of_a_process_is_exact_too(tmp_path: Path) -> None:
    result = process("text", write(tmp_path, "update", UPDATE))
    wanted = answer("text", "--json", "-", data=UPDATE)["text"]
    assert result.stdout == wanted.encode()


def test_text_of_a_log_of_several_entries_asks_which() -> None:
    said = complaint("text", "-", data=response((INBOX, LOG)))
    assert said.endswith("[several_entries]")


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (as_json("a", [None]).encode(), "no_update"),
        (as_json("a", [b"\xff"]).encode(), "undecodable"),
        (as_json("a", [b""]).encode(), "no_actions"),
    ],
)
def test_an_update_without_a_text_is_one_line(data: bytes, code: str) -> None:
    assert complaint("text", "-", data=data).endswith(f"[{code}]")


def test_the_text_of_a_kind_that_is_not_here_is_one_line() -> None:
    _, updates = history("add_passkey")
    result = run("text", "-", data=updates[-1], env={"XID_PLUGINS": "ethereum"})
    assert result.exit_code == 2
    assert one_line(result.stderr).endswith("[kind_not_installed]")
    found = run(
        "inspect", "--json", "-", data=updates[-1], env={"XID_PLUGINS": "ethereum"}
    )
    assert json.loads(found.stdout)["no_text"]["code"] == "kind_not_installed"
