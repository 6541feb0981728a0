"""What the agent keeps: decisions, drafts and their revisions, the ledger, the audit log, batch runs.

Instants are microseconds since 1970-01-01 UTC; structures are canonical JSON text.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from retrieval.tables import metadata

decisions = Table(
    "decisions", metadata,
    Column("id", Text, primary_key=True, comment="d- and the first 24 hex digits of SHA-256 over the record"),
    Column("run", Text, nullable=False, comment="batch run, empty for a single request"),
    Column("customer_id", Text, nullable=False),
    Column("as_of", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("record", Text, nullable=False, comment="the whole decision, canonical JSON"),
)  # fmt: skip

vocabularies = Table(
    "vocabularies", metadata,
    Column("id", Text, primary_key=True, comment="v- and the first 16 hex digits of SHA-256 over the names"),
    Column("names", Text, nullable=False, comment="feature names in the order of a decision's values, canonical JSON"),
)  # fmt: skip

drafts = Table(
    "drafts", metadata,
    Column("id", Text, primary_key=True),
    Column("run", Text, nullable=False),
    Column("decision_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("drafter", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("digest", Text, nullable=False, comment="of exactly what a reviewer sees; an approval names it"),
    Column("score", BigInteger, nullable=False, comment="millionths of the currency's minor unit"),
    Column("send_not_before", BigInteger, nullable=False),
    Column("send_not_after", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("note", Text, comment="what the person who rejected it said"),
    Column("drafting", Text, comment="how it came to its words where a model was asked, canonical JSON"),
    Index("drafts_by_state", "state", "run", "action", "channel"),
    Index("drafts_by_customer", "customer_id"),
)  # fmt: skip

revisions = Table(
    "revisions", metadata,
    Column("draft_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("author", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("subject", Text),
    Column("title", Text),
    Column("body", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("findings", Text, nullable=False),
    Column("digest", Text, nullable=False),
)  # fmt: skip

reservations = Table(
    "reservations", metadata,
    Column("draft_id", Text, primary_key=True, comment="idempotency key: one contact per draft"),
    Column("bucket", Integer, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("at", BigInteger, nullable=False, comment="when the message is due"),
    Column("state", Text, nullable=False, comment="reserved, committed or released"),
    Column("reserved_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, comment="when it was committed or released"),
    Column("not_after", BigInteger, comment="the last instant at which what it says is true"),
    Column("rule", Text, comment="what moved it to a later time than asked for"),
    Column("policy_version", Text, comment="of the contact policy it was reserved under"),
    Index("reservations_by_customer", "bucket", "customer_id", "at"),
)  # fmt: skip

contact_locks = Table(
    "contact_locks", metadata,
    Column("customer_id", Text, primary_key=True, comment="whoever writes to a person's ledger takes this row first"),
    Column("version", BigInteger, nullable=False),
)  # fmt: skip

audit = Table(
    "audit", metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False, comment="SHA-256 over the row and the digest before it"),
)  # fmt: skip

runs = Table(
    "runs", metadata,
    Column("name", Text, primary_key=True),
    Column("as_of", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("segment", Text, nullable=False, comment="condition over features, empty for everyone"),
    Column("policy_version", Text, nullable=False),
    Column("model_version", Text, nullable=False),
    Column("state", Text, nullable=False, comment="noting, overnight, running, done or cancelled"),
    Column("customers", Integer, nullable=False),
    Column("drafter", Text, nullable=False, server_default="template", comment="template or model"),
)  # fmt: skip

copies = Table(
    "copies", metadata,
    Column("run", Text, primary_key=True),
    Column("id", Text, primary_key=True, comment="digest of the brief"),
    Column("brief", Text, nullable=False, comment="what was to be written, JSON; no value of a fact is in it"),
    Column("state", Text, nullable=False, comment="wanted, posted or written"),
    Column("outcome", Text, comment="what came of asking a model"),
    Column("written", Text, comment="wordings with placeholders, and what they cost, JSON"),
    Column("tokens", BigInteger, nullable=False, comment="in and out, all requests"),
    Column("micros", BigInteger, nullable=False, comment="money, millionths of the settings' currency"),
    Column("requests", Integer, nullable=False),
    Column("post", Integer, comment="the post in which it went overnight"),
)  # fmt: skip

posts = Table(
    "posts", metadata,
    Column("run", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False, comment="by which the provider's batch is found again; says nothing else"),
    Column("state", Text, nullable=False, comment="sending, sent, back or dropped"),
    Column("copies", Integer, nullable=False),
    Column("batch", Text, comment="the provider's id"),
    Column("status", Text, comment="the provider's word for how far it is"),
    Column("completed", Integer, nullable=False, comment="answers, as far as the provider told"),
    Column("failed", Integer, nullable=False),
    Column("looked_at", BigInteger, comment="when the provider was last asked"),
    Column("worker", Text, comment="who sends or fetches it now"),
    Column("leased_until", BigInteger),
)  # fmt: skip

partitions = Table(
    "partitions", metadata,
    Column("run", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("first_bucket", Integer, nullable=False),
    Column("last_bucket", Integer, nullable=False),
    Column("customers", Integer, nullable=False),
    Column("state", Text, nullable=False, comment="waiting, leased, noted or done"),
    Column("worker", Text),
    Column("leased_until", BigInteger),
    Column("funnel", Text, comment="counts by stage, canonical JSON"),
    Column("seconds", Text, comment="time by stage, JSON; not part of any decision"),
    Column("peak_mb", Integer, comment="largest memory its worker had used by then"),
    sqlite_with_rowid=False,
)  # fmt: skip
