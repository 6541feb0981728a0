"""The contact ledger: one lock row per person; why a reservation was moved and how long it holds."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "contact_locks",
        sa.Column(
            "customer_id", sa.Text(), nullable=False, comment="whoever writes to a person's ledger takes this row first"
        ),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id"),
    )
    for column in (
        sa.Column("not_after", sa.BigInteger(), comment="the last instant at which what it says is true"),
        sa.Column("rule", sa.Text(), comment="what moved it to a later time than asked for"),
        sa.Column("policy_version", sa.Text(), comment="of the contact policy it was reserved under"),
    ):
        op.add_column("reservations", column)


def downgrade() -> None:
    for name in ("policy_version", "rule", "not_after"):
        op.drop_column("reservations", name)
    op.drop_table("contact_locks")
