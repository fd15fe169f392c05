"""Who may open a release"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.add_column(sa.Column("access", sa.String(length=12), nullable=False, server_default="open"))
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.alter_column(
            "access", existing_type=sa.String(length=12), existing_nullable=False, server_default=None
        )


def downgrade() -> None:
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.drop_column("access")
