"""Tasks."""

import sqlalchemy as sa
from alembic import op

from app.models.base import BigId, Moment

revision: str = "__REVISION__"
down_revision: str | None = "__DOWN_REVISION__"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "tasks",
        sa.Column("id", BigId, nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.String(1000), nullable=False),
        sa.Column("completed", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment, nullable=False),
        sa.Column("updated_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_tasks_user_id_users"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 200", name=op.f("ck_tasks_title_length")),
        sa.CheckConstraint("length(description) <= 1000", name=op.f("ck_tasks_description_length")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_tasks_user_id_id"), "tasks", ["user_id", "id"])
    op.create_index(op.f("ix_tasks_user_id_title_id"), "tasks", ["user_id", "title", "id"])


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("tasks")
