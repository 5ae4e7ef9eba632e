"""The tables of a store.

Whether an inbox is stale is asked by index alone: `inboxes` has those whose
log grew, `snapshots` those that other root kinds decided, `layers` those that
name a leaf kind, by its number and by who made the layer.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

__all__ = [
    "APPLICATION_ID",
    "NOT_REPLAYED",
    "SCHEMA_VERSION",
    "entries",
    "inboxes",
    "kinds",
    "layers",
    "metadata",
    "root_sets",
    "snapshots",
]

APPLICATION_ID: Final = 0x58494453
"""What SQLite's file header says of a store: "XIDS"."""

SCHEMA_VERSION: Final = 1

NOT_REPLAYED: Final = -1
"""The position of an inbox without a snapshot."""

_U64: Final = (1 << 64) - 1
_I63: Final = (1 << 63) - 1


class U64(TypeDecorator[int]):
    """An unsigned 64-bit number in SQLite's signed one, bit for bit."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's interface
        """To SQLite."""
        return value - _U64 - 1 if value is not None and value > _I63 else value

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """From SQLite."""
        return None if value is None else value & _U64


metadata: Final = MetaData()

inboxes: Final = Table(
    "inboxes",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("inbox_id", Text, nullable=False, unique=True),
    # How many entries the log has, and how many of them the snapshot has seen.
    Column("entries", Integer, nullable=False),
    Column("replayed", Integer, nullable=False),
)
Index(
    "inboxes_not_replayed",
    inboxes.c.id,
    sqlite_where=inboxes.c.replayed != inboxes.c.entries,
)

entries: Final = Table(
    "entries",
    metadata,
    Column("inbox", ForeignKey(inboxes.c.id), primary_key=True),
    Column("position", Integer, primary_key=True),
    # A serialized IdentityUpdate; NULL for an entry without one. Ask for it by
    # c["update"]: SQLAlchemy 2.0 has a method of this name.
    Column("update", LargeBinary),
    Column("sequence_id", U64),
    Column("server_timestamp_ns", U64),
    sqlite_with_rowid=False,  # a log lies in one piece
)

kinds: Final = Table(
    "kinds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("extension", Text, nullable=False),
    Column("revision", U64, nullable=False),
    UniqueConstraint("number", "extension", "revision"),
)
"""The leaf kinds that made layers."""

root_sets: Final = Table(
    "root_sets",
    metadata,
    Column("id", Integer, primary_key=True),
    # JSON: [[extension, revision], ...], sorted.
    Column("records", Text, nullable=False, unique=True),
)
"""The sets of root kinds that made snapshots."""

snapshots: Final = Table(
    "snapshots",
    metadata,
    Column("inbox", ForeignKey(inboxes.c.id), primary_key=True),
    # Counts the writes, so that nobody replaces what they have not seen.
    Column("version", Integer, nullable=False),
    Column("roots", ForeignKey(root_sets.c.id), nullable=False),
    # Code of what the last replay could not be finished for, or NULL.
    Column("waits", Text),
    Column("data", LargeBinary, nullable=False),
    Index("snapshots_by_roots", "roots", "inbox"),
)

layers: Final = Table(
    "layers",
    metadata,
    Column("inbox", ForeignKey(inboxes.c.id), primary_key=True),
    Column("number", Integer, primary_key=True),
    # Who made the layer that the snapshot holds; NULL where it holds none.
    Column("kind", ForeignKey(kinds.c.id)),
    # Code of what the layer was left out for, or NULL: no plugin was there.
    Column("waits", Text),
    Index("layers_by_number", "number", "kind", "inbox"),
    sqlite_with_rowid=False,
)
"""Each leaf number that the log of an inbox names."""
