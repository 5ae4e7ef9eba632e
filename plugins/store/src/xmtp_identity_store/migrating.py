"""The layout of a store: what it is, making it, bringing it up to date.

Alembic loads only where something has to be made or changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, MetaData, String, Table, inspect, select

from .schema import metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

__all__ = ["LATEST", "VERSION_TABLE", "current", "migrate", "options", "script"]

LATEST: Final = "0002"
"""The revision that this release works with."""

VERSION_TABLE: Final = "xmtp_identity_store_revision"
"""The table that says which revision a database has, and that it is a store."""

_version: Final = Table(
    VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True)
)


def current(connection: Connection) -> str | None:
    """The revision of a database; None if it is no store."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(_version.c.version_num))


def migrate(connection: Connection, to: str = LATEST) -> None:
    """Bring the tables up to a revision, in the caller's transaction."""
    from alembic.runtime.environment import EnvironmentContext

    if current(connection) is not None:
        # Of two that migrate at once the second waits here.
        connection.execute(select(_version).with_for_update())
    scripts = script()

    def upgrade(revision: Any, _: object) -> Sequence[Any]:
        return scripts._upgrade_revs(to, revision)  # noqa: SLF001 - as alembic.command does

    with EnvironmentContext(_config(), scripts, fn=upgrade) as environment:
        environment.configure(connection=connection, **options())
        environment.run_migrations()


def options() -> dict[str, Any]:
    """What Alembic has to know of our tables."""
    return {"target_metadata": metadata, "version_table": VERSION_TABLE}


def script() -> ScriptDirectory:
    """The revisions of this release."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("path_separator", "os")
    config.set_main_option(
        "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
    )
    return config
