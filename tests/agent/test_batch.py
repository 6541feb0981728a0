"""A batch run: complete, the same however it is divided, and whole again after any kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from agent.batch.run import all_runs, begin, close, free_dead_leases, progress, read_run, segment_of, work_one
from agent.enishi import Enishi
from agent.store import read_decision
from agent.tables import decisions, drafts, partitions, revisions, runs
from retrieval.database import reading, writing
from retrieval.errors import InputError
from tests.agent.conftest import AS_OF, CUSTOMERS, LATER, RUN, Command, copied, passing, run_batch, stored

ENISHI = [sys.executable, "-c", "from agent.cli import main; main()"]


def contents(home: Path, run: str = RUN) -> dict[str, list[Any]]:
    """Everything a run stored, in an order of its own."""
    with Enishi.open(home) as enishi, reading(enishi.engine) as connection:
        rows = {
            "decisions": connection.execute(select(decisions.c.id, decisions.c.record).where(decisions.c.run == run).order_by(decisions.c.id)),
            "drafts": connection.execute(select(drafts).where(drafts.c.run == run).order_by(drafts.c.id)),
            "revisions": connection.execute(
                select(revisions).where(revisions.c.draft_id.in_(select(drafts.c.id).where(drafts.c.run == run))).order_by(revisions.c.draft_id)
            ),
        }  # fmt: skip
        return {name: [tuple(row) for row in found] for name, found in rows.items()}


def begun(home: Path, *, size: int = 10) -> None:
    """The run of the sample home, begun and not worked."""
    with Enishi.open(home) as enishi:
        begin(enishi, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", size=size)


def done(home: Path) -> int:
    with Enishi.open(home) as enishi:
        return progress(enishi.engine, RUN).partitions_done


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    """Wait for it while the process lives."""
    deadline = time.monotonic() + 60
    while not condition() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def started(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*ENISHI, "batch", "resume", RUN, "--workers", "2", "--home", str(home)],
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def crew(parent: int) -> list[int]:
    """The worker processes of a run."""
    found = []
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            found.append(int(child))
    return found


def test_a_run_decides_once_for_everybody(ran: Path) -> None:
    found = contents(ran)
    assert len(found["decisions"]) == CUSTOMERS
    assert 0 < len(found["drafts"]) == len(found["revisions"]) < CUSTOMERS
    with Enishi.open(ran) as enishi:
        state = progress(enishi.engine, RUN)
    assert (state.run.state, state.customers_done, state.partitions_done) == ("done", CUSTOMERS, state.partitions)
    assert state.partitions == 3
    assert state.funnel["customers"] == CUSTOMERS
    assert state.funnel["drafts"] == len(found["drafts"])
    assert sum(count for name, count in state.funnel.items() if name.startswith("action:")) == CUSTOMERS
    for kind in ("channel:", "verdict:"):
        assert sum(count for name, count in state.funnel.items() if name.startswith(kind)) == len(found["drafts"])


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds the workers through /proc")
def test_a_killed_worker_costs_nothing(home: Path, ran: Path, enishi: Command) -> None:
    begun(home, size=10)
    process = started(home)
    until(lambda: done(home) >= 2, process)
    os.kill(crew(process.pid)[0], signal.SIGKILL)
    assert process.wait(timeout=60) in (0, 3)
    if process.returncode == 3:
        assert enishi("batch", "resume", RUN, "--workers", "1", home=home).code == 0
    assert contents(home) == contents(ran)


def test_a_run_killed_as_a_whole_is_finished_by_two_workers(home: Path, ran: Path, enishi: Command) -> None:
    begun(home, size=10)
    process = started(home)
    until(lambda: done(home) >= 2, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    before = done(home)
    told = enishi("batch", "status", RUN, "--json", home=home).json
    assert 2 <= told["partitions_done"] == before < told["partitions"]
    assert told["state"] == "running"
    ended = enishi("batch", "resume", RUN, "--workers", "2", "--json", home=home)
    assert (ended.code, ended.json["state"], ended.json["customers_done"]) == (0, "done", CUSTOMERS)
    assert ended.json["funnel"]["customers"] == CUSTOMERS
    assert contents(home) == contents(ran)


def test_work_that_somebody_else_took_over_is_not_written_twice(home: Path, ran: Path) -> None:
    """A worker that comes back after its lease ran out finds the partition gone."""
    begun(home, size=50)
    with Enishi.open(home) as enishi:
        run = read_run(enishi.engine, RUN)
        with writing(enishi.engine) as connection:
            connection.execute(update(partitions).where(partitions.c.number == 0).values(state="leased", worker="elsewhere:1", leased_until=0))
        while work_one(enishi, run, None, worker="here", now=LATER) is not None:
            pass
        assert close(enishi.engine, RUN)
    assert contents(home) == contents(ran)


def test_a_living_lease_is_left_alone(home: Path) -> None:
    begun(home, size=50)
    with Enishi.open(home) as enishi:
        with writing(enishi.engine) as connection:
            connection.execute(update(partitions).values(state="leased", worker="elsewhere:1", leased_until=2**60))
        assert free_dead_leases(enishi.engine, RUN) == 0
        assert work_one(enishi, read_run(enishi.engine, RUN), None, worker="here", now=LATER) is None
        assert not close(enishi.engine, RUN)


def test_a_finished_run_says_that_it_is(queue: Path, enishi: Command) -> None:
    told = enishi("batch", "resume", RUN, home=queue)
    assert (told.code, told.err) == (2, f"enishi: name: run '{RUN}' is done\n")
    again = enishi("batch", "run", RUN, home=queue)
    assert again.code == 2
    assert "there is a run 'spring' already" in again.err
    assert contents(queue) is not None


def test_changed_policies_need_a_new_run(home: Path, enishi: Command) -> None:
    begun(home)
    (home / "policies").mkdir()
    (home / "policies" / "levers.yaml").write_text("levers: [] # changed\n", encoding="utf-8")
    told = enishi("batch", "resume", RUN, "--workers", "1", home=home)
    assert told.code == 2
    assert "policies or templates changed since the run began" in told.err
    assert done(home) == 0


def test_cancelling_takes_back_what_nobody_decided_on(queue: Path, enishi: Command) -> None:
    draft = passing(queue)
    assert enishi("review", "approve", draft["id"], "--as", "sato", "--as-of", LATER.isoformat(), home=queue).code == 0
    waiting = len(stored(queue, state="pending"))
    told = enishi("batch", "cancel", RUN, "--as", "mori", "--json", home=queue)
    assert (told.code, told.json) == (0, {"run": RUN, "taken_back": waiting})
    found = contents(queue)
    assert [row[0] for row in found["decisions"]] == [draft["decision_id"]]
    assert [row[0] for row in found["drafts"]] == [draft["id"]]
    assert len(found["revisions"]) == 1
    for words in (("cancel", RUN), ("resume", RUN)):
        again = enishi("batch", *words, home=queue)
        assert again.code == 2
        assert "is cancelled" in again.err
    assert enishi("audit", "verify", home=queue).code == 0


def test_cancelling_stops_a_worker_in_the_middle(home: Path, enishi: Command) -> None:
    begun(home, size=50)
    with Enishi.open(home) as opened:
        run = read_run(opened.engine, RUN)
        assert work_one(opened, run, None, worker="here", now=LATER) == 0
        assert enishi("batch", "cancel", RUN, home=home).code == 0
        assert work_one(opened, run, None, worker="here", now=LATER) is None
    assert contents(home) == {"decisions": [], "drafts": [], "revisions": []}


def test_a_segment_chooses_customers(home: Path, ran: Path, enishi: Command) -> None:
    told = enishi(
        "batch", "run", RUN, "--segment", "orders_n >= 4", "--workers", "1", "--as", "mori", "--as-of", AS_OF.isoformat(), "--json", home=home
    )
    assert told.code == 0
    assert told.json["segment"] == "orders_n >= 4"
    found, everybody = contents(home), contents(ran)
    assert 0 < len(found["decisions"]) == told.json["funnel"]["customers"] < CUSTOMERS
    with Enishi.open(ran) as opened, reading(opened.engine) as connection:
        loyal = {row for row in everybody["decisions"] if read_decision(connection, row[0])["features"]["orders_n"] >= 4}
    assert set(found["decisions"]) == loyal


@pytest.mark.parametrize(
    ("segment", "said"),
    [
        ("ok_ch", "'ok_ch' is not about the customer alone"),
        ("s_stock > 3", "'s_stock' is not about the customer alone"),
        ("o_ok", "'o_ok' is not about the customer alone"),
        ("ch == 'email'", "'ch' is not about the customer alone"),
        ("same_action_days < 3", "'same_action_days' is not about the customer alone"),
        ("order_n >= 2", "did you mean 'orders_n'?"),
        ("orders_n >=", "segment"),
        ("orders_n", "segment"),
    ],
)
def test_a_segment_is_about_the_customer(empty: Path, enishi: Command, segment: str, said: str) -> None:
    with pytest.raises(InputError):
        segment_of(segment)
    told = enishi("batch", "run", "x", "--segment", segment, home=empty)
    assert told.code == 2
    assert said in told.err
    assert enishi("batch", "list", "--json", home=empty).json == []


def test_status_and_list_are_documents(ran: Path, enishi: Command, tmp_path: Path) -> None:
    home = copied(ran, tmp_path / "home")
    one = {"run", "as_of", "state", "customers", "segment", "policy_version", "model_version", "requested_by", "drafter"}
    listed = enishi("batch", "list", "--json", home=home)
    assert listed.code == 0
    assert [entry.keys() for entry in listed.json] == [one]
    status = enishi("batch", "status", RUN, "--json", home=home)
    assert status.code == 0
    assert status.json.keys() >= one | {"partitions", "partitions_done", "customers_done", "funnel", "seconds"}
    assert {"read", "features", "candidates", "ranking", "decision", "facts", "draft", "verdict", "store"} == status.json["seconds"].keys()
    assert RUN in enishi("batch", "list", home=home).out
    lots = status.json["sameness"]
    assert lots and [lot["mean"] for lot in lots] == sorted((lot["mean"] for lot in lots), reverse=True)
    assert all(lot["drafts"] >= lot["sampled"] >= 2 and lot["alike"] == (lot["mean"] > 0.35 or lot["highest"] > 0.6) for lot in lots)
    told = enishi("batch", "status", RUN, home=home).out
    assert f"{CUSTOMERS}" in told and "sameness (C09)" in told


def test_the_newest_run_stands_first(queue: Path) -> None:
    run_batch(queue, "summer", size=200, at=LATER)
    with Enishi.open(queue) as enishi:
        assert [run.name for run in all_runs(enishi.engine)] == ["summer", RUN]
        with reading(enishi.engine) as connection:
            assert connection.execute(select(func.count()).select_from(runs)).scalar_one() == 2
    assert len(contents(queue, "summer")["decisions"]) == CUSTOMERS
