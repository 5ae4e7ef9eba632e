"""The tables of a store, the same on every database.

Whether an inbox is stale is asked by index alone: `inboxes` has those whose
log grew, `snapshots` those that other root kinds decided, `layers` those that
name a leaf kind, by its number and by who made the layer.

What changes here needs a migration; a test compares the two.
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
    text,
)

__all__ = [
    "NOT_REPLAYED",
    "addresses",
    "audit_parts",
    "audited",
    "audits",
    "buckets",
    "entries",
    "feed",
    "inboxes",
    "key_packages",
    "kinds",
    "labels",
    "layers",
    "metadata",
    "notes",
    "root_sets",
    "snapshots",
]

NOT_REPLAYED: Final = -1
"""The position of an inbox without a snapshot."""

_U64: Final = (1 << 64) - 1
_I63: Final = (1 << 63) - 1


class U64(TypeDecorator[int]):
    """An unsigned 64-bit number in the database's signed one, bit for bit."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's interface
        """To the database."""
        return value - _U64 - 1 if value is not None and value > _I63 else value

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else value & _U64


# SQLite numbers its rows by a column of exactly this type.
_KEY: Final = BigInteger().with_variant(Integer, "sqlite")

metadata: Final = MetaData(
    naming_convention={
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
    }
)

inboxes: Final = Table(
    "inboxes",
    metadata,
    # `keys.row_key` of the ID.
    Column("id", _KEY, primary_key=True, autoincrement=False),
    Column("inbox_id", Text, nullable=False),
    # How many entries the log has, and how many of them the snapshot has seen.
    Column("entries", Integer, nullable=False),
    Column("replayed", Integer, nullable=False),
    # Counts the writes of the snapshot, so that nobody replaces what they have
    # not seen. 0: there is none.
    Column("version", Integer, nullable=False),
    # Of the last entry: see `entries.served`, and the server's time.
    Column("served", BigInteger, nullable=False),
    Column("served_ns", BigInteger, nullable=False),
    # Bytes of all updates of the log.
    Column("size", BigInteger, nullable=False),
)
Index(
    "inboxes_not_replayed",
    inboxes.c.id,
    sqlite_where=text("replayed != entries"),
    postgresql_where=text("replayed != entries"),
)

entries: Final = Table(
    "entries",
    metadata,
    Column("inbox", ForeignKey(inboxes.c.id), primary_key=True),
    Column("position", Integer, primary_key=True),
    # A serialized IdentityUpdate; NULL for an entry without one. Ask for it by
    # c["update"]: SQLAlchemy has a method of this name.
    Column("update", LargeBinary),
    # As the node that the entry came from gave them, or NULL.
    Column("sequence_id", U64),
    Column("server_timestamp_ns", U64),
    # The sequence ID that this store serves it with: rises within an inbox.
    Column("served", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # a log lies in one piece
)

kinds: Final = Table(
    "kinds",
    metadata,
    Column("id", _KEY, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("extension", Text, nullable=False),
    Column("revision", U64, nullable=False),
    UniqueConstraint("number", "extension", "revision"),
)
"""The leaf kinds that made layers; a handful of rows, by `saving.kind_key`."""

root_sets: Final = Table(
    "root_sets",
    metadata,
    Column("id", _KEY, primary_key=True, autoincrement=False),
    # JSON: [[extension, revision], ...], sorted.
    Column("records", Text, nullable=False, unique=True),
)
"""The sets of root kinds that made snapshots; a handful of rows, by the
`keys.row_key` of the records."""

snapshots: Final = Table(
    "snapshots",
    metadata,
    Column("inbox", ForeignKey(inboxes.c.id), primary_key=True),
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

labels: Final = Table(
    "labels",
    metadata,
    Column("inbox", ForeignKey(inboxes.c.id), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("outcome", Text, nullable=False),
    Column("code", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The entries that a replay did not apply, and why."""

addresses: Final = Table(
    "addresses",
    metadata,
    # Of the kind in `MemberIdentifier`, and the identifier as people see it.
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("identifier", Text, primary_key=True),
    Column("inbox", ForeignKey(inboxes.c.id), primary_key=True),
    # Positions of the last entry that added it, and of the one that it left
    # with; NULL: not known, not gone.
    Column("associated", Integer),
    Column("revoked", Integer),
    Index("addresses_by_inbox", "inbox"),
    sqlite_with_rowid=False,
)
"""The address log (XIP-46): who is or was a member of which inbox."""

buckets: Final = Table(
    "buckets",
    metadata,
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    # The number of the bucket's last entry in the feed.
    Column("head", BigInteger, nullable=False),
)
"""Whoever appends to a log holds the row of its bucket."""

feed: Final = Table(
    "feed",
    metadata,
    Column("bucket", ForeignKey(buckets.c.bucket), primary_key=True),
    # From 1, without gaps.
    Column("number", BigInteger, primary_key=True),
    Column("inbox", ForeignKey(inboxes.c.id), nullable=False),
    Column("position", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""All entries of a bucket's inboxes in the order in which they came."""

key_packages: Final = Table(
    "key_packages",
    metadata,
    Column("installation", LargeBinary, primary_key=True),
    Column("package", LargeBinary, nullable=False),
)
"""The last key package of each installation, opaque."""

notes: Final = Table(
    "notes",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Short texts that programs keep beside the logs: where a mirror stood."""

audits: Final = Table(
    "audits",
    metadata,
    # Rises from 1; the last one counts.
    Column("id", _KEY, primary_key=True, autoincrement=False),
    # JSON: [[number, extension, revision], ...] of the kinds that decide, sorted.
    Column("plugins", Text, nullable=False),
    # Into how many equal ranges the keys are parted; a power of two.
    Column("parts", Integer, nullable=False),
    # `auditing.runs.State`.
    Column("state", Text, nullable=False),
)
"""Each time that all inboxes were verified anew."""

audit_parts: Final = Table(
    "audit_parts",
    metadata,
    Column("audit", ForeignKey(audits.c.id), primary_key=True),
    Column("part", Integer, primary_key=True),
    # `auditing.runs.Stage`, and the key of the last inbox that it is done with.
    Column("stage", Integer, nullable=False),
    Column("last", BigInteger, nullable=False),
    # What was replayed so far: inboxes, entries, and what became of these.
    Column("inboxes", BigInteger, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("applied", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("discarded", BigInteger, nullable=False),
    Column("unavailable", BigInteger, nullable=False),
    # How many inboxes were compared so far.
    Column("compared", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""How far the last audit is; written together with what it found."""

audited: Final = Table(
    "audited",
    metadata,
    Column("inbox", ForeignKey(inboxes.c.id), primary_key=True),
    # The audit that found it; what an earlier one found is overwritten.
    Column("audit", _KEY, nullable=False),
    # How many entries were replayed.
    Column("position", Integer, nullable=False),
    # `auditing.served.digest_of` what the store should serve; NULL: not known.
    Column("digest", LargeBinary),
    # `auditing.judging.Verdict`: NULL where all is as it should be.
    Column("verdict", Text),
    Column("what", Text),
)
"""The shadow: what an audit found, beside what the store serves."""
Index(
    "audited_verdicts",
    audited.c.audit,
    audited.c.verdict,
    audited.c.inbox,
    sqlite_where=text("verdict IS NOT NULL"),
    postgresql_where=text("verdict IS NOT NULL"),
)
