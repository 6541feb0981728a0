from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select

from retrieval import tables
from retrieval.importing import ImportReport, Mapping, import_paths

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Run = Callable[..., ImportReport]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = create_engine(f"sqlite:///{tmp_path / 'history.db'}")
    tables.metadata.create_all(made)
    return made


@pytest.fixture
def run(engine: Engine, tmp_path: Path) -> Run:
    """Import with the quarantine beside the database."""

    def go(*paths: Path, mapping: Mapping | None = None, dry_run: bool = False, **said: object) -> ImportReport:
        return import_paths(
            engine, paths, mapping=mapping, dry_run=dry_run, quarantine=tmp_path / "quarantine.jsonl",
            progress=lambda _: None, now=NOW, **said,  # type: ignore[arg-type]
        )  # fmt: skip

    return go


@pytest.fixture
def rows(engine: Engine) -> Callable[..., list[tuple[object, ...]]]:
    """Some columns of a table, sorted."""

    def look(table: str, *columns: str) -> list[tuple[object, ...]]:
        wanted = [tables.HISTORY[table].c[name] for name in columns]
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(select(*wanted).order_by(*wanted))]

    return look


@pytest.fixture
def refused() -> Callable[[ImportReport], list[dict[str, object]]]:
    """The quarantine of an import."""

    def read(report: ImportReport) -> list[dict[str, object]]:
        assert report.quarantine is not None
        return [json.loads(line) for line in report.quarantine.read_text().splitlines()]

    return read
