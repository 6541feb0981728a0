"""A batch whose copies a model writes: the same decisions, fewer requests than messages, and nobody lost whatever happens."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

pytest.importorskip("langchain_openai")

from agent.batch.local import run_locally
from agent.batch.run import Progress, begin, close, progress, work_one
from agent.demo.loopback import Loopback
from agent.drafting import Provenance
from agent.drafting.copies import budget_left, spent, wanted
from agent.drafting.outcomes import WITH_MODEL
from agent.enishi import Enishi
from agent.tables import copies, decisions, drafts, revisions
from evals.egress import Outgoing, hunt
from retrieval.database import reading
from tests.agent.conftest import AS_OF, CUSTOMERS, LATER, Command, copied, run_batch, settle
from tests.agent.test_model_drafter import configured, no_waiting

__all__ = ["no_waiting"]
RUN = "model"


def run_model(home: Path, name: str = RUN, *, size: int = 50, partitions: int | None = None) -> Progress:
    """A run in this process whose copies a model writes; only so many partitions of it, if that is said."""
    with Enishi.open(home) as opened:
        run = begin(opened, name, as_of=AS_OF, at=AS_OF, requested_by="mori", size=size, drafter="model")
        copywriter = opened.copywriter(as_of=AS_OF, budget=budget_left(opened.engine, name, opened.home.settings.drafting))
        done = 0
        while (partitions is None or done < partitions) and work_one(
            opened, run, None, worker="test", now=AS_OF, copywriter=copywriter
        ) is not None:  # fmt: skip
            done += 1
        if partitions is None:
            assert close(opened.engine, name)
        return progress(opened.engine, name)


def rows(home: Path, table: Any, run: str = RUN) -> Sequence[Mapping[str, Any]]:
    with Enishi.open(home) as opened, reading(opened.engine) as connection:
        return connection.execute(select(table).where(table.c.run == run).order_by(table.c.id)).mappings().all()


def outcomes(home: Path, run: str = RUN) -> Counter[str]:
    return Counter(json.loads(row["drafting"])["outcome"] for row in rows(home, drafts, run))


@pytest.fixture(scope="module")
def written(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Progress, int]:
    """The sample after one run with a model: home, progress, requests."""
    home = copied(sample, tmp_path_factory.mktemp("model") / "home")
    with Loopback() as server:
        configured(home, server.url)
        state = run_model(home)
        asked = len(server.drafts_asked)
    settle(home)
    return home, state, asked


def test_the_decisions_are_those_of_templates(written: tuple[Path, Progress, int], sample: Path, tmp_path: Path) -> None:
    """Byte for byte: the same run of the same home, once with each drafter."""
    home = copied(sample, tmp_path / "home")
    run_batch(home, RUN)
    told = [{row["customer_id"]: (row["id"], row["record"]) for row in rows(one, decisions)} for one in (written[0], home)]
    assert len(told[0]) == CUSTOMERS
    assert told[0] == told[1]
    assert {row["drafting"] for row in rows(home, drafts)} == {None}


def test_requests_grow_with_copies_and_not_with_customers(written: tuple[Path, Progress, int]) -> None:
    home, state, asked = written
    found = rows(home, drafts)
    by_model = [row for row in found if row["drafter"] == "model"]
    assert len(by_model) > 0.9 * len(found)
    assert {row["verdict"] for row in by_model} <= {"pass", "flag"}
    assert state.spent is not None and state.spent.requests == asked == state.spent.copies
    assert asked < len(found)
    assert state.spent.tokens > 1000 * asked
    assert state.funnel["drafting:written"] == len(by_model)


def test_a_copy_is_filled_for_each_and_reads_in_several_ways(written: tuple[Path, Progress, int]) -> None:
    home = written[0]
    shared = Counter(json.loads(row["drafting"])["copy"] for row in rows(home, drafts))
    copy, times = shared.most_common(1)[0]
    assert times > 5
    with Enishi.open(home) as opened, reading(opened.engine) as connection:
        (stored,) = connection.execute(select(copies.c.written).where(copies.c.id == copy)).scalars()
        bodies = connection.execute(
            select(revisions.c.body).join(drafts, drafts.c.id == revisions.c.draft_id).where(drafts.c.drafting.contains(copy))
        ).scalars().all()  # fmt: skip
    assert len(json.loads(stored)["wordings"]) > 1
    assert len(set(bodies)) > times * 0.9
    assert not any("⟦" in body or "{{" in body for body in bodies)


def test_what_is_stored_of_a_copy_names_nobody(written: tuple[Path, Progress, int]) -> None:
    home = written[0]
    told = json.dumps([dict(row) for row in rows(home, copies)], ensure_ascii=False)
    names = {fact["text"] for row in rows(home, drafts) for fact in _facts(home, row["id"]) if fact["slot"] in ("addressee", "surname")}
    assert len(names) > 30
    assert [name for name in names if len(name) > 2 and name in told] == []


def _facts(home: Path, draft: str) -> Any:
    with Enishi.open(home) as opened, reading(opened.engine) as connection:
        return json.loads(connection.execute(select(revisions.c.facts).where(revisions.c.draft_id == draft)).scalar_one())


def test_a_model_draft_can_be_approved_and_edited(written: tuple[Path, Progress, int], tmp_path: Path, enishi: Command) -> None:
    home = copied(written[0], tmp_path / "home")
    later = ("--as", "tanaka", "--as-of", LATER.isoformat())
    ready = [row for row in rows(home, drafts) if (row["drafter"], row["verdict"], row["channel"], row["language"]) == ("model", "pass", "email", "ja")]
    assert enishi("review", "approve", ready[0]["id"], *later, home=home).code == 0
    body = tmp_path / "body.txt"
    for draft, more in ((ready[1], "\nどうぞよろしくお願いいたします。"), (ready[2], "\n今だけ半額です。")):
        with Enishi.open(home) as opened, reading(opened.engine) as connection:
            before = connection.execute(select(revisions.c.body).where(revisions.c.draft_id == draft["id"])).scalar_one()
        body.write_text(before + more, encoding="utf-8")
        assert enishi("review", "edit", draft["id"], "--body", body, *later, home=home).code == 0
    shown = [enishi("review", "show", draft["id"], "--json", home=home).json for draft in ready[1:3]]
    assert [one["verdict"] == "block" for one in shown] == [False, True]
    assert {one["revision"] for one in shown} == {2} and {one["drafter"] for one in shown} == {"model"}
    told = enishi("batch", "status", RUN, home=home)
    assert "drafts by what came of the model: written" in told.out and "copies:" in told.out
    status = enishi("batch", "status", RUN, "--json", home=home).json
    assert status["drafter"] == "model" and status["drafting"]["requests"] > 0


def test_killing_the_server_half_way_loses_nobody(home: Path) -> None:
    with Loopback(latency=0.02) as server:
        configured(home, server.url, in_flight=2, attempts=2)
        stopper = threading.Thread(target=_stop_after, args=(server, 8))
        stopper.start()
        run_model(home)
        stopper.join()
    found = outcomes(home)
    assert sum(found.values()) == len(rows(home, drafts)) and len(rows(home, decisions)) == CUSTOMERS
    assert found["written"] > 0 and found["unreachable"] + found["gave_up"] > 0
    assert set(found) <= {"written", "repaired", "unreachable", "gave_up", "timeout", "blocked"}
    for row in rows(home, drafts):
        assert row["drafter"] == ("model" if json.loads(row["drafting"])["outcome"] in WITH_MODEL else "template")


def _stop_after(server: Loopback, requests: int) -> None:
    until = time.monotonic() + 60
    while len(server.drafts_asked) < requests and time.monotonic() < until:
        time.sleep(0.005)
    server.stop()


def test_a_resumed_run_does_not_pay_twice(home: Path) -> None:
    with Loopback() as server:
        configured(home, server.url)
        run_model(home, partitions=1)
        first = len(server.drafts_asked)
        with Enishi.open(home) as opened:
            run_locally(opened, RUN, workers=1)
            assert spent(opened.engine, RUN).requests == len(server.drafts_asked) > first
            assert wanted(opened.engine, RUN) == []
        keys = [one.body["messages"][1]["content"] + one.body["messages"][0]["content"] for one in server.drafts_asked]
        assert len(set(keys)) == len(keys)


def test_workers_share_one_pace_and_one_set_of_copies(home: Path) -> None:
    with Loopback() as server:
        configured(home, server.url)
        with Enishi.open(home) as opened:
            begin(opened, RUN, as_of=AS_OF, at=datetime.now(UTC), requested_by="mori", size=50, drafter="model")
            state = run_locally(opened, RUN, workers=2)
        keys = [one.body["messages"][1]["content"] + one.body["messages"][0]["content"] for one in server.drafts_asked]
    assert state.run.state == "done" and state.customers_done == CUSTOMERS
    assert len(set(keys)) == len(keys) > 20
    assert outcomes(home)["written"] > 0.9 * len(rows(home, drafts))


@pytest.mark.parametrize(
    "limit", [{"budget_requests": 5}, {"budget_tokens": 30_000}, {"budget_money": 0.02, "price_in": 1.0, "price_out": 4.0, "in_flight": 1}]
)
def test_when_the_budget_is_spent_templates_write_the_rest(limit: dict[str, Any], home: Path) -> None:
    with Loopback() as server:
        configured(home, server.url, **limit)
        state = run_model(home)
        asked = len(server.drafts_asked)
    found = outcomes(home)
    assert found["budget"] > 0 and found["written"] > 0
    assert state.spent is not None
    assert asked == state.spent.requests <= limit.get("budget_requests", 10**9)
    assert state.spent.tokens <= limit.get("budget_tokens", 10**9)
    assert state.spent.micros <= limit.get("budget_money", 10**9) * 1_000_000
    assert sum(found.values()) == len(rows(home, drafts))
    told = next(Provenance(**json.loads(row["drafting"])).json() for row in rows(home, drafts) if '"budget"' in row["drafting"])
    assert "予算" in told["ja"] and "budget" in told["en"]


@pytest.mark.parametrize("fault", ["offer", "offer_words", "name", "placeholder", "wrong_schema"])
def test_a_server_that_only_writes_nonsense_leaves_templates(fault: str, home: Path) -> None:
    with Loopback(then=fault) as server:
        configured(home, server.url)
        run_model(home)
        asked = len(server.drafts_asked)
    found = rows(home, drafts)
    assert {row["drafter"] for row in found} == {"template"}
    assert {row["verdict"] for row in found} <= {"pass", "flag", "block"}
    assert asked == 2 * len(rows(home, copies))
    said = json.dumps([dict(row) for row in rows(home, copies)], ensure_ascii=False)
    assert "半値" not in said and "田中太郎" not in said


def test_a_run_without_a_model_to_ask_is_not_begun(home: Path, enishi: Command) -> None:
    told = enishi("batch", "run", "x", "--drafter", "model", "--as-of", AS_OF.isoformat(), home=home)
    assert told.code == 2 and "no model is named" in told.err
    assert enishi("batch", "list", "--json", home=home).json == []


def test_prompts_of_five_hundred_customers_name_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Everybody can be told from everybody by name, reading, telephone, address and card, in notes, tickets and comments too."""
    import logging

    from agent.demo.home import _settings
    from retrieval.importing import import_paths
    from tests.evals import conftest as told_apart

    monkeypatch.setattr(told_apart, "CUSTOMERS", 500)
    people, _ = told_apart.written(tmp_path / "files")
    assert len(people) == 500
    home = tmp_path / "home"
    home.mkdir()
    (home / "enishi.toml").write_text("\n".join(_settings()) + "\n", encoding="utf-8")
    with Enishi.open(home) as opened:
        import_paths(opened.engine, [tmp_path / "files"], mapping=None, dry_run=False, quarantine=tmp_path / "q.jsonl", progress=lambda _: None, now=AS_OF)
    with caplog.at_level(logging.DEBUG), Loopback(faults=[None, "name", None, "offer"]) as server:
        configured(home, server.url)
        run_model(home, size=500)
        sent = [Outgoing("prompt", one.raw) for one in server.drafts_asked]
    assert len(rows(home, drafts)) > 200 and len(sent) > 50
    assert outcomes(home)["written"] > 0.8 * len(rows(home, drafts))
    log = [Outgoing("log", record.getMessage().encode()) for record in caplog.records if record.name.split(".")[0] != "asyncio"]
    search = hunt([*sent, Outgoing("log", b"\n".join(one.content for one in log))], people.values())
    assert search.hits == ()
    # The control: the same search finds a name that is in a prompt.
    other = next(iter(people.values()))
    assert hunt([Outgoing("prompt", sent[0].content + other.name.encode())], [other]).hits


