"""What was written about a customer, in one shape: notes of calls and meetings, survey comments, summaries of tickets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, literal, null, select, tuple_

from retrieval.history import instant, microseconds
from retrieval.tables import HISTORY, bucket_of

WORDS = {"interactions": "text", "events": "comment", "tickets": "summary"}
"""Table → the column of it that holds what somebody wrote."""
_KIND = {"interactions": "kind", "events": "type"}
_MOMENT = {"interactions": "at", "events": "at", "tickets": "opened"}
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f]")


@dataclass(frozen=True, slots=True)
class Note:
    """``source`` is table and kind (``interactions.call``), ``direction`` in, out or None.

    ``id`` names the note in an index; it holds the customer's id and the moment, but none of the words.
    """

    id: str
    customer_id: str
    at: datetime
    source: str
    direction: str | None
    text: str

    @property
    def language(self) -> str:
        """``ja`` or ``en``."""
        return language_of(self.text)


def language_of(text: str) -> str:
    """``ja`` where any Japanese letter stands, else ``en``."""
    return "ja" if _JAPANESE.search(text) else "en"


def notes_of(connection: Connection, customer_ids: Sequence[str], *, as_of: datetime) -> list[Note]:
    """Every note of these customers up to ``as_of``, by customer and time; the same words at the same moment once.

    Each table is read by its clustered key, so the cost follows the notes of these customers and not those of all.
    """
    found: list[Note] = []
    for name, table in ((name, HISTORY[name]) for name in WORDS):
        known = table.c[_MOMENT[name]] <= microseconds(as_of)
        found += _notes(connection, name, _written(table, name).where(mine(table, customer_ids), known))
    return _sorted(found)


def notes_in(connection: Connection, first_bucket: int, last_bucket: int) -> list[Note]:
    """Every note of the customers whose bucket is in ``first_bucket … last_bucket``, whenever it was written."""
    found: list[Note] = []
    for name, table in ((name, HISTORY[name]) for name in WORDS):
        query = _written(table, name).where(table.c.bucket.between(first_bucket, last_bucket))
        found += _notes(connection, name, query)
    return _sorted(found)


def mine(table: Table, customer_ids: Sequence[str]) -> ColumnElement[bool]:
    """Whether a row of a history table belongs to one of these customers, as its clustered key finds it."""
    keys = [(bucket_of(customer), customer) for customer in dict.fromkeys(customer_ids)]
    return tuple_(table.c.bucket, table.c.customer_id).in_(keys)


def _written(table: Table, name: str) -> Select[Any]:
    words, moment = table.c[WORDS[name]], table.c[_MOMENT[name]]
    kind = table.c[_KIND[name]] if name in _KIND else literal("summary")
    direction = table.c.direction if name == "interactions" else null() if name == "tickets" else literal("in")
    return select(table.c.customer_id, moment, kind, direction, words).where(words.is_not(None), words != "")


def _notes(connection: Connection, name: str, query: Select[Any]) -> Iterator[Note]:
    for customer, at, kind, direction, text in connection.execute(query):
        yield Note(_id(customer, at, text), customer, instant(at), f"{name}.{kind}", direction, text)


def _id(customer: str, at: int, text: str) -> str:
    return f"{customer}:{at}:{hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def _sorted(found: list[Note]) -> list[Note]:
    once = {note.id: note for note in found}
    return sorted(once.values(), key=lambda note: (note.customer_id, note.at, note.id))
