"""A store in one SQLite file, in WAL mode."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import URL, Connection, create_engine, event

from . import migrating
from .database import CONNECTIONS, Database
from .errors import NoStore, StoreLocked, StoreVersion, UnusableStore

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["APPLICATION_ID", "SqliteFile"]

APPLICATION_ID: Final = 0x58494453
"""What SQLite's file header says of a store: "XIDS"."""


class SqliteFile(Database):
    """A file; writers of all processes take turns, readers never wait."""

    __slots__ = ("_turn",)

    def __init__(
        self, path: str, *, create: bool, connections: int = CONNECTIONS
    ) -> None:
        """create: whether a missing file is made. Raises `UnusableStore`, `NoStore`."""
        # SQLite takes some names for more than names (":memory:").
        name = os.path.abspath(path)  # noqa: PTH100 - a str, as SQLite takes it
        if create:
            _touch(name)
        elif not os.path.isfile(name):  # noqa: PTH113
            raise NoStore(f"{path}: there is no such file.")
        super().__init__(name, _engine(name, self.patience_s, connections))
        # SQLite lets processes try again and again; threads can wait.
        self._turn = threading.Lock()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        engine = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        if not self._turn.acquire(timeout=self.patience_s + 1):
            raise StoreLocked(f"{self.name}: other threads keep it to themselves.")
        try:
            with engine.connect() as connection, connection.begin():
                yield connection
        finally:
            self._turn.release()

    def _make(self) -> None:
        with self._named(), self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA journal_mode = WAL")
        with self._named(), self._writing() as connection:
            if migrating.current(connection) is None:
                connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
                migrating.migrate(connection)

    def _refuse_others(self, connection: Connection) -> None:
        def number(sql: str) -> int:
            return int(connection.exec_driver_sql(sql).scalar_one())

        if number("PRAGMA application_id") != APPLICATION_ID:
            if number("SELECT count(*) FROM sqlite_master"):
                raise NoStore(f"{self.name} is another program's database.")
        elif migrating.current(connection) is None:
            raise StoreVersion(
                f"{self.name} has the tables of a version before the first release, "
                "which this one does not read: import the logs into a new store."
            )

    def _translated(self, error: BaseException | None) -> UnusableStore:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreLocked(
                f"{self.name}: another process did not let go of it within "
                f"{self.patience_s} seconds."
            )
        kind = NoStore if name == "SQLITE_NOTADB" else UnusableStore
        return kind(f"{self.name}: {error}.")

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            with super()._named():
                yield
        except sqlite3.Error as error:
            raise self._translated(error) from None


def _touch(path: str) -> None:
    """Who has which identities is nobody else's matter: a new file is the
    owner's alone. SQLite gives its side files the same rights."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or error
        raise UnusableStore(f"{path}: {cause}.") from None


def _engine(path: str, patience_s: int, connections: int) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=path),
        connect_args={"timeout": patience_s},
        pool_size=connections,
        max_overflow=0,
        pool_timeout=patience_s,
    )

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _: object) -> None:
        # Transactions begin where we say, not where Python's module guesses.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        # What was acknowledged must survive a power cut.
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("begin", "BEGIN"))

    return engine
