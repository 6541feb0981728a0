"""A batch whose copies are asked for overnight: the same questions and the same drafts, sent once, and nobody lost whatever happens."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

pytest.importorskip("langchain_openai")

from agent.batch.local import run_locally
from agent.batch.run import begin, progress, read_run
from agent.demo.batches import FAULTS as OVERNIGHT_FAULTS
from agent.demo.home import make_home
from agent.demo.loopback import FAULTS, Loopback, completion
from agent.drafting.copies import brief_of_row, spent, wanted
from agent.drafting.outcomes import OUTCOMES, WITH_MODEL
from agent.drafting.overnight import Incoming, Outgoing, Provider, Standing, line_of, parcels, replies_in
from agent.drafting.posts import BACK, DROPPED, SENDING, SENT, held, posts_of
from agent.drafting.provider import Failure
from agent.enishi import Enishi
from agent.review.audit import verify
from agent.tables import copies, decisions, drafts, posts, revisions
from evals.egress import Outgoing as Left
from evals.egress import hunt
from prompts.asking import Brief
from retrieval.database import reading
from retrieval.errors import EnishiError, InputError, Unreachable
from tests.agent.conftest import AS_OF, Command, change, copied, settle
from tests.agent.test_model_drafter import configured, copywriter, no_waiting

__all__ = ["no_waiting"]
RUN = "night"
PEOPLE = 60
ENISHI = [sys.executable, "-c", "from agent.cli import main; main()"]
AT = ("--as-of", AS_OF.isoformat())


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sample home; nobody writes to it."""
    home = tmp_path_factory.mktemp("town") / "home"
    make_home(home, customers=PEOPLE, as_of=AS_OF, told=sys.stderr)
    settle(home)
    return home


