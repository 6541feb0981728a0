"""The right note again: among one customer's, exactly, and among everybody's, through the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, func, select

from retrieval.customer import LANGUAGES
from retrieval.database import reading
from retrieval.errors import InputError, nearest
from retrieval.notes.concepts import of
from retrieval.notes.index import NoteIndex
from retrieval.notes.lexical import LONGEST, profile
from retrieval.notes.note import WORDS, Note, notes_in, notes_of
from retrieval.notes.ranking import Score, Vectors, rank
from retrieval.notes.suspicion import SUSPICIOUS, Suspicion, suspicion
from retrieval.notes.vectors import Embedder, unit
from retrieval.tables import HISTORY

Mask = Callable[[Sequence[tuple[str, str]]], list[str]]
"""(customer id, text) of notes → the texts as they may leave the machine."""
NEAR, CUSTOMERS = 50, 100
"""Notes of each shard that are nearest to a question, and customers whose notes are then compared word by word."""
STEP = 500
"""Notes that are written to the index at once."""


def _as_written(notes: Sequence[tuple[str, str]]) -> list[str]:
    return [text for _, text in notes]


@dataclass(frozen=True, slots=True)
class Vectoriser:
    """Makes unit vectors of notes and questions; what leaves the machine goes through ``mask`` first."""

    embedder: Embedder
    mask: Mask = _as_written

    def notes(self, notes: Sequence[Note]) -> Vectors:
        """n × d."""
        return unit(self.embedder.embed_documents(self.mask([(note.customer_id, note.text) for note in notes])))

    def question(self, text: str, customer_id: str = "") -> Vectors:
        """d, for the index."""
        return unit([self.embedder.embed_query(self._masked(text, customer_id))])[0]

    def comparison(self, text: str, customer_id: str = "") -> Vectors | None:
        """d, for comparing notes one by one; None where the model does not read the question."""
        embed = getattr(self.embedder, "embed_comparison", self.embedder.embed_query)
        made = embed(self._masked(text, customer_id))
        return None if made is None else unit([made])[0]

    def _masked(self, text: str, customer_id: str) -> str:
        return self.mask([(customer_id, text)])[0]


@dataclass(frozen=True, slots=True)
class Found:
    """A note that answers, how well, and whether it sounds like an instruction to a machine."""

    note: Note
    score: Score
    suspicion: Suspicion

    def json(self) -> dict[str, Any]:
        """As other programs read it."""
        note = self.note
        return {
            "customer_id": note.customer_id, "at": note.at.isoformat(), "source": note.source, "direction": note.direction,
            "language": note.language, "text": note.text, "score": self.score.score, "by": dict(self.score.by),
            "shared": list(self.score.shared), "concepts": sorted(of(note.text[:LONGEST])),
            "suspicious": self.suspicion.score >= SUSPICIOUS, "suspicion": list(self.suspicion.reasons),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """``hits``, the best first, out of ``notes`` that were compared word by word; ``method`` says how."""

    query: str
    method: str
    notes: int
    hits: tuple[Found, ...]

    def json(self) -> dict[str, Any]:
        """As other programs read it."""
        hits = [found.json() for found in self.hits]
        return {"query": self.query, "method": self.method, "notes": self.notes, "hits": hits}


@dataclass(frozen=True, slots=True)
class Change:
    """What bringing the index up to date did: notes that were added, dropped, and that it holds now."""

    added: int
    dropped: int
    notes: int


def of_customer(
    engine: Engine, customer_id: str, query: str, *, as_of: datetime, count: int = 5, language: str | None = None,
    vectors: tuple[NoteIndex, Vectoriser] | None = None,
) -> Answer:  # fmt: skip
    """The customer's notes up to ``as_of`` that answer ``query``; in one ``language`` (ja, en) where it is given.

    Read from the database and compared one by one, so that nothing is missed however many notes others have.  ``vectors`` is given
    where a model made them: those of the notes come from the index, and what it does not hold yet is made and put there.
    Raises InputError for a query without a letter or digit and for an unknown language.
    """
    _checked(query, language)
    with reading(engine) as connection:
        notes = _in(language, notes_of(connection, (customer_id,), as_of=as_of))
    asked = vectors[1].comparison(query, customer_id) if vectors and notes else None
    if vectors is None or asked is None:
        return _answer(query, notes, rank(query, [note.text for note in notes]), count)
    index, vectoriser = vectors
    held = index.vectors(customer_id, [note.id for note in notes])
    if fresh := [note for note in notes if note.id not in held]:
        made = vectoriser.notes(fresh)
        index.add(index.shard_of(customer_id), [note.id for note in fresh], [customer_id] * len(fresh), made)
        held |= dict(zip((note.id for note in fresh), made, strict=True))
    scores = rank(query, [note.text for note in notes], asked=asked, vectors=_stacked(held, notes))
    return _answer(query, notes, scores, count, model=vectoriser.embedder.name)


def of_anybody(
    engine: Engine, query: str, *, as_of: datetime, index: NoteIndex, vectoriser: Vectoriser, count: int = 5,
    language: str | None = None,
) -> Answer:  # fmt: skip
    """The notes of all customers that answer ``query``: the index names who is near, their notes are compared word by word.

    Not exact: a note whose vector is not among the nearest is not seen.  Raises as :func:`of_customer`.
    """
    _checked(query, language)
    near = index.nearest(vectoriser.question(query), NEAR)[:CUSTOMERS]
    with reading(engine) as connection:
        notes = _in(language, notes_of(connection, near, as_of=as_of))
    return _answer(query, notes, rank(query, [note.text for note in notes]), count, model=vectoriser.embedder.name)


def count_of(connection: Connection) -> int:
    """How many notes there are of all customers."""
    counts = (
        select(func.count()).select_from(HISTORY[table]).where(HISTORY[table].c[words].is_not(None), HISTORY[table].c[words] != "")
        for table, words in WORDS.items()
    )  # fmt: skip
    return sum(connection.execute(query).scalar_one() for query in counts)


def update(
    engine: Engine, index: NoteIndex, vectoriser: Vectoriser, *,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> Change:  # fmt: skip
    """Bring the index to what the database holds, shard by shard; a run that was stopped goes on where it was.

    ``told`` hears (notes done, notes there are).
    """
    added = dropped = done = 0
    with reading(engine) as connection:
        total = count_of(connection)
    for shard in range(index.about.shards):
        with reading(engine) as connection:
            notes = {note.id: note for note in notes_in(connection, *index.buckets(shard))}
        held = index.ids(shard)
        gone, new = sorted(held - notes.keys()), [note for id, note in notes.items() if id not in held]
        index.drop(shard, gone)
        done += len(notes) - len(new)
        told(done, total)
        for at in range(0, len(new), STEP):
            some = new[at : at + STEP]
            index.add(shard, [note.id for note in some], [note.customer_id for note in some], vectoriser.notes(some))
            done += len(some)
            told(done, total)
        added, dropped = added + len(new), dropped + len(gone)
    return Change(added, dropped, done)


def _checked(query: str, language: str | None) -> None:
    if not profile(query).grams:
        raise InputError("say what to look for: there is no letter or digit in it", key="query")
    if language is not None and language not in LANGUAGES:
        raise InputError(f"unknown language '{language}'{nearest(language, LANGUAGES)}", key="lang")


def _in(language: str | None, notes: list[Note]) -> list[Note]:
    return [note for note in notes if language in (None, note.language)]


def _stacked(held: Mapping[str, Vectors], notes: Sequence[Note]) -> Vectors:
    return np.stack([held[note.id] for note in notes])


def _answer(query: str, notes: Sequence[Note], scores: Sequence[Score], count: int, model: str = "") -> Answer:
    hits = tuple(Found(notes[one.place], one, suspicion(notes[one.place].text)) for one in scores[:count])
    return Answer(query, f"lexical + {model}" if model else "lexical", len(notes), hits)
