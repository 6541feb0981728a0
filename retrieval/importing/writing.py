"""Typed rows into the history tables: only what changed, by statements the driver runs in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any

import orjson
import polars as pl
from sqlalchemy import Connection, Table, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from retrieval import columns as kinds
from retrieval.importing.mapping import NOUN_OF
from retrieval.people import mark_changed
from retrieval.tables import HISTORY, bucket_of

CHUNK = 20_000
"""Rows per driver call, and between two reports of progress."""


def stored(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The noun's frame in the form of its table: bucket, instants in µs, days and lists as text, and the digest."""
    made: list[pl.Series] = []
    for column in kinds.columns(NOUN_OF[table]):
        values = frame[column.name]
        if column.kind == kinds.INSTANT:
            values = values.to_physical()
        elif column.kind == kinds.DAY:
            values = values.dt.to_string("%Y-%m-%d")
        elif column.kind == kinds.WORDS:
            values = pl.Series(
                column.name, [None if words is None else _json(words) for words in values.to_list()], dtype=pl.String
            )
        made.append(values)
    rows = pl.DataFrame(made)
    columns = HISTORY[table].columns
    if "digest" in columns:
        rows = rows.with_columns(digests(rows))
    if "bucket" in columns:
        rows = rows.with_columns(buckets(rows["id" if table == "customers" else "customer_id"]))
    return rows


def _json(words: Any) -> str:
    return orjson.dumps(list(words)).decode()


def buckets(customers: pl.Series) -> pl.Series:
    """The bucket of each customer id."""
    ids = customers.unique()
    pairs = pl.DataFrame({"id": ids, "bucket": pl.Series([bucket_of(name) for name in ids.to_list()], dtype=pl.Int64)})
    return pl.DataFrame({"id": customers}).join(pairs, on="id", how="left", maintain_order="left")["bucket"]


def digests(rows: pl.DataFrame) -> pl.Series:
    """A stable 63-bit hash of each row of stored columns, bucket aside: BLAKE2b of the values' text in column order."""
    values = [pl.col(name).cast(pl.String).fill_null("\x00") for name in rows.columns]
    text = rows.select(pl.concat_str(values, separator="\x1f")).to_series()
    return pl.Series(
        "digest",
        [int.from_bytes(blake2b(row.encode(), digest_size=8).digest()) >> 1 for row in text.to_list()],
        dtype=pl.Int64,
    )


def upsert(
    connection: Connection, table: str, rows: pl.DataFrame, provided: Sequence[str], progress: Callable[[int], None]
) -> tuple[int, int, int]:
    """Write stored rows; an existing row takes over only the ``provided`` columns.  Answers new, changed, unchanged."""
    target = HISTORY[table]
    statement, order = _statement(connection, target, provided)
    before = _count(connection, target)
    rows = rows.select(order).sort([column.name for column in target.primary_key])
    touched = 0
    for start in range(0, rows.height, CHUNK):
        part = rows.slice(start, CHUNK)
        touched += connection.exec_driver_sql(
            statement, part.rows(), execution_options={"preserve_rowcount": True}
        ).rowcount
        progress(part.height)
    if touched and table == "customers":
        mark_changed(connection)
    new = _count(connection, target) - before
    return new, touched - new, rows.height - touched


def _count(connection: Connection, table: Table) -> int:
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _statement(connection: Connection, table: Table, provided: Sequence[str]) -> tuple[str, list[str]]:
    """INSERT … ON CONFLICT as the driver wants it, with positional parameters, and their order."""
    make: Any = type(connection.dialect)
    on_postgresql = connection.dialect.name == "postgresql"
    dialect = make(paramstyle="format" if on_postgresql else "qmark")
    insert: Any = postgresql.insert(table) if on_postgresql else sqlite.insert(table)
    insert = insert.values({column.name: None for column in table.columns})
    key = [column.name for column in table.primary_key]
    free = [name for name in provided if name not in key]
    if free and "digest" not in key:
        new = insert.excluded
        insert = insert.on_conflict_do_update(
            index_elements=key,
            set_={name: new[name] for name in free},
            where=or_(*(table.c[name].is_distinct_from(new[name]) for name in free)),
        )
    else:
        insert = insert.on_conflict_do_nothing(index_elements=key)
    compiled = insert.compile(dialect=dialect)
    return str(compiled), list(compiled.positiontup or ())
