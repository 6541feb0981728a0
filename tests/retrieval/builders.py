"""Small readable histories: plain rows with defaults in, a partition of customers out.

``frames(NOW, customers=[a_customer()], orders=[an_order(ago(10), items=[("COFFEE", 2)])])``; a row without a customer
belongs to ``C1``, and a table without rows is empty.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import orjson
import polars as pl

from retrieval import columns as kinds
from retrieval.customer import NOUNS
from retrieval.features import compute
from retrieval.frames import Frames, known_at, schema

NOW = datetime(2026, 5, 14, 1, 30, tzinfo=UTC)
"""Thursday 14 May 2026, 10:30 in Tokyo."""
TABLES: Mapping[str, type] = {noun.TABLE: noun for noun in NOUNS}  # type: ignore[attr-defined]
_numbers = itertools.count(1)
Row = dict[str, Any]


def ago(days: float = 0, hours: float = 0) -> datetime:
    """The instant so long before ``NOW``; negative lies in the future."""
    return NOW - timedelta(days=days, hours=hours)


def a_customer(id: str = "C1", **fields: Any) -> Row:
    """A customer, Japanese and active unless told."""
    return {"id": id, "name": "山田花子", "language": "ja", "timezone": "Asia/Tokyo", **fields}


def an_order(at: datetime | None = None, items: Sequence[tuple[Any, ...]] = (), **fields: Any) -> Row:
    """An order, delivered two days later unless told; ``items``: ``(sku, qty, unit_price)``, the last two optional."""
    at = at or ago(10)
    row = {"id": f"O{next(_numbers)}", "customer_id": "C1", "at": at, "status": "delivered", **fields}
    if row["status"] in ("delivered", "returned"):
        row.setdefault("delivered_at", min(at + timedelta(days=2), NOW))
    return {**row, "items": items}


def a_product(sku: str, **fields: Any) -> Row:
    """A product in stock at ¥1,000 unless told."""
    return {"sku": sku, "name": sku, "price_incl_tax": 1000, "stock": 10, **fields}


def frames(as_of: datetime = NOW, **rows: Sequence[Row]) -> Frames:
    """A partition as known at ``as_of``; keywords are table names; one customer ``C1`` unless told otherwise."""
    return known_at(as_of, tables(**rows))


def tables(**rows: Sequence[Row]) -> dict[str, pl.DataFrame]:
    """Table name → frame with all columns of its noun, before anything is masked."""
    rows = {"customers": [a_customer()], **rows}
    orders = rows.get("orders", ())
    lines = [_line(order, n, *item) for order in orders for n, item in enumerate(order.get("items", ()), start=1)]
    rows = {**rows, "order_items": [*rows.get("order_items", ()), *lines]}
    return {name: _frame(TABLES[name], given) for name, given in rows.items()}


def _line(order: Row, line: int, sku: str, qty: int = 1, unit_price: int | None = 1000) -> Row:
    return {
        "order_id": order["id"], "line": line, "customer_id": order["customer_id"], "sku": sku, "qty": qty,
        "unit_price": unit_price,
    }  # fmt: skip


def _frame(noun: type, rows: Sequence[Row]) -> pl.DataFrame:
    columns = kinds.columns(noun)
    known = {column.name for column in columns} | {"items"}
    for row in rows:
        assert row.keys() <= known, f"{noun.__name__} has no {sorted(row.keys() - known)}"
    return pl.DataFrame(
        [[_value(column, row) for column in columns] for row in rows], schema=schema(noun), orient="row"
    )


def _value(column: kinds.Column, row: Row) -> Any:
    value = row.get(column.name, "C1" if column.name == "customer_id" else column.default)
    if column.kind == kinds.STRUCTURE:
        return orjson.dumps(value).decode()
    return list(value) if column.kind == kinds.WORDS else value


def features(as_of: datetime = NOW, topics: Mapping[str, tuple[str, ...]] = MappingProxyType({}), **rows: Any) -> Row:
    """Every customer feature of the first customer of such a partition."""
    return compute(frames(as_of, **rows), topics=topics).customers.row(0, named=True)
