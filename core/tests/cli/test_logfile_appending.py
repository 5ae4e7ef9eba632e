from __future__ import annotations

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from xmtp_identity import replay
from xmtp_identity.errors import BadInput
from xmtp_identity.loading import load_registry
from xmtp_identity.logfile import (
    FileTooLarge,
    LogChanged,
    TruncatedFile,
    UnknownFormat,
    UnusableFile,
    append_entry,
    read_logs,
)
from xmtp_identity.v1.log_pb2 import GetIdentityUpdatesResponse

from .support import as_json, environment, history, response, write

INBOX, UPDATES = history("revoke_passkey")

posix = pytest.mark.skipif(
    os.name != "posix", reason="modes and special files are POSIX's"
)


def _append(path: Path | str, update: bytes, *, expected: int | None = None) -> None:
    append_entry(
        str(path),
        INBOX,
        update,
        sequence_id=7,
        server_timestamp_ns=8,
        expected=expected,
    )


def test_a_log_grown_by_appending_replays_like_the_whole(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for index, update in enumerate(UPDATES):
        _append(path, update, expected=index)
    assert read_logs(str(path)) == [(INBOX, UPDATES)]
    [log] = read_logs(str(path))
    registry = load_registry(allow=["ethereum", "passkey"])
    assert replay(*log, registry).state == replay(INBOX, UPDATES, registry).state


def test_what_is_written_is_a_response_with_all_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "log"
    _append(path, UPDATES[0])
    [one] = GetIdentityUpdatesResponse.FromString(path.read_bytes()).responses
    [entry] = one.updates
    assert one.inbox_id == INBOX
    assert (entry.sequence_id, entry.server_timestamp_ns) == (7, 8)
    assert entry.update == UPDATES[0]


def test_appending_to_what_a_node_answered_adds_one_entry(tmp_path: Path) -> None:
    path = write(tmp_path, "log", response((INBOX, UPDATES[:2]), ("other", [None])))
    _append(path, UPDATES[2], expected=2)
    assert read_logs(path) == [(INBOX, UPDATES[:3]), ("other", [None])]


@posix
def test_a_new_log_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "log"
    _append(path, UPDATES[0])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (as_json(INBOX, UPDATES).encode(), UnknownFormat),
        (b"something else", UnknownFormat),
        (response((INBOX, UPDATES))[:-1], TruncatedFile),
    ],
)
def test_nothing_is_appended_to_what_would_not_be_read(
    tmp_path: Path, content: bytes, error: type[BadInput]
) -> None:
    path = write(tmp_path, "log", content)
    with pytest.raises(error):
        _append(path, UPDATES[0])
    assert Path(path).read_bytes() == content


def test_an_update_for_a_log_that_has_grown_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log"
    _append(path, UPDATES[0], expected=0)
    before = path.read_bytes()
    with pytest.raises(LogChanged, match="has 1 entries now, it had 0"):
        _append(path, UPDATES[1], expected=0)
    assert path.read_bytes() == before


def test_a_log_does_not_grow_beyond_what_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    _append(path, UPDATES[0])
    before = path.read_bytes()
    monkeypatch.setattr("xmtp_identity.logfile.MAX_FILE_BYTES", len(before) + 10)
    with pytest.raises(FileTooLarge):
        _append(path, UPDATES[1])
    assert path.read_bytes() == before


@posix
def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="POSIX limits file sizes")
    path = tmp_path / "log"
    _append(path, UPDATES[0])
    before = path.read_bytes()
    limit = len(before) + 10
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(UnusableFile):
            _append(path, UPDATES[1])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before


@posix
@pytest.mark.parametrize("path", ["", "/dev/null", "missing/log"])
def test_what_is_no_regular_file_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UnusableFile):
        _append(tmp_path / path, UPDATES[0])


WRITER = """
import sys
from xmtp_identity.logfile import append_entry
for number in range(20):
    append_entry(sys.argv[1], "inbox", sys.argv[2].encode() * 3000,
                 sequence_id=number, server_timestamp_ns=0)
"""


def test_writers_of_several_processes_do_not_interleave(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name], env=environment()
        )
        for name in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    [log] = read_logs(str(path))
    assert sorted(entry[:1] for entry in log.log if entry) == sorted(
        [b"a", b"b", b"c"] * 20
    )
    assert {entry and len(entry) for entry in log.log} == {3000}


def test_of_writers_that_saw_the_same_log_one_appends(tmp_path: Path) -> None:
    path = tmp_path / "log"

    def attempt(update: bytes) -> bool:
        try:
            _append(path, update, expected=0)
        except LogChanged:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(attempt, UPDATES[:4])) == [False] * 3 + [True]
