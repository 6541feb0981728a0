"""The same decisions on PostgreSQL, and the same cap when two people approve at once."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from agent.drafting import Draft
from agent.enishi import Enishi
from agent.review import audit as log
from agent.review.transitions import ReviewRefused, approve
from agent.tables import decisions, reservations
from retrieval.database import reading
from retrieval.importing import ImportReport, import_paths
from tests.agent.conftest import AS_OF, LATER, RUN, passing, run_batch, stored


def programs() -> Path | None:
    """Where ``initdb`` and ``postgres`` are."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    if found := shutil.which("initdb"):
        folders.append(Path(found).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def somebody() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then it runs as a user who owns nothing else."""
    if os.geteuid() != 0:
        return {}
    name = "postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"
    return {"user": name, "group": grp.getgrgid(pwd.getpwnam(name).pw_gid).gr_name, "extra_groups": []}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of one's own on loopback."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'enishi[postgresql]'")
    if (place := programs()) is None:
        pytest.skip("no PostgreSQL server binary: neither /usr/lib/postgresql/*/bin nor initdb on PATH")
    become = somebody()
    folder = tmp_path_factory.mktemp("postgresql")
    for parent in (folder, *folder.parents):
        if parent.owner() == pwd.getpwuid(os.geteuid()).pw_name and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o011)
    folder.chmod(0o777)
    cluster = folder / "cluster"
    made = subprocess.run(
        [place / "initdb", "-D", cluster, "-U", "enishi", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        **become, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"initdb did not run here: {made.stderr.strip().splitlines()[-1]}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [place / "postgres", "-D", cluster, "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-c", "fsync=off"],
        **become, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        ready = [place / "pg_isready", "-h", "127.0.0.1", "-p", str(port), "-U", "enishi", "-d", "postgres", "-t", "1"]
        assert any(subprocess.run(ready, capture_output=True, check=False).returncode == 0 for _ in range(200) if pause(process))
        yield f"postgresql://enishi@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait(timeout=30)


def pause(process: subprocess.Popen[bytes]) -> bool:
    """A moment for the server to start; false when it ended."""
    try:
        process.wait(timeout=0.1)
    except subprocess.TimeoutExpired:
        return True
    return False


def imported(home: Path, sample: Path) -> ImportReport:
    """The files of the sample, once more, into another home."""
    (part,) = (sample / "sample").iterdir()
    with Enishi.open(home) as enishi:
        return import_paths(
            enishi.engine, [part], mapping=None, dry_run=False, quarantine=home / "quarantine.jsonl", progress=lambda _: None, now=AS_OF
        )


@pytest.fixture(scope="module")
def shop(server: str, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home on that server, with the sample imported and one batch run."""
    home = tmp_path_factory.mktemp("shop") / "home"
    home.mkdir()
    settings = (sample / "enishi.toml").read_text(encoding="utf-8")
    (home / "enishi.toml").write_text(f'[database]\nurl = "{server}"\n{settings}', encoding="utf-8")
    assert imported(home, sample).quarantined == 0
    run_batch(home)
    return home


def test_decisions_are_those_of_sqlite(shop: Path, ran: Path) -> None:
    found = []
    for home in (shop, ran):
        with Enishi.open(home) as enishi, reading(enishi.engine) as connection:
            found.append(sorted(connection.execute(select(decisions.c.id)).scalars()))
    assert found[0] == found[1]
    assert [(row["id"], row["digest"], row["verdict"]) for row in stored(shop)] == [(row["id"], row["digest"], row["verdict"]) for row in stored(ran)]


def test_importing_again_changes_nothing(shop: Path, sample: Path) -> None:
    report = imported(shop, sample)
    assert sum(table.new + table.changed for table in report.tables.values()) == 0


def test_approve_and_replay(shop: Path) -> None:
    draft = passing(shop)
    with Enishi.open(shop) as enishi:
        assert approve(enishi, draft["id"], actor="sato", at=LATER).state == "approved"
        assert enishi.replay(draft["decision_id"]) is None
        for other in stored(shop)[:5]:
            assert enishi.replay(other["decision_id"]) is None


def test_two_approvals_at_once_reserve_one_contact(shop: Path) -> None:
    draft = passing(shop)
    with Enishi.open(shop) as enishi:
        second = enishi.draft(draft["customer_id"], action=draft["action"], channel=draft["channel"], as_of=AS_OF)
        assert isinstance(second, Draft)

        def attempt(one: tuple[str, str]) -> str:
            try:
                return approve(enishi, one[0], actor=one[1], at=LATER).state
            except ReviewRefused:
                return "refused"

        wanted = [(draft["id"], "sato"), (second.id, "sato"), (draft["id"], "tanaka"), (second.id, "tanaka")]
        with ThreadPoolExecutor(4) as threads:
            states = list(threads.map(attempt, wanted))
        assert states.count("approved") == 1, states
        with reading(enishi.engine) as connection:
            held = connection.execute(select(func.count()).where(reservations.c.customer_id == draft["customer_id"])).scalar_one()
            assert held == 1
            assert log.verify(connection)[1] is None


def test_different_people_are_approved_at_once(shop: Path) -> None:
    waiting = [row["id"] for row in stored(shop, state="pending", run=RUN, verdict="pass")[:6]]
    with Enishi.open(shop) as enishi, ThreadPoolExecutor(4) as threads:
        assert set(threads.map(lambda one: approve(enishi, one, actor="sato", at=LATER).state, waiting)) == {"approved"}
        with reading(enishi.engine) as connection:
            assert log.verify(connection)[1] is None
