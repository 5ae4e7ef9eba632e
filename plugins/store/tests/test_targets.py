"""What a store may be called, and what is said of it: never a password."""

from __future__ import annotations

import logging
import os
import sys
import traceback
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from tests.support.postgres import GUARDED_PASSWORD, server

from xmtp_identity.cli.root import xid
from xmtp_identity_store.errors import NoStore, StoreUnavailable, UnusableStore
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.store import Store

from .appending import plain

SECRET = "tell/no:one@all"
WRITTEN = quote(SECRET, safe="")
PARTS = (SECRET, WRITTEN, "tell", "no:one", "all@")


def test_a_file_can_be_named_as_a_url(tmp_path: Path) -> None:
    path = tmp_path / "a b.db"
    with Store.open(f"sqlite:///{path}") as store:
        store.append("i", [Entry(b"1")])
    with Store.open(str(path), create=False) as store:
        assert store.log("i") == [b"1"]


@pytest.mark.parametrize(
    "target",
    [
        f"mysql://me:{WRITTEN}@127.0.0.1/db",
        f"mysql+pymysql://me:{SECRET}@127.0.0.1/db",
        f"https://me:{SECRET}@127.0.0.1/db",
        f"sqlite+pysqlite://{SECRET}",
        f"postgresql+asyncpg://me:{WRITTEN}@127.0.0.1/db",
        f"postgresql://me:{SECRET}@127.0.0.1/db",
        f"postgresql://me:{WRITTEN}@127.0.0.1:99999/db",
        f"postgresql://me:{WRITTEN}@127.0.0.1:x/db",
        f"postgresql://me:{WRITTEN}@[127.0.0.1/db",
        f"postgresql://me:{WRITTEN}@127.0.0.1:1/db",
        f"postgresql://127.0.0.1:1/db?password={WRITTEN}&user=me",
        f"postgresql://127.0.0.1:1/db?sslpassword={WRITTEN}",
        f"postgresql://me:{WRITTEN}@127.0.0.1:1/db?none={WRITTEN}",
        f"postgresql://me:{WRITTEN}@127.0.0.1:1/db?connect_timeout={WRITTEN}",
        f"postgresql://me:{WRITTEN}@nowhere.invalid/db?connect_timeout=1",
        f"postgresql://me:{WRITTEN}@127.0.0.1:1/{'x' * 70}",
        f"postgresql://me:{WRITTEN}%00@127.0.0.1:1/db",
    ],
)
def test_a_target_that_can_not_be_opened_is_refused_without_its_password(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnusableStore) as caught:
        Store.open(target)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    lines = [line for line in told.splitlines() if "Store.open" not in line]
    assert not [part for part in PARTS if part in "\n".join(lines)], lines
    result = CliRunner(env={"XID_PLUGINS": "store"}).invoke(
        xid, ["status", "--store", target]
    )
    assert result.exit_code == 2
    assert not [part for part in PARTS if part in result.output]
    assert list(tmp_path.iterdir()) == []


def guarded(password: str) -> str:
    dsn = server().new_store()
    return dsn.replace("postgres@", f"guarded:{quote(password, safe='')}@")


def test_a_password_opens_a_store_and_is_in_no_log_of_it(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), Store.open(guarded(GUARDED_PASSWORD)) as store:
        store.append("i", [Entry(b"1")])
        store.commit([plain("j")], now_ns=1)
        with pytest.raises(UnusableStore) as caught:
            store._database.write(lambda c: c.exec_driver_sql("SELECT none"))
        database = store._database
        told = [repr(store), repr(database), database.name, repr(database._engine)]
        told += [caplog.text, *capfd.readouterr(), str(caught.value)]
    for part in (GUARDED_PASSWORD, quote(GUARDED_PASSWORD, safe="")):
        assert not [one for one in told if part in one]


def test_a_wrong_password_is_said_and_not_repeated() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        Store.open(guarded(SECRET))
    assert "password authentication failed" in str(caught.value)
    assert not [part for part in PARTS if part in str(caught.value)]


def test_a_database_that_is_missing_is_said() -> None:
    with pytest.raises(UnusableStore, match="does not exist"):
        Store.open(server().dsn("none"))


def test_a_database_without_tables_is_made_a_store_on_request(empty_dsn: str) -> None:
    with pytest.raises(NoStore, match="it is no store"):
        Store.open(empty_dsn, create=False)
    with Store.open(empty_dsn) as store:
        store.append("i", [Entry(b"1")])
    with Store.open(empty_dsn, create=False) as store:
        assert store.log("i") == [b"1"]


def test_a_database_with_tables_of_the_same_names_is_left_as_it_is(
    empty_dsn: str,
) -> None:
    with server().connect(empty_dsn.rpartition("/")[2]) as other:
        other.execute("CREATE TABLE entries (id INTEGER)")
        with pytest.raises(NoStore, match="another program"):
            Store.open(empty_dsn)
        found = other.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    assert found == [("entries",)]


def test_without_its_driver_postgresql_names_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UnusableStore, match=r"xmtp-identity-store\[postgresql\]"):
        Store.open(f"postgresql://me:{WRITTEN}@127.0.0.1:1/db")


@pytest.mark.skipif(os.name != "posix", reason="the test ends a server by a signal")
def test_numbers_and_bytes_come_back_from_both_as_they_were(store: Store) -> None:
    entries = [Entry(bytes(range(256)), 2**64 - 1, 2**63), Entry(b"", 0, 0)]
    store.append("i", entries)
    assert store.entries("i") == entries
