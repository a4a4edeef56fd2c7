"""Conversations."""

import sqlalchemy as sa
from alembic import op

from app.models.base import BigId, Moment

revision: str = "__REVISION__"
down_revision: str | None = "__DOWN_REVISION__"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "conversations",
        sa.Column("number", BigId, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("running", sa.String(64), nullable=True),
        sa.Column("beat_at", Moment, nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_conversations")),
        sa.UniqueConstraint("id", name=op.f("uq_conversations_id")),
        _belongs_to_user("conversations"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_conversations_user_id_number"), "conversations", ["user_id", "number"])
    op.create_table(
        "chat_messages",
        sa.Column("number", BigId, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("role", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(200), nullable=False),
        sa.Column("model", sa.String(100), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_chat_messages")),
        sa.UniqueConstraint(
            "conversation_id", "id", name=op.f("uq_chat_messages_conversation_id_id")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_chat_messages_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        _belongs_to_user("chat_messages"),
        sqlite_autoincrement=True,
    )
    for columns in (["conversation_id", "number"], ["user_id", "created_at"]):
        name = op.f(f"ix_chat_messages_{'_'.join(columns)}")
        op.create_index(name, "chat_messages", columns)
    op.create_table(
        "tool_calls",
        sa.Column("message_number", BigId, nullable=False),
        sa.Column("id", sa.String(128), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("output", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("ended_at", Moment, nullable=True),
        sa.PrimaryKeyConstraint("message_number", "id", name=op.f("pk_tool_calls")),
        sa.ForeignKeyConstraint(
            ["message_number"],
            ["chat_messages.number"],
            name=op.f("fk_tool_calls_message_number_chat_messages"),
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("tool_calls", "chat_messages", "conversations"):
        op.drop_table(table)


def _belongs_to_user(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_user_id_users")
    return sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=name, ondelete="CASCADE")
