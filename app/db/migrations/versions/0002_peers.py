"""Peers, and the checkpoints that we saw"""

import sqlalchemy as sa
from alembic import op

from app.db.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "peer",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("vkey", sa.String(length=1024), nullable=False),
        sa.Column("witness_vkey", sa.String(length=1024), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("witness_url", sa.String(length=500), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("origin"),
    )
    op.create_table(
        "seencheckpoint",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("seencheckpoint", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seencheckpoint_origin"), ["origin"], unique=False)
        batch_op.create_index(batch_op.f("ix_seencheckpoint_seen_at"), ["seen_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("seencheckpoint", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_seencheckpoint_seen_at"))
        batch_op.drop_index(batch_op.f("ix_seencheckpoint_origin"))

    op.drop_table("seencheckpoint")
    op.drop_table("peer")
