"""The queue: rounds of questions, leases, replies (append-only); labels that were made of another label."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_REFUSE = "replies is append-only: undo is a reply of its own"

_SQLITE = [
    f"""CREATE TRIGGER replies_no_{verb.lower()} BEFORE {verb} ON replies
    BEGIN SELECT RAISE(ABORT, '{_REFUSE}'); END"""
    for verb in ("UPDATE", "DELETE")
]

_POSTGRESQL = [
    f"""CREATE FUNCTION replies_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '{_REFUSE}'; END $$""",
    """CREATE TRIGGER replies_no_change BEFORE UPDATE OR DELETE ON replies
    FOR EACH ROW EXECUTE FUNCTION replies_refuse()""",
    """CREATE TRIGGER replies_no_truncate BEFORE TRUNCATE ON replies
    FOR EACH STATEMENT EXECUTE FUNCTION replies_refuse()""",
]


def upgrade() -> None:
    """Add the column, the tables and the triggers."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(  # Alembic cannot add a column with a foreign key in SQLite, though SQLite can
        f"ALTER TABLE label_events ADD COLUMN source_event {'INTEGER' if sqlite else 'BIGINT'} "
        "CONSTRAINT fk_label_events_source REFERENCES label_events (event_id)"
    )
    op.create_index("ix_label_events_source", "label_events", ["source_event"])
    op.create_table(
        "rounds",
        sa.Column("round", _counter(), primary_key=True),
        sa.Column("objective", sa.Text, nullable=False),
        sa.Column("strategy", sa.Text, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("last_event", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "questions",
        sa.Column("question_id", _counter(), primary_key=True),
        sa.Column("product_id", sa.Text, nullable=False),
        sa.Column("objective", sa.Text, nullable=False),
        sa.Column("round", _counter(), sa.ForeignKey("rounds.round", name="fk_questions_round")),
        sa.Column("priority", sa.Float, nullable=False),
        sa.Column("chosen_by", sa.Text, nullable=False),
        sa.Column("guess", sa.JSON, nullable=False),
        sa.Column("wanted", sa.Integer, nullable=False),
        sa.Column("after_event", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_questions_state", "questions", ["objective", "state", "priority", "question_id"])
    op.create_index("ix_questions_product", "questions", ["product_id", "objective"])
    is_open = sa.text("state = 'open'")
    op.create_index(
        "ux_questions_open",
        "questions",
        ["product_id", "objective"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    question = "questions.question_id"
    op.create_table(
        "leases",
        sa.Column("question_id", _counter(), sa.ForeignKey(question, name="fk_leases_question"), primary_key=True),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "replies",
        sa.Column("reply_id", _counter(), primary_key=True),
        sa.Column("question_id", _counter(), sa.ForeignKey(question, name="fk_replies_question"), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("event_id", _counter(), sa.ForeignKey("label_events.event_id", name="fk_replies_event")),
        sa.Column("undoes", _counter(), sa.ForeignKey("replies.reply_id", name="fk_replies_undoes")),
        sa.Column("seconds", sa.Float),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.CheckConstraint("(kind = 'undo') = (undoes IS NOT NULL)", name="ck_replies_undoes"),
        sa.CheckConstraint("kind <> 'label' OR event_id IS NOT NULL", name="ck_replies_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_replies_question", "replies", ["question_id", "person"])
    op.create_index("ix_replies_person", "replies", ["person", "reply_id"])
    op.create_index("ux_replies_undoes", "replies", ["undoes"], unique=True)
    op.create_index("ux_replies_token", "replies", ["token"], unique=True)
    for statement in _SQLITE if sqlite else _POSTGRESQL:
        op.execute(statement)


def _counter() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
