"""Migrations make exactly the tables the code declares; a write transaction is all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import select, text

import agent.tables
from retrieval.database import HEAD, MIGRATIONS, connect, reading, upgrade, writing
from retrieval.errors import InputError
from retrieval.tables import BUCKETS, HISTORY, LISTED, bucket_of, metadata


def test_the_newest_migration_is_the_head_the_code_names() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(settings).get_current_head() == HEAD


def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    assert agent.tables.metadata is metadata
    engine = connect(f"sqlite:///{tmp_path}/enishi.db")
    upgrade(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    upgrade(engine)


def test_a_database_of_a_newer_enishi_is_left_alone(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/enishi.db")
    upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="install a newer one"):
        upgrade(engine)


def test_nothing_of_a_failed_transaction_stays(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/enishi.db")
    upgrade(engine)
    with pytest.raises(RuntimeError), writing(engine) as connection:
        connection.execute(text("INSERT INTO customers (bucket, id) VALUES (1, 'C1')"))
        raise RuntimeError
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM customers")).scalar() == 0


def test_a_url_nobody_understands_is_an_input_error() -> None:
    with pytest.raises(InputError, match="is not a database URL"):
        connect("oracel://somewhere")


def test_buckets_are_the_same_everywhere() -> None:
    assert [bucket_of(name) for name in ("C101", "顧客-1", "")] == [417, 3565, 0]
    assert all(0 <= bucket_of(f"C{number}") < BUCKETS for number in range(2000))


def test_who_lists_a_duplicate_is_found_without_reading_everybody(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/enishi.db")
    upgrade(engine)
    asked = select(HISTORY["customers"].c.id, HISTORY["customers"].c.duplicate_candidates).where(LISTED)
    with reading(engine) as connection:
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {asked.compile(engine)}")).all()
    assert ["customers_with_duplicates" in str(step) for step in plan] == [True]
