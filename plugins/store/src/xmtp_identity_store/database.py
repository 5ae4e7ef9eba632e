"""The file under a store: opening it, transactions, and what SQLite says."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from .errors import NoStore, StoreLocked, StoreVersion, UnusableStore
from .schema import APPLICATION_ID, SCHEMA_VERSION, metadata

__all__ = ["Database"]

_PATIENCE_S: Final = 60
"""Seconds that a process waits for another one's transaction."""


class Database:
    """A SQLite file with the tables of a store, in WAL mode."""

    __slots__ = ("_engine", "_path", "_writing")

    def __init__(self, path: str, *, create: bool) -> None:
        """Raises `UnusableStore`, `NoStore`, `StoreVersion`, `StoreLocked`."""
        # SQLite takes some names for more than names (":memory:").
        self._path = os.path.abspath(path)  # noqa: PTH100 - a str, as SQLite takes it
        if create:
            self._touch()
        elif not os.path.isfile(self._path):  # noqa: PTH113
            raise NoStore(f"{path}: there is no such file.")
        self._engine = _engine(self._path)
        self._writing = self._engine.execution_options(begin="BEGIN IMMEDIATE")
        try:
            self._prepare(create=create)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view."""
        with self._named(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All or nothing; nobody else writes meanwhile."""
        with self._named(), self._writing.connect() as connection, connection.begin():
            yield connection

    def _touch(self) -> None:
        """Who has which identities is nobody else's matter: a new file is the
        owner's alone. SQLite gives its side files the same rights."""
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        except (OSError, ValueError) as error:
            cause = getattr(error, "strerror", None) or error
            raise UnusableStore(f"{self._path}: {cause}.") from None

    def _prepare(self, *, create: bool) -> None:
        # Another program's file must not be changed: look before anything else.
        with self.reading() as connection:
            exists = self._is_store(connection)
        if not exists and not create:
            raise NoStore(f"{self._path} is empty; it is no store.")
        if exists:
            return
        with self._named(), self._engine.connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            raw.execute("PRAGMA journal_mode = WAL")
        with self.writing() as connection:
            if not self._is_store(connection):
                metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def _is_store(self, connection: Connection) -> bool:
        """Whether there is a store; False for an empty file."""

        def number(sql: str) -> int:
            return int(connection.exec_driver_sql(sql).scalar_one())

        if number("PRAGMA application_id") == APPLICATION_ID:
            version = number("PRAGMA user_version")
            if version == SCHEMA_VERSION:
                return True
            raise StoreVersion(
                f"{self._path} has the schema version {version}, this release "
                f"knows {SCHEMA_VERSION}."
            )
        if number("SELECT count(*) FROM sqlite_master"):
            raise NoStore(f"{self._path} is another program's database.")
        return False

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise self._translated(error.orig) from None
        except sqlite3.Error as error:
            raise self._translated(error) from None

    def _translated(self, error: BaseException | None) -> UnusableStore:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreLocked(
                f"{self._path}: another process did not let go of it within "
                f"{_PATIENCE_S} seconds."
            )
        kind = NoStore if name == "SQLITE_NOTADB" else UnusableStore
        return kind(f"{self._path}: {error}.")


def _engine(path: str) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=path), connect_args={"timeout": _PATIENCE_S}
    )

    @event.listens_for(engine, "connect")
    def connect(connection: sqlite3.Connection, _: object) -> None:
        # Transactions begin where we say, not where Python's module guesses.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        # In WAL mode a power cut may take the last transactions back, whole.
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("begin", "BEGIN"))

    return engine
