"""A store in a PostgreSQL database, or in one that speaks its language.

Rows are locked, and nothing else: no advisory locks, no LISTEN, no sequences.
Each connection prepares the statements that it runs often.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from sqlalchemy import URL, Connection, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from . import migrating
from .database import CONNECTIONS, Database
from .errors import NoStore, StoreLocked, StoreUnavailable, UnusableStore
from .schema import metadata

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["PostgresServer"]

_COLLISIONS: Final = frozenset({"40001", "40P01"})
"""Serialization failure and deadlock."""
_MADE_MEANWHILE: Final = frozenset({"23505", "42P06", "42P07", "42710"})
"""Somebody else made the same table at the same time."""
_LOCKED: Final = "55P03"
_UNREACHABLE: Final = ("08", "57P", "53", "25006", "25P03")
"""SQLSTATEs begin so: of connections, of an operator's shutdown, of resources, of a
server that only reads (another one took over), and of one that gave up waiting."""

_CONNECT: Final = {
    "connect_timeout": "10",
    # A server that is gone without a word is noticed within half a minute.
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
    "application_name": "xmtp-identity-store",
}


class PostgresServer(Database):
    """A database that several processes on several machines may share."""

    __slots__ = ("_looking", "_reading", "_secrets")

    def __init__(self, dsn: str, *, connections: int = CONNECTIONS) -> None:
        """Raises `UnusableStore`; connects later."""
        url = _parsed(dsn)
        self._secrets = _secrets(dsn, url)
        super().__init__(
            f"postgresql://{url.host or ''}{f':{url.port}' if url.port else ''}"
            f"/{url.database or ''}",
            _engine(url, self.patience_s, connections),
        )
        self._reading = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        # One statement is a view of its own: no need to say where it begins.
        self._looking = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def looking(self) -> Iterator[Connection]:
        """One statement without a transaction."""
        with self._named(), self._looking.connect() as connection:
            yield connection

    def _reader(self) -> Engine:
        return self._reading

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def _make(self) -> None:
        try:
            with self._engine.connect() as connection, connection.begin():
                if migrating.current(connection) is None:
                    migrating.migrate(connection)
        except DBAPIError as error:
            if _sqlstate(error.orig) not in _MADE_MEANWHILE:
                raise self._translated(error.orig) from None
            self._is_ready()

    def _refuse_others(self, connection: Connection) -> None:
        tables = set(inspect(connection).get_table_names())
        if migrating.VERSION_TABLE not in tables and tables & metadata.tables.keys():
            raise NoStore(f"{self.name} has tables of another program.")

    def _collided(self, error: BaseException | None) -> bool:
        return _sqlstate(error) in _COLLISIONS

    def _translated(self, error: BaseException | None) -> UnusableStore:
        sentence = " ".join(str(error).split())
        for secret in self._secrets:
            sentence = sentence.replace(secret, "***")
        state = _sqlstate(error)
        if state == _LOCKED:
            return StoreLocked(
                f"{self.name}: another transaction did not let go of a row within "
                f"{self.patience_s} seconds."
            )
        if state.startswith(_UNREACHABLE) or (not state and _is_operational(error)):
            return StoreUnavailable(f"{self.name}: {sentence}.")
        return UnusableStore(f"{self.name}: {sentence}.")


def _parsed(dsn: str) -> URL:
    """The parts of a DSN; what is wrong with it is not said in its own words,
    for they may hold the password."""
    try:
        url = make_url(dsn)
        # A part of a password in which an "@" was not written as %40.
        is_torn = "@" in f"{url.host}{url.database}"
    except (ArgumentError, ValueError, TypeError):
        is_torn = True
    if is_torn:
        raise UnusableStore(
            "The DSN can't be read; its form is postgresql://USER:PASSWORD@HOST:PORT/"
            "DATABASE, with %XX for what is special in a password."
        )
    if url.port is not None and not 0 < url.port < 1 << 16:
        raise UnusableStore("The port of the DSN is none.")
    query = {key: value for key, value in _CONNECT.items() if key not in url.query}
    return url.set(drivername="postgresql+psycopg").update_query_dict(query)


def _secrets(dsn: str, url: URL) -> list[str]:
    """What must be in no sentence: passwords, as they are and as they were written."""
    plain = [url.password or ""]
    for key, value in url.query.items():
        if "pass" in key:
            plain += [value] if isinstance(value, str) else list(value)
    before, at, _ = dsn.partition("://")[2].rpartition("@")
    if at:
        written = before.partition(":")[2]
        plain += [written, unquote(written)]
    return sorted({one for one in plain if one}, key=len, reverse=True)


def _engine(url: URL, patience_s: int, connections: int) -> Engine:
    try:
        engine = create_engine(
            url,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=patience_s,
            pool_pre_ping=True,
            hide_parameters=True,
            # Whoever waited for a row then sees what the other one wrote.
            isolation_level="READ COMMITTED",
        )
    except ImportError:
        raise UnusableStore(
            "PostgreSQL needs its driver: install xmtp-identity-store[postgresql]."
        ) from None

    @event.listens_for(engine, "connect")
    def connect(connection: Any, _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{patience_s}s'")
            # A process that hangs must not hold others up for ever.
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{patience_s}s'")
        connection.commit()

    return engine


def _sqlstate(error: BaseException | None) -> str:
    return getattr(error, "sqlstate", None) or ""


def _is_operational(error: BaseException | None) -> bool:
    """Whether a driver's error without a code is about the connection."""
    return any(
        one.__name__ in {"OperationalError", "InterfaceError"}
        for one in type(error).__mro__
    )
