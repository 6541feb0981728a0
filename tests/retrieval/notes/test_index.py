"""The index: vectors by note id, in the home or on a server, and no byte of whoever is forgotten."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, delete

from retrieval.database import writing
from retrieval.errors import InputError, Unreachable
from retrieval.notes import index as module
from retrieval.notes.home import Notes
from retrieval.notes.index import About, NoteIndex, about, planned
from retrieval.notes.vectors import HashedGrams, unit
from retrieval.tables import HISTORY
from tests.retrieval.notes.conftest import NOW, write

chromadb = pytest.importorskip("chromadb", reason="chromadb is not installed: pip install 'enishi[notes]'")
TEXTS = {"C1": ["コーヒーメーカーの水漏れ", "猫を2匹飼っている"], "C2": ["水漏れの修理を希望"], "C3": ["Prefers decaf beans"]}
GRAMS = About("grams", shards=2)


def unmasked(notes: object) -> list[str]:
    raise AssertionError("n-grams never leave the machine")


@pytest.fixture
def notes(engine: Engine, home: Path) -> Iterator[Notes]:
    write(engine, TEXTS)
    opened = Notes(engine, home, unmasked)
    yield opened
    opened.close()


def bytes_of(folder: Path) -> bytes:
    """Every byte of every file."""
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def filled(index: NoteIndex, **customers: list[str]) -> dict[str, np.ndarray]:
    vectors = {}
    for customer, texts in customers.items():
        ids = [f"{customer}:{number}" for number in range(len(texts))]
        rows = unit(HashedGrams().embed_documents(texts))
        index.add(index.shard_of(customer), ids, [customer] * len(ids), rows)
        vectors |= dict(zip(ids, rows, strict=True))
    return vectors


def test_vectors_come_back_as_they_were(tmp_path: Path) -> None:
    with NoteIndex.open(tmp_path, GRAMS) as index:
        vectors = filled(index, **TEXTS)
    with NoteIndex.open(tmp_path, GRAMS) as index:
        found = index.vectors("C1", ["C1:1", "C1:0", "C1:9"])
        assert found.keys() == {"C1:0", "C1:1"}
        assert all(np.allclose(found[id], vectors[id], atol=1e-6) for id in found)
        assert index.vectors("C1", []) == {}
        assert {id for shard in range(2) for id in index.ids(shard)} == vectors.keys()


def test_the_nearest_of_all_shards_come_first(tmp_path: Path) -> None:
    with NoteIndex.open(tmp_path, About("grams", shards=64)) as index:
        filled(index, **TEXTS)
        assert len({index.shard_of(customer) for customer in TEXTS}) > 1
        assert index.nearest(unit([HashedGrams().embed_query("水漏れの修理")])[0], 10)[:2] == ["C2", "C1"]
        assert index.nearest(unit([HashedGrams().embed_query("decaf")])[0], 1)[0] == "C3"


def test_an_empty_index_answers_nothing(tmp_path: Path) -> None:
    with NoteIndex.open(tmp_path, GRAMS) as index:
        assert index.nearest(unit([HashedGrams().embed_query("decaf")])[0], 5) == []


def test_no_text_is_in_the_index(notes: Notes, home: Path) -> None:
    notes.index()
    notes.close()
    content = bytes_of(home / "notes")
    assert all(text.encode() not in content for texts in TEXTS.values() for text in texts)
    assert b"C1" in content


def test_nothing_of_the_forgotten_is_left_in_any_file(tmp_path: Path) -> None:
    with NoteIndex.open(tmp_path, About("grams")) as index:
        vectors = filled(index, **TEXTS, C4=["忘れられる人"])
    kept = vectors["C4:0"].tobytes()[:64]
    going = [id.encode() for id in vectors if id.startswith("C1:")] + [vectors["C1:0"].tobytes()[:64], b'C1"', b"C1:"]
    assert all(form in bytes_of(tmp_path) for form in (*going[:3], kept))
    with NoteIndex.open(tmp_path, About("grams")) as index:
        assert index.forget(["C1"]) == 2
        assert index.vectors("C4", ["C4:0"]).keys() == {"C4:0"}
        assert set(index.nearest(vectors["C1:0"], 5)) == {"C2", "C3", "C4"}
        assert index.forget(["C1"]) == 0
    content = bytes_of(tmp_path)
    assert not [form for form in going if form in content]
    assert kept in content


def test_an_exchange_that_was_cut_off_is_finished_or_undone(tmp_path: Path) -> None:
    with NoteIndex.open(tmp_path, About("grams")) as index:
        vectors = filled(index, **TEXTS)
    shard = tmp_path / "00"
    shard.rename(tmp_path / "00.old")
    shutil.copytree(tmp_path / "00.old", tmp_path / "00.new")
    with NoteIndex.open(tmp_path, About("grams")) as index:
        assert index.ids(0) == vectors.keys()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00", "lock"]
    shutil.copytree(shard, tmp_path / "00.old")
    with NoteIndex.open(tmp_path, About("grams")) as index:
        assert index.ids(0) == vectors.keys()
    assert not (tmp_path / "00.old").exists()


def test_who_writes_a_shard_ends_quietly_when_its_giver_fails(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ZeroDivisionError), module._written_apart(tmp_path / "shard.new"):
        raise ZeroDivisionError
    assert "Traceback" not in capfd.readouterr().err


def test_one_process_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCKED_SECONDS", 0.1)
    held = NoteIndex.open(tmp_path, GRAMS)
    with held, pytest.raises(Unreachable, match="another process holds the note index"), NoteIndex.open(tmp_path, GRAMS):
        pass
    with NoteIndex.open(tmp_path, GRAMS):
        pass


def test_a_broken_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "00").mkdir()
    (tmp_path / "00" / "chroma.sqlite3").write_bytes(b"no database" * 500)
    with NoteIndex.open(tmp_path, About("grams")) as index, pytest.raises(Unreachable, match="--rebuild"):
        index.ids(0)
    (tmp_path / "index.json").write_text('{"embeder": "grams"}', encoding="utf-8")
    with pytest.raises(InputError, match=r"index\.json.*embeder"):
        about(tmp_path)


def test_shards_follow_the_number_of_notes() -> None:
    assert [planned(count) for count in (0, 1, 20_000, 20_001, 100_000, 10**6, 10**8)] == [1, 1, 1, 2, 8, 16, 16]


@pytest.mark.parametrize("shards", [1, 2, 8, 64])
def test_a_shard_is_a_run_of_buckets(tmp_path: Path, shards: int) -> None:
    index = NoteIndex(tmp_path, About("grams", shards=shards))
    assert [bucket for shard in range(shards) for bucket in range(index.buckets(shard)[0], index.buckets(shard)[1] + 1)] == list(range(4096))
    for customer in ("C1", "C2", "顧客-1"):
        first, last = index.buckets(index.shard_of(customer))
        assert first <= module.bucket_of(customer) <= last


# --- what a home does with it ---------------------------------------------------------------------------------------


def test_the_index_follows_the_database(notes: Notes, engine: Engine, home: Path) -> None:
    first = notes.index()
    assert (first.change.added, first.change.dropped, first.change.notes) == (4, 0, 4)
    assert notes.index().change.added == 0
    write(engine, {"C9": ["新しいメモ"]})
    with writing(engine) as connection:
        connection.execute(delete(HISTORY["interactions"]).where(HISTORY["interactions"].c.customer_id == "C3"))
    again = notes.index().change
    assert (again.added, again.dropped, again.notes) == (1, 1, 4)
    assert notes.index(rebuild=True).change.added == 4
    assert [hit.note.customer_id for hit in notes.find("新しいメモ", as_of=NOW).hits] == ["C9"]


def test_a_find_sees_nothing_later(notes: Notes) -> None:
    notes.index()
    assert [hit.note.text for hit in notes.find("水漏れ", as_of=NOW).hits] == ["水漏れの修理を希望", "コーヒーメーカーの水漏れ"]
    assert notes.find("猫", as_of=NOW.replace(year=2025)).hits == ()


def test_without_an_index_there_is_nothing_to_find(notes: Notes) -> None:
    with pytest.raises(InputError, match="enishi notes index"):
        notes.find("水漏れ")


def test_chromas_own_embedder_is_never_asked(notes: Notes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    from chromadb.utils.embedding_functions import ONNXMiniLM_L6_V2

    def asked(*_: object) -> None:
        raise AssertionError("the default embedder was asked")

    for name in ("__call__", "_download", "_download_model_if_not_exists"):
        monkeypatch.setattr(ONNXMiniLM_L6_V2, name, asked)
    notes.index()
    assert notes.find("猫", as_of=NOW).hits
    assert module._settings().anonymized_telemetry is False
    assert "telemetry" not in caplog.text.lower()


def test_it_works_without_any_network(notes: Notes, home: Path) -> None:
    """In a process that has no network interface, so that compiled code cannot reach one either."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let a process give up its network")
    words = ("notes", "find", "decaf", "--home", str(home))
    (home / "enishi.toml").write_text("", encoding="utf-8")
    for command in (("notes", "index", "--home", str(home)), words):
        script = f"from agent.cli import main; main({command!r})"
        ended = subprocess.run(["unshare", "-rn", sys.executable, "-c", script], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
    assert "Prefers decaf beans" in ended.stdout


def test_a_dotenv_of_the_working_directory_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("ANONYMIZED_TELEMETRY=True\nCHROMA_SERVER_HOST=elsewhere.example\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert module._settings().anonymized_telemetry is False
    assert module._settings().chroma_server_host is None


def test_without_chromadb_it_says_what_to_install(notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chromadb", None)
    with pytest.raises(InputError, match=r"pip install 'enishi\[notes\]'"):
        notes.index()
    assert notes.search("C1", "水漏れ", as_of=NOW).hits


# --- a server -------------------------------------------------------------------------------------------------------


CHROMA = Path(sys.executable).with_name("chroma")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """A Chroma server of one's own on loopback; its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [CHROMA, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )  # fmt: skip
    try:
        for _ in range(300):
            with socket.socket() as tried:
                if tried.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of a server."""
    with running(tmp_path / "server") as url:
        yield url


def holding(folder: Path, *wanted: bytes) -> set[str]:
    """Names of the files in which any of these bytes stand."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if any(one in path.read_bytes() for one in wanted)}


@pytest.mark.parametrize("going", [1, 3])
def test_nothing_of_a_vector_is_left_in_the_graph_of_a_server_and_after_a_vacuum_nowhere(tmp_path: Path, going: int) -> None:
    """More vectors than Chroma keeps in memory, so that they are in its files before; of a length that is 1 to the last bit."""
    vectors = np.random.default_rng(1).choice(np.array([-0.125, 0.125], np.float32), (1200, 64))
    ids, owners = [f"N{number:05}" for number in range(1200)], [f"C{number // going:05}" for number in range(1200)]
    gone = range(300 // going * going, 300 // going * going + going)
    numbers = [vectors[number].tobytes() for number in gone]
    folder = tmp_path / "server"
    with running(folder) as url, NoteIndex.open(tmp_path / "notes", About("grams", server=url)) as index:
        index.add(0, ids, owners, vectors)
        assert owners[gone[0]] in index.nearest(vectors[gone[0]], 1)
        assert "data_level0.bin" in holding(folder, *numbers)
        assert "index_metadata.pickle" in holding(folder, ids[gone[0]].encode())
        assert index.forget([owners[gone[0]]]) == going
        assert index.ids(0) == set(ids) - {ids[number] for number in gone}
        assert holding(folder, *numbers, *[ids[number].encode() for number in gone]) <= {"chroma.sqlite3", "chroma.sqlite3-wal"}
        for number in (0, 299 - going, 1199):
            assert index.nearest(vectors[number], 1) == [owners[number]], "the others are found as before"
        assert owners[gone[0]] not in index.nearest(vectors[gone[0]], 20)
    subprocess.run([CHROMA, "vacuum", "--path", folder, "--force"], check=True, capture_output=True)
    assert holding(folder, *numbers, *[ids[number].encode() for number in gone], owners[gone[0]].encode()) == set()
    with running(folder) as url, NoteIndex.open(tmp_path / "notes", About("grams", server=url)) as index:
        assert len(index.ids(0)) == 1200 - going and index.nearest(vectors[5], 1) == [owners[5]]


def test_a_server_holds_the_index_as_well(notes: Notes, home: Path, server: str) -> None:
    notes.index()
    made = notes.index(server=server)
    assert (made.about.server, made.change.added) == (server, 4)
    assert not list((home / "notes").glob("0*"))
    assert notes.find("水漏れの修理", as_of=NOW).hits[0].note.customer_id == "C2"
    assert notes.erase(["C2"]).indexed == 1
    assert "C2" not in {hit.note.customer_id for hit in notes.find("水漏れの修理", as_of=NOW).hits}
    # Another home on the same server keeps its own.
    other = Notes(notes._engine, home / "other", unmasked)
    assert other.index(server=server).change.added == 3
    other.index(server="")
    other.close()
    assert notes.index().change.added == 0
    assert notes.index(server="").change.added == 3


def test_a_server_that_does_not_answer(notes: Notes, home: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(module, "CONNECT_SECONDS", 0.3)
        with pytest.raises(Unreachable, match="did not answer"):
            notes.index(server=url)
    assert about(home / "notes") is None
    with pytest.raises(Unreachable, match=f"the Chroma server {url} did not answer"):
        notes.index(server=url)
    with pytest.raises(InputError, match="is not the URL of a Chroma server"):
        notes.index(server="localhost")
    notes.index(server=server)
    (home / "notes" / "index.json").write_text(
        (home / "notes" / "index.json").read_text(encoding="utf-8").replace(server, url), encoding="utf-8"
    )
    notes.close()
    for call in (lambda: notes.find("猫"), lambda: notes.erase(["C1"])):
        with pytest.raises(Unreachable):
            call()
    assert notes.search("C1", "猫", as_of=NOW).hits, "nothing was erased, and a search of one customer needs no server"
    assert notes.index(server="", rebuild=True).change.added == 4
