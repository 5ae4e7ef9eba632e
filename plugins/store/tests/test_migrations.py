"""The tables: made by migrations, known by their revision, the same everywhere."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import inspect, update

from xmtp_identity.cli.root import xid
from xmtp_identity_store import migrating, opening
from xmtp_identity_store.errors import StoreVersion
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.schema import metadata
from xmtp_identity_store.sqlite import APPLICATION_ID
from xmtp_identity_store.store import Store

from .support import check_sound, execute


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest) -> str:
    """Where there is no table yet, on each database."""
    name = {"sqlite": "path", "postgresql": "empty_dsn"}[request.param]
    found: str = request.getfixturevalue(name)
    return found


def revisions() -> list[str]:
    """All of them, the first one first."""
    return [one.revision for one in migrating.script().walk_revisions()][::-1]


def test_the_migrations_make_what_the_schema_says(empty: str) -> None:
    """What `alembic check` looks at, and what it does not."""
    with Store.open(empty) as store, store._database.reading() as connection:
        context = MigrationContext.configure(
            connection, opts={**migrating.options(), "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        for table in metadata.sorted_tables:
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [
                column.name for column in table.primary_key
            ]
            keys = {
                key["constrained_columns"][0]
                for key in found.get_foreign_keys(table.name)
            }
            assert keys == {key.parent.name for key in table.foreign_keys}
        if connection.dialect.name == "sqlite":
            clustered = {
                row[0]
                for row in connection.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE sql LIKE '%WITHOUT ROWID%'"
                )
            }
            assert clustered == {
                table.name
                for table in metadata.sorted_tables
                if table.dialect_options["sqlite"]["with_rowid"] is False
            }


def test_no_table_needs_a_sequence(empty_dsn: str) -> None:
    with Store.open(empty_dsn) as store, store._database.reading() as connection:
        assert inspect(connection).get_sequence_names() == []


def test_the_last_revision_is_the_one_that_this_release_works_with() -> None:
    assert revisions()[-1] == migrating.LATEST
    assert migrating.script().get_heads() == [migrating.LATEST]


def test_each_revision_goes_on_from_the_one_before(empty: str) -> None:
    """Upgrading step by step, with a store in use at the last step."""
    database = opening._database(empty, create=True, connections=1)
    try:
        for revision in revisions():
            database.write(partial(migrating.migrate, to=revision))
            with database.reading() as connection:
                assert migrating.current(connection) == revision
    finally:
        database.close()
    if empty.startswith("postgresql"):
        opening.migrate(empty)
        with Store.open(empty, create=False) as store:
            store.append("i", [Entry(b"1")])
            check_sound(store)


@pytest.mark.parametrize("revision", ["9999", "none"])
def test_a_store_of_a_newer_release_is_left_as_it_is(
    target: str, revision: str
) -> None:
    with Store.open(target) as store:
        execute(store, update(migrating._version).values(version_num=revision))
    for attempt in (lambda: Store.open(target), lambda: opening.migrate(target)):
        with pytest.raises(
            StoreVersion, match=f"revision {revision}.* newer"
        ) as caught:
            attempt()
        assert caught.value.code == "store_version"


def test_a_store_of_an_older_release_is_refused_and_names_the_command(
    target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(target).close()
    made = migrating.LATEST
    monkeypatch.setattr(migrating, "LATEST", "0009")
    with pytest.raises(StoreVersion, match=rf"revision {made} .* run `xid migrate`"):
        Store.open(target)


def test_a_file_of_before_the_first_release_is_refused(path: str) -> None:
    with closing(sqlite3.connect(path)) as old, old:
        old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        old.execute("PRAGMA user_version = 1")
        old.execute("CREATE TABLE inboxes (id INTEGER PRIMARY KEY)")
    before = Path(path).read_bytes()
    for attempt in (lambda: Store.open(path), lambda: opening.migrate(path)):
        with pytest.raises(StoreVersion, match="import the logs into a new store"):
            attempt()
    assert Path(path).read_bytes() == before


def test_all_who_open_an_empty_database_at_once_find_one_store(empty: str) -> None:
    failures: list[BaseException] = []
    start = threading.Barrier(6)

    def make(name: int) -> None:
        start.wait(60)
        try:
            with Store.open(empty) as store:
                store.append("shared", [Entry(b"%d" % name)])
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=make, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with Store.open(empty) as store:
        assert len(store.log("shared")) == 6
        check_sound(store)


def test_migrate_makes_a_store_and_then_has_nothing_to_do(empty: str) -> None:
    def answer(*arguments: str) -> object:
        runner = CliRunner(env={"XID_PLUGINS": "store"})
        result = runner.invoke(xid, ["migrate", "--store", empty, *arguments])
        assert (result.exit_code, result.stderr) == (0, "")
        return json.loads(result.stdout) if arguments else result.stdout

    latest = migrating.LATEST
    assert answer("--json") == {"before": None, "after": latest}
    with Store.open(empty, create=False) as store:
        store.append("i", [Entry(b"1")])
    assert answer("--json") == {"before": latest, "after": latest}
    assert latest in str(answer())
    with Store.open(empty, create=False) as store:
        assert store.log("i") == [b"1"]


MAKE = """
import sys
from xmtp_identity_store.logs import Entry
from xmtp_identity_store.store import Store

with Store.open(sys.argv[1]) as store:
    store.append("shared", [Entry(b"x")])
"""


def test_processes_that_make_one_store_at_once_share_it(empty: str) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", MAKE, empty]) for _ in range(4)
    ]
    assert [process.wait() for process in processes] == [0] * 4
    with Store.open(empty, create=False) as store:
        assert len(store.log("shared")) == 4
