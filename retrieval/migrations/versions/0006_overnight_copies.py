"""Copies that are asked for overnight, through a provider's batch interface."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column(
            "label",
            sa.Text(),
            nullable=False,
            comment="by which the provider's batch is found again; says nothing else",
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="sending, sent, back or dropped"),
        sa.Column("copies", sa.Integer(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=True, comment="the provider's id"),
        sa.Column("status", sa.Text(), nullable=True, comment="the provider's word for how far it is"),
        sa.Column("completed", sa.Integer(), nullable=False, comment="answers, as far as the provider told"),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=True, comment="when the provider was last asked"),
        sa.Column("worker", sa.Text(), nullable=True, comment="who sends or fetches it now"),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("run", "number"),
    )
    op.add_column(
        "copies", sa.Column("post", sa.Integer(), nullable=True, comment="the post in which it went overnight")
    )


def downgrade() -> None:
    op.drop_column("copies", "post")
    op.drop_table("posts")
