"""How fast an order-lines file goes in: lines per second, end to end, into a new SQLite home.

    python -m benchmarks.importing FILE [MAPPING]     for example online_retail.parquet online_retail

The named alternative in the same run reads the same file and writes its lines, unchecked and unmapped, into one table with
the standard library's ``executemany``: the floor that checking, splitting and idempotency are paid on top of.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from retrieval.database import connect, upgrade
from retrieval.importing import import_paths, load_mapping


def main(path: Path, mapping: str) -> None:
    """Import once into an empty home, once again into the same, and print both."""
    with tempfile.TemporaryDirectory(prefix="enishi-bench-") as folder:
        engine = connect(f"sqlite:///{folder}/enishi.db")
        upgrade(engine)
        for label in ("first import", "again, unchanged"):
            started = time.perf_counter()
            report = import_paths(engine, [path], mapping=load_mapping(mapping), dry_run=False, quarantine=Path(folder) / "q.jsonl",
                                  progress=lambda _: None, now=datetime.now(UTC))  # fmt: skip
            spent = time.perf_counter() - started
            lines = sum(one.read for one in report.files)
            print(
                f"{label:17} {lines:,} lines in {spent:5.2f} s   {lines / spent:9,.0f} lines/s   quarantined {report.quarantined:,}"
            )
        engine.dispose()
        started = time.perf_counter()
        frame = pl.read_parquet(path).select(pl.all().cast(pl.String))
        with sqlite3.connect(f"{folder}/floor.db") as floor:
            floor.execute(f"CREATE TABLE lines ({', '.join(f'c{n}' for n in range(frame.width))})")
            floor.executemany(f"INSERT INTO lines VALUES ({', '.join('?' * frame.width)})", frame.rows())
        spent = time.perf_counter() - started
        print(f"{'unchecked floor':17} {frame.height:,} lines in {spent:5.2f} s   {frame.height / spent:9,.0f} lines/s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else Path(sys.argv[1]).stem)
