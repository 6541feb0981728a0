"""Local worker processes: each opens the home for itself and leases partitions until none is left."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from agent.batch.overnight import brought
from agent.batch.run import (
    AT_WORK,
    NOTING,
    OVERNIGHT,
    RUNNING,
    Progress,
    Run,
    close,
    free_dead_leases,
    progress,
    read_run,
    segment_of,
    work_one,
    worker_name,
)
from agent.drafting import MODEL
from agent.drafting.copies import budget_left, serve
from agent.drafting.copywriter import Copywriter
from agent.enishi import Enishi
from retrieval.errors import EnishiError, InputError, Unreachable

_WATCH_SECONDS = 0.2


def run_locally(
    enishi: Enishi, name: str, *, workers: int | None = None, watch: Callable[[Progress], None] = lambda _: None, now: bool = False
) -> Progress:  # fmt: skip
    """Work a run to its end, or to where its copies are with the provider; ``watch`` hears of progress about five times a second.

    Where a model writes, it is asked from this process alone, whatever the number of workers.  With ``now`` copies that went
    overnight are waited for no longer, and asked for at once.

    Raises InputError when policies changed since the run began, Unreachable when a worker or the provider could not go on.
    """
    run = read_run(enishi.engine, name)
    if run.state not in (*AT_WORK, OVERNIGHT):
        raise InputError(f"run '{name}' is {run.state}", key="name")
    _same_policies(enishi, run.policy_version)
    free_dead_leases(enishi.engine, name)
    if run.state == NOTING:
        _work(enishi, run, workers, watch)
        run = read_run(enishi.engine, name)
    if run.state == OVERNIGHT:
        back = brought(enishi, run, now=now)
        if back is None:
            return progress(enishi.engine, name)
        run = back
    if run.state == RUNNING:
        _work(enishi, run, workers, watch)
    return progress(enishi.engine, name)


def _work(enishi: Enishi, run: Run, workers: int | None, watch: Callable[[Progress], None]) -> None:
    """Work every partition of the run as it stands."""
    name = run.name
    wanted = min(workers or os.cpu_count() or 1, progress(enishi.engine, name).partitions_left)
    if wanted:
        # Made once, and not by one worker while the others wait for it.
        enishi.known()
    copywriter = _copywriter(enishi, run) if run.drafter == MODEL and run.state != NOTING else None
    if wanted <= 1:
        segment = segment_of(run.segment)
        while (
            work_one(enishi, run, segment, worker=worker_name(), now=datetime.now(UTC), copywriter=copywriter)
            is not None
        ):
            watch(progress(enishi.engine, name))
    else:
        with _serving(enishi, name, copywriter):
            _spawn(enishi, name, wanted, watch)
    segment = segment_of(run.segment)
    # What a worker elsewhere holds is waited for, and taken over when its lease runs out.
    while not close(enishi.engine, name) and read_run(enishi.engine, name).state == run.state:
        time.sleep(_WATCH_SECONDS)
        free_dead_leases(enishi.engine, name)
        work_one(enishi, run, segment, worker=worker_name(), now=datetime.now(UTC), copywriter=copywriter)
        watch(progress(enishi.engine, name))


def _copywriter(enishi: Enishi, run: Run) -> Copywriter:
    return enishi.copywriter(
        as_of=run.as_of, budget=budget_left(enishi.engine, run.name, enishi.home.settings.drafting)
    )


@contextmanager
def _serving(enishi: Enishi, name: str, copywriter: Copywriter | None) -> Iterator[None]:
    """While the workers work, ask for the copies that they want."""
    if copywriter is None:
        yield
        return
    over = Event()
    asking = Thread(target=serve, args=(enishi.engine, name, copywriter, over), name="enishi-copies")
    asking.start()
    try:
        yield
    finally:
        over.set()
        asking.join()


def _spawn(enishi: Enishi, name: str, wanted: int, watch: Callable[[Progress], None]) -> None:
    start = multiprocessing.get_context("spawn")
    crew = [
        start.Process(target=_worker, args=(enishi.home.folder, name, os.getpid()), name=f"enishi-{number}")
        for number in range(wanted)
    ]
    os.environ["POLARS_MAX_THREADS"] = "1"
    for process in crew:
        process.start()
    try:
        while any(process.is_alive() for process in crew):
            time.sleep(_WATCH_SECONDS)
            watch(progress(enishi.engine, name))
    except KeyboardInterrupt:
        for process in crew:
            process.terminate()
        raise
    finally:
        for process in crew:
            process.join()
    failed = [process for process in crew if process.exitcode]
    free_dead_leases(enishi.engine, name)
    if failed and progress(enishi.engine, name).partitions_left:
        raise Unreachable(
            f"{len(failed)} of {wanted} workers stopped early; 'enishi batch resume {name}' goes on where they were"
        )


def _worker(folder: Path, name: str, parent: int) -> None:
    try:
        with Enishi.open(folder) as enishi:
            run = read_run(enishi.engine, name)
            _same_policies(enishi, run.policy_version)
            segment, worker = segment_of(run.segment), worker_name()
            # Work on a partition makes millions of objects and no cycles: collecting between partitions is enough.
            gc.freeze()
            gc.disable()
            while (
                os.getppid() == parent
                and work_one(
                    enishi, run, segment, worker=worker, now=datetime.now(UTC), needed=lambda: os.getppid() == parent
                )
                is not None
            ):
                gc.collect()
    except EnishiError as error:
        raise SystemExit(f"worker: {error}") from None


def _same_policies(enishi: Enishi, version: str) -> None:
    if enishi.world.policy_version != version:
        raise InputError(
            f"policies or templates changed since the run began ({version}, now {enishi.world.policy_version}): begin a new run",
            key="policy_version",
        )
