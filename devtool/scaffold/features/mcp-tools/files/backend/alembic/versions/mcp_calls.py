"""Calls over MCP."""

import sqlalchemy as sa
from alembic import op

from app.models.base import Moment

revision: str = "__REVISION__"
down_revision: str | None = "__DOWN_REVISION__"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "mcp_calls",
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("closes_at", Moment, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_mcp_calls")),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_mcp_calls_user_id_users"),
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Drop the table."""
    op.drop_table("mcp_calls")
