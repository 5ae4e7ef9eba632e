"""The file of a store: whose it is, and what is not one."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from xmtp_identity_store.database import Database
from xmtp_identity_store.errors import (
    NoStore,
    StoreLocked,
    UnusableStore,
)
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.store import Store


@pytest.mark.skipif(os.name != "posix", reason="rights are a matter of POSIX")
def test_a_new_store_is_its_owners_alone(path: str) -> None:
    with Store.open(path) as store:
        store.append("inbox", [Entry(b"1")])
        for file in Path(path).parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_what_was_written_is_there_when_it_is_opened_again(path: str) -> None:
    with Store.open(path) as store:
        store.append("inbox", [Entry(b"1")])
    with Store.open(path, create=False) as store:
        assert store.log("inbox") == [b"1"]
    assert [file.name for file in Path(path).parent.iterdir()] == ["store.db"]


def test_names_that_sqlite_takes_for_more_are_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [":memory:", "file:x?mode=memory", "é%20 ?#.db"]
    for name in names:
        with Store.open(name) as store:
            store.append("inbox", [Entry(name.encode())])
    assert {file.name for file in tmp_path.iterdir() if file.is_file()} == set(names)


@pytest.mark.parametrize("content", [b"", b"no database at all, " * 100])
def test_what_is_no_store_is_not_taken_for_one(path: str, content: bytes) -> None:
    Path(path).write_bytes(content)
    with pytest.raises(NoStore) as caught:
        Store.open(path, create=False)
    assert caught.value.code == "no_store"
    assert Path(path).read_bytes() == content


def test_a_store_that_is_missing_is_not_made_by_looking(path: str) -> None:
    with pytest.raises(NoStore, match="no such file"):
        Store.open(path, create=False)
    assert not Path(path).exists()


def test_another_programs_database_is_left_as_it_is(path: str) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE inboxes (id INTEGER)")
    before = Path(path).read_bytes()
    with pytest.raises(NoStore, match="another program"):
        Store.open(path)
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("name", ["", "no/such/folder/store.db", "a\x00b"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableStore):
        Store.open(f"{tmp_path}/{name}")


def test_a_damaged_file_is_a_reason_and_no_crash(path: str) -> None:
    with Store.open(path) as store:
        store.put([(f"inbox {n}", [Entry(bytes(2000))]) for n in range(50)])
    with Path(path).open("r+b") as file:
        file.seek(8192)
        file.write(b"\xff" * 60_000)
    with Store.open(path) as store, pytest.raises(UnusableStore):
        [store.log(inbox_id) for inbox_id in store.inboxes()]


def test_a_store_that_another_process_keeps_is_said_to_be_locked(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "patience_s", 0)
    with Store.open(path) as store, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreLocked) as caught:
            store.append("inbox", [Entry(b"1")])
        assert caught.value.retryable
        assert list(store.inboxes()) == []
        other.rollback()
        store.append("inbox", [Entry(b"1")])


MAKE = """
import sys
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.store import Store

with Store.open(sys.argv[1]) as store:
    for _ in range(20):
        store.append("shared", [Entry(sys.argv[2].encode())])
        store.append(sys.argv[2], [Entry(b"own")])
"""


def test_processes_that_make_one_store_at_once_share_it(path: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", MAKE, path, str(number)])
        for number in range(3)
    ]
    assert [process.wait() for process in processes] == [0, 0, 0]
    with Store.open(path) as store:
        assert sorted(store.inboxes()) == ["0", "1", "2", "shared"]
        shared = [entry or b"" for entry in store.log("shared")]
    assert sorted(shared) == [b"0"] * 20 + [b"1"] * 20 + [b"2"] * 20
