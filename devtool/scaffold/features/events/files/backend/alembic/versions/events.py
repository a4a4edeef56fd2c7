"""Events: the outbox, and the triggers that fill it.

A trigger writes the event in the statement that changes the row: whoever changes it, by whatever
way, tells it, and neither happens without the other.
"""

import sqlalchemy as sa
from alembic import op

from app.models.base import BigId, Moment

revision: str = "__REVISION__"
down_revision: str | None = "__DOWN_REVISION__"
branch_labels: str | None = None
depends_on: str | None = None

# The tables whose rows are told of; each has an `id` and a `user_id`.
TABLES = ("tasks", "__TABLES__")
# What is done -> what it is called, and the row that tells of it.
DEEDS = {"INSERT": ("created", "NEW"), "UPDATE": ("changed", "NEW"), "DELETE": ("deleted", "OLD")}
FUNCTION = """
CREATE FUNCTION tell_event() RETURNS trigger AS $$
DECLARE
  seen jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
  INSERT INTO outbox (event_id, kind, key, owner, data, created_at)
  VALUES (gen_random_uuid()::text, TG_ARGV[0], seen->>'id', seen->>'user_id',
          (seen - 'user_id')::text, now());
  RETURN NULL;
END
$$ LANGUAGE plpgsql
"""


def upgrade() -> None:
    """Create the tables and the triggers."""
    op.create_table(
        "outbox",
        sa.Column("id", BigId, nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(100), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("owner", sa.String(36), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("published_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("event_id", name=op.f("uq_outbox_event_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outbox_published_at_id"), "outbox", ["published_at", "id"])
    op.create_table(
        "handled_events",
        sa.Column("consumer", sa.String(50), nullable=False),
        sa.Column("event_id", sa.String(36), nullable=False),
        sa.Column("handled_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("consumer", "event_id", name=op.f("pk_handled_events")),
    )
    op.create_table(
        "activity",
        sa.Column("owner", sa.String(36), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("last_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_activity")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(FUNCTION)
    for table in TABLES:
        watch(table)


def downgrade() -> None:
    """Drop the triggers and the tables; what was not told yet is lost."""
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in TABLES:
        for name, _ in DEEDS.values():
            place = f" ON {table}" if is_postgresql else ""
            op.execute(f"DROP TRIGGER IF EXISTS {table}_{name}{place}")
    if is_postgresql:
        op.execute("DROP FUNCTION tell_event")
    for table in ("activity", "handled_events", "outbox"):
        op.drop_table(table)


def watch(table: str) -> None:
    """Tell of every row that comes, changes or goes."""
    for deed, (name, row) in DEEDS.items():
        kind = f"{table}.{name}"
        if op.get_bind().dialect.name == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_{name} AFTER {deed} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION tell_event('{kind}')"
            )
        else:
            op.execute(_sqlite(table, name, deed, row))


def _sqlite(table: str, name: str, deed: str, row: str) -> str:
    """The trigger in the words of SQLite, which has to be told every column."""
    columns = sa.inspect(op.get_bind()).get_columns(table)
    pairs = ", ".join(
        f"'{column['name']}', {_as_json(row, column['name'], column['type'])}"
        for column in columns
        if column["name"] != "user_id"
    )
    return f"""
CREATE TRIGGER {table}_{name} AFTER {deed} ON {table} BEGIN
  INSERT INTO outbox (event_id, kind, key, owner, data, created_at)
  VALUES (lower(hex(randomblob(16))), '{table}.{name}', {row}.id, {row}.user_id,
          json_object({pairs}), strftime('%Y-%m-%d %H:%M:%f000', 'now'));
END
"""  # noqa: S608  (the names are ours)


def _as_json(row: str, name: str, kind: object) -> str:
    """A column as JSON has it: SQLite keeps yes and no as numbers."""
    if isinstance(kind, sa.Boolean):
        return f"json(CASE {row}.{name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)"
    return f"{row}.{name}"
