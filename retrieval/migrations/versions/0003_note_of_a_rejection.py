"""Keep what a reviewer says on rejecting with the draft, not in the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("drafts", sa.Column("note", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("drafts", "note")
