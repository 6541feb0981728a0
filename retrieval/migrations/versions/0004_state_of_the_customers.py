"""A mark that changes whenever the customers do, so that whoever keeps something made of them knows whether it still holds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "states",
        sa.Column("noun", sa.Text(), nullable=False, comment="table whose rows it is about"),
        sa.Column("state", sa.Text(), nullable=False, comment="another one after every change"),
        sa.PrimaryKeyConstraint("noun"),
    )


def downgrade() -> None:
    op.drop_table("states")
