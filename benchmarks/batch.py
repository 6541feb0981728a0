"""How fast a whole batch is: features → stored drafts with verdicts, for N synthetic customers.

    python -m benchmarks.batch [N …]          default 10000 100000

Each size gets a home of its own in a temporary folder (the demo's population, imported the ordinary way), then one run
through worker processes exactly as ``enishi batch run`` makes it.  Printed: customers per second, the largest process's peak
memory, time by stage over all workers, and two named alternatives in the same run: the same pipeline called with one customer
at a time, and a bare render + regex + insert, which says how fast the machine is today.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Template

from agent.batch.local import run_locally
from agent.batch.run import begin
from agent.demo.home import make_home
from agent.enishi import Enishi
from agent.pipeline import work
from retrieval.database import reading
from retrieval.frames import one
from retrieval.history import read_partition

AS_OF = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
ALONE = 100


def measure(customers: int, workers: int) -> None:
    """One size: make, import, run, print."""
    with tempfile.TemporaryDirectory(prefix="enishi-bench-") as folder:
        home = Path(folder) / "home"
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "benchmarks.batch", "--make", str(home), str(customers)], check=True)
        made = time.perf_counter() - started
        with Enishi.open(home) as enishi:
            begin(enishi, "bench", as_of=AS_OF, at=AS_OF)
            started = time.perf_counter()
            state = run_locally(enishi, "bench", workers=workers)
            taken = time.perf_counter() - started
            alone = _one_at_a_time(enishi)
        parent = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        rate, size = customers / taken, (home / "enishi.db").stat().st_size / 1e6
    print(f"{customers:>9,} customers  {taken:7.1f} s  {rate:7,.0f} customers/s  {workers} workers")
    print(
        f"          drafts {state.funnel['drafts']:,} · pass {state.funnel['verdict:pass']:,} · database {size:,.0f} MB · made and imported in {made:.0f} s"
    )
    print(
        f"          peak memory: workers {' + '.join(f'{peak:,.0f}' for peak in state.peaks)} MB, parent {parent:,.0f} MB"
    )
    total = sum(state.seconds.values())
    print(
        "          time: "
        + " · ".join(
            f"{name} {value / total:.0%}" for name, value in sorted(state.seconds.items(), key=lambda item: -item[1])
        )
    )
    print(
        f"          one customer at a time in one process: {alone:,.0f} customers/s; the batch is {rate / alone:,.0f} times as fast"
    )


def bare(workers: int, drafts: int = 20_000) -> float:
    """Drafts per second of the least that can be called a batch, on as many processes: render, one regex, one insert.

    No history, features, rules, ranking, facts or guards: how fast this machine is today.
    """
    with tempfile.TemporaryDirectory(prefix="enishi-bare-") as folder, ProcessPoolExecutor(workers) as pool:
        list(pool.map(_bare, [folder] * workers, range(workers), [500] * workers))
        started = time.perf_counter()
        list(pool.map(_bare, [folder] * workers, range(workers), [drafts] * workers))
        return workers * drafts / (time.perf_counter() - started)


def _bare(folder: str, number: int, drafts: int) -> None:
    template = Template(
        "{{ name }} 様\n\nいつも{{ brand }}をご利用いただき、ありがとうございます。{{ signer }}です。\n\n{{ day }}にお届けした{{ product }}が、"
        "そろそろ残り少なくなる頃かと思い、ご連絡いたしました。\n{{ price }}\n\nまだお手元に残っている場合は、お気になさらないでください。\n{{ brand }}"
    )
    wrong = re.compile(r"\{\{|今だけ|必ず|No\.1|残りわずか")
    rows = []
    for i in range(drafts):
        body = template.render(
            name=f"見本 {i}", brand="見本屋", signer="見本", day="4月12日", product=f"豆{i}", price="1,296円(税込)"
        )
        rows.append((f"m-{number}-{i}", i, "block" if wrong.search(body) else "pass", body))
    with sqlite3.connect(f"{folder}/{number}.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS drafts (id TEXT PRIMARY KEY, customer INTEGER, verdict TEXT, body TEXT)"
        )
        database.executemany("INSERT OR REPLACE INTO drafts VALUES (?, ?, ?, ?)", rows)


def _one_at_a_time(enishi: Enishi) -> float:
    """Customers per second when each is a partition of its own (reading and storing not counted)."""
    with reading(enishi.engine) as connection:
        frames = read_partition(connection, AS_OF, enishi.shelves, 0, 200)
    alone = [one(frames, i) for i in range(min(ALONE, frames.size))]
    started = time.perf_counter()
    for single in alone:
        work(single, enishi.world)
    return len(alone) / (time.perf_counter() - started)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=[10_000, 100_000])
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--make",
        nargs=2,
        metavar=("HOME", "N"),
        help="only make a sample home: importing takes memory that is not the run's",
    )
    chosen = parser.parse_args()
    if chosen.make:
        make_home(Path(chosen.make[0]), customers=int(chosen.make[1]), as_of=AS_OF, told=sys.stderr)
        raise SystemExit
    print(f"bare render + regex + insert, {chosen.workers} processes: {bare(chosen.workers):,.0f} drafts/s")
    for size in chosen.sizes:
        measure(size, chosen.workers)
    print(f"bare again: {bare(chosen.workers):,.0f} drafts/s")
