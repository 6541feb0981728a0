"""A run and its partitions in the database: the unit of work, of checkpoint and of retry.

A worker leases a partition, works it out and writes everything in one transaction that also marks it done.  Killed anywhere,
a partition is either done or untouched; a lease that is not renewed runs out, and ``resume`` takes up what is left.
"""

from __future__ import annotations

import os
import resource
import socket
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, RowMapping, and_, delete, func, insert, or_, select, update

from agent import store
from agent.canonical import canonical
from agent.drafting import DRAFTERS, MODEL, TEMPLATE, Draft, Drafter, Order, Timed
from agent.drafting.copies import RunCopies, Spent, spent, want
from agent.drafting.copywriter import Copywriter
from agent.drafting.model import ModelDrafter
from agent.drafting.posts import Post, posts_of
from agent.drafting.template import from_templates
from agent.enishi import Enishi
from agent.pipeline import Seconds, Work, work
from agent.review import audit
from agent.tables import decisions, drafts, partitions, posts, revisions, runs
from agent.world import World
from policies.catalogue import NAMES
from policies.expressions import Expression, parse
from retrieval.database import reading, writing
from retrieval.errors import InputError, Unreachable, nearest
from retrieval.history import instant, microseconds, read_partition
from retrieval.notes.suspicion import by_source
from retrieval.tables import BUCKETS, HISTORY

PARTITION = 2000
"""Customers in a partition, about: few enough that a worker stays far below a gigabyte, many enough for columns to pay."""
LEASE = timedelta(minutes=5)
NOTING, OVERNIGHT, RUNNING, DONE, CANCELLED = "noting", "overnight", "running", "done", "cancelled"
"""States of a run.  One whose copies go overnight is first noted through: which copies are wanted, and nothing stored of it."""
AT_WORK = (NOTING, RUNNING)
"""States in which partitions are worked."""
Funnel = Counter[str]


