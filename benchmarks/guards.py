"""How fast each guard is, and all of them: messages per second on one core, among 100,000 customers whose identifiers are known.

python -m benchmarks.guards [SECONDS] [CUSTOMERS]      how long each guard is timed on each set, default 2; how many are known

Over the golden drafts, cold (each of them for the first time) and warm (again and again, as a batch says its paragraphs), and over
the labelled claims; warm and labelled are the fastest of the rounds, for what slows one down is the machine.  ``copy of each`` are the
copy checks that are asked of every message of a batch.  Last, the drafts of a batch of 20,000 customers, who are among those known, as a
worker judges them, partition after partition: each copy in full when it is first met, then what fills it.  Garbage is collected as a
worker does: between rounds.
"""

from __future__ import annotations

import gc
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path

from agent.batch.run import PARTITION
from agent.demo.home import make_home
from agent.drafting import Draft, Order
from agent.drafting.template import write
from agent.enishi import Enishi
from agent.judging import judge_written
from agent.known import Known
from agent.pipeline import work
from agent.world import World
from benchmarks.batch import AS_OF
from benchmarks.identifiers import people
from policies.catalogue import Catalogue, load_catalogue
from policies.guardrails import GUARDS, Check, copy
from policies.guardrails.guard import Message
from policies.identifiers.customers import rows_of, same_people
from policies.identifiers.index import KnownIdentifiers
from prompts.bundle import ALWAYS
from retrieval.database import reading
from retrieval.history import read_partition
from retrieval.people import read_duplicates, read_people
from retrieval.tables import BUCKETS
from tests.policies.claims.test_rows import message_of, rows
from tests.prompts.test_templates import cells, written

KEY = b"a key for measuring"


def drafts(catalogue: Catalogue) -> Iterator[Message]:
    """A draft of every action × channel × language, in three wordings."""
    for action, channel, language in cells():
        chosen = catalogue.by_id[action]
        for seed in range(3):
            yield written(chosen, channel, language, slots=ALWAYS + chosen.required + chosen.optional, seed=seed)[1]


def spent(check: Check, messages: Sequence[Message], catalogue: Catalogue) -> float:
    """Seconds of one core for all of them once."""
    started = time.process_time()
    for message in messages:
        for _ in check(message, catalogue):
            pass
    return time.process_time() - started


def cost(check: Check, messages: Sequence[Message], catalogue: Catalogue, seconds: float) -> float:
    """Seconds per message in the fastest of as many rounds as ``seconds`` allow."""
    rounds: list[float] = []
    while sum(rounds) < seconds:
        gc.collect()
        rounds.append(spent(check, messages, catalogue))
    return min(rounds) / len(messages)


def private_mb() -> float:
    """Memory that this process shares with nobody, as Linux counts it; pages of a mapped file are not in it."""
    counted = Path(f"/proc/{os.getpid()}/smaps_rollup").read_text(encoding="ascii")
    return sum(int(line.split()[1]) for line in counted.splitlines() if line.startswith("Private_")) / 1024


def crowd(customers: int) -> KnownIdentifiers:
    """Built, saved and loaded, with what each took."""
    made = list(people(customers))
    started = time.process_time()
    built = KnownIdentifiers.build(made, KEY, now=datetime.now(UTC))
    building = time.process_time() - started
    made[0] = (made[0][0], [("PERSON", "一色 麗華")])
    started = time.process_time()
    KnownIdentifiers.build(made, KEY, now=datetime.now(UTC), since=built)
    renewing = time.process_time() - started
    del made
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "known.index"
        built.save(path)
        size = path.stat().st_size / 1e6
        del built
        before, started = private_mb(), time.process_time()
        known = KnownIdentifiers.load(path, KEY)
        loading = time.process_time() - started
        print(f"index of {customers:,} customers: {known.build_of.size:,} forms, built in {building:.1f} s, one customer changed {renewing:.1f} s, "
              f"file {size:.0f} MB, loaded in {loading * 1000:.0f} ms, {private_mb() - before:.0f} MB of a process's own")  # fmt: skip
    return known


