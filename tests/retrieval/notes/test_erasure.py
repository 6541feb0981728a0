"""Erasing reaches the bytes: of the database, of its log, of the index; and says where the words still stand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, func, insert, select

from retrieval.database import reading, writing
from retrieval.errors import InputError, Unreachable
from retrieval.history import microseconds
from retrieval.notes.home import Notes
from retrieval.notes.vectors import HashedGrams, unit
from retrieval.tables import HISTORY, bucket_of
from tests.retrieval.notes.conftest import NOW, write

SECRETS = ["離婚調停中で、しばらく連絡は控えてほしいとのこと。", "Wants nothing sent to the old flat in Leeds.\n2nd line: \"quoted\", with a comma"]
COMMENT, SUMMARY = "対応がとても残念でした、と三度も", "Refund refused, customer in tears on the phone"
LINES = [*SECRETS[:1], *SECRETS[1].splitlines(), COMMENT, SUMMARY]


def unmasked(notes: object) -> list[str]:
    raise AssertionError("n-grams never leave the machine")


@pytest.fixture
def notes(engine: Engine, home: Path) -> Iterator[Notes]:
    write(engine, {"C1": SECRETS, "C2": ["コーヒー豆は浅煎りがお好み。"] * 3, **{f"D{number}": [f"{number} 回目のお問い合わせ"] for number in range(200)}})
    with writing(engine) as connection:
        who = {"bucket": bucket_of("C1"), "customer_id": "C1"}
        connection.execute(insert(HISTORY["events"]).values(**who, at=microseconds(NOW), digest=1, type="survey_answer", nps=2, comment=COMMENT))
        connection.execute(insert(HISTORY["tickets"]).values(**who, id="T1", opened=microseconds(NOW), status="closed", topic="refund", summary=SUMMARY))
    opened = Notes(engine, home, unmasked)
    yield opened
    opened.close()


def forms(line: str) -> list[bytes]:
    return [line.encode(), line.encode("utf-16-le"), line.encode("cp932")]


def standing(home: Path) -> set[str]:
    """Lines of the secrets whose bytes are in any file of the home."""
    content = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    return {line for line in LINES if any(form in one for form in forms(line) for one in content)}


def telling(vector: np.ndarray) -> bytes:
    """The bytes of sixteen places of a vector, those with the fewest zeros."""
    start = max(range(len(vector) - 16), key=lambda at: np.count_nonzero(vector[at : at + 16]))
    return vector[start : start + 16].tobytes()


def count(engine: Engine, table: str, customer: str) -> int:
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(HISTORY[table]).where(HISTORY[table].c.customer_id == customer)).scalar_one()


def test_not_a_byte_is_left(notes: Notes, engine: Engine, home: Path) -> None:
    assert standing(home) == set(LINES)
    found = notes.search("C1", "離婚", as_of=NOW)
    assert found.notes == 4
    erased = notes.erase(["C1"])
    assert (erased.notes, erased.indexed, erased.remains) == (4, 0, ())
    assert standing(home) == set()
    assert notes.search("C1", "離婚", as_of=NOW).notes == 0
    assert (count(engine, "events", "C1"), count(engine, "tickets", "C1"), count(engine, "interactions", "C2")) == (1, 1, 3)
    with reading(engine) as connection:
        assert connection.execute(select(HISTORY["events"].c.nps)).scalars().all() == [2]
        assert connection.execute(select(HISTORY["tickets"].c.topic)).scalars().all() == ["refund"]


def test_deleting_alone_would_leave_them(notes: Notes, engine: Engine, home: Path) -> None:
    """What the test above would miss if files held nothing anyway."""
    with writing(engine) as connection:
        connection.execute(HISTORY["interactions"].delete().where(HISTORY["interactions"].c.customer_id == "C1"))
    assert standing(home) >= set(LINES[:3])


def test_vectors_and_ids_leave_the_index(notes: Notes, home: Path) -> None:
    pytest.importorskip("chromadb", reason="chromadb is not installed: pip install 'enishi[notes]'")
    notes.index()
    vectors = [telling(row) for row in unit(HashedGrams().embed_documents([*SECRETS, COMMENT, SUMMARY]))]
    going = [*vectors, b"C1:", b"C1"]

    def left(folder: Path) -> list[bytes]:
        files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        # Two letters stand in a graph's numbers by chance.
        named = [content for path, content in files.items() if path.suffix == ".sqlite3"]
        return [form for form in going if any(form in one for one in (named if form == b"C1" else files.values()))]

    notes.close()
    assert left(home / "notes") == going
    assert notes.erase(["C1"]).indexed == 4
    assert left(home / "notes") == []
    assert standing(home) == set()
    assert "C1" not in {hit.note.customer_id for hit in notes.find("離婚調停中 連絡は控えて", as_of=NOW).hits}
    assert notes.find("浅煎り", as_of=NOW).hits[0].note.customer_id == "C2"
    notes.close()


def test_many_at_once_and_twice(notes: Notes, home: Path) -> None:
    assert notes.erase(["C1", "C2", "C1"]).notes == 7
    again = notes.erase(["C1"])
    assert (again.notes, again.remains) == (0, ())


def test_a_copy_that_nobody_thought_of_is_named(notes: Notes, home: Path) -> None:
    copies = {"quarantine/1.jsonl": LINES[0].encode(), "old.csv": LINES[2].replace('"', '""').encode() + COMMENT.encode("cp932"), "log.json": b'"' + SUMMARY.encode() + b'"',
              "escaped.json": COMMENT.encode("unicode_escape"), "other.txt": "浅煎りがお好み".encode()}  # fmt: skip
    for name, content in copies.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_bytes(content)
    (home / "empty").touch()
    remains = notes.erase(["C1"]).remains
    assert {str(path.relative_to(home)) for path in remains} == {"quarantine/1.jsonl", "old.csv", "log.json", "escaped.json"}


def test_words_that_another_customer_has_as_well_are_theirs(notes: Notes, engine: Engine, home: Path) -> None:
    write(engine, {"E1": [f"前置き。{LINES[0]}"]})
    assert notes.erase(["C1"]).remains == ()
    assert standing(home) == {LINES[0]}
    assert notes.search("E1", "離婚", as_of=NOW).hits


def test_what_still_reads_is_told_and_the_next_time_finishes(notes: Notes, engine: Engine, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(home / "enishi.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM interactions").fetchone()
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=100")
        with pytest.raises(Unreachable, match="erase again when that has ended"):
            notes.erase(["C1"])
        assert count(engine, "interactions", "C1") == 0
    assert standing(home)
    notes.erase(["C1"])
    assert standing(home) == set()


def test_an_unknown_customer_erases_nothing(notes: Notes, engine: Engine) -> None:
    with pytest.raises(InputError, match="no customer 'C1O' — did you mean"):
        notes.erase(["C1", "C1O"])
    assert count(engine, "interactions", "C1") == 2


def test_an_index_that_cannot_be_opened_stops_it_before_anything(notes: Notes, engine: Engine, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("chromadb", reason="chromadb is not installed: pip install 'enishi[notes]'")
    notes.index()
    notes.close()
    monkeypatch.setitem(__import__("sys").modules, "chromadb", None)
    with pytest.raises(InputError, match="chromadb, which is not installed"):
        notes.erase(["C1"])
    assert count(engine, "interactions", "C1") == 2
