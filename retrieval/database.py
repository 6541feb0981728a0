"""Engine and transactions: SQLite (WAL) by default, PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, select
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from retrieval.errors import InputError, Unreachable

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0007"
"""The newest migration; a test holds it equal to what Alembic finds."""


def connect(url: str) -> Engine:
    """An engine for ``sqlite:///path`` or ``postgresql://…``.

    Raises InputError for a URL that no driver understands.
    """
    try:
        # An error told with its parameters would tell a customer's record.
        engine = create_engine(_with_driver(url), pool_pre_ping=not url.startswith("sqlite"), hide_parameters=True)
    except ModuleNotFoundError as missing:
        raise InputError(
            f"its driver {missing.name} is not installed: pip install 'enishi[postgresql]'", key="database"
        ) from None
    except Exception as error:
        raise InputError(
            f"'{url.rsplit('@', maxsplit=1)[-1]}' is not a database URL: {error}", key="database"
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1) if url.startswith("postgresql://") else url


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    """SQLAlchemy begins transactions itself (the driver's implicit ones start too late to keep a reader consistent)."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=60000",
        "secure_delete=ON",
        "cache_size=-65536",
        "wal_autocheckpoint=8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction: all of it or nothing.

    On SQLite the write lock is taken at the start (``BEGIN IMMEDIATE``), so that what was read inside cannot have changed
    before it is written.  Raises Unreachable when the database cannot be opened or stays locked for a minute.
    """
    try:
        with engine.connect().execution_options(sqlite_begin="IMMEDIATE") as connection, connection.begin():
            yield connection
    except DatabaseError as error:
        if not _silent(error):
            raise
        raise Unreachable(f"the database did not answer: {' '.join(str(error.orig).split())}") from error


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One read transaction: every query in it sees the same state."""
    snapshot = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    try:
        with engine.connect().execution_options(**snapshot) as connection, connection.begin():
            yield connection
    except DatabaseError as error:
        if not _silent(error):
            raise
        raise Unreachable(f"the database did not answer: {' '.join(str(error.orig).split())}") from error


def hold(connection: Connection, key: int) -> None:
    """Wait until nobody else holds ``key``, and hold it to the end of the transaction; on SQLite a writer is alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(key)))


def _silent(error: DatabaseError) -> bool:
    """Whether the database does not answer or is none; what it says about our statements is another matter."""
    return type(error) in (OperationalError, DatabaseError) and not _collided(error)


def _collided(error: BaseException) -> bool:
    """PostgreSQL asks to try again: serialisation failure (40001) or deadlock (40P01)."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in {"40001", "40P01"}


try_again = retry(
    retry=retry_if_exception(_collided),
    stop=stop_after_attempt(8),
    wait=wait_random_exponential(0.02, max=1),
    reraise=True,
)
"""Decorator for a whole transaction that the database may ask to repeat."""


def insert_many(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    or_ignore: bool = False,
) -> None:
    """Write many rows in the order of ``names`` through the driver's own bulk call."""
    if not rows:
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    quoted = ", ".join(f'"{name}"' for name in names)
    statement = f'INSERT INTO "{table.name}" ({quoted}) VALUES ({", ".join([mark] * len(names))})'
    if or_ignore:
        statement += " ON CONFLICT DO NOTHING"
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(statement, rows)
    finally:
        cursor.close()


def upgrade(engine: Engine) -> None:
    """Bring the schema to :data:`HEAD`; a database that is there already costs one query.

    Raises InputError for a database written by a newer Enishi, Unreachable when it does not open.
    """
    if (version := _version(engine)) == HEAD:
        return
    if version is not None and version > HEAD:
        raise InputError(
            f"the database has schema {version}, this Enishi knows up to {HEAD}: install a newer one", key="database"
        )
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    with writing(engine) as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")


def _version(engine: Engine) -> str | None:
    from sqlalchemy import inspect, text

    with reading(engine) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