def test_every_partition_waits_for_its_copies_and_no_longer(home: Path) -> None:
    """Without anybody who asks, a worker goes on waiting only as long as it is needed."""
    from retrieval.errors import Unreachable

    with Loopback() as server:
        configured(home, server.url)
        with Enishi.open(home) as opened:
            run = begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", drafter="model")
            turns = iter([True, True, False])
            with pytest.raises(Unreachable, match="batch resume"):
                work_one(opened, run, None, worker="test", now=AS_OF, needed=lambda: next(turns))
            assert len(wanted(opened.engine, RUN)) > 20
        assert server.drafts_asked == []


def test_the_demo_with_a_model_shows_what_it_wrote_and_what_goes_wrong(home: Path, enishi: Command) -> None:
    told = enishi("demo", "--workers", "1", "--drafter", "model", "--json", home=home)
    assert told.code == 0, told.err
    model = told.json["model"]
    assert "hand-written" in model["written_by"]
    assert {draft["channel"] for draft in model["drafts"]} >= {"email", "line", "phone"}
    assert {draft["drafter"] for draft in model["drafts"]} == {"model"}
    assert model["stable_share"] > 0.8
    assert model["drafting"]["requests"] < model["funnel"]["drafts"]
    assert {one["drafter"] for one in model["faults"]} == {"template"}
    assert {"blocked", "naked_value", "refused", "timeout", "unauthorised", "truncated"} <= {one["outcome"] for one in model["faults"]}


def test_nobody_waits_for_one_who_asks_no_more(home: Path) -> None:
    """Whoever asks breaks; what is wanted is told to have failed, and the worker goes on."""
    from agent.drafting.copies import serve

    class Broken:
        def serve(self, *_: Any) -> None:
            raise RuntimeError("no more")

    with Loopback() as server:
        configured(home, server.url)
        with Enishi.open(home) as opened:
            run = begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", drafter="model")
            over = threading.Event()
            asking = threading.Thread(target=serve, args=(opened.engine, RUN, Broken(), over))
            asking.start()
            while work_one(opened, run, None, worker="test", now=AS_OF) is not None:
                pass
            over.set()
            asking.join()
    found = rows(home, drafts)
    assert len(found) > 50 and {row["drafter"] for row in found} == {"template"}
    assert outcomes(home) == {"failed": len(found)}
    assert json.loads(found[0]["drafting"])["detail"] == "RuntimeError"
