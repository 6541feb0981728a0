"""Find the records that list a duplicate without reading all: the ledger asks for them whenever it promises a contact."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LISTED = sa.text("duplicate_candidates NOT IN ('', '[]')")


def upgrade() -> None:
    op.create_index("customers_with_duplicates", "customers", ["id"], sqlite_where=LISTED, postgresql_where=LISTED)


def downgrade() -> None:
    op.drop_index("customers_with_duplicates", "customers")
