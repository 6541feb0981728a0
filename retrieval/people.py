"""Who the customers are, and whether that is what it was."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from sqlalchemy import Connection, func, select, text

from retrieval.tables import HISTORY, LISTED, states

_CHANGED = text(
    "INSERT INTO states (noun, state) VALUES ('customers', :state) ON CONFLICT (noun) DO UPDATE SET state = excluded.state"
)


def mark_changed(connection: Connection) -> None:
    """Say, in the transaction that changes them, that the customers are no longer what they were."""
    connection.execute(_CHANGED, {"state": secrets.token_hex(8)})


def state_of_customers(connection: Connection) -> str:
    """A word that stays while no customer is added, changed or removed; empty before the first import."""
    return connection.execute(select(states.c.state).where(states.c.noun == "customers")).scalar() or ""


def count_customers(connection: Connection) -> int:
    """How many there are, of whatever status."""
    return connection.execute(select(func.count()).select_from(HISTORY["customers"])).scalar_one()


def read_duplicates(connection: Connection) -> Iterator[tuple[str, str]]:
    """(id, candidates as JSON text) of every customer who has duplicates listed, likely or not, through the driver's own cursor."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(f'SELECT "id", "duplicate_candidates" FROM "customers" WHERE {LISTED}')
        yield from cursor.fetchall()
    finally:
        cursor.close()


def read_people(connection: Connection) -> Iterator[tuple[str, str | None, str | None]]:
    """(id, name, ``extra`` as JSON text) of every customer, through the driver's own cursor."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute('SELECT "id", "name", "extra" FROM "customers"')
        while rows := cursor.fetchmany(5000):
            yield from rows
    finally:
        cursor.close()
