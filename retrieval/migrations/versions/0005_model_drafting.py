"""Copies that a language model wrote for a run, and how a draft came to its words."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "copies",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False, comment="digest of the brief"),
        sa.Column(
            "brief", sa.Text(), nullable=False, comment="what was to be written, JSON; no value of a fact is in it"
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="wanted or written"),
        sa.Column("outcome", sa.Text(), nullable=True, comment="what came of asking a model"),
        sa.Column("written", sa.Text(), nullable=True, comment="wordings with placeholders, and what they cost, JSON"),
        sa.Column("tokens", sa.BigInteger(), nullable=False, comment="in and out, all requests"),
        sa.Column("micros", sa.BigInteger(), nullable=False, comment="money, millionths of the settings' currency"),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run", "id"),
    )
    op.add_column("drafts", sa.Column("drafting", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("drafter", sa.Text(), nullable=False, server_default="template"))


def downgrade() -> None:
    op.drop_column("runs", "drafter")
    op.drop_column("drafts", "drafting")
    op.drop_table("copies")
