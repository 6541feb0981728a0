"""What was written about a customer, in one shape: notes of calls and meetings, survey comments, summaries of tickets."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, Select, Table, bindparam, literal, null, select

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


def notes_of(connection: Connection, customer_ids: Iterable[str], *, as_of: datetime) -> list[Note]:
    """Every note of these customers up to ``as_of``, by customer and time; the same words at the same moment once.

    Each table is read by its clustered key, so the cost follows the notes of these customers and not those of all.
    """
    asked = {**whose(customer_ids), "moment": microseconds(as_of)}
    return _sorted(note for name in WORDS for note in _notes(connection, name, _of_customers(name), asked))


def notes_in(connection: Connection, first_bucket: int, last_bucket: int) -> list[Note]:
    """Every note of the customers whose bucket is in ``first_bucket … last_bucket``, whenever it was written."""
    asked = {"first": first_bucket, "last": last_bucket}
    return _sorted(note for name in WORDS for note in _notes(connection, name, _of_buckets(name), asked))


def mine(table: Table) -> ColumnElement[bool]:
    """Whether a row of a history table belongs to the customers that :func:`whose` names."""
    # Both columns by themselves: a list of pairs would make SQLite read the whole table.
    buckets: BindParameter[int] = bindparam("buckets", expanding=True)
    customers: BindParameter[str] = bindparam("customers", expanding=True)
    return table.c.bucket.in_(buckets) & table.c.customer_id.in_(customers)


def whose(customer_ids: Iterable[str]) -> dict[str, Any]:
    """The parameters of :func:`mine`."""
    customers = sorted(set(customer_ids))
    return {"buckets": sorted({bucket_of(customer) for customer in customers}), "customers": customers}


@cache
def _of_customers(name: str) -> Select[Any]:
    table = HISTORY[name]
    return _written(name).where(mine(table), table.c[_MOMENT[name]] <= bindparam("moment"))


@cache
def _of_buckets(name: str) -> Select[Any]:
    return _written(name).where(HISTORY[name].c.bucket.between(bindparam("first"), bindparam("last")))


def _written(name: str) -> Select[Any]:
    table = HISTORY[name]
    words = table.c[WORDS[name]]
    kind = table.c[_KIND[name]] if name in _KIND else literal("summary")
    direction = table.c.direction if name == "interactions" else null() if name == "tickets" else literal("in")
    written = select(table.c.customer_id, table.c[_MOMENT[name]], kind, direction, words)
    return written.where(words.is_not(None), words != "")


def _notes(connection: Connection, name: str, query: Select[Any], asked: Mapping[str, Any]) -> Iterator[Note]:
    for customer, at, kind, direction, text in connection.execute(query, asked):
        yield Note(_id(customer, at, text), customer, instant(at), f"{name}.{kind}", direction, text)


def _id(customer: str, at: int, text: str) -> str:
    return f"{customer}:{at}:{hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def _sorted(found: Iterable[Note]) -> list[Note]:
    once = {note.id: note for note in found}
    return sorted(once.values(), key=lambda note: (note.customer_id, note.at, note.id))
