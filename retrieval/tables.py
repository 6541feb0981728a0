"""The history tables, derived from the nouns.

Every row of a customer is clustered by ``(bucket, customer_id)``: ``bucket`` is a stable hash of the customer id, so that
a partition of customers is one range scan of every table, and one customer is a lookup.  Instants are stored as
microseconds since 1970-01-01 UTC in a BigInteger, days as ISO 8601 text, lists and structures as JSON text.
"""

from __future__ import annotations

import zlib

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, MetaData, Table, Text, text
from sqlalchemy import Column as SqlColumn
from sqlalchemy.types import TypeEngine

from retrieval import columns as kinds
from retrieval.customer import NOUNS, Customer, Noun, Offer, Product

BUCKETS = 4096
"""Number of hash buckets; a partition is a run of consecutive buckets."""

metadata = MetaData()

_TYPES: dict[str, TypeEngine] = {
    kinds.INSTANT: BigInteger(), kinds.DAY: Text(), kinds.MONEY: BigInteger(), kinds.INTEGER: BigInteger(),
    kinds.NUMBER: Float(), kinds.TRUTH: Boolean(), kinds.TEXT: Text(), kinds.WORDS: Text(), kinds.STRUCTURE: Text(),
}  # fmt: skip


def bucket_of(customer_id: str) -> int:
    """The bucket (0 … BUCKETS − 1) of a customer: CRC-32 of the UTF-8 id, the same on every machine."""
    return zlib.crc32(customer_id.encode()) % BUCKETS


def _table(noun: type[Noun]) -> Table:
    shop_level = noun in (Product, Offer)
    owner = () if shop_level else ("bucket",) if noun is Customer else ("bucket", "customer_id")
    key = (*owner, *noun.KEY)
    made = [
        SqlColumn(column.name, _TYPES[column.kind], primary_key=column.name in key,
                  nullable=not (column.required or column.name in key), autoincrement=False)
        for column in kinds.columns(noun)
    ]  # fmt: skip
    if not shop_level:
        made.insert(0, SqlColumn("bucket", Integer, primary_key=True, autoincrement=False))
    if "digest" in key:
        made.append(SqlColumn("digest", BigInteger, primary_key=True, autoincrement=False,
                              comment="hash of the whole row: importing the same row again changes nothing"))  # fmt: skip
    ordered = [column for name in key for column in made if column.name == name]
    ordered += [column for column in made if column.name not in key]
    return Table(noun.TABLE, metadata, *ordered, sqlite_with_rowid=False)


states = Table(
    "states", metadata,
    SqlColumn("noun", Text, primary_key=True, comment="table whose rows it is about"),
    SqlColumn("state", Text, nullable=False, comment="another one after every change"),
)  # fmt: skip

HISTORY: dict[str, Table] = {noun.TABLE: _table(noun) for noun in NOUNS}
"""Table name → table, in import order."""

LISTED = text("duplicate_candidates NOT IN ('', '[]')")
"""Of a customer: there are duplicates listed, likely or not.  The index is found only by these very words."""
Index(
    "customers_with_duplicates", HISTORY["customers"].c.id, sqlite_where=LISTED, postgresql_where=LISTED
)  # fmt: skip