@dataclass(frozen=True, slots=True)
class Run:
    """One batch run."""

    name: str
    as_of: datetime
    requested_by: str
    segment: str
    policy_version: str
    model_version: str
    state: str
    customers: int
    drafter: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: partitions and customers done, counts by stage, seconds by stage over all workers, each worker's peak in MB.

    ``spent`` is what a model's copies cost, None where templates write.  Of a run whose copies go overnight, ``noted`` are the
    partitions and customers whose copies are known to be wanted and whose messages are still to be written, and ``posts`` what went.
    """

    run: Run
    partitions: int
    partitions_done: int
    customers_done: int
    funnel: Funnel
    seconds: Mapping[str, float]
    peaks: tuple[int, ...]
    spent: Spent | None = None
    partitions_noted: int = 0
    customers_noted: int = 0
    posts: tuple[Post, ...] = ()

    @property
    def partitions_left(self) -> int:
        """Partitions to be worked as the run stands."""
        return self.partitions - self.partitions_done - self.partitions_noted


def segment_of(text: str) -> Expression | None:
    """The condition that chooses customers; raises InputError unless it is about the customer alone."""
    if not text.strip():
        return None
    found = parse(text, NAMES, key="segment")
    for name in sorted(found.names):
        if NAMES[name].grain != "customer" or name == "ch":
            raise InputError(f"'{name}' is not about the customer alone; a segment cannot ask it", key="segment")
    return found


def begin(
    enishi: Enishi,
    name: str,
    *,
    as_of: datetime,
    at: datetime,
    segment: str = "",
    requested_by: str = "",
    size: int = PARTITION,
    drafter: str = TEMPLATE,
    overnight: bool = False,
) -> Run:
    """Create a run with its partitions; with ``overnight`` a model's copies are asked for through its batch interface.

    Raises InputError when the name is taken, the segment is wrong, there are no customers, or the settings name no model for the
    model drafter.
    """
    segment_of(segment)
    if overnight and drafter != MODEL:
        raise InputError("only a model is asked overnight: add --drafter model", key="--overnight")
    if drafter not in DRAFTERS:
        raise InputError(f"unknown drafter '{drafter}'{nearest(drafter, DRAFTERS)}", key="--drafter")
    if drafter == MODEL:
        enishi.copywriter(as_of=as_of)
    with writing(enishi.engine) as connection:
        if connection.execute(select(runs.c.name).where(runs.c.name == name)).first():
            raise InputError(
                f"there is a run '{name}' already: 'enishi batch resume {name}' goes on with it", key="name"
            )
        customers = HISTORY["customers"]
        counts = connection.execute(
            select(customers.c.bucket, func.count()).group_by(customers.c.bucket).order_by(customers.c.bucket)
        ).all()
        if not counts:
            raise InputError("the history has no customers: 'enishi import' brings them in", key="home")
        total = sum(count for _, count in counts)
        connection.execute(insert(runs).values(
            name=name, as_of=microseconds(as_of), created_at=microseconds(at), requested_by=requested_by, segment=segment,
            policy_version=enishi.world.policy_version, model_version=enishi.world.propensity.version,
            state=NOTING if overnight else RUNNING, customers=total, drafter=drafter,
        ))  # fmt: skip
        connection.execute(insert(partitions), [
            {"run": name, "number": number, "first_bucket": first, "last_bucket": last, "customers": count, "state": "waiting"}
            for number, (first, last, count) in enumerate(_cut([(bucket, count) for bucket, count in counts], size))
        ])  # fmt: skip
        audit.append(
            connection,
            at=at,
            actor=requested_by,
            event="batch_begun",
            subject=name,
            detail={
                "customers": total,
                "segment": segment,
                "drafter": drafter,
                **({"overnight": True} if overnight else {}),
            },
        )
    return read_run(enishi.engine, name)


def _cut(counts: list[tuple[int, int]], size: int) -> list[tuple[int, int, int]]:
    """Consecutive buckets gathered into partitions of about ``size`` customers."""
    made: list[tuple[int, int, int]] = []
    first, held = 0, 0
    for place, (bucket, count) in enumerate(counts):
        held += count
        if held >= size or place == len(counts) - 1:
            last = BUCKETS - 1 if place == len(counts) - 1 else bucket
            made.append((first, last, held))
            first, held = bucket + 1, 0
    return made


def read_run(engine: Engine, name: str) -> Run:
    """The run of this name; raises InputError naming the nearest one."""
    with reading(engine) as connection:
        row = connection.execute(select(runs).where(runs.c.name == name)).mappings().first()
        if row is None:
            raise InputError(
                f"no run '{name}'{nearest(name, connection.execute(select(runs.c.name)).scalars())}", key="name"
            )
        return _run(row)


def all_runs(engine: Engine) -> list[Run]:
    """Every run, the newest first."""
    with reading(engine) as connection:
        return [
            _run(row)
            for row in connection.execute(select(runs).order_by(runs.c.created_at.desc(), runs.c.name)).mappings()
        ]


def _run(row: RowMapping) -> Run:
    return Run(
        row["name"], instant(row["as_of"]), row["requested_by"], row["segment"], row["policy_version"], row["model_version"], row["state"],
        row["customers"], row["drafter"],
    )  # fmt: skip


def progress(engine: Engine, name: str) -> Progress:
    """How far the run is."""
    run = read_run(engine, name)
    funnel: Funnel = Counter()
    seconds: Counter[str] = Counter()
    with reading(engine) as connection:
        rows = connection.execute(select(partitions).where(partitions.c.run == name)).mappings().all()
    done, noted = ([row for row in rows if row["state"] == state] for state in ("done", "noted"))
    for row in done:
        funnel.update(orjson.loads(row["funnel"]))
        seconds.update(orjson.loads(row["seconds"]))
    peaks: dict[str, int] = {}
    for row in done:
        peaks[row["worker"]] = max(peaks.get(row["worker"], 0), row["peak_mb"] or 0)
    return Progress(
        run, len(rows), len(done), sum(row["customers"] for row in done), funnel, seconds, tuple(sorted(peaks.values())),
        spent(engine, name) if run.drafter == MODEL else None, len(noted), sum(row["customers"] for row in noted),
        posts_of(engine, name),
    )  # fmt: skip


def worker_name() -> str:
    """Host and process: tells a dead worker's lease from a living one's."""
    return f"{socket.gethostname()}:{os.getpid()}"


def work_one(
    enishi: Enishi, run: Run, segment: Expression | None, *, worker: str, now: datetime, copywriter: Copywriter | None = None,
    needed: Callable[[], bool] = lambda: True,
) -> int | None:  # fmt: skip
    """Lease the next partition, work it out and store it; its number, or None when nothing is waiting.

    Where a model writes and there is no ``copywriter``, whoever runs the batch asks it; that is waited for as long as the work is
    ``needed``.  A run that is noted through stores which copies are wanted and nothing else.
    """
    leased = _lease(enishi.engine, run, worker, now)
    if leased is None:
        return None
    clock = Seconds()
    first, last = leased["first_bucket"], leased["last_bucket"]
    with clock.of("read"), reading(enishi.engine) as connection:
        frames = read_partition(connection, run.as_of, enishi.shelves, first, last)
        frames = store.with_reservations(connection, frames, first, last)
        world = replace(enishi.world, known=enishi.register.at(connection, now))
    drafter: Drafter = from_templates
    if run.drafter == MODEL:
        held = partial(_hold, enishi.engine, run.name, leased["number"], worker, needed)
        drafter = ModelDrafter(
            RunCopies(enishi.engine, run.name, copywriter, held), enishi.home.settings.drafting.phrasings
        )
        if run.state == NOTING:
            work(frames, world, run=run.name, segment=segment, drafter=_noting(enishi.engine, run.name, drafter))
            with writing(enishi.engine) as connection:
                connection.execute(_ours(run.name, leased["number"], worker).values(state="noted", worker=None))
            return leased["number"]
    made = work(frames, world, run=run.name, segment=segment, drafter=drafter, clock=clock)
    counts = funnel_of(made) | {f"suspicious:{source}": count for source, count in by_source(frames).items()}
    with clock.of("store"), writing(enishi.engine) as connection:
        if not _finish(connection, run.name, leased["number"], worker, counts):
            return leased["number"]
        store.save(connection, made, run=run.name, at=run.as_of, requested_by=run.requested_by)
    with writing(enishi.engine) as connection:
        spent = canonical({stage: round(seconds, 6) for stage, seconds in clock.spent.items()}).decode()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        connection.execute(_this(run.name, leased["number"]).values(seconds=spent, peak_mb=peak))
    return leased["number"]


def _noting(engine: Engine, run: str, drafter: ModelDrafter) -> Drafter:
    """A drafter that writes nothing, and notes which copies the model drafter would want."""

    def noted(orders: Sequence[Order], world: World, timed: Timed) -> tuple[Draft, ...]:
        want(engine, run, {brief.key: brief for brief in map(drafter.brief, orders)}.values())
        return ()

    return noted


def _hold(engine: Engine, run: str, number: int, worker: str, needed: Callable[[], bool]) -> None:
    """Keep the lease of a partition that waits for its copies.  Raises Unreachable when nobody will bring them."""
    with writing(engine) as connection:
        held = connection.execute(
            _ours(run, number, worker).values(leased_until=microseconds(datetime.now(UTC) + LEASE))
        )
        state = connection.execute(select(runs.c.state).where(runs.c.name == run)).scalar()
    if not held.rowcount or state != RUNNING or not needed():
        raise Unreachable(
            f"run '{run}' was stopped while its copies were written: 'enishi batch resume {run}' goes on with it"
        )


def _this(run: str, number: int) -> Any:
    return update(partitions).where(partitions.c.run == run, partitions.c.number == number)


def _ours(run: str, number: int, worker: str) -> Any:
    """The partition as long as this worker holds it."""
    return _this(run, number).where(partitions.c.worker == worker, partitions.c.state == "leased")


def _lease(engine: Engine, run: Run, worker: str, now: datetime) -> Mapping[str, Any] | None:
    """The next waiting partition, or one whose lease ran out, now ours; none when the run is no longer as it was."""
    moment = microseconds(now)
    with writing(engine) as connection:
        if connection.execute(select(runs.c.state).where(runs.c.name == run.name)).scalar() != run.state:
            return None
        open_ = or_(
            partitions.c.state == "waiting", and_(partitions.c.state == "leased", partitions.c.leased_until < moment)
        )
        row = connection.execute(
            select(partitions).where(partitions.c.run == run.name, open_).order_by(partitions.c.number).limit(1).with_for_update(skip_locked=True)
        ).mappings().first()  # fmt: skip
        if row is None:
            return None
        connection.execute(
            _this(run.name, row["number"]).values(
                state="leased", worker=worker, leased_until=moment + LEASE // timedelta(microseconds=1)
            )
        )
        return dict(row)


def _finish(connection: Connection, run: str, number: int, worker: str, counts: Mapping[str, int]) -> bool:
    """Mark done in the caller's transaction; False when somebody else took the partition over or the run was cancelled."""
    finished = _ours(run, number, worker).values(state="done", funnel=canonical(counts).decode(), seconds="{}")
    return bool(connection.execute(finished).rowcount)


