"""A whole day with 150 customers who can be told apart: whatever leaves, is logged or is kept names nobody it should not.

What may name a customer is declared here: the history itself, the draft to that customer, and a page or answer about them
that a person asked for.  Everything else must be clean under every encoding.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from sqlalchemy import MetaData, create_engine, inspect, select

import agent.tables
from agent.canonical import canonical
from evals.egress import Outgoing, Recorder, files, hunt
from policies.catalogue import load_catalogue
from retrieval.tables import HISTORY
from tests.evals.conftest import SENSITIVE, Canaries, lexicon_topics

REVIEWER = {("drafts", "note")}
"""Columns that hold what a reviewer said of a draft, in their own words."""
OWN_DRAFT = {"revisions"}
"""Tables that hold a draft's words: they may name its reader."""
KEPT = {"decisions", "vocabularies", "drafts", "reservations", "contact_locks", "audit", "runs", "partitions", "states"}


ASKED = {"copies", "posts"}
"""What a language model wrote for a run, and what of it went overnight; tests of the model drafter search them, here nobody asks one."""


def tables(canaries: Canaries) -> Iterator[tuple[str, str | None, bytes]]:
    """(table, customer, row) of everything in the database but the history."""
    engine = create_engine(f"sqlite:///{canaries.home / 'enishi.db'}")
    metadata = MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        owner = dict(connection.execute(select(agent.tables.drafts.c.id, agent.tables.drafts.c.customer_id)).all())
        for name, table in metadata.tables.items():
            if name in HISTORY:
                continue
            for row in connection.execute(select(table)).mappings():
                whose = row.get("customer_id") or owner.get(row.get("draft_id"))
                yield (
                    name,
                    whose,
                    canonical({str(key): value for key, value in row.items() if (name, key) not in REVIEWER}),
                )
    engine.dispose()


def test_every_table_is_declared(canaries: Canaries) -> None:
    names = set(inspect(create_engine(f"sqlite:///{canaries.home / 'enishi.db'}")).get_table_names())
    assert names - HISTORY.keys() - {"alembic_version"} == OWN_DRAFT | KEPT | ASKED


@pytest.mark.parametrize("table", sorted(KEPT))
def test_what_is_kept_beside_the_history_names_nobody(canaries: Canaries, table: str) -> None:
    rows = [row for name, _, row in tables(canaries) if name == table]
    assert rows
    search = hunt([Outgoing(table, b"\n".join(rows))], canaries.people.values())
    assert search.hits == ()
    assert search.unfinished == ()


def test_a_draft_names_nobody_but_its_reader_and_them_by_name_alone(canaries: Canaries) -> None:
    drafts: dict[str, list[bytes]] = {}
    for name, whose, row in tables(canaries):
        if name in OWN_DRAFT:
            drafts.setdefault(str(whose), []).append(row)
    assert len(drafts) > 60
    named = 0
    for whose, rows in drafts.items():
        hits = hunt([Outgoing("draft", b"\n".join(rows))], canaries.people.values()).hits
        assert {(hit.owner, hit.kind) for hit in hits} <= {(whose, "name")}
        named += bool(hits)
    assert named > 20


def test_what_commands_write_names_nobody_they_were_not_asked_about(canaries: Canaries) -> None:
    others: dict[str | None, list[Outgoing]] = {}
    for about, one in canaries.said:
        others.setdefault(about, []).append(one)
    assert len(others) > 20
    for about, said in others.items():
        search = hunt(said, [person for id, person in canaries.people.items() if id != about])
        assert search.hits == ()


def test_files_of_the_home_name_nobody(canaries: Canaries) -> None:
    # The database is searched table by table; compiled templates hold what is shipped.
    apart = ("file:enishi.db", "file:cache/")
    beside = [one for one in files(canaries.home) if not one.where.startswith(apart)]
    assert any("quarantine" in one.where for one in beside)
    assert hunt(beside, canaries.people.values()).hits == ()


def test_the_search_fails_where_a_note_reaches_a_draft(canaries: Canaries) -> None:
    """The negative control: the same search over one draft into which somebody else's note was put."""
    _, whose, row = next(one for one in tables(canaries) if one[0] == "revisions")
    other = next(person for id, person in canaries.people.items() if id != whose)
    content = json.loads(row)
    content["body"] += f"\n{other.name}様 {other.phone}"
    hits = hunt([Outgoing("draft", canonical(content))], canaries.people.values()).hits
    assert {(other.id, "name"), (other.id, "phone")} <= {(hit.owner, hit.kind) for hit in hits}


def test_no_draft_speaks_of_its_customers_sensitive_state(canaries: Canaries) -> None:
    lexicon = load_catalogue().unspoken["sensitive"]
    assert SENSITIVE.keys() <= lexicon_topics()
    for topic, notes in SENSITIVE.items():
        for note in notes:
            assert topic in lexicon.topics_of(note), note
    seen = 0
    for name, whose, row in tables(canaries):
        if name == "revisions":
            content = json.loads(row)
            for part in ("subject", "title", "body"):
                assert lexicon.topics_of(content[part] or "") == frozenset(), content[part]
            seen += whose in canaries.states
    assert seen > 10


def test_nothing_is_sent_while_all_this_is_worked_out(canaries: Canaries) -> None:
    from agent.enishi import Enishi

    with Recorder() as recorder, Enishi.open(canaries.home) as enishi:
        for customer in list(canaries.people)[:5]:
            enishi.recommend(customer)
    assert recorder.attempts == []
    assert hunt(recorder.outgoing, canaries.people.values()).hits == ()
