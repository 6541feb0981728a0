"""Three real shops through their shipped mappings; skipped where the measuring data is not beside the checkout."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine, text

from retrieval.importing import ImportReport, load_mapping

Run = Callable[..., ImportReport]

DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not DATA.is_dir(), reason="no measuring data beside the checkout")]


def there(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip(f"{name} is not among the measuring data")
    return DATA / name


def scalar(engine: Engine, query: str) -> int:
    with engine.connect() as connection:
        return connection.execute(text(query)).scalar_one()


def written(report: ImportReport) -> dict[str, int]:
    assert report.quarantine is None
    return {table: count.new for table, count in report.tables.items()}


def test_online_retail(run: Run, engine: Engine) -> None:
    path = there("online_retail.parquet")
    mapping = load_mapping("online_retail")
    begun = time.process_time()
    report = run(path, mapping=mapping)
    spent = time.process_time() - begun
    assert written(report) == {"customers": 2503, "products": 3434, "orders": 10701, "order_items": 188729}
    assert report.files[0].skipped == {"no customer": 98056, "not a product": 898}
    assert report.files[0].read / spent > 40_000
    source = (
        pl.read_parquet(path)
        .drop_nulls("CustomerID")
        .filter(~pl.col("StockCode").is_in(mapping.sources[0].skip[1].values))
    )
    pence = (source["UnitPrice"] * 100).round(6) + 0.5
    total = int((pence.floor() * source["Quantity"]).sum())
    assert scalar(engine, "SELECT sum(qty * unit_price) FROM order_items") == total
    returned = source.filter(pl.col("InvoiceNo").str.starts_with("C"))
    assert (
        scalar(engine, "SELECT count(*) FROM orders WHERE status = 'returned' AND returned_at = at")
        == returned["InvoiceNo"].n_unique()
    )
    # 08:26 on 1 December 2010 in London is the same in UTC; in July it is an hour less.
    assert scalar(engine, "SELECT min(at) FROM orders") == 1_291_191_960_000_000
    assert all(count.written == 0 for count in run(path, mapping=mapping).tables.values())


def test_cdnow(run: Run, engine: Engine) -> None:
    path = there("cdnow.csv.gz")
    report = run(path, mapping=load_mapping("cdnow"))
    assert written(report) == {"customers": 2357, "products": 1, "orders": 6696, "order_items": 6919}
    source = pl.read_csv(path)
    assert scalar(engine, "SELECT sum(qty) FROM order_items") == source["cds"].sum()
    # A price per disc is rounded to a cent, so a total is within half a cent per disc of the file's.
    cents = round(source["value"].sum() * 100)
    assert abs(scalar(engine, "SELECT sum(qty * unit_price) FROM order_items") - cents) < source["cds"].sum() / 2


def test_complete_journey(run: Run, engine: Engine) -> None:
    there("cj_transactions_sample.parquet")
    report = run(DATA, mapping=load_mapping("complete_journey"))
    assert written(report) == {
        "customers": 2374, "products": 92331, "offers": 1197, "orders": 46184, "order_items": 73673, "events": 591,
        "contacts": 2850,
    }  # fmt: skip
    skipped = {count.file: dict(count.skipped) for count in report.files if count.skipped}
    assert skipped == {"cj_transactions_sample.parquet": {"fuel and coupons": 915, "no goods": 412}}
    assert scalar(engine, "SELECT count(*) FROM events JOIN offers ON offers.id = events.offer") > 0
    assert scalar(engine, "SELECT count(*) FROM customers WHERE extra != '{}'") == 801
