"""The first layout that has revisions.

A revision stays as it was released: it shares no code with `schema`.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None

_BUCKETS: Final = 64


def upgrade() -> None:
    """Make all tables."""
    _make_logs()
    _make_snapshots()
    _make_look_ups()


def _make_logs() -> None:
    op.create_table(
        "inboxes",
        sa.Column("id", _key(), autoincrement=False),
        sa.Column("inbox_id", sa.Text, nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("replayed", sa.Integer, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("served", sa.BigInteger, nullable=False),
        sa.Column("served_ns", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="inboxes_pkey"),
    )
    op.create_index(
        "inboxes_not_replayed",
        "inboxes",
        ["id"],
        sqlite_where=sa.text("replayed != entries"),
        postgresql_where=sa.text("replayed != entries"),
    )
    op.create_table(
        "entries",
        _inbox("entries"),
        sa.Column("position", sa.Integer),
        sa.Column("update", sa.LargeBinary),
        sa.Column("sequence_id", sa.BigInteger),
        sa.Column("server_timestamp_ns", sa.BigInteger),
        sa.Column("served", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("inbox", "position", name="entries_pkey"),
        sqlite_with_rowid=False,
    )
    buckets = op.create_table(
        "buckets",
        sa.Column("bucket", sa.Integer, autoincrement=False),
        sa.Column("head", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="buckets_pkey"),
    )
    op.bulk_insert(
        buckets, [{"bucket": bucket, "head": 0} for bucket in range(_BUCKETS)]
    )
    op.create_table(
        "feed",
        sa.Column(
            "bucket",
            sa.Integer,
            sa.ForeignKey("buckets.bucket", name="feed_bucket_fkey"),
        ),
        sa.Column("number", sa.BigInteger),
        _inbox("feed"),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("bucket", "number", name="feed_pkey"),
        sqlite_with_rowid=False,
    )


def _make_snapshots() -> None:
    op.create_table(
        "kinds",
        sa.Column("id", _key(), autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("extension", sa.Text, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="kinds_pkey"),
        sa.UniqueConstraint("number", "extension", "revision", name="kinds_number_key"),
    )
    op.create_table(
        "root_sets",
        sa.Column("id", _key(), autoincrement=False),
        sa.Column("records", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="root_sets_pkey"),
        sa.UniqueConstraint("records", name="root_sets_records_key"),
    )
    op.create_table(
        "snapshots",
        _inbox("snapshots"),
        sa.Column(
            "roots",
            _key(),
            sa.ForeignKey("root_sets.id", name="snapshots_roots_fkey"),
            nullable=False,
        ),
        sa.Column("waits", sa.Text),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("inbox", name="snapshots_pkey"),
    )
    op.create_index("snapshots_by_roots", "snapshots", ["roots", "inbox"])
    op.create_table(
        "layers",
        _inbox("layers"),
        sa.Column("number", sa.Integer),
        sa.Column("kind", _key(), sa.ForeignKey("kinds.id", name="layers_kind_fkey")),
        sa.Column("waits", sa.Text),
        sa.PrimaryKeyConstraint("inbox", "number", name="layers_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("layers_by_number", "layers", ["number", "kind", "inbox"])
    op.create_table(
        "labels",
        _inbox("labels"),
        sa.Column("position", sa.Integer),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("inbox", "position", name="labels_pkey"),
        sqlite_with_rowid=False,
    )


def _make_look_ups() -> None:
    op.create_table(
        "addresses",
        sa.Column("number", sa.Integer, autoincrement=False),
        sa.Column("identifier", sa.Text),
        _inbox("addresses"),
        sa.Column("associated", sa.Integer),
        sa.Column("revoked", sa.Integer),
        sa.PrimaryKeyConstraint("number", "identifier", "inbox", name="addresses_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_index("addresses_by_inbox", "addresses", ["inbox"])
    op.create_table(
        "key_packages",
        sa.Column("installation", sa.LargeBinary),
        sa.Column("package", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("installation", name="key_packages_pkey"),
    )
    op.create_table(
        "notes",
        sa.Column("key", sa.Text),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("key", name="notes_pkey"),
    )


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _inbox(table: str) -> sa.Column[int]:
    """The column that says whose row it is."""
    return sa.Column(
        "inbox",
        _key(),
        sa.ForeignKey("inboxes.id", name=f"{table}_inbox_fkey"),
        nullable=False,
    )
