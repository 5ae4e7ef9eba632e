from __future__ import annotations

import io
import json
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.vectors import real_logs

from xmtp_identity import logfile
from xmtp_identity.errors import BadInput
from xmtp_identity.logfile import (
    BadJson,
    EmptyFile,
    FileTooLarge,
    InboxLog,
    NoEntry,
    TruncatedFile,
    UnknownFormat,
    UnusableFile,
    parse_json_log,
    parse_logs,
    read_bytes,
    read_logs,
)
from xmtp_identity.v1.log_pb2 import GetIdentityUpdatesResponse

from .support import as_json, history, response, write

INBOX, UPDATES = history("revoke_passkey")
RESPONSE = response((INBOX, UPDATES))
LOG = InboxLog(INBOX, list(UPDATES))

inbox_ids = st.text(st.characters(codec="utf-8"), min_size=1, max_size=70)
entries = st.lists(st.none() | st.binary(max_size=60), max_size=6)


# The two formats


@pytest.mark.parametrize("name", real_logs())
def test_every_real_log_reads_the_same_from_both_formats(name: str) -> None:
    inbox_id, log = real_logs()[name]
    assert parse_logs(response((inbox_id, log))) == [(inbox_id, log)]
    assert parse_logs(as_json(inbox_id, log).encode()) == [(inbox_id, log)]


@given(st.lists(st.tuples(inbox_ids, entries), min_size=1, max_size=5))
def test_appended_responses_join_by_inbox_in_the_order_of_the_file(
    parts: list[tuple[str, list[bytes | None]]],
) -> None:
    wanted: dict[str, list[bytes | None]] = {}
    for inbox_id, log in parts:
        wanted.setdefault(inbox_id, []).extend(log)
    data = b"".join(response(part) for part in parts)
    if any(wanted.values()):
        assert parse_logs(data) == list(wanted.items())
    else:
        with pytest.raises(NoEntry):
            parse_logs(data)


def test_an_entry_without_an_update_is_none_and_an_empty_update_is_not() -> None:
    assert parse_logs(response((INBOX, [None, b""]))) == [(INBOX, [None, b""])]
    assert parse_logs(as_json(INBOX, [None, b""]).encode()) == [(INBOX, [None, b""])]


@given(inbox_ids, entries.filter(bool), st.text(" \t\r\n"), st.text(" \t\r\n"))
def test_white_space_around_json_is_fine(
    inbox_id: str, log: list[bytes | None], before: str, after: str
) -> None:
    data = f"{before}{as_json(inbox_id, log)}{after}".encode()
    assert parse_logs(data) == [(inbox_id, log)]


def test_hex_of_either_case_is_read() -> None:
    data = json.dumps({"inbox_id": INBOX, "log": ["aB", "Cd"]}).encode()
    assert parse_logs(data) == [(INBOX, [b"\xab", b"\xcd"])]


def test_a_response_that_begins_like_json_after_a_line_feed_is_a_response() -> None:
    # Tag 0x0a, length 0x7b: "\n{" is the beginning of a response of 123 bytes.
    data = response((INBOX, [bytes(51)]))
    assert data[:2] == b"\n{"
    assert parse_logs(data) == [(INBOX, [bytes(51)])]
    assert parse_logs(b"\n" + as_json(INBOX, UPDATES).encode()) == [LOG]


def test_unknown_fields_inside_a_response_are_ignored_and_beside_it_refused() -> None:
    unknown = b"\x78\x01"  # field 15, a varint
    inside = RESPONSE[:1] + _varint(len(RESPONSE) - 3 + 2) + RESPONSE[3:] + unknown
    assert parse_logs(inside) == [LOG]
    with pytest.raises(UnknownFormat):
        parse_logs(RESPONSE + unknown)


def _varint(number: int) -> bytes:
    return bytes([number & 0x7F | 0x80, number >> 7])


# What is no log


