"""From what a person calls a store to the database that it is."""

from __future__ import annotations

import re
from typing import Final

from .database import CONNECTIONS, Database
from .errors import UnusableStore

__all__ = ["migrate", "open_database"]

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://", "postgresql+psycopg://")
_SCHEME: Final = re.compile("([A-Za-z][A-Za-z0-9+.-]*)://")


def open_database(
    target: str, *, create: bool, connections: int = CONNECTIONS
) -> Database:
    """Open the database of a store; see `Store.open`."""
    database = _database(target, create=create, connections=connections)
    try:
        database.prepare(create=create)
    except BaseException:
        database.close()
        raise
    return database


def migrate(target: str) -> tuple[str | None, str]:
    """Make the tables of a store, or bring them to what this release works with.

    Returns the revisions before and after; None where there were no tables.
    Raises as `Store.open`.
    """
    database = _database(target, create=True, connections=1)
    try:
        return database.migrate()
    finally:
        database.close()


def _database(target: str, *, create: bool, connections: int) -> Database:
    if target.startswith(_POSTGRESQL):
        from .postgresql import PostgresServer

        return PostgresServer(target, connections=connections)
    if target.startswith(_SQLITE):
        target = target.removeprefix(_SQLITE)
    elif scheme := _SCHEME.match(target):
        # The rest may hold a password.
        raise UnusableStore(
            f"{scheme[1]}: is no database that a store can be in. Name a file, "
            "sqlite:///FILE or postgresql://..."
        )
    from .sqlite import SqliteFile

    return SqliteFile(target, create=create, connections=connections)
