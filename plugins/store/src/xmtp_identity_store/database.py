"""What a store needs of a database: views, transactions, and what went wrong."""

from __future__ import annotations

import random
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from . import migrating
from .errors import NoStore, StoreLocked, StoreVersion, UnusableStore

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

__all__ = ["CONNECTIONS", "Database"]

CONNECTIONS: Final = 16
"""Connections that a store opens at most, unless it is told otherwise."""

_TRIES: Final = 8
"""How often a transaction is tried that collides with another one."""

_PAUSE_S: Final = 0.005

T = TypeVar("T")

_MAKING: Final = threading.Lock()
"""Alembic works for one thread of a process at a time."""


class Database(ABC):
    """A database with the tables of a store.

    name: for people; it holds no secret.
    remembered: what this process knows to be in tables that only grow.
    """

    __slots__ = ("_engine", "_remembering", "name", "remembered")

    patience_s: ClassVar[int] = 60
    """Seconds that one waits for another one's transaction."""

    def __init__(self, name: str, engine: Engine) -> None:
        self.name = name
        self._engine = engine
        self.remembered: frozenset[object] = frozenset()
        self._remembering = threading.Lock()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def remember(self, things: set[object]) -> None:
        """Note what is in tables that only grow, after it was committed."""
        with self._remembering:
            self.remembered |= things

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view."""
        with self._named(), self._reader().connect() as connection, connection.begin():
            yield connection

    def looking(self) -> Any:
        """A consistent view for one statement, where that is cheaper."""
        return self.reading()

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do some work in a transaction: all or nothing.

        It is done again if it collided with another transaction.
        """
        for tries in range(_TRIES):
            if tries:
                # Not both at the same moment again.
                time.sleep(random.uniform(0, _PAUSE_S) * 2**tries)  # noqa: S311
            try:
                with self._named(), self._writing() as connection:
                    return work(connection)
            except DBAPIError as error:
                if not self._collided(error.orig):
                    raise
        raise StoreLocked(
            f"{self.name}: {_TRIES} times another transaction was in the way."
        )

    def prepare(self, *, create: bool) -> None:
        """See that the database is a store of this release, or make it one."""
        if self._is_ready():
            return
        if not create:
            raise NoStore(f"{self.name} is empty; it is no store.")
        with _MAKING:
            self._make()

    def migrate(self) -> tuple[str | None, str]:
        """Make the tables or bring them up to date; returns the revisions before
        and after, None where there were no tables."""
        with self.reading() as connection:
            self._refuse_others(connection)
            before = migrating.current(connection)
        if before not in {None, migrating.LATEST}:
            self._check_known(before)
        with _MAKING:
            if before is None:
                self._make()
            elif before != migrating.LATEST:
                self.write(migrating.migrate)
        return before, migrating.LATEST

    def _is_ready(self) -> bool:
        """Whether there is a store; False if the database is empty."""
        with self.reading() as connection:
            self._refuse_others(connection)
            version = migrating.current(connection)
        if version is None:
            return False
        if version == migrating.LATEST:
            return True
        self._check_known(version)
        raise StoreVersion(
            f"{self.name} has revision {version} of the tables, this release works "
            f"with {migrating.LATEST}: run `xid migrate`."
        )

    def _check_known(self, version: str | None) -> None:
        known = {one.revision for one in migrating.script().walk_revisions()}
        if version not in known:
            raise StoreVersion(
                f"{self.name} has revision {version} of the tables, which is newer "
                f"than this release; it knows {migrating.LATEST}."
            )

    @abstractmethod
    def _make(self) -> None:
        """Make the tables, whoever else is about to."""

    @abstractmethod
    def _refuse_others(self, connection: Connection) -> None:
        """Raise `NoStore` if this is another program's database."""

    def _reader(self) -> Engine:
        return self._engine

    @abstractmethod
    def _writing(self) -> Any:
        """A connection in a transaction that writes."""

    def _collided(self, error: BaseException | None) -> bool:  # noqa: ARG002
        """Whether a transaction failed because of another one alone."""
        return False

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Give what the database says its name."""
        try:
            yield
        except DBAPIError as error:
            if self._collided(error.orig):
                raise
            raise self._translated(error.orig) from None
        except PoolTimeout:
            raise StoreLocked(
                f"{self.name}: all connections are in use for too long."
            ) from None

    @abstractmethod
    def _translated(self, error: BaseException | None) -> UnusableStore:
        """What a driver's error means."""
