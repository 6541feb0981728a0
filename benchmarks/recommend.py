"""How long one recommendation takes in a warm process: the record (JSON) to the answer, and a stored customer.

python -m benchmarks.recommend [N]        default 300 customers, each once after 20 to warm up
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import orjson
from sqlalchemy import select

from agent.demo.home import make_home
from agent.enishi import Enishi
from benchmarks.batch import AS_OF
from retrieval.database import reading
from retrieval.tables import HISTORY

WARM = 20


def timed(call: Callable[[str], object], subjects: list[str]) -> str:
    """Median, 95th percentile and maximum in milliseconds."""
    for subject in subjects[:WARM]:
        call(subject)
    spent = []
    for subject in subjects:
        started = time.perf_counter()
        call(subject)
        spent.append((time.perf_counter() - started) * 1000)
    spent.sort()
    return f"median {spent[len(spent) // 2]:5.1f} ms   p95 {spent[int(len(spent) * 0.95)]:5.1f} ms   max {spent[-1]:5.1f} ms   n {len(spent)}"


def main(customers: int) -> None:
    """Make a sample home, then time both ways."""
    with tempfile.TemporaryDirectory(prefix="enishi-bench-") as folder:
        make_home(Path(folder) / "home", customers=customers, as_of=AS_OF, told=sys.stderr)
        with Enishi.open(Path(folder) / "home") as enishi:
            with reading(enishi.engine) as connection:
                ids = list(
                    connection.execute(select(HISTORY["customers"].c.id).order_by(HISTORY["customers"].c.id)).scalars()
                )
            records = []
            for customer_id in ids:
                records.append(orjson.dumps(enishi.record(customer_id, as_of=AS_OF)).decode())
            print(f"recommend --records, one record : {timed(enishi.recommend_record, records)}")
            print(
                f"the same with its draft         : {timed(lambda text: enishi.recommend_record(text, draft=True), records)}"
            )
            print(f"recommend ID, from the database : {timed(lambda one: enishi.recommend(one, as_of=AS_OF), ids)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
