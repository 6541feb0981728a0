"""Rows that belong to a customer or an order must find it, in the same import or in the database."""

from __future__ import annotations

from typing import Any

import polars as pl
from sqlalchemy import Column, Connection, select

from retrieval.importing.report import FILE, LINE, Problems
from retrieval.tables import HISTORY, bucket_of

_OWNED = {"order_id": pl.String, "owner": pl.String}


def of_customers(
    connection: Connection,
    table: str,
    frame: pl.DataFrame,
    *,
    new: pl.DataFrame | None,
    names: list[str],
    problems: Problems,
) -> tuple[pl.DataFrame, int]:
    """The rows whose customer is in ``new`` or in the database, and the number of the others."""
    here = pl.Series("id", [], dtype=pl.String) if new is None or not new.width else new["id"]
    asked = frame["customer_id"].unique()
    stored = stored_customers(connection, asked.filter(~asked.is_in(here.implode())))
    known = pl.concat([here, stored["id"]])
    return _met(frame, known, table=table, key="customer_id", names=names, problems=problems)


def of_orders(
    connection: Connection, frame: pl.DataFrame, new: pl.DataFrame | None, names: list[str], problems: Problems
) -> tuple[pl.DataFrame, int]:
    """Order items with the customer of their order; those whose order is unknown or somebody else's are lost."""
    orders = pl.DataFrame(schema=_OWNED)
    if new is not None and new.width:
        orders = new.select(pl.col("id").alias("order_id"), pl.col("customer_id").alias("owner"))
    strangers = frame.filter(~pl.col("order_id").is_in(orders["order_id"].implode()))
    if strangers.height:
        orders = pl.concat([orders, _stored_orders(connection, strangers["customer_id"])])
    frame, lost = _met(frame, orders["order_id"], table="order_items", key="order_id", names=names, problems=problems)
    owners = orders.unique("order_id", keep="first", maintain_order=True)
    frame = frame.join(owners, on="order_id", how="left", maintain_order="left").with_columns(
        pl.col("customer_id").fill_null(pl.col("owner"))
    )
    foreign = frame.filter(pl.col("customer_id") != pl.col("owner"))
    problems.add(
        foreign.select(
            pl.col(FILE).replace_strict(list(range(len(names))), names, return_dtype=pl.String).alias("file"),
            pl.col(LINE).alias("line"), pl.lit("order_items").alias("table"), pl.lit("customer_id").alias("column"),
            pl.col("customer_id").alias("value"),
            pl.format("order '{}' belongs to customer '{}'", "order_id", "owner").alias("reason"),
        )
    )  # fmt: skip
    return frame.filter(pl.col("customer_id") == pl.col("owner")).drop("owner"), lost + foreign.height


def stored_customers(connection: Connection, ids: pl.Series) -> pl.DataFrame:
    """id and timezone of the stored customers whose bucket holds one of ``ids``."""
    customers = HISTORY["customers"]
    return _in_buckets(connection, ids, [customers.c.id, customers.c.timezone])


def _stored_orders(connection: Connection, customers: pl.Series) -> pl.DataFrame:
    """Stored orders and their customers: of these ``customers``, or all when an item does not say whose it is."""
    orders = HISTORY["orders"]
    columns: list[Column[Any]] = [orders.c.id, orders.c.customer_id]
    if customers.null_count():
        found = pl.DataFrame([tuple(row) for row in connection.execute(select(*columns))], schema=_OWNED, orient="row")
    else:
        found = _in_buckets(connection, customers, columns)
    return found.rename(dict(zip(found.columns, _OWNED, strict=True)))


def _in_buckets(connection: Connection, customers: pl.Series, columns: list[Column[Any]]) -> pl.DataFrame:
    table = columns[0].table
    wanted = sorted({bucket_of(name) for name in customers.drop_nulls().to_list()})
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(wanted), 500):
        query = select(*columns).where(table.c.bucket.in_(wanted[start : start + 500]))
        rows.extend(tuple(row) for row in connection.execute(query))
    return pl.DataFrame(rows, schema={column.name: pl.String for column in columns}, orient="row")


def _met(
    frame: pl.DataFrame, known: pl.Series, *, table: str, key: str, names: list[str], problems: Problems
) -> tuple[pl.DataFrame, int]:
    """The rows whose ``key`` is among ``known``, and the number of the others."""
    if not frame.height:
        return frame, 0
    met = frame[key].is_in(known.implode()).fill_null(False)
    lost = frame.filter(~met)
    for (file,), part in lost.group_by(FILE):
        problems.wrong(
            file=names[int(str(file))], table=table, column=key, lines=part[LINE], values=part[key],
            reason=lambda word: f"{key.removesuffix('_id')} '{word}' is neither in this import nor in the database",
        )  # fmt: skip
    return frame.filter(met), lost.height
