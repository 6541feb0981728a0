"""The same decisions on PostgreSQL, and the same cap when two people approve at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from agent.batch.local import run_locally
from agent.batch.run import begin
from agent.drafting import Draft
from agent.enishi import Enishi
from agent.review import audit as log
from agent.review.queue import shown
from agent.review.transitions import ReviewRefused, approve, edit
from agent.tables import decisions, reservations
from benchmarks import postgresql, race
from retrieval.database import connect, reading
from retrieval.errors import Unreachable
from retrieval.importing import ImportReport, import_paths
from retrieval.tables import HISTORY
from tests.agent.conftest import AS_OF, CUSTOMERS, LATER, RUN, passing, run_batch, stored


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of one's own on loopback."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'enishi[postgresql]'")
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgresql.server(tmp_path_factory.mktemp("postgresql")))
        except Unreachable as missing:
            pytest.skip(str(missing))
        yield url


def imported(home: Path, sample: Path) -> ImportReport:
    """The files of the sample, once more, into another home."""
    (part,) = (sample / "sample").iterdir()
    with Enishi.open(home) as enishi:
        return import_paths(
            enishi.engine, [part], mapping=None, dry_run=False, quarantine=home / "quarantine.jsonl", progress=lambda _: None, now=AS_OF
        )


@pytest.fixture(scope="module")
def shop(server: str, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home on that server, with the sample imported and one batch run."""
    home = tmp_path_factory.mktemp("shop") / "home"
    home.mkdir()
    settings = (sample / "enishi.toml").read_text(encoding="utf-8")
    (home / "enishi.toml").write_text(f'[database]\nurl = "{server}"\n{settings}', encoding="utf-8")
    assert imported(home, sample).quarantined == 0
    run_batch(home)
    return home


def test_decisions_are_those_of_sqlite(shop: Path, ran: Path) -> None:
    found = []
    for home in (shop, ran):
        with Enishi.open(home) as enishi, reading(enishi.engine) as connection:
            found.append(sorted(connection.execute(select(decisions.c.id)).scalars()))
    assert found[0] == found[1]
    assert [(row["id"], row["digest"], row["verdict"]) for row in stored(shop)] == [(row["id"], row["digest"], row["verdict"]) for row in stored(ran)]


def test_importing_again_changes_nothing(shop: Path, sample: Path) -> None:
    report = imported(shop, sample)
    assert sum(table.new + table.changed for table in report.tables.values()) == 0


def test_another_customer_is_found_and_an_import_outdates_the_index(shop: Path) -> None:
    draft = passing(shop, channel="email", language="ja")
    with Enishi.open(shop) as enishi:
        first = enishi.known()
        assert first.fault is None and first.index is not None and first.index.build_of.customers == CUSTOMERS
        path = shop / "customers.jsonl"
        path.write_text('{"id": "Z-90017", "shop": "coffee", "name": "一色 麗華", "language": "ja"}\n', encoding="utf-8")
        import_paths(enishi.engine, [path], mapping=None, dry_run=False, quarantine=shop / "wrong.jsonl", progress=lambda _: None, now=AS_OF)
        with reading(enishi.engine) as connection:
            body = shown(connection, draft["id"])["body"]
        moved = edit(enishi, draft["id"], actor="mori", at=LATER, body=body + "\n\n一色麗華様もお使いです。")
        assert [one.text for one in moved.findings if one.rule == "identifiers.known"] == ["一色麗華"]
        edit(enishi, draft["id"], actor="mori", at=LATER, body=body)
        assert enishi.known().index.build_of.customers == CUSTOMERS + 1  # type: ignore[union-attr]


def test_approve_and_replay(shop: Path) -> None:
    draft = passing(shop)
    with Enishi.open(shop) as enishi:
        assert approve(enishi, draft["id"], actor="sato", at=LATER).state == "approved"
        assert enishi.replay(draft["decision_id"]) is None
        for other in stored(shop)[:5]:
            assert enishi.replay(other["decision_id"]) is None


def test_notes_are_found_and_erased(shop: Path) -> None:
    with Enishi.open(shop) as enishi:
        table = HISTORY["interactions"]
        with reading(enishi.engine) as connection:
            who, text = connection.execute(select(table.c.customer_id, table.c.text).order_by(table.c.customer_id).limit(1)).one()
        assert text in [hit.note.text for hit in enishi.notes.search(who, text, as_of=AS_OF).hits]
        erased = enishi.erase_notes(who, actor="mori", at=LATER)
        assert erased.notes and erased.remains == ()
        assert enishi.notes.search(who, text, as_of=AS_OF).notes == 0
        with reading(enishi.engine) as connection:
            assert log.verify(connection)[1] is None


def test_two_approvals_at_once_reserve_one_contact(shop: Path) -> None:
    draft = passing(shop)
    with Enishi.open(shop) as enishi:
        second = enishi.draft(draft["customer_id"], action=draft["action"], channel=draft["channel"], as_of=AS_OF)
        assert isinstance(second, Draft)

        def attempt(one: tuple[str, str]) -> str:
            try:
                return approve(enishi, one[0], actor=one[1], at=LATER).state
            except ReviewRefused:
                return "refused"

        wanted = [(draft["id"], "sato"), (second.id, "sato"), (draft["id"], "tanaka"), (second.id, "tanaka")]
        with ThreadPoolExecutor(4) as threads:
            states = list(threads.map(attempt, wanted))
        assert states.count("approved") == 1, states
        with reading(enishi.engine) as connection:
            held = connection.execute(select(func.count()).where(reservations.c.customer_id == draft["customer_id"])).scalar_one()
            assert held == 1
            assert log.verify(connection)[1] is None


def test_different_people_are_approved_at_once(shop: Path) -> None:
    waiting = [row["id"] for row in stored(shop, state="pending", run=RUN, verdict="pass")[:6]]
    with Enishi.open(shop) as enishi, ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda one: approve(enishi, one, actor="sato", at=LATER).state, waiting)) == {"approved"}
        with reading(enishi.engine) as connection:
            assert log.verify(connection)[1] is None


def test_copies_go_overnight_once_though_two_send_them(shop: Path) -> None:
    pytest.importorskip("langchain_openai")
    from agent.demo.loopback import Loopback
    from tests.agent.test_model_drafter import configured

    def attempt(_: int) -> str:
        with Enishi.open(shop) as enishi:
            try:
                return run_locally(enishi, "night", workers=1).run.state
            except Unreachable:
                return "held"

    with Loopback(looks=9) as provider, ThreadPoolExecutor(3) as threads:
        configured(shop, provider.url)
        with Enishi.open(shop) as enishi:
            begin(enishi, "night", as_of=AS_OF, at=AS_OF, requested_by="mori", size=50, drafter="model", overnight=True)
        assert set(threads.map(attempt, range(3))) <= {"overnight", "held"}
        assert len(provider.batches.ids) == 1
        keys = [line["custom_id"] for line in provider.batches.begun]
        assert len(set(keys)) == len(keys) > 20
        provider.batches.looks = 0
        assert attempt(0) == "done"
        assert provider.drafts_asked == []
    assert {row["drafter"] for row in stored(shop, run="night")} == {"model"}


def test_nobody_is_written_to_too_often_by_eight_at_once(server: str) -> None:
    engine = connect(server)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE race"))
    engine.dispose()
    found = race.run(server.removesuffix("postgres") + "race", processes=8, customers=30, attempts=2)
    assert found.reserved
    assert found.refused
    assert (found.over_cap, found.after_revocation) == (0, 0)