@pytest.fixture(scope="module")
def noted(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home with a run that was noted through; nothing of it was sent."""
    home = copied(town, tmp_path_factory.mktemp("noted") / "home")
    with Loopback(overnight="deaf_create") as server:
        configured(home, server.url, attempts=1)
        with Enishi.open(home) as opened:
            begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", size=20, drafter="model", overnight=True)
            with pytest.raises(Unreachable):
                run_locally(opened, RUN, workers=1)
    settle(home)
    return home


@pytest.fixture(scope="module")
def ordinary(town: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Mapping[str, Any]], int]:
    """The same run as it is without the night: home, bodies of its requests, and what it cost."""
    home = copied(town, tmp_path_factory.mktemp("ordinary") / "home")
    with Loopback() as server:
        configured(home, server.url, price_in=1.0, price_out=4.0)
        with Enishi.open(home) as opened:
            begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", size=20, drafter="model")
            run_locally(opened, RUN, workers=1)
            cost = spent(opened.engine, RUN).micros
        return home, [one.body for one in server.drafts_asked], cost


@pytest.fixture
def night(noted: Path, tmp_path: Path) -> Path:
    """A home of one's own with a run that was noted through."""
    return copied(noted, tmp_path / "home")


def at_server(home: Path, server: Loopback, **more: Any) -> None:
    """The home asks this server, with these settings besides."""
    path = home / "enishi.toml"
    text = re.sub(r'^base_url = ".*"$', f'base_url = "{server.url}"', path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    text = re.sub(r"^attempts = .*$", f"attempts = {more.pop('attempts', 4)}", text, flags=re.MULTILINE)
    path.write_text(text + "".join(f"{key} = {json.dumps(value)}\n" for key, value in more.items()), encoding="utf-8")


def gone_on(home: Path, *, now: bool = False, times: int = 1) -> str:
    """The run's state after so many resumes."""
    with Enishi.open(home) as opened:
        for _ in range(times):
            state = run_locally(opened, RUN, workers=1, now=now).run.state
    return state


def rows(home: Path, table: Any) -> Sequence[Mapping[str, Any]]:
    with Enishi.open(home) as opened, reading(opened.engine) as connection:
        return connection.execute(select(table).where(table.c.run == RUN).order_by(table.c.id)).mappings().all()


def outcomes(home: Path) -> Counter[str]:
    return Counter(row["outcome"] for row in rows(home, copies))


def everybody_is_there(home: Path, ordinary: Path) -> None:
    """Every customer has the decision of the ordinary run, every message a draft of one drafter or the other, every copy an outcome."""
    assert [row["id"] for row in rows(home, decisions)] == [row["id"] for row in rows(ordinary, decisions)]
    found = rows(home, drafts)
    assert [row["id"] for row in found] == [row["id"] for row in rows(ordinary, drafts)]
    assert {row["state"] for row in rows(home, copies)} == {"written"}
    assert set(outcomes(home)) <= set(OUTCOMES)
    for row in found:
        outcome = json.loads(row["drafting"])["outcome"]
        assert row["drafter"] == ("model" if outcome in WITH_MODEL else "template")
        assert row["verdict"] in ("pass", "flag", "block")
    with Enishi.open(home) as opened, reading(opened.engine) as connection:
        assert verify(connection)[1] is None
        assert {post.state for post in posts_of(opened.engine, RUN)} <= {BACK, DROPPED}


def once_each(server: Loopback, count: int) -> None:
    """One batch, and in it every question once."""
    keys = [line["custom_id"] for line in server.batches.begun]
    assert len(server.batches.ids) == 1 and len(keys) == len(set(keys)) == count


# --- the same questions, the same drafts ------------------------------------------------------------------------------


def test_the_questions_and_the_drafts_are_those_of_an_ordinary_run(night: Path, ordinary: tuple[Path, list[Mapping[str, Any]], int]) -> None:
    home, asked, cost = ordinary
    with Loopback() as server:
        at_server(night, server, price_in=1.0, price_out=4.0)
        assert gone_on(night) == "overnight"
        posted = [line["body"] for line in server.batches.begun]
        assert gone_on(night) == "done"
        assert server.drafts_asked == []
    by_question = [sorted(json.dumps(body, sort_keys=True) for body in bodies) for bodies in (posted, asked)]
    assert by_question[0] == by_question[1] and len(asked) > 10
    everybody_is_there(night, home)
    for table in (drafts, decisions):
        assert [dict(row) for row in rows(night, table)] == [dict(row) for row in rows(home, table)]
    told = []
    for one in (night, home):
        with Enishi.open(one) as opened, reading(opened.engine) as connection:
            told.append(connection.execute(select(revisions).order_by(revisions.c.draft_id)).all())
    assert told[0] == told[1]
    with Enishi.open(night) as opened:
        half = spent(opened.engine, RUN).micros
    assert cost / 2 <= half <= cost / 2 + len(asked)


def test_what_leaves_says_nothing_but_the_questions(night: Path) -> None:
    with Loopback() as server:
        at_server(night, server)
        gone_on(night)
        uploads = [one for one in server.asked if one.path == "/v1/files"]
        begun = [one.body for one in server.asked if one.path == "/v1/batches" and one.body]
    assert len(uploads) == len(begun) == 1
    assert b"x-enishi-copy" not in uploads[0].raw.lower() and RUN.encode() not in uploads[0].raw
    assert {key: value for key, value in begun[0].items() if key != "input_file_id"} == {
        "completion_window": "24h", "endpoint": "/v1/chat/completions", "metadata": begun[0]["metadata"],
    }  # fmt: skip
    (label,) = begun[0]["metadata"].values()
    assert re.fullmatch("[0-9a-f]{32}", label)
    assert {line["custom_id"] for line in server.batches.begun} == {row["id"] for row in rows(night, copies)}


def test_nothing_that_leaves_or_is_noted_names_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody can be told from everybody, in notes and tickets too; the files, the repairs and the rows hold none of it."""
    from agent.demo.home import _settings
    from retrieval.importing import import_paths
    from tests.evals import conftest as told_apart

    monkeypatch.setattr(told_apart, "CUSTOMERS", 100)
    people, _ = told_apart.written(tmp_path / "files")
    home = tmp_path / "home"
    home.mkdir()
    (home / "enishi.toml").write_text("\n".join(_settings()) + "\n", encoding="utf-8")
    with Enishi.open(home) as opened:
        import_paths(opened.engine, [tmp_path / "files"], mapping=None, dry_run=False, quarantine=tmp_path / "q.jsonl", progress=lambda _: None, now=AS_OF)
    with Loopback(faults=[None, "name", "server_error", "offer"], retry_after=0.01) as server:
        configured(home, server.url)
        with Enishi.open(home) as opened:
            begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", drafter="model", overnight=True)
        assert gone_on(home, times=2) == "done"
        sent = [Left("request", one.raw) for one in server.asked]
        assert len(server.drafts_asked) == 3 and len(server.batches.begun) > 20
    with Enishi.open(home) as opened, reading(opened.engine) as connection:
        kept = [str(row).encode() for table in (copies, posts) for row in connection.execute(select(table))]
    search = hunt([*sent, *(Left("row", row) for row in kept)], people.values())
    assert search.hits == () and search.unfinished == ()
    other = next(iter(people.values()))
    assert hunt([Left("request", sent[0].content + other.name.encode())], [other]).hits


def test_from_the_command_line(town: Path, tmp_path: Path, enishi: Command) -> None:
    home = copied(town, tmp_path / "home")
    with Loopback(looks=2) as server:
        configured(home, server.url, price_in=1.0)
        begun = enishi("batch", "run", RUN, "--drafter", "model", "--overnight", "--workers", "2", *AT, home=home)
        assert begun.code == 0 and "batch resume night" in begun.out and "set aside" in begun.out
        assert enishi("review", "list", "--json", home=home).json["total"] == 0
        for done in (1, 2):
            told = enishi("batch", "resume", RUN, "--json", home=home)
            (post,) = told.json["overnight"]
            assert told.code == 1 and told.json["state"] == "overnight" and told.json["customers_done"] == 0
            assert (post["status"], post["completed"]) == ("in_progress", post["copies"] * done // 3)
        status = enishi("batch", "status", RUN, home=home)
        assert status.code == 0 and f"{post['completed']} of {post['copies']} written" in status.out
        assert status.out.count("in_progress") == 1
        told = enishi("batch", "resume", RUN, "--workers", "2", home=home)
        assert told.code == 0 and "completed" in told.out and f"{PEOPLE} of {PEOPLE} customers" in told.out
    queue = enishi("review", "list", "--json", home=home).json
    assert queue["total"] > 20 and {row["drafter"] for row in queue["drafts"]} == {"model"}
    again = enishi("batch", "resume", RUN, home=home)
    assert again.code == 2 and "is done" in again.err


@pytest.mark.parametrize(
    ("words", "said"),
    [(("--overnight",), "add --drafter model"), (("--overnight", "--drafter", "model"), "no model is named")],
)
def test_wrong_words(words: tuple[str, ...], said: str, town: Path, tmp_path: Path, enishi: Command) -> None:
    home = copied(town, tmp_path / "home")
    told = enishi("batch", "run", RUN, *words, *AT, home=home)
    assert told.code == 2 and said in told.err and told.err.count("\n") == 1
    assert enishi("batch", "list", "--json", home=home).json == []


# --- what goes wrong --------------------------------------------------------------------------------------------------

ENDS: Mapping[str, set[str]] = {
    "invalid": {"refused_request"}, "expired": {"written", "expired"}, "cancelled": {"written", "cancelled"}, "shuffled": {"written"},
    "doubled": {"written"}, "missing": {"written", "unanswered"}, "cut": {"written", "unanswered"}, "noise": {"written"}, "no_files": {"unanswered"},
}  # fmt: skip
"""Fault of a batch after which a run ends → what comes of its copies."""
BREAKS: Mapping[str, tuple[int, str]] = {
    "no_batches": (2, "--now"), "no_create": (2, "does not accept"), "lost_upload": (3, "unreachable"), "lost_create": (3, "unreachable"),
    "deaf_create": (3, "unreachable"),
}  # fmt: skip
"""Fault that nothing can be sent with → exit code, and what is said."""
LINES: Mapping[str, tuple[str, int]] = {
    "rate_limited": ("written", 1), "rate_limited_bare": ("written", 1), "quota": ("quota", 0), "server_error": ("written", 1), "unavailable": ("written", 1),
    "hang": ("expired", 0), "slow": ("written", 0), "drop": ("unanswered", 0), "truncated": ("truncated", 0), "malformed": ("repaired", 1),
    "html": ("malformed", 0), "no_choices": ("malformed", 0), "empty": ("repaired", 1), "refusal": ("refused", 0), "filtered": ("filtered", 0),
    "wrong_schema": ("repaired", 1), "unknown_fact": ("repaired", 1), "offer": ("repaired", 1), "offer_words": ("repaired", 1),
    "name": ("repaired", 1), "placeholder": ("repaired", 1), "unauthorised": ("unauthorised", 0), "unknown_model": ("unknown_model", 0),
    "too_long": ("too_long", 0), "voices": ("repaired", 1),
}  # fmt: skip
"""Fault of a line → what comes of its copy, and how often the provider is asked at once because of it."""


def test_all_faults_are_tried() -> None:
    assert ENDS.keys() | BREAKS.keys() | {"mute_upload", "mute_create"} == OVERNIGHT_FAULTS.keys()
    assert LINES.keys() == FAULTS.keys()
    with pytest.raises(ValueError, match="unknown fault 'expires'"):
        Loopback(overnight="expires")


@pytest.mark.parametrize("fault", ENDS)
def test_whatever_comes_back_nobody_is_lost(fault: str, night: Path, ordinary: tuple[Path, Any, int]) -> None:
    with Loopback(overnight=fault) as server:
        at_server(night, server)
        assert gone_on(night, times=2) == "done"
        once_each(server, len(rows(night, copies)))
        assert server.drafts_asked == []
    assert set(outcomes(night)) == ENDS[fault]
    if fault == "invalid":
        assert {json.loads(row["written"])["detail"] for row in rows(night, copies)} == {"invalid_json_line"}
    everybody_is_there(night, ordinary[0])


@pytest.mark.parametrize("fault", BREAKS)
def test_what_cannot_be_sent_is_sent_once_when_it_can(fault: str, night: Path, ordinary: tuple[Path, Any, int], enishi: Command) -> None:
    code, said = BREAKS[fault]
    with Loopback(overnight=fault) as server:
        at_server(night, server, attempts=1)
        told = enishi("batch", "resume", RUN, home=night)
        assert told.code == code and said in told.err and told.err.count("\n") == 1
        server.batches.fault = None
        assert gone_on(night) == "overnight"
        assert gone_on(night) == "done"
        once_each(server, len(rows(night, copies)))
    assert set(outcomes(night)) == {"written"}
    everybody_is_there(night, ordinary[0])


FINAL = ("quota", "unauthorised", "unknown_model")
"""Faults after which nothing more is asked at once."""


UNLAWFUL = ("rate_limited", "voices")
"""The second copy is one of which Japan's law on advertising has something to say."""
PASSING = tuple(fault for fault in LINES if fault not in (*FINAL, "voices"))


@pytest.mark.parametrize("faults", [PASSING, UNLAWFUL, FINAL], ids=["passing", "unlawful", "final"])
def test_every_fault_of_a_line_has_its_outcome(faults: Sequence[str], night: Path, ordinary: tuple[Path, Any, int]) -> None:
    with Loopback(faults=faults, retry_after=0.01) as server:
        at_server(night, server)
        assert gone_on(night, times=2) == "done"
        assert len(server.drafts_asked) == sum(LINES[fault][1] for fault in faults)
        keys = [line["custom_id"] for line in server.batches.begun]
        assert not any(b"x-enishi-copy" in one.raw.lower() for one in server.asked)
    found = {row["id"]: row["outcome"] for row in rows(night, copies)}
    assert {fault: found[key] for fault, key in zip(faults, keys, strict=False)} == {fault: LINES[fault][0] for fault in faults}
    assert {found[key] for key in keys[len(faults):]} <= {"written"}
    everybody_is_there(night, ordinary[0])


def test_a_server_that_is_gone_by_the_morning(night: Path, ordinary: tuple[Path, Any, int], enishi: Command) -> None:
    with Loopback(then="offer") as server:
        at_server(night, server, attempts=1)
        gone_on(night)
    told = enishi("batch", "resume", RUN, home=night)
    assert told.code == 3 and "unreachable" in told.err
    assert gone_on_from(night, server) == "done"
    everybody_is_there(night, ordinary[0])


def gone_on_from(home: Path, gone: Loopback) -> str:
    """The batch is known at another address; what has to be repaired there meets a server that only fails."""
    with Loopback(then="server_error") as server:
        server.batches = gone.batches
        at_server(home, server, attempts=1)
        state = gone_on(home)
    assert set(outcomes(home)) == {"server_error", "gave_up"}
    return state


def test_a_batch_that_is_not_known_there(night: Path, ordinary: tuple[Path, Any, int], enishi: Command) -> None:
    with Loopback() as server:
        at_server(night, server)
        gone_on(night)
    with Loopback() as other:
        at_server(night, other)
        told = enishi("batch", "resume", RUN, home=night)
        assert told.code == 2 and "there is no batch" in told.err and "base_url" in told.err
        assert enishi("batch", "resume", RUN, "--now", "--workers", "1", home=night).code == 0
    everybody_is_there(night, ordinary[0])


@pytest.fixture(scope="module")
def posted(noted: Path) -> Iterator[tuple[Enishi, Loopback, list[Brief], Mapping[str, bytes]]]:
    """Some briefs with the question about each, and a server that repairs what has to be."""
    with Enishi.open(noted) as opened, Loopback() as server:
        with reading(opened.engine) as connection:
            asked = select(copies.c.brief).order_by(copies.c.id).limit(6)
            briefs = [brief_of_row(text) for text in connection.execute(asked).scalars()]
        writer = copywriter(opened, server.url)
        outgoing = writer.letterbox = Outgoing(writer.settings)
        assert {one.outcome for one in writer.write(briefs).values()} == {"posted"}
        assert server.asked == [] and outgoing.lines.keys() == {brief.key for brief in briefs}
        yield opened, server, briefs, outgoing.lines


junk = st.recursive(st.none() | st.booleans() | st.text(max_size=5), st.lists, max_leaves=4)
told = st.fixed_dictionaries({
    "status": st.sampled_from([200, 200, 200, 400, 401, 404, 429, 500, 503, 99, 7000]),
    "answer": st.one_of(st.sampled_from([None, "empty", "malformed", "no_choices", "offer", "placeholder", "refusal", "truncated", "unknown_fact", "wrong_schema"]), junk.map(lambda one: [one])),
    "answered": st.booleans(), "error": st.sampled_from([None, "x", {}, {"code": "batch_expired"}, {"code": 3}]),
})  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(
    lines=st.lists(st.tuples(st.integers(0, 5), told), max_size=9), noise=st.lists(st.binary(max_size=20), max_size=3), order=st.randoms(use_true_random=False),
    cut=st.integers(0, 40), ended=st.sampled_from(["completed", "expired", "cancelled", "failed"]),
)  # fmt: skip
def test_whatever_stands_in_the_files_every_copy_has_an_outcome(
    lines: list[tuple[int, dict[str, Any]]], noise: list[bytes], order: random.Random, cut: int, ended: str, posted: Any,
) -> None:  # fmt: skip
    """Lines in any order, doubled, left out, cut, of any status, with anything in the place of an answer."""
    opened, server, briefs, questions = posted
    file = [*noise]
    for number, one in lines:
        key, answer = briefs[number].key, one["answer"]
        body = answer[0] if isinstance(answer, list) else completion(json.loads(questions[key]), answer)
        response = {"status_code": one["status"], "body": body} if one["answered"] else None
        file.append(json.dumps({"custom_id": key, "response": response, "error": one["error"]}, ensure_ascii=False).encode())
    order.shuffle(file)
    content = b"\n".join(file)
    writer = copywriter(opened, server.url, attempts=1)
    writer.letterbox = Incoming(writer.settings, replies_in(content[: len(content) - cut]), Standing("b", ended, 0, 0, ()).failure)
    made = writer.write(briefs)
    assert made.keys() == {brief.key for brief in briefs}
    for written in made.values():
        assert written.outcome in OUTCOMES and bool(written.wordings) == (written.outcome in WITH_MODEL)
        assert written.outcome != "failed", written.detail


# --- sent once --------------------------------------------------------------------------------------------------------


def until(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not condition() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def started(home: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*ENISHI, "batch", "resume", RUN, "--workers", "1", "--home", str(home), *words],
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def killed(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)


@pytest.mark.parametrize("fault", ["mute_upload", "mute_create"])
def test_killed_while_it_sends_it_is_sent_once(fault: str, night: Path, ordinary: tuple[Path, Any, int]) -> None:
    """Once with the file there and no batch, once with the batch there and nobody who knows of it."""
    path = "/v1/files" if fault == "mute_upload" else "/v1/batches"
    with Loopback(overnight=fault) as server:
        at_server(night, server)
        process = started(night)
        until(lambda: any(one.path == path and one.raw.startswith(b"POST") for one in server.asked), process)
        killed(process)
        begun = list(server.batches.ids)
        assert len(begun) == (fault == "mute_create")
        server.batches.fault = None
        assert gone_on(night) == "overnight"
        once_each(server, len(rows(night, copies)))
        assert begun in ([], server.batches.ids)
        assert gone_on(night) == "done"
        once_each(server, len(rows(night, copies)))
    everybody_is_there(night, ordinary[0])


def test_killed_before_the_provider_is_told_anything(night: Path) -> None:
    """Between writing the post down and the first byte that leaves."""
    from agent.batch.overnight import _put_up

    with Loopback() as server:
        at_server(night, server)
        with Enishi.open(night) as opened:
            before = {post.number for post in posts_of(opened.engine, RUN)}
            assert _put_up(opened, read_run(opened.engine, RUN)) == ({}, [])
            assert {post.number for post in posts_of(opened.engine, RUN)} == before == {0}
        for _ in range(2):
            gone_on(night)
        once_each(server, len(rows(night, copies)))


def test_killed_while_it_fetches_it_goes_on_where_it_was(night: Path, ordinary: tuple[Path, Any, int]) -> None:
    """Every answer has to be repaired, slowly; what was repaired is not asked again."""
    total = len(rows(night, copies))
    with Loopback(faults=["offer"] * total, latency=0.08) as server:
        at_server(night, server, in_flight=2)
        gone_on(night)
        process = started(night)
        until(lambda: outcomes(night)["repaired"] >= 4, process)
        killed(process)
        before = outcomes(night)["repaired"]
        assert 4 <= before < total
        server.latency = 0.0
        assert gone_on(night) == "done"
        assert total <= len(server.drafts_asked) <= total + 4
        once_each(server, total)
    assert outcomes(night) == {"repaired": total}
    everybody_is_there(night, ordinary[0])


def test_two_do_not_send_the_same(night: Path) -> None:
    with Loopback() as server:
        at_server(night, server)
        with Enishi.open(night) as opened:
            (post,) = posts_of(opened.engine, RUN)
            with held(opened.engine, post, f"{os.uname().nodename}:{os.getpid()}", AS_OF + timedelta(days=36500)), pytest.raises(Unreachable, match="another process"):
                run_locally(opened, RUN)
        assert server.batches.ids == []
        assert gone_on(night) == "overnight"


def test_a_large_run_is_sent_in_several_files(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ordinary: tuple[Path, Any, int]) -> None:
    monkeypatch.setattr("agent.drafting.overnight.MOST_LINES", 8)
    home = copied(town, tmp_path / "home")
    with Loopback(looks=1) as server:
        configured(home, server.url)
        with Enishi.open(home) as opened:
            begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", drafter="model", overnight=True)
        assert gone_on(home) == "overnight"
        with Enishi.open(home) as opened:
            sent = posts_of(opened.engine, RUN)
        total = len(rows(home, copies))
        assert len(sent) == -(-total // 8) == len(server.batches.ids) and {post.state for post in sent} == {SENT}
        assert gone_on(home) == "overnight"
        assert gone_on(home) == "done"
    assert len({line["custom_id"] for line in server.batches.begun}) == len(server.batches.begun) == total
    everybody_is_there(home, ordinary[0])


def test_files_are_cut_by_lines_and_by_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = {f"b-{number:02}": b'{"n":%d}' % number for number in range(25)}
    length = len(line_of("b-10", lines["b-10"]))
    assert [len(one) for one in parcels(lines)] == [25]
    monkeypatch.setattr("agent.drafting.overnight.MOST_BYTES", length * 7)
    cut = list(parcels(lines))
    assert [key for parcel in cut for key in parcel] == sorted(lines)
    assert all(sum(len(line_of(key, lines[key])) for key in parcel) <= length * 7 for parcel in cut)
    monkeypatch.setattr("agent.drafting.overnight.MOST_LINES", 4)
    assert max(map(len, parcels(lines))) == 4
    assert list(parcels({})) == []


def test_a_batch_is_found_on_whatever_page_it_stands(town: Path) -> None:
    with Enishi.open(town) as opened, Loopback() as server:
        provider = Provider(copywriter(opened, server.url).settings)
        line = line_of("b-1", b'{"messages":[]}')
        begun = {label: provider.send(label, [line]).batch for label in (f"label-{number}" for number in range(104))}
        assert len(server.batches.ids) == 104
        for label in ("label-103", "label-50", "label-0"):
            found = provider.find(label)
            assert found and found.batch == begun[label]
        assert provider.find("label-104") is None


# --- waiting no longer, and stopping ----------------------------------------------------------------------------------


def test_now_waits_no_longer(night: Path, ordinary: tuple[Path, Any, int], enishi: Command) -> None:
    with Loopback(looks=9) as server:
        at_server(night, server)
        assert gone_on(night, times=2) == "overnight"
        told = enishi("batch", "resume", RUN, "--now", "--workers", "1", "--json", home=night)
        assert told.code == 0 and told.json["overnight"][0]["state"] == "dropped"
        assert server.batches.get(f"/v1/batches/{server.batches.ids[0]}")[1]["status"] == "cancelled"  # type: ignore[index]
        assert len(server.drafts_asked) == len(rows(night, copies))
    assert set(outcomes(night)) == {"written"}
    everybody_is_there(night, ordinary[0])


def test_now_takes_what_is_there_and_asks_for_the_rest(night: Path, ordinary: tuple[Path, Any, int]) -> None:
    with Loopback(overnight="expired") as server:
        at_server(night, server)
        gone_on(night)
        assert gone_on(night, now=True) == "done"
        total = len(rows(night, copies))
        assert len(server.drafts_asked) == total - total // 2
    assert set(outcomes(night)) == {"written"}
    everybody_is_there(night, ordinary[0])


@pytest.mark.parametrize("fault", ["no_batches", "lost_create"])
def test_now_goes_on_where_nothing_can_be_posted(fault: str, night: Path, ordinary: tuple[Path, Any, int]) -> None:
    """With no batch interface at all; and with a batch that was begun unheard, which is found and cancelled."""
    with Loopback(overnight=fault) as server:
        at_server(night, server, attempts=1)
        with pytest.raises(EnishiError):
            gone_on(night)
        assert gone_on(night, now=True) == "done"
        assert len(server.drafts_asked) == len(rows(night, copies))
        for batch in server.batches.ids:
            server.batches.fault = None
            assert server.batches.get(f"/v1/batches/{batch}")[1]["status"] == "cancelled"  # type: ignore[index]
    everybody_is_there(night, ordinary[0])


def test_with_a_wrong_key_nothing_is_given_up(night: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting no longer is one thing, losing the whole night to a typing error another."""
    with Loopback() as server:
        at_server(night, server)
        gone_on(night)
        monkeypatch.setattr(server.batches, "get", lambda path: (401, {"error": {"code": "invalid_api_key"}}))
        for now in (False, True):
            with pytest.raises(InputError, match="key was not accepted"):
                gone_on(night, now=now)
        monkeypatch.undo()
        assert gone_on(night) == "done"
    assert set(outcomes(night)) == {"written"}


def test_a_cancelled_run_is_cancelled_with_the_provider(night: Path, enishi: Command) -> None:
    with Loopback(looks=5) as server:
        at_server(night, server)
        gone_on(night)
        told = enishi("batch", "cancel", RUN, "--as", "mori", home=night)
        assert told.code == 0, told.err
        (post,) = enishi("batch", "status", RUN, "--json", home=night).json["overnight"]
        assert post["state"] == "dropped"
        assert server.batches.get(f"/v1/batches/{server.batches.ids[0]}")[1]["status"] == "cancelled"  # type: ignore[index]
    assert enishi("batch", "resume", RUN, home=night).code == 2


def test_a_run_that_is_cancelled_while_it_is_fetched_ends(night: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.batch.run import cancel

    with Loopback() as server:
        at_server(night, server)
        gone_on(night)
        answer = server.batches.get

        def cancelling(path: str) -> Any:
            if path.endswith("/content"):
                with Enishi.open(night) as other:
                    cancel(other, RUN, actor="mori", at=AS_OF)
            return answer(path)

        monkeypatch.setattr(server.batches, "get", cancelling)
        assert gone_on(night) == "cancelled"
    assert rows(night, drafts) == []


def test_a_provider_that_cannot_be_told_is_named(night: Path, enishi: Command) -> None:
    with Loopback() as server:
        at_server(night, server, attempts=1)
        gone_on(night)
        (batch,) = server.batches.ids
    told = enishi("batch", "cancel", RUN, "--as", "mori", home=night)
    assert told.code == 3 and batch in told.err and "charge" in told.err
    assert enishi("batch", "list", "--json", home=night).json[0]["state"] == "cancelled"


# --- what it costs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [{"budget_requests": 5}, {"budget_tokens": 30_000}, {"budget_money": 0.02, "price_in": 1.0, "price_out": 4.0}])
def test_no_more_is_posted_than_the_budget_allows(limit: dict[str, Any], town: Path, tmp_path: Path, ordinary: tuple[Path, Any, int]) -> None:
    home = copied(town, tmp_path / "home")
    with Loopback() as server:
        configured(home, server.url, **limit)
        with Enishi.open(home) as opened:
            begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", drafter="model", overnight=True)
            state = run_locally(opened, RUN, workers=1)
            aside = state.spent
            assert aside is not None and 0 < aside.posted == len(server.batches.begun) < 20
            assert aside.posted <= limit.get("budget_requests", 10**9)
            assert aside.posted_tokens <= limit.get("budget_tokens", 10**9)
            assert aside.posted_micros <= limit.get("budget_money", 10**9) * 1_000_000
            assert set(aside.outcomes) == {"budget"}
            assert run_locally(opened, RUN, workers=1).run.state == "done"
            cost = spent(opened.engine, RUN)
            assert cost.posted == 0 and cost.tokens <= aside.posted_tokens and cost.micros <= aside.posted_micros
        # What was posted is used, whatever is left.
        assert outcomes(home) == {"written": aside.posted, "budget": len(rows(home, copies)) - aside.posted}
    everybody_is_there(home, ordinary[0])


def test_money_goes_twice_as_far(town: Path, tmp_path: Path) -> None:
    posted = {}
    for share in (1.0, 0.5):
        home = copied(town, tmp_path / str(share))
        with Loopback() as server:
            configured(home, server.url, budget_money=0.05, price_in=1.0, price_out=4.0, price_overnight=share)
            with Enishi.open(home) as opened:
                begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", drafter="model", overnight=True)
                run_locally(opened, RUN, workers=1)
            posted[share] = len(server.batches.begun)
    assert 2 * posted[1.0] - 1 <= posted[0.5] <= 2 * posted[1.0] + 1


def test_a_budget_that_allows_nothing_leaves_templates_at_once(town: Path, tmp_path: Path, ordinary: tuple[Path, Any, int]) -> None:
    home = copied(town, tmp_path / "home")
    with Loopback() as server:
        configured(home, server.url, budget_tokens=10)
        with Enishi.open(home) as opened:
            begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", drafter="model", overnight=True)
            assert run_locally(opened, RUN, workers=1).run.state == "done"
        assert server.asked == []
    assert set(outcomes(home)) == {"budget"}
    everybody_is_there(home, ordinary[0])


def test_a_copy_that_is_wanted_since_is_asked_for_at_once(night: Path) -> None:
    """Somebody's language was changed meanwhile; the others' copies are those of the night."""
    with Loopback() as server:
        at_server(night, server)
        gone_on(night)
        before = {row["id"] for row in rows(night, copies)}
        with Enishi.open(night) as opened, reading(opened.engine) as connection:
            from retrieval.tables import HISTORY

            people = HISTORY["customers"]
            japanese = connection.execute(select(people.c.id).where(people.c.language == "ja")).scalars().all()
        for customer in japanese:
            change(night, "customers", "id", customer, language="en")
        assert gone_on(night) == "done"
        since = {row["id"] for row in rows(night, copies)} - before
        assert 0 < len(since) == len(server.drafts_asked)
    assert set(outcomes(night)) == {"written"}
    assert {row["drafter"] for row in rows(night, drafts)} == {"model"}


def test_a_run_that_is_being_noted_can_be_stopped_and_gone_on_with(town: Path, tmp_path: Path, ordinary: tuple[Path, Any, int]) -> None:
    from agent.batch.run import work_one

    home = copied(town, tmp_path / "home")
    with Loopback() as server:
        configured(home, server.url)
        with Enishi.open(home) as opened:
            run = begin(opened, RUN, as_of=AS_OF, at=AS_OF, requested_by="mori", size=20, drafter="model", overnight=True)
            work_one(opened, run, None, worker="test", now=AS_OF)
            state = progress(opened.engine, RUN)
            assert state.run.state == "noting" and state.partitions_noted == 1 and state.partitions_left == state.partitions - 1
            assert (state.customers_done, server.asked) == (0, []) and wanted(opened.engine, RUN)
        assert rows(home, decisions) == []
        assert gone_on(home, times=2) == "done"
        once_each(server, len(rows(home, copies)))
    everybody_is_there(home, ordinary[0])


def test_a_reply_counts_before_a_failure() -> None:
    good = b'{"custom_id": "b-1", "response": {"status_code": 200, "body": {"n": 1}}, "error": null}'
    bad = b'{"custom_id": "b-1", "response": null, "error": {"code": "batch_expired"}}'
    later = good.replace(b'"n": 1', b'"n": 2')
    assert replies_in(b"\n".join([bad, good, later])) == replies_in(good, bad) == {"b-1": (200, {"n": 1})}
    assert replies_in(bad) == {"b-1": Failure("expired")}
    assert SENDING != SENT
