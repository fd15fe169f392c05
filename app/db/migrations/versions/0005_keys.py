"""Changes of signing keys"""

import sqlalchemy as sa
from alembic import op

from app.db.types import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "keychange",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("vkey", sa.String(length=1024), nullable=False),
        sa.Column("keyid", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("from_index", sa.Integer(), nullable=True),
        sa.Column("following", sa.String(length=64), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("log_index", sa.Integer(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("keychange", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_keychange_name"), ["name"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("keychange", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_keychange_name"))

    op.drop_table("keychange")
