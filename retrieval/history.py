"""Reading a partition of customers, or one, out of the database."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import polars as pl
from sqlalchemy import Connection

from retrieval import columns as kinds
from retrieval.customer import Customer, Noun, Offer, Product
from retrieval.frames import CUSTOMER_LEVEL, Frames, from_rows, known_at
from retrieval.goods import Shelves
from retrieval.tables import bucket_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """An aware instant as it is stored: microseconds since 1970-01-01 UTC, exactly."""
    passed = moment - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def instant(stored: int) -> datetime:
    """The instant, in UTC, of stored microseconds."""
    return _EPOCH + timedelta(microseconds=stored)


def read_shelves(connection: Connection) -> Shelves:
    """All products and offers."""
    return Shelves(_read(connection, Product, "", ()), _read(connection, Offer, "", ()))


def read_partition(
    connection: Connection, as_of: datetime, shelves: Shelves, first_bucket: int, last_bucket: int
) -> Frames:
    """Every customer whose bucket is in ``first_bucket … last_bucket``, as known at ``as_of``."""
    return _frames(connection, as_of, shelves, "bucket BETWEEN {0} AND {0}", (first_bucket, last_bucket))


def read_customer(connection: Connection, as_of: datetime, shelves: Shelves, customer_id: str) -> Frames:
    """One customer as a partition of one; ``size`` is 0 when there is no such customer."""
    return _frames(connection, as_of, shelves, "bucket = {0} AND {1} = {0}", (bucket_of(customer_id), customer_id))


def _frames(
    connection: Connection, as_of: datetime, shelves: Shelves, where: str, values: tuple[object, ...]
) -> Frames:
    nouns: tuple[type[Noun], ...] = (Customer, *CUSTOMER_LEVEL)
    found: Mapping[str, pl.DataFrame] = {noun.TABLE: _read(connection, noun, where, values) for noun in nouns}
    return known_at(as_of, found, shelves)


def _read(connection: Connection, noun: type[Noun], where: str, values: tuple[object, ...]) -> pl.DataFrame:
    """The rows of a noun, through the driver's own cursor: a partition is tens of thousands of rows."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    names = ", ".join(f'"{column.name}"' for column in kinds.columns(noun))
    statement = f'SELECT {names} FROM "{noun.TABLE}"'
    if where:
        statement += " WHERE " + where.format(mark, "id" if noun is Customer else "customer_id")
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
        return from_rows(noun, cursor.fetchall())
    finally:
        cursor.close()
