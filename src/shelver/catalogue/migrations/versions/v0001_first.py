"""The first tables: categories, label events (append-only), deliveries, runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_REFUSE = "label_events is append-only: undo is an event of its own"

_SQLITE = [
    f"""CREATE TRIGGER label_events_no_{verb.lower()} BEFORE {verb} ON label_events
    BEGIN SELECT RAISE(ABORT, '{_REFUSE}'); END"""
    for verb in ("UPDATE", "DELETE")
]

_POSTGRESQL = [
    f"""CREATE FUNCTION label_events_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{_REFUSE}'; END $$""",
    """CREATE TRIGGER label_events_no_change BEFORE UPDATE OR DELETE ON label_events
    FOR EACH ROW EXECUTE FUNCTION label_events_refuse()""",
    """CREATE TRIGGER label_events_no_truncate BEFORE TRUNCATE ON label_events
    FOR EACH STATEMENT EXECUTE FUNCTION label_events_refuse()""",
]


def upgrade() -> None:
    """Make the tables and the triggers."""
    op.create_table(
        "categories",
        sa.Column("category_id", sa.Text, primary_key=True),
        sa.Column("parent_id", sa.Text, sa.ForeignKey("categories.category_id", name="fk_categories_parent")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("exclusive", sa.Boolean, nullable=False),
    )
    op.create_table(
        "label_events",
        sa.Column("event_id", _counter(), primary_key=True),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("objective", sa.Text, nullable=False),
        sa.Column("category_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("undoes", _counter(), sa.ForeignKey("label_events.event_id", name="fk_label_events_undoes")),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("how", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch", sa.Text),
        sa.CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="ck_label_events_undoes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_label_events_product", "label_events", ["product_id", "objective"])
    op.create_index("ux_label_events_undoes", "label_events", ["undoes"], unique=True)
    op.create_index("ux_label_events_batch", "label_events", ["batch", "product_id", "objective"], unique=True)
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", _counter(), primary_key=True),
        sa.Column("feed", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("content_hash", sa.Text, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("products", sa.BigInteger, nullable=False),
        sa.Column("rejected", sa.BigInteger, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_file", "deliveries", ["feed", "path"])
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
    )


def _counter() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