def batch(everybody: int, customers: int = 20_000) -> None:
    """Judge the drafts of a sample home whose customers are among everybody who is known: from nothing, then with every copy met before."""
    with tempfile.TemporaryDirectory() as folder:
        make_home(Path(folder) / "home", customers=customers, as_of=AS_OF, told=sys.stderr)
        with Enishi.open(Path(folder) / "home") as enishi:
            with reading(enishi.engine) as connection:
                readers = list(rows_of(read_people(connection), same_people(read_duplicates(connection))))
            known = KnownIdentifiers.build(chain(readers, people(everybody - len(readers))), KEY, now=datetime.now(UTC))
            world = replace(enishi.world, known=Known(known))
            step = BUCKETS * PARTITION // customers
            written = [list(unjudged(enishi, world, first, first + step - 1)) for first in range(0, BUCKETS, step)]
    late = len(written) * 2 // 3
    begun, met = judged(written[:late], world), world.shared.copies
    then = judged(written[late:], world)
    drafts, copies, last = sum(map(len, written)), world.shared.copies, sum(map(len, written[late:]))
    print(f"{drafts:,} drafts of a batch, {copies:,} copies: {drafts / (begun + then):,.0f} /s from nothing, "
          f"{last / then:,.0f} /s of its last {last:,}, {copies - met:,} of them copies not met before")  # fmt: skip
    rates = [drafts / judged(written, world) for _ in range(3)]
    print(f"the same once more: {max(rates):,.0f} /s ({min(rates):,.0f} in the slowest of three rounds)")


def judged(written: Sequence[Sequence[Draft]], world: World) -> float:
    """Seconds of one core for these partitions."""
    gc.collect()
    started = time.process_time()
    for drafts in written:
        judge_written(drafts, world)
    return time.process_time() - started


def unjudged(enishi: Enishi, world: World, first: int, last: int) -> Iterator[Draft]:
    """The drafts of a partition as its templates write them."""
    with reading(enishi.engine) as connection:
        frames = read_partition(connection, AS_OF, enishi.shelves, first, last)
    orders: list[Order] = []
    work(frames, world, drafter=lambda given, _world, _clock: orders.extend(given) or ())
    return (write(order, world) for order in orders)


def main(seconds: float, customers: int) -> None:
    """One line per guard, and one for all."""
    catalogue, known = load_catalogue(), crowd(customers)
    labelled = [message_of(row.values[0]) for row in rows("rows.yaml")]
    nobody = list(drafts(catalogue))
    among = [replace(message, known=known, recipient_id="the reader") for message in nobody]
    checks: Mapping[str, Check] = GUARDS
    of_each = partial(copy.check, checks=copy.ASKED_OF_EACH)
    for check in checks.values():
        spent(check, labelled, catalogue)
    gc.collect()
    gc.freeze()
    gc.disable()
    table: dict[str, tuple[float, float, float]] = {}
    for name, check in checks.items():
        cold = spent(check, among, catalogue) / len(among)
        table[name] = (cold, cost(check, among, catalogue, seconds), cost(check, labelled, catalogue, seconds))
    table["all"] = tuple(map(sum, zip(*table.values(), strict=True)))  # type: ignore[assignment]
    table["copy of each"] = (float("nan"), cost(of_each, nobody, catalogue, seconds), cost(of_each, labelled, catalogue, seconds))
    table["(nobody known)"] = (float("nan"), cost(checks["identifiers"], nobody, catalogue, seconds), float("nan"))
    names = (f"drafts cold ({len(among)})", "warm", f"labelled ({len(labelled)})")
    print("guard".ljust(16), *(name.rjust(18) for name in names))
    for name, costs in table.items():
        print(name.ljust(16), *(f"{1 / one:14,.0f} /s" if one == one else " " * 17 for one in costs))  # noqa: PLR0124
    batch(customers)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2, int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
