"""Erasing what was written about a customer, down to the bytes of the files.

Deleting a row leaves its bytes: in SQLite's log and in pages that were rebuilt, and in Chroma's files.  So the rows go first, in one
transaction; then the index is written anew without the customer, the database is packed and its log emptied; and last every file of
the home is searched for the words, because a copy that nobody thought of is the one that stays.

Out of reach, and so not promised: backups, the disk's own blocks, PostgreSQL's log, files of a Chroma server, and files that the
notes came from.  An import of those files brings the notes back.
"""

from __future__ import annotations

import json
import mmap
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, delete, func, select, update
from sqlalchemy.exc import DatabaseError

from retrieval.database import reading, writing
from retrieval.errors import Unreachable
from retrieval.notes.concepts import of
from retrieval.notes.index import NoteIndex
from retrieval.notes.lexical import profile
from retrieval.notes.note import WORDS, mine, whose
from retrieval.notes.suspicion import suspicion
from retrieval.tables import HISTORY

SHORTEST = 8
"""Letters of a line below which finding it in a file says nothing."""
_READ = (
    "the notes are erased, but their bytes stay in the log of the database while another process reads it: erase again when"
    " that has ended"
)
_ENCODINGS = ("utf-8", "cp932", "utf-16-le")


@dataclass(frozen=True, slots=True)
class Erased:
    """``notes`` erased from the database and ``indexed`` from the index; ``remains``: files that still hold the words."""

    notes: int
    indexed: int
    remains: tuple[Path, ...]


def erase(
    engine: Engine, home: Path, customer_ids: Sequence[str], *, index: NoteIndex | None = None,
    noted: Callable[[Connection, int], None] = lambda connection, notes: None,
) -> Erased:  # fmt: skip
    """Erase every note, survey comment and ticket summary of these customers; events and tickets stay, without the words.

    ``noted`` is called inside the transaction with the number of notes.  Doing it again finishes what was cut off, but no longer
    knows which words to look for in other files.  Raises Unreachable when the database does not answer or something still reads
    it; the notes are then gone, some of their bytes not.
    """
    with writing(engine) as connection:
        texts = _deleted(connection, customer_ids)
        noted(connection, len(texts))
    indexed = index.forget(customer_ids) if index else 0
    _pack(engine)
    for kept in (profile, of, suspicion):
        kept.cache_clear()
    with reading(engine) as connection:
        return Erased(len(texts), indexed, tuple(_remains(connection, home, texts)))


def _deleted(connection: Connection, customer_ids: Sequence[str]) -> list[str]:
    """The texts that were taken out."""
    texts: list[str] = []
    asked = whose(customer_ids)
    for name, words in WORDS.items():
        table = HISTORY[name]
        written = mine(table) & table.c[words].is_not(None)
        texts += connection.execute(select(table.c[words]).where(written), asked).scalars()
        taken = delete(table) if name == "interactions" else update(table).values({words: None})
        connection.execute(taken.where(written), asked)
    return texts


def _pack(engine: Engine) -> None:
    """Write the database anew, without what was deleted, and empty its log; outside of any transaction, as it must be."""
    try:
        if engine.dialect.name == "sqlite":
            raw = engine.raw_connection()
            try:
                raw.cursor().execute("VACUUM")
                (busy, *_) = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.close()
            if busy:
                raise Unreachable(_READ)
            return
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in WORDS:
                connection.exec_driver_sql(f'VACUUM (FULL) "{table}"')
    except (DatabaseError, sqlite3.Error) as error:
        raise Unreachable(f"{_READ} ({type(error).__name__})") from error


def _remains(connection: Connection, home: Path, texts: Iterable[str]) -> Iterator[Path]:
    """Files of the home in which a line of these texts still stands, but for lines that another customer's note has too."""
    lines = {line.strip() for text in texts for line in text.splitlines() if len(line.strip()) >= SHORTEST}
    found = {path: _lines_in(path, lines) for path in sorted(home.rglob("*")) if path.is_file() and path.stat().st_size}
    of_others = {line for line in set().union(*found.values()) if _held(connection, line)}
    return (path for path, standing in found.items() if standing - of_others)


def _lines_in(path: Path, lines: Iterable[str]) -> set[str]:
    with (
        suppress(FileNotFoundError),
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return {line for line in lines if any(content.find(form) >= 0 for form in _forms(line))}
    return set()


def _forms(line: str) -> set[bytes]:
    """The bytes a line can stand as."""
    forms = {line.encode(encoding, "replace") for encoding in _ENCODINGS}
    return forms | {
        json.dumps(line)[1:-1].encode(),
        json.dumps(line, ensure_ascii=False)[1:-1].encode("utf-8", "replace"),
    }


def _held(connection: Connection, line: str) -> bool:
    """Whether a note of anybody has this line."""
    within = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return any(
        connection.execute(select(1).where(within(HISTORY[table].c[words], line) > 0).limit(1)).first()
        for table, words in WORDS.items()
    )
