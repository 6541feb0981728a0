"""The first schema: history, decisions, drafts, ledger, audit, runs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 over the row and the digest before it"),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_table(
        "consents",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("purpose", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("bucket", "customer_id", "channel", "purpose", "at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contacts",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "digest",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="hash of the whole row: importing the same row again changes nothing",
        ),
        sa.Column("channel", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("action", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("purpose", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("sku", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("offer", sa.Text(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("bucket", "customer_id", "at", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customers",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("shop", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("status", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("language", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("locale", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("timezone", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("region", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("birthdate", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("tier", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("registered", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("registered_skus", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("points", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("points_expire", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("company", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("department", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("title", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("owner_id", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("owner_name", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("owner_since", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("owner_previous", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("preferences", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("guardian_consent", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("objection_scope", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("objection_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("email_hash", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("phone_hash", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("duplicate_candidates", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("extra", sa.Text(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("bucket", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "decisions",
        sa.Column("id", sa.Text(), nullable=False, comment="d- and the first 24 hex digits of SHA-256 over the record"),
        sa.Column("run", sa.Text(), nullable=False, comment="batch run, empty for a single request"),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False, comment="the whole decision, canonical JSON"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("decision_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("drafter", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False, comment="of exactly what a reviewer sees; an approval names it"),
        sa.Column("score", sa.BigInteger(), nullable=False, comment="millionths of the currency's minor unit"),
        sa.Column("send_not_before", sa.BigInteger(), nullable=False),
        sa.Column("send_not_after", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("drafts_by_customer", "drafts", ["customer_id"], unique=False)
    op.create_index("drafts_by_state", "drafts", ["state", "run", "action", "channel"], unique=False)
    op.create_table(
        "events",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "digest",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="hash of the whole row: importing the same row again changes nothing",
        ),
        sa.Column("type", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("nps", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("comment", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("action", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("price", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("channel", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("offer", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("extra", sa.Text(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("bucket", "customer_id", "at", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "interactions",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "digest",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="hash of the whole row: importing the same row again changes nothing",
        ),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("direction", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("text", sa.Text(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("bucket", "customer_id", "at", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("shop", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Float(), autoincrement=False, nullable=True),
        sa.Column("currency", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("sku", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("audience", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("valid_from", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("valid_to", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("code", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("extra", sa.Text(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_items",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("line", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("qty", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("unit_price", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("bucket", "customer_id", "order_id", "line"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "orders",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("returned_at", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("return_reason", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("exchange_of", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("coupon", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("gift", sa.Boolean(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("bucket", "customer_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outcomes",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "digest",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="hash of the whole row: importing the same row again changes nothing",
        ),
        sa.Column("type", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("action", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("channel", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("draft_id", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("value", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("bucket", "customer_id", "at", "digest"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "partitions",
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_bucket", sa.Integer(), nullable=False),
        sa.Column("last_bucket", sa.Integer(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="waiting, leased or done"),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("funnel", sa.Text(), nullable=True, comment="counts by stage, canonical JSON"),
        sa.Column("seconds", sa.Text(), nullable=True, comment="time by stage, JSON; not part of any decision"),
        sa.Column("peak_mb", sa.Integer(), nullable=True, comment="largest memory its worker had used by then"),
        sa.PrimaryKeyConstraint("run", "number"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "products",
        sa.Column("sku", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("shop", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("name", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("price_incl_tax", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("currency", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("stock", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("cycle_days", sa.Float(), autoincrement=False, nullable=True),
        sa.Column("fits", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("attrs", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("recall", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("restock_eta", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("price_changed", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("bestseller", sa.Boolean(), autoincrement=False, nullable=True),
        sa.Column("notes", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("registration_benefit", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("registration_required_within_days", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("extra", sa.Text(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("sku"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reservations",
        sa.Column("draft_id", sa.Text(), nullable=False, comment="idempotency key: one contact per draft"),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="when the message is due"),
        sa.Column("state", sa.Text(), nullable=False, comment="reserved, committed or released"),
        sa.Column("reserved_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True, comment="when it was committed or released"),
        sa.PrimaryKeyConstraint("draft_id"),
    )
    op.create_index("reservations_by_customer", "reservations", ["bucket", "customer_id", "at"], unique=False)
    op.create_table(
        "revisions",
        sa.Column("draft_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("findings", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", "number"),
    )
    op.create_table(
        "runs",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("segment", sa.Text(), nullable=False, comment="condition over features, empty for everyone"),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, comment="running, done or cancelled"),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "subscriptions",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("sku", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("qty", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("interval_days", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("next_ship", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("change_deadline", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("renews", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("amount", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("used", sa.Float(), autoincrement=False, nullable=True),
        sa.Column("included", sa.Float(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("bucket", "customer_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tickets",
        sa.Column("bucket", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False),
        sa.Column("opened", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("closed", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("status", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("topic", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("severity", sa.Text(), autoincrement=False, nullable=True),
        sa.Column("csat", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("summary", sa.Text(), autoincrement=False, nullable=True),
        sa.PrimaryKeyConstraint("bucket", "customer_id", "id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "vocabularies",
        sa.Column("id", sa.Text(), nullable=False, comment="v- and the first 16 hex digits of SHA-256 over the names"),
        sa.Column(
            "names",
            sa.Text(),
            nullable=False,
            comment="feature names in the order of a decision's values, canonical JSON",
        ),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("vocabularies")
    op.drop_table("tickets")
    op.drop_table("subscriptions")
    op.drop_table("runs")
    op.drop_table("revisions")
    op.drop_index("reservations_by_customer", table_name="reservations")
    op.drop_table("reservations")
    op.drop_table("products")
    op.drop_table("partitions")
    op.drop_table("outcomes")
    op.drop_table("orders")
    op.drop_table("order_items")
    op.drop_table("offers")
    op.drop_table("interactions")
    op.drop_table("events")
    op.drop_index("drafts_by_state", table_name="drafts")
    op.drop_index("drafts_by_customer", table_name="drafts")
    op.drop_table("drafts")
    op.drop_table("decisions")
    op.drop_table("customers")
    op.drop_table("contacts")
    op.drop_table("consents")
    op.drop_table("audit")
