"""Whether the ledger holds when many approve at once while consents are taken back.

    python -m benchmarks.race [--processes 8] [--customers 1000] [--attempts 1] [--url URL]

Every process goes through every customer in an order of its own, asks for contacts on random days of the next month (so that
earlier days are filled after later ones), lets some leave, gives some back, and takes some consents back: half of them through
the ledger, half the way an import writes them.  Afterwards everything that stands is counted by hand.  Without a URL it runs on
SQLite and on a PostgreSQL server of its own.  Printed: contacts over a cap, contacts after a refusal, attempts/s, transactions
that were tried again.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

from sqlalchemy import Engine, insert, select

from agent import ledger
from agent.tables import reservations
from benchmarks.postgresql import server
from policies.catalogue import Catalogue, load_catalogue
from retrieval.database import connect, insert_many, reading, try_again, upgrade, writing
from retrieval.history import microseconds
from retrieval.tables import HISTORY, bucket_of

NOW = datetime(2026, 5, 13, 3, tzinfo=UTC)
CHANNELS = ("email", "line", "sms")
ACTION, WAITED = "member_offer", "points_expiry"
REVOKING, LEAVING, RELEASING = 0.06, 0.15, 0.05
"""Chance, per attempt, that a consent is taken back, a message leaves, a promise is given back."""
CAPS = (
    (1, 24, "all"),
    (2, 7 * 24, "most"),
    (6, 30 * 24, "most"),
    (3, 7 * 24, "all"),
    (10, 30 * 24, "all"),
    (1, 14 * 24, "sms"),
)
"""The shipped caps once more, for counting by hand: most, hours, and whom they bind."""


@dataclass(frozen=True, slots=True)
class Found:
    """What stood at the end.  ``over_cap`` and ``after_revocation`` count contacts that should not be there."""

    over_cap: int
    after_revocation: int
    attempts: int
    reserved: int
    deferred: int
    refused: int
    left: int
    revoked: int
    retries: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"over cap {self.over_cap} · after revocation {self.after_revocation} · {self.attempts:,} attempts, {self.attempts / self.seconds:,.0f}/s · "
            f"reserved {self.reserved:,} (put off {self.deferred:,}) · refused {self.refused:,} · left {self.left:,} · "
            f"consents taken back {self.revoked:,} · tried again {self.retries:,} · {self.seconds:.1f} s"
        )


Entry = tuple[str, str, str, float, float]
"""What happened (reserved, left, revoked), customer, channel, and the clock before and after."""


def run(url: str, *, processes: int, customers: int, attempts: int) -> Found:
    """Fill a database with customers, let everybody loose, count."""
    engine = connect(url)
    upgrade(engine)
    names = [f"R{number:05}" for number in range(customers)]
    _people(engine, names)
    engine.dispose()
    started = time.perf_counter()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        told = list(pool.map(_work, [url] * processes, [names] * processes, range(processes), [attempts] * processes))
    seconds = max(one[2] for one in told) - min(one[1] for one in told)
    log = [entry for one in told for entry in one[0]]
    with reading(engine) as connection:
        over = _over_cap(connection)
        promised = connection.execute(
            select(reservations.c.customer_id, reservations.c.channel).where(reservations.c.state == "reserved")
        ).all()
    engine.dispose()
    refused_at: dict[tuple[str, str], float] = {}
    locked = set()
    for what, customer, channel, _, after in log:
        if what.startswith("revoked"):
            refused_at[customer, channel] = min(after, refused_at.get((customer, channel), after))
            if what == "revoked":
                locked.add((customer, channel))
    late = sum(
        what in ("reserved", "deferred", "left") and before > refused_at.get((customer, channel), float("inf"))
        for what, customer, channel, before, _ in log
    )
    late += sum((customer, channel) in locked for customer, channel in promised)
    kinds = defaultdict(int)
    for entry in log:
        kinds[entry[0]] += 1
    asked = kinds["reserved"] + kinds["deferred"] + kinds["refused"]
    return Found(over, late, asked, kinds["reserved"] + kinds["deferred"], kinds["deferred"], kinds["refused"], kinds["left"],
                 kinds["revoked"] + kinds["revoked raw"], sum(one[3] for one in told), max(seconds, time.perf_counter() - started if seconds <= 0 else seconds))  # fmt: skip


def _people(engine: Engine, names: list[str]) -> None:
    """Customers who agreed to everything and were written to twice by another system."""
    long_ago = microseconds(NOW - timedelta(days=300))
    with writing(engine) as connection:
        insert_many(connection, HISTORY["customers"], ("bucket", "id", "shop", "kind", "status", "timezone", "locale"),
                    [(bucket_of(name), name, "main", "b2c", "active", "Asia/Tokyo", "ja-JP") for name in names])  # fmt: skip
        insert_many(connection, HISTORY["consents"], ("bucket", "customer_id", "channel", "purpose", "at", "status"),
                    [(bucket_of(name), name, channel, "marketing", long_ago, "opt_in") for name in names for channel in CHANNELS])  # fmt: skip
        insert_many(connection, HISTORY["contacts"], ("bucket", "customer_id", "at", "digest", "channel", "action", "purpose"),
                    [(bucket_of(name), name, microseconds(NOW - timedelta(days=days)), days, "email", None, "marketing") for name in names for days in (2, 9)])  # fmt: skip


def _work(url: str, names: list[str], number: int, attempts: int) -> tuple[list[Entry], float, float, int]:
    """One process: its entries, when it began and ended, and how often a transaction was tried again."""
    engine, catalogue, chance = connect(url), load_catalogue(), random.Random(number)
    log: list[Entry] = []
    retries = 0

    @try_again
    def reserve(request: ledger.Request) -> ledger.Ruling:
        with writing(engine) as connection:
            return ledger.reserve(connection, catalogue, request, NOW)

    @try_again
    def leave(draft: str, at: datetime) -> ledger.Ruling:
        with writing(engine) as connection:
            return ledger.commit(connection, catalogue, draft, at)

    @try_again
    def give_back(draft: str) -> bool:
        with writing(engine) as connection:
            return ledger.release(connection, draft, NOW)

    @try_again
    def import_refusal(customer: str, channel: str, at: datetime) -> None:
        with writing(engine) as connection:
            connection.execute(insert(HISTORY["consents"]).values(
                bucket=bucket_of(customer), customer_id=customer, channel=channel, purpose="marketing", at=microseconds(at), status="opt_out",
            ))  # fmt: skip

    began = time.time()
    for step, customer in _turns(chance, names, attempts):
        channel, action = chance.choice(CHANNELS), chance.choice((ACTION, ACTION, WAITED))
        start = NOW + timedelta(minutes=chance.randrange(40 * 24 * 60))
        draft = f"m-{number}-{step}-{customer}"
        request = ledger.Request(draft_id=draft, customer_id=customer, channel=channel, purpose="marketing", action=action,
                                 not_before=start, not_after=start + timedelta(days=chance.randrange(1, 10)))  # fmt: skip
        if chance.random() < REVOKING:
            shut, at, before = (
                chance.choice(CHANNELS),
                NOW - timedelta(microseconds=chance.randrange(10**9)),
                time.time(),
            )
            if chance.random() < 0.5:
                _revoke(engine, catalogue, customer, shut, at)
                log.append(("revoked", customer, shut, before, time.time()))
            else:
                import_refusal(customer, shut, at)
                log.append(("revoked raw", customer, shut, before, time.time()))
                retries += import_refusal.statistics["attempt_number"] - 1
        before = time.time()
        ruled = reserve(request)
        retries += reserve.statistics["attempt_number"] - 1
        state = "refused" if ruled.due is None else "deferred" if ruled.due > start else "reserved"
        log.append((state, customer, channel, before, time.time()))
        if ruled.due is not None and chance.random() < LEAVING:
            before = time.time()
            if leave(draft, ruled.due).state == "committed":
                log.append(("left", customer, channel, before, time.time()))
            retries += leave.statistics["attempt_number"] - 1
        elif ruled.due is not None and chance.random() < RELEASING:
            give_back(draft)
    return log, began, time.time(), retries


def _turns(chance: random.Random, names: list[str], attempts: int) -> Iterator[tuple[int, str]]:
    for step in range(attempts):
        for name in chance.sample(names, len(names)):
            yield step, name


def _revoke(engine: Engine, catalogue: Catalogue, customer: str, channel: str, at: datetime) -> None:
    ledger.revoke(engine, catalogue, customer, channel, "marketing", at)


def _over_cap(connection) -> int:  # type: ignore[no-untyped-def]
    """Contacts of the ledger that stand in a window with too many, counted by hand."""
    contacts, table = HISTORY["contacts"], reservations
    every: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
    for customer, at, channel, action in connection.execute(
        select(table.c.customer_id, table.c.at, table.c.channel, table.c.action).where(table.c.state == "reserved")
    ):
        every[customer].append((at / 3.6e9, channel, action))
    for customer, at, channel, action in connection.execute(
        select(contacts.c.customer_id, contacts.c.at, contacts.c.channel, contacts.c.action)
    ):
        every[customer].append((at / 3.6e9, channel, action or ""))
    over = 0
    for made in every.values():
        for at, channel, action in made:
            if action:
                over += any(_crowded(made, at, channel, action, *cap) for cap in CAPS)
    return over


def _crowded(
    made: list[tuple[float, str, str]], at: float, channel: str, action: str, most: int, hours: int, whom: str
) -> bool:
    """Whether a window that this contact had to keep holds too many; one that need not keep the cap may stand in it."""
    if (whom == "sms" and channel != "sms") or (whom == "most" and action == WAITED):
        return False
    times = sorted(one[0] for one in made if whom != "sms" or one[1] == "sms")
    starts = [start for start in times if at - hours < start <= at]
    bound = sorted(one[0] for one in made if whom == "most" and one[2] == WAITED)
    crowded = [start for start in starts if sum(start <= one < start + hours for one in times) > most]
    # What is exempt may come after the cap was full: then it is its own window that grew, not this contact's fault.
    return any(
        sum(start <= one < start + hours for one in times) - sum(start <= one < start + hours for one in bound) > most
        for start in crowded
    )


def main() -> None:
    """Run on the database given, else on SQLite and PostgreSQL."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--customers", type=int, default=1000)
    parser.add_argument("--attempts", type=int, default=1)
    parser.add_argument("--url")
    chosen = parser.parse_args()
    size = {"processes": chosen.processes, "customers": chosen.customers, "attempts": chosen.attempts}
    if chosen.url:
        print(run(chosen.url, **size))
        return
    with tempfile.TemporaryDirectory(prefix="enishi-race-") as folder:
        print("SQLite     :", run(f"sqlite:///{folder}/race.db", **size), flush=True)
        (Path(folder) / "postgresql").mkdir()
        with server(Path(folder) / "postgresql") as url:
            print("PostgreSQL :", run(url, **size))


if __name__ == "__main__":
    main()
