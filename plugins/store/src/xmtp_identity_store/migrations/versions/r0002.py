"""Audits: what verifying all inboxes anew found, and how far it is.

A revision stays as it was released: it shares no code with `schema`.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision: Final = "0002"
down_revision: Final = "0001"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the tables of audits."""
    op.create_table(
        "audits",
        sa.Column("id", _key(), autoincrement=False),
        sa.Column("plugins", sa.Text, nullable=False),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="audits_pkey"),
    )
    counts = ("inboxes", "entries", "applied", "rejected", "discarded", "unavailable")
    op.create_table(
        "audit_parts",
        sa.Column(
            "audit",
            _key(),
            sa.ForeignKey("audits.id", name="audit_parts_audit_fkey"),
            nullable=False,
        ),
        sa.Column("part", sa.Integer),
        sa.Column("stage", sa.Integer, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in counts),
        sa.Column("compared", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("audit", "part", name="audit_parts_pkey"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audited",
        sa.Column(
            "inbox",
            _key(),
            sa.ForeignKey("inboxes.id", name="audited_inbox_fkey"),
            nullable=False,
        ),
        sa.Column("audit", _key(), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("digest", sa.LargeBinary),
        sa.Column("verdict", sa.Text),
        sa.Column("what", sa.Text),
        sa.PrimaryKeyConstraint("inbox", name="audited_pkey"),
    )
    op.create_index(
        "audited_verdicts",
        "audited",
        ["audit", "verdict", "inbox"],
        sqlite_where=sa.text("verdict IS NOT NULL"),
        postgresql_where=sa.text("verdict IS NOT NULL"),
    )


def _key() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")
