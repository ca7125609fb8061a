"""Tables of the control database; `migrations` makes them, and a test holds the two together."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from shelver.errors import CatalogueError

metadata = sa.MetaData()


class UtcTime(sa.TypeDecorator[datetime]):
    """A moment, always with a time zone in Python and always UTC in the database (SQLite keeps no zone)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Python → database."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise CatalogueError(f"the time {value} has no time zone", expected="for example datetime.now(UTC)")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Database → Python."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def counter() -> sa.types.TypeEngine[int]:
    """Type of a number that counts up by itself: 64 bits; SQLite insists on its own INTEGER."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


categories = sa.Table(
    "categories",
    metadata,
    sa.Column("category_id", sa.Text, primary_key=True),
    sa.Column("parent_id", sa.Text, sa.ForeignKey("categories.category_id", name="fk_categories_parent")),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),  # depth-first
    sa.Column("exclusive", sa.Boolean, nullable=False),
)

label_events = sa.Table(
    "label_events",
    metadata,
    sa.Column("event_id", counter(), primary_key=True),
    sa.Column("product_id", sa.Text, nullable=False),
    sa.Column("objective", sa.Text, nullable=False),
    sa.Column("category_id", sa.Text, nullable=False),  # no foreign key: history outlives categories
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("undoes", counter(), sa.ForeignKey("label_events.event_id", name="fk_label_events_undoes")),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("batch", sa.Text),  # NULL: not part of an import
    sa.Column("source_event", counter(), sa.ForeignKey("label_events.event_id", name="fk_label_events_source")),
    sa.CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="ck_label_events_undoes"),
    sa.Index("ix_label_events_product", "product_id", "objective"),
    sa.Index("ix_label_events_source", "source_event"),
    sa.Index("ux_label_events_undoes", "undoes", unique=True),
    sa.Index("ux_label_events_batch", "batch", "product_id", "objective", unique=True),
    sqlite_autoincrement=True,
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("delivery_id", counter(), primary_key=True),
    sa.Column("feed", sa.Text, nullable=False),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("products", sa.BigInteger, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
    sa.Column("finished", UtcTime, nullable=False),
    sa.Column("status", sa.Text, nullable=False, server_default="accepted"),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("new", sa.BigInteger),  # NULL, as all below: of a delivery before version 0003
    sa.Column("changed", sa.BigInteger),
    sa.Column("unchanged", sa.BigInteger),
    sa.Column("gone", sa.BigInteger),
    sa.Column("back", sa.BigInteger),
    sa.Column("files", sa.JSON),
    sa.Column("reasons", sa.JSON),
    sa.Column("columns", sa.JSON),
    sa.Column("filled", sa.JSON),
    sa.Column("started", UtcTime),
    sa.Index("ix_deliveries_feed", "feed"),
    sqlite_autoincrement=True,
)

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("created", UtcTime, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("notes", sa.JSON, nullable=False),
)

rounds = sa.Table(
    "rounds",
    metadata,
    sa.Column("round", counter(), primary_key=True),
    sa.Column("objective", sa.Text, nullable=False),
    sa.Column("strategy", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("last_event", sa.BigInteger, nullable=False),  # the newest label that the model had seen
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sqlite_autoincrement=True,
)

questions = sa.Table(
    "questions",
    metadata,
    sa.Column("question_id", counter(), primary_key=True),
    sa.Column("product_id", sa.Text, nullable=False),
    sa.Column("objective", sa.Text, nullable=False),
    sa.Column("round", counter(), sa.ForeignKey("rounds.round", name="fk_questions_round")),  # NULL: asked by hand
    sa.Column("priority", sa.Float, nullable=False),
    sa.Column("chosen_by", sa.Text, nullable=False),
    sa.Column("guess", sa.JSON, nullable=False),
    sa.Column("wanted", sa.Integer, nullable=False),
    sa.Column("after_event", sa.BigInteger, nullable=False),  # labels up to this one are no answers
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Index("ix_questions_state", "objective", "state", "priority", "question_id"),
    sa.Index("ix_questions_product", "product_id", "objective"),
    sa.Index(
        "ux_questions_open",
        "product_id",
        "objective",
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
    sqlite_autoincrement=True,
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column(
        "question_id", counter(), sa.ForeignKey("questions.question_id", name="fk_leases_question"), primary_key=True
    ),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("until", UtcTime, nullable=False),
)

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("reply_id", counter(), primary_key=True),
    sa.Column(
        "question_id", counter(), sa.ForeignKey("questions.question_id", name="fk_replies_question"), nullable=False
    ),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("event_id", counter(), sa.ForeignKey("label_events.event_id", name="fk_replies_event")),
    sa.Column("undoes", counter(), sa.ForeignKey("replies.reply_id", name="fk_replies_undoes")),
    sa.Column("seconds", sa.Float),  # NULL: not measured
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("token", sa.Text, nullable=False),
    sa.CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="ck_replies_undoes"),
    sa.CheckConstraint("kind <> 'label' OR event_id IS NOT NULL", name="ck_replies_event"),
    sa.Index("ix_replies_question", "question_id", "person"),
    sa.Index("ix_replies_person", "person", "reply_id"),
    sa.Index("ux_replies_undoes", "undoes", unique=True),
    sa.Index("ux_replies_token", "token", unique=True),
    sqlite_autoincrement=True,
)