@pytest.mark.parametrize("data", [b"", b"\n", b" \t\r\n\n"])
def test_an_empty_file_says_so(data: bytes) -> None:
    with pytest.raises(EmptyFile, match="empty"):
        parse_logs(data)


@pytest.mark.parametrize(
    "data",
    [
        b"hello, world",
        b"\x00",
        b"[]",
        b"\xef\xbb\xbf{}",
        b"\x89PNG\r\n\x1a\n",
        b"\x0a\x01",
        b"\x0a\x02\x08\x01",
        b"null",
        "{}".encode("utf-16"),
        UPDATES[0],
    ],
)
def test_what_is_none_of_the_formats_says_so(data: bytes) -> None:
    with pytest.raises((UnknownFormat, TruncatedFile)):
        parse_logs(data)


def test_a_single_update_is_no_log() -> None:
    for _, log in real_logs().values():
        for update in log:
            if update:
                with pytest.raises(BadInput):
                    parse_logs(update)


@pytest.mark.parametrize(
    "data", [response((INBOX, [])), as_json(INBOX, []).encode(), response()]
)
def test_a_file_without_an_entry_is_refused(data: bytes) -> None:
    with pytest.raises((NoEntry, EmptyFile)):
        parse_logs(data)


def test_an_inbox_without_an_entry_beside_one_with_entries_is_fine() -> None:
    logs = parse_logs(response(("a", []), (INBOX, UPDATES)))
    assert logs == [("a", []), LOG]


def test_a_response_that_names_no_inbox_is_refused() -> None:
    with pytest.raises(UnknownFormat):
        parse_logs(response(("", UPDATES)))
    with pytest.raises(BadJson):
        parse_logs(as_json("", UPDATES).encode())


@pytest.mark.parametrize("data", [RESPONSE, as_json(INBOX, UPDATES).encode()])
def test_every_truncation_is_refused_as_one(data: bytes) -> None:
    for length in range(2, len(data)):
        with pytest.raises(TruncatedFile):
            parse_logs(data[:length])


def test_a_truncated_second_response_does_not_pass_for_the_first_alone() -> None:
    for length in range(1, len(RESPONSE)):
        with pytest.raises(TruncatedFile):
            parse_logs(RESPONSE + RESPONSE[:length])


@pytest.mark.parametrize(
    "data",
    [
        RESPONSE + b"\x0a\x81\x80\x80\x80\x80\x00\x00",  # a length of over 5 bytes
        RESPONSE.replace(INBOX.encode(), b"\xff" * 64),  # no UTF-8
        b"\x0a\x04\x12\x02\x08\x80",  # a varint that ends in the middle
        b"\x0a\x05\x0a\x01a\x13\x14",  # a group where entries are
        b"\x0b\x0c",
    ],
)
def test_a_malformed_response_is_refused(data: bytes) -> None:
    with pytest.raises(UnknownFormat):
        parse_logs(data)


# JSON, strictly