def funnel_of(made: Work) -> dict[str, int]:
    """Counts: customers, decisions by action, drafts by verdict, blocked by rule, exclusions by stage and rule."""
    counts: Funnel = Counter()
    counts["customers"] = len(made.decisions)
    counts.update(f"action:{decision.action.id}" for decision in made.decisions)
    counts["drafts"] = len(made.drafts)
    counts.update(f"channel:{draft.intent.channel}" for draft in made.drafts)
    counts.update(f"verdict:{draft.verdict}" for draft in made.drafts)
    for draft in made.drafts:
        counts.update({f"rule:{finding.full_rule}" for finding in draft.findings})
        if draft.provenance is not None:
            counts[f"drafting:{draft.provenance.outcome}"] += 1
    for (action, stage, rule), count in made.excluded.items():
        counts[f"excluded:{stage}:{action}:{rule}"] += count
    return dict(counts)


def close(engine: Engine, name: str) -> bool:
    """Mark the run done when every partition is; one that is noted through goes overnight."""
    with writing(engine) as connection:
        state = connection.execute(select(runs.c.state).where(runs.c.name == name)).scalar()
        worked, after = ("noted", OVERNIGHT) if state == NOTING else ("done", DONE)
        left = connection.execute(
            select(func.count()).select_from(partitions).where(partitions.c.run == name, partitions.c.state != worked)
        ).scalar_one()
        if left == 0:
            connection.execute(update(runs).where(runs.c.name == name, runs.c.state.in_(AT_WORK)).values(state=after))
        return left == 0


