"""One sample home for the whole session, copied for every test that writes; a command line inside the process."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from agent.batch.run import begin, close, work_one
from agent.cli import main
from agent.demo.home import make_home
from agent.enishi import Enishi
from agent.tables import drafts
from policies.catalogue import load_catalogue
from retrieval.database import reading, writing
from retrieval.frames import Frames
from retrieval.history import microseconds, read_partition
from retrieval.tables import BUCKETS, HISTORY, bucket_of

AS_OF = datetime.fromisoformat("2026-05-14T10:30:00+09:00")
LATER = AS_OF + timedelta(minutes=5)
CUSTOMERS = 150
CATALOGUE = load_catalogue()
RUN = "spring"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


Command = Callable[..., Answer]


@pytest.fixture
def enishi(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Command:
    """``enishi("review", "list", home=…)`` runs the command in this process."""
    monkeypatch.delenv("ENISHI_HOME", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words: object, home: Path | None = None) -> Answer:
        capfdbinary.readouterr()
        given = [str(word) for word in words] + (["--home", str(home)] if home else [])
        with pytest.raises(SystemExit) as ended:
            main(given)
        out, err = capfdbinary.readouterr()
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 0, out.decode(), err.decode())

    return command


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample home; nobody writes to it."""
    home = tmp_path_factory.mktemp("sample") / "home"
    make_home(home, customers=CUSTOMERS, as_of=AS_OF, told=sys.stderr)
    settle(home)
    return home


@pytest.fixture(scope="session")
def ran(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample home after one batch run that mori ordered; nobody writes to it."""
    home = copied(sample, tmp_path_factory.mktemp("ran") / "home")
    run_batch(home)
    settle(home)
    return home


@pytest.fixture
def home(sample: Path, tmp_path: Path) -> Path:
    """A sample home of one's own."""
    return copied(sample, tmp_path / "home")


@pytest.fixture
def queue(ran: Path, tmp_path: Path) -> Path:
    """A home of one's own with a full queue."""
    return copied(ran, tmp_path / "home")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A home nothing was imported into."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "enishi.toml").write_text("", encoding="utf-8")
    return home


@pytest.fixture(scope="session")
def reader(sample: Path) -> Iterator[Enishi]:
    """The sample home, open for reading."""
    with Enishi.open(sample) as opened:
        yield opened


@pytest.fixture(scope="session")
def everyone(reader: Enishi) -> Frames:
    """All customers of the sample as one partition."""
    with reading(reader.engine) as connection:
        return read_partition(connection, AS_OF, reader.shelves, 0, BUCKETS - 1)


def copied(source: Path, target: Path) -> Path:
    """A copy of a home that nobody has open."""
    return Path(shutil.copytree(source, target, ignore=shutil.ignore_patterns("sample", "quarantine")))


def settle(home: Path) -> None:
    """Move the write-ahead log into the database file, so that the file can be copied."""
    with Enishi.open(home) as opened, opened.engine.connect() as connection:
        connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


def run_batch(home: Path, name: str = RUN, *, size: int = 50, at: datetime = AS_OF) -> None:
    """A batch run in this process."""
    with Enishi.open(home) as opened:
        run = begin(opened, name, as_of=at, at=at, requested_by="mori", size=size)
        while work_one(opened, run, None, worker="test", now=at) is not None:
            pass
        assert close(opened.engine, name)


def stored(home: Path, **wanted: str) -> Sequence[Mapping[str, Any]]:
    """Rows of the drafts table with these values, in the order of their ids."""
    conditions = [drafts.c[name] == value for name, value in wanted.items()]
    with Enishi.open(home) as opened, reading(opened.engine) as connection:
        return connection.execute(select(drafts).where(*conditions).order_by(drafts.c.id)).mappings().all()


def passing(home: Path, **wanted: str) -> Mapping[str, Any]:
    """One marketing draft that can be approved, of an action that every cap and hold is asked of."""
    found = stored(home, **{"verdict": "pass", "state": "pending", "purpose": "marketing", "run": RUN, **wanted})
    return next(row for row in found if {"G3", "G5"} <= {rule.rule for rule in CATALOGUE.by_id[row["action"]].rules})


def add(home: Path, table: str, customer_id: str, **values: Any) -> None:
    """One more row of a customer's history; instants may be datetimes."""
    row = {name: microseconds(value) if isinstance(value, datetime) else value for name, value in values.items()}
    if "digest" in HISTORY[table].columns:
        row.setdefault("digest", 1)
    with Enishi.open(home) as opened, writing(opened.engine) as connection:
        connection.execute(insert(HISTORY[table]).values(bucket=bucket_of(customer_id), customer_id=customer_id, **row))


def change(home: Path, table: str, key: str, value: str, **values: Any) -> None:
    """Change the rows of a history table whose ``key`` is ``value``."""
    with Enishi.open(home) as opened, writing(opened.engine) as connection:
        changed = connection.execute(update(HISTORY[table]).where(HISTORY[table].c[key] == value).values(**values))
        assert changed.rowcount
