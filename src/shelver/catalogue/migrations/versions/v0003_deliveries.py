"""Deliveries: what each did to the products, and those that were held back or refused."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rename two columns, add the others; what is not known of old deliveries is null."""
    op.drop_index("ix_deliveries_file", "deliveries")
    for old, new in (("content_hash", "digest"), ("at", "finished")):
        op.execute(f"ALTER TABLE deliveries RENAME COLUMN {old} TO {new}")  # Alembic's would copy the table in SQLite
    columns: list[sa.Column[Any]] = [
        sa.Column("status", sa.Text, nullable=False, server_default="accepted"),
        sa.Column("reason", sa.Text, nullable=False, server_default=""),
        *(sa.Column(name, sa.BigInteger) for name in ("new", "changed", "unchanged", "gone", "back")),
        *(sa.Column(name, sa.JSON) for name in ("files", "reasons", "columns", "filled")),
        sa.Column("started", sa.DateTime(timezone=True)),
    ]
    for column in columns:
        op.add_column("deliveries", column)
    op.create_index("ix_deliveries_feed", "deliveries", ["feed"])