def go_on(engine: Engine, name: str) -> Run:
    """What went overnight is back: the messages are written now."""
    with writing(engine) as connection:
        if connection.execute(
            update(runs).where(runs.c.name == name, runs.c.state == OVERNIGHT).values(state=RUNNING)
        ).rowcount:
            connection.execute(update(partitions).where(partitions.c.run == name).values(state="waiting"))
    return read_run(engine, name)


def free_dead_leases(engine: Engine, name: str) -> int:
    """Give back partitions, and posts, that processes of this host held which are gone; how many partitions there were."""
    with writing(engine) as connection:
        leased = connection.execute(
            select(partitions.c.number, partitions.c.worker).where(
                partitions.c.run == name, partitions.c.state == "leased"
            )
        ).all()
        dead = [number for number, worker in leased if not _alive(worker)]
        for number in dead:
            connection.execute(_this(name, number).values(state="waiting", worker=None))
        at_posts = select(posts.c.worker).where(posts.c.run == name, posts.c.worker.is_not(None)).distinct()
        for worker in [worker for worker in connection.execute(at_posts).scalars() if not _alive(worker)]:
            connection.execute(update(posts).where(posts.c.run == name, posts.c.worker == worker).values(worker=None))
        return len(dead)


def _alive(worker: str) -> bool:
    host, _, process = worker.rpartition(":")
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _zombie(int(process))


def _zombie(process: int) -> bool:
    """Whether it was killed and nobody has collected it yet; only /proc can tell."""
    try:
        stat = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return False
    return stat.rpartition(b")")[2].split()[:1] == [b"Z"]


def cancel(enishi: Enishi, name: str, *, actor: str, at: datetime) -> int:
    """Stop a run and take back its drafts that nobody has decided on; how many were taken back."""
    run = read_run(enishi.engine, name)
    if run.state == CANCELLED:
        raise InputError(f"run '{name}' is cancelled already", key="name")
    with writing(enishi.engine) as connection:
        connection.execute(update(runs).where(runs.c.name == name).values(state=CANCELLED))
        connection.execute(
            update(partitions)
            .where(partitions.c.run == name, partitions.c.state == "leased")
            .values(state="waiting", worker=None)
        )
        waiting = select(drafts.c.id).where(drafts.c.run == name, drafts.c.state == "pending")
        connection.execute(delete(revisions).where(revisions.c.draft_id.in_(waiting)))
        taken = connection.execute(delete(drafts).where(drafts.c.run == name, drafts.c.state == "pending")).rowcount
        kept = select(drafts.c.decision_id).where(drafts.c.run == name)
        connection.execute(delete(decisions).where(decisions.c.run == name, decisions.c.id.not_in(kept)))
        audit.append(connection, at=at, actor=actor, event="batch_cancelled", subject=name, detail={"drafts": taken})
    return taken