@pytest.mark.parametrize(
    "text",
    [
        '{"inbox_id": "a"}',
        '{"log": []}',
        '{"inbox_id": "a", "log": [], "extra": 1}',
        '{"inbox_id": "a", "inbox_id": "a", "log": [null]}',
        '{"inbox_id": "a", "log": [{"x": 1, "x": 2}]}',
        '{"inbox_id": 1, "log": [null]}',
        '{"inbox_id": null, "log": [null]}',
        '{"inbox_id": "\\ud800", "log": [null]}',
        '{"inbox_id": "a", "log": {}}',
        '{"inbox_id": "a", "log": null}',
        '{"inbox_id": "a", "log": "ab"}',
        '{"inbox_id": "a", "log": [1]}',
        '{"inbox_id": "a", "log": [[]]}',
        '{"inbox_id": "a", "log": [NaN]}',
        '{"inbox_id": "a", "log": ["abc"]}',
        '{"inbox_id": "a", "log": ["0xab"]}',
        '{"inbox_id": "a", "log": ["a b0"]}',
        '{"inbox_id": "a", "log": [" ab "]}',
        '{"inbox_id": "a", "log": ["ab\\n"]}',
        '{"inbox_id": "a", "log": ["\\u0661\\u0661"]}',
        '{"inbox_id": "a", "log": [null],}',
        '{"inbox_id": "a", "log": [null]} {}',
        '{"inbox_id": "a", "log": [null]}{"inbox_id": "a", "log": [null]}',
        "{'inbox_id': 'a', 'log': [null]}",
        '{"inbox_id": "a", "log": [' + "9" * 5000 + "]}",
        '{"inbox_id": "a", "log": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_json_that_is_not_exactly_a_log_is_refused(text: str) -> None:
    with pytest.raises(BadJson):
        parse_logs(text.encode())


def test_json_must_be_utf_8() -> None:
    with pytest.raises(BadJson, match="UTF-8"):
        parse_logs('{"inbox_id": "é", "log": [null]}'.encode("latin-1"))


# No bytes break the reader


def _read_or_refuse(data: bytes) -> None:
    try:
        logs = parse_logs(data)
    except BadInput:
        return
    assert any(log.log for log in logs)
    assert all(log.inbox_id for log in logs)


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _read_or_refuse(data)


@given(st.sampled_from([RESPONSE, as_json(INBOX, UPDATES).encode()]), st.data())
def test_mutated_files_are_read_or_refused(data: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(data)))
    end = draw.draw(st.integers(start, min(len(data), start + 9)))
    _read_or_refuse(data[:start] + draw.draw(st.binary(max_size=9)) + data[end:])


def test_random_files_are_refused() -> None:
    source = random.Random(46)
    for size in range(1, 2000):
        with pytest.raises(BadInput):
            parse_logs(source.randbytes(size))


@given(st.recursive(st.none() | st.text() | st.floats(), st.lists, max_leaves=9))
def test_any_json_value_is_a_log_or_refused(value: object) -> None:
    text = json.dumps({"inbox_id": "a", "log": value}).encode()
    try:
        log = parse_json_log(text)
    except (BadJson, NoEntry):
        return
    assert [None if entry is None else entry.hex() for entry in log.log] == [
        entry.lower() if isinstance(entry, str) else entry
        for entry in value  # type: ignore[attr-defined]  # it was a list
    ]


# Files


def test_a_file_and_standard_input_read_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "log", RESPONSE)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(RESPONSE)))
    assert read_logs(path) == read_logs("-") == [LOG]


def test_every_complaint_names_the_file(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    for path, data, error in (
        (missing, None, UnusableFile),
        (str(tmp_path), None, UnusableFile),
        ("nul\0byte", None, UnusableFile),
        (str(tmp_path / "empty"), b"", EmptyFile),
        (str(tmp_path / "cut"), RESPONSE[:-1], TruncatedFile),
    ):
        if data is not None:
            Path(path).write_bytes(data)
        with pytest.raises(error) as caught:
            read_logs(path)
        assert caught.value.detail.startswith(f"{path}: ")


def test_complaints_about_standard_input_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    with pytest.raises(EmptyFile, match=r"^standard input: "):
        read_logs("-")
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnusableFile, match=r"^standard input: it is closed"):
        read_logs("-")


def test_a_file_over_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(logfile.MAX_FILE_BYTES + 1)
    with pytest.raises(FileTooLarge, match="268,435,456"):
        read_logs(str(path))


def test_the_limit_holds_for_what_has_no_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for size in (8, 9):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bytes(size))))
        if size == 8:
            assert read_bytes("-", 8) == bytes(8)
        else:
            with pytest.raises(FileTooLarge):
                read_bytes("-", 8)


def test_a_response_is_what_protobuf_says_it_is() -> None:
    message = GetIdentityUpdatesResponse.FromString(RESPONSE + RESPONSE)
    joined = [entry.update for one in message.responses for entry in one.updates]
    assert parse_logs(RESPONSE + RESPONSE)[0].log == joined
