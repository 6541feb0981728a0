"""A database with a few notes in it, and the words of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from retrieval.database import connect, upgrade, writing
from retrieval.history import microseconds
from retrieval.tables import HISTORY, bucket_of

NOW = datetime(2026, 5, 14, 1, 30, tzinfo=UTC)


def write(engine: Engine, notes: dict[str, list[str]], *, at: datetime = NOW) -> None:
    """Customers with these notes, an hour apart, the first at ``at``."""
    with writing(engine) as connection:
        for customer, texts in notes.items():
            bucket = bucket_of(customer)
            connection.execute(insert(HISTORY["customers"]).values(bucket=bucket, id=customer, name=f"見本 {customer}", kind="b2c", status="active"))
            for number, text in enumerate(texts):
                moment = microseconds(at - timedelta(hours=number))
                connection.execute(
                    insert(HISTORY["interactions"]).values(
                        bucket=bucket, customer_id=customer, at=moment, digest=number, kind="call", direction="in", text=text
                    )
                )


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An empty database in a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    opened = connect(f"sqlite:///{home / 'enishi.db'}")
    upgrade(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def home(engine: Engine, tmp_path: Path) -> Path:
    """The home of that database."""
    return tmp_path / "home"
