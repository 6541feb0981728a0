"""The note index: vectors of every note in Chroma, by note id and without a word of text; it can be made anew at any time.

It answers two things: the vectors of one customer's notes, fetched by their ids, and which notes of anybody are nearest to a
question.  It is never asked for "the nearest where customer = …": that reads the metadata of every note there is.

In a home (``notes/``) it is cut into shards, each a Chroma folder of its own, because what Chroma deletes stays in its files:
forgetting a customer writes their shard anew and throws the old one away.  Two processes that write to one folder lose vectors
without a word, so the first one holds ``notes/lock``; whoever needs more runs a Chroma server and names it by its URL.
"""

from __future__ import annotations

import json
import multiprocessing
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import numpy as np

from retrieval.errors import EnishiError, InputError, Unreachable
from retrieval.notes.ranking import Vectors
from retrieval.tables import BUCKETS, bucket_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from chromadb.api import ClientAPI
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection
    from chromadb.config import Settings

ABOUT, LOCK, COLLECTION = "index.json", "lock", "enishi-notes"
PER_SHARD, MOST_SHARDS = 20_000, 16
"""Notes for which a shard is planned, and the most shards: forgetting a customer costs writing one, the first ``find`` opening all."""
BATCH = 1_000
CONNECT_SECONDS, ANSWER_SECONDS, LOCKED_SECONDS = 5, 60, 10
AT_ONCE = 1
"""Changes after which a server writes a graph to its file, for what is written over to be gone; Chroma's own number is a thousand."""
NOBODYS = "-"
"""Id of a note that is put in and taken out again."""
INSTALL = "pip install 'enishi[notes]'"


@dataclass(frozen=True, slots=True)
class About:
    """What an index was made with: ``embedder`` (grams, minilm, or openai with model and address), place and number of shards.

    ``collection`` begins the names of its collections, which no other home on the same server uses.
    """

    embedder: str
    model: str | None = None
    base_url: str | None = None
    server: str | None = None
    collection: str = COLLECTION
    shards: int = 1


def about(folder: Path) -> About | None:
    """What the index in ``folder`` was made with, None when there is none; raises InputError when its file is broken."""
    path = folder / ABOUT
    if not path.is_file():
        return None
    try:
        return About(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(
            f"is not the description of a note index ({error}): delete it and run 'enishi notes index'", file=path
        ) from None


def planned(notes: int) -> int:
    """Shards for so many notes: a power of two."""
    wanted = -(-notes // PER_SHARD)
    return min(MOST_SHARDS, 1 << max(0, wanted - 1).bit_length())


class NoteIndex:
    """An open index, made by :meth:`open`; every method raises Unreachable when Chroma does not answer."""

    def __init__(self, folder: Path, about: About) -> None:
        self.folder, self.about = folder, about
        self._server: ClientAPI | None = None
        self._folders: dict[int, Client] = {}
        self._shards: dict[int, Collection] = {}

    @classmethod
    @contextmanager
    def open(cls, folder: Path, about: About) -> Iterator[NoteIndex]:
        """Open the index in ``folder``; what is missing of it is made.

        Raises InputError when chromadb is not installed or the URL of the server is none, Unreachable when the server, or the
        process that holds the folder, does not answer.
        """
        try:
            import chromadb  # noqa: F401
        except ModuleNotFoundError:
            raise InputError(f"the note index needs chromadb, which is not installed: {INSTALL}", key="notes") from None
        index = cls(folder, about)
        with ExitStack() as held:
            if about.server:
                index._server = held.enter_context(_connected(about.server))
            else:
                held.enter_context(_locked(folder))
                held.callback(index._close)
                for shard in range(about.shards):
                    index._recover(shard)
            yield index

    # --- what it is asked ---------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write down what the index is made with, so that it is found again."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f"{ABOUT}.new"
        fresh.write_text(json.dumps(asdict(self.about), indent=1) + "\n", encoding="utf-8")
        fresh.replace(self.folder / ABOUT)

    def shard_of(self, customer_id: str) -> int:
        """The shard that holds a customer's notes."""
        return bucket_of(customer_id) * self.about.shards // BUCKETS

    def buckets(self, shard: int) -> tuple[int, int]:
        """The first and the last bucket of a shard."""
        each = BUCKETS // self.about.shards
        return shard * each, (shard + 1) * each - 1

    def ids(self, shard: int) -> set[str]:
        """Every note id of a shard."""
        with self._answering():
            return set(self._shard(shard).get(include=[])["ids"])

    def add(self, shard: int, ids: Sequence[str], customers: Sequence[str], vectors: Vectors) -> None:
        """Put notes in, with their unit vectors (n × d); one that is there already is replaced."""
        with self._answering():
            _fill(self._shard(shard), ids, customers, vectors)

    def drop(self, shard: int, ids: Sequence[str]) -> None:
        """Take notes out; what is left of them in the files goes with :meth:`forget`."""
        with self._answering():
            for some in _batches(ids):
                self._shard(shard).delete(ids=list(some))

    def vectors(self, customer_id: str, ids: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of those of one customer's notes that are in the index."""
        with self._answering():
            shard = self._shard(self.shard_of(customer_id))
            return {id: row for some in _batches(ids) for id, row in _rows(shard, some).items()}

    def nearest(self, vector: Vectors, count: int) -> list[str]:
        """Customers of the ``count`` notes of each shard that are nearest to a unit vector, the nearest first."""
        found: list[tuple[float, str]] = []
        with self._answering():
            for shard in range(self.about.shards):
                answer = self._shard(shard).query(
                    query_embeddings=vector[np.newaxis], n_results=count, include=["distances", "metadatas"]
                )
                near, who = cast(Any, answer["distances"])[0], cast(Any, answer["metadatas"])[0]
                found += [(distance, str(one["customer"])) for distance, one in zip(near, who, strict=True)]
        return list(dict.fromkeys(customer for _, customer in sorted(found)))

    def forget(self, customer_ids: Iterable[str]) -> int:
        """Remove every note of these customers; the number removed.

        In a home each of their shards is written anew without them, so that nothing of them is left in any file.  On a server
        the vectors are written over in its graphs; its database keeps bytes until its operator runs ``chroma vacuum``.
        """
        by_shard: dict[int, set[str]] = {}
        for customer in customer_ids:
            by_shard.setdefault(self.shard_of(customer), set()).add(customer)
        with self._answering():
            return sum(self._without(shard, who) for shard, who in sorted(by_shard.items()))

    def clear(self) -> None:
        """Throw every note out, however many shards they were in, to be made anew."""
        with self._answering():
            if self._server is not None:
                for made in self._server.list_collections():
                    if made.name.startswith(f"{self.about.collection}-"):
                        self._server.delete_collection(made.name)
                self._shards.clear()
                return
            self._close()
            for folder in self.folder.glob("[0-9][0-9]"):
                shutil.rmtree(folder)

    # --- shards -------------------------------------------------------------------------------------------------------

    def _without(self, shard: int, customers: set[str]) -> int:
        before = self._shard(shard)
        whole = before.get(include=["metadatas"])
        owner = {id: str(one["customer"]) for id, one in zip(whole["ids"], cast(Any, whole["metadatas"]), strict=True)}
        going = [id for id, customer in owner.items() if customer in customers]
        if self._server is not None:
            self._write_over(shard, going)
            return len(going)
        kept = [id for id, customer in owner.items() if customer not in customers]
        shutil.rmtree(self._path(shard, ".new"), ignore_errors=True)
        with _written_apart(self._path(shard, ".new")) as write:
            for some in _batches(kept):
                rows = _rows(before, some)
                write(some, [owner[id] for id in some], np.array([rows[id] for id in some], dtype=np.float32))
        self._close(shard)
        self._path(shard).rename(self._path(shard, ".old"))
        self._path(shard, ".new").rename(self._path(shard))
        shutil.rmtree(self._path(shard, ".old"))
        return len(going)

    def _write_over(self, shard: int, ids: Sequence[str]) -> None:
        """Take notes out of a server's shard, and their vectors out of the file of its graph.

        What is deleted there stays in the file, and the file of a collection that is deleted stays whole; so another vector is put
        in its place first.
        """
        collection = self._shard(shard)
        for some in _batches(ids):
            (row,) = _rows(collection, some[:1]).values()
            nobody = np.eye(1, len(row), dtype=np.float32)
            # The last change stays in the server's log for good, so it is one of a note that nobody wrote.
            for taken in (some, [NOBODYS]):
                _fill(collection, taken, [""] * len(taken), np.repeat(nobody, len(taken), axis=0))
                # A change goes into the graph when that is next asked: before the note is deleted, or nothing would be written over.
                collection.query(query_embeddings=nobody, n_results=1, include=[])
                collection.delete(ids=list(taken))
                collection.query(query_embeddings=nobody, n_results=1, include=[])

    def _recover(self, shard: int) -> None:
        """Finish or undo an exchange of folders that was cut off."""
        shutil.rmtree(self._path(shard, ".new"), ignore_errors=True)
        old = self._path(shard, ".old")
        if old.exists() and not self._path(shard).exists():
            old.rename(self._path(shard))
        shutil.rmtree(old, ignore_errors=True)

    def _path(self, shard: int, ending: str = "") -> Path:
        return self.folder / f"{shard:02}{ending}"

    def _shard(self, shard: int) -> Collection:
        if shard not in self._shards:
            if self._server is not None:
                self._shards[shard] = _collection(
                    self._server, f"{self.about.collection}-{shard:02}", sync_threshold=AT_ONCE, batch_size=AT_ONCE
                )
            else:
                self._folders[shard] = _client(self._path(shard))
                self._shards[shard] = _collection(self._folders[shard], COLLECTION)
        return self._shards[shard]

    def _close(self, *shards: int) -> None:
        """Close these shards, all by default."""
        for shard in shards or tuple(self._folders):
            self._shards.pop(shard, None)
            if client := self._folders.pop(shard, None):
                client.close()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Whatever Chroma raises becomes one sentence, without the values it was asked with."""
        try:
            yield
        except EnishiError:
            raise
        except Exception as error:
            if self.about.server:
                raise Unreachable(_silent(self.about.server, error)) from error
            raise Unreachable(
                f"the note index in {self.folder} cannot be read ({type(error).__name__}): 'enishi notes index --rebuild' makes"
                " it anew"
            ) from error


@contextmanager
def _connected(url: str) -> Iterator[ClientAPI]:
    """A client of the server at ``url``."""
    import chromadb
    import httpx

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"'{url}' is not the URL of a Chroma server such as http://127.0.0.1:8000", key="--server")
    secure = parts.scheme == "https"
    try:
        # Chroma's own client would wait for ever.
        httpx.get(f"{url.rstrip('/')}/api/v2/heartbeat", timeout=CONNECT_SECONDS).raise_for_status()
        port = parts.port or (443 if secure else 8000)
        client = cast("Client", chromadb.HttpClient(parts.hostname, port, ssl=secure, settings=_settings()))
    except (httpx.HTTPError, OSError, ValueError) as error:
        raise Unreachable(_silent(url, error)) from None
    session = getattr(getattr(client, "_server", None), "_session", None)
    if isinstance(session, httpx.Client):
        session.timeout = httpx.Timeout(ANSWER_SECONDS)
    try:
        yield client
    finally:
        client.close()


def _silent(url: str, error: Exception) -> str:
    return f"the Chroma server {url} did not answer ({type(error).__name__})"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=LOCKED_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        raise Unreachable(
            "another process holds the note index: try again when it has ended, or keep the index on a server"
            " ('enishi notes index --server URL')"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _settings() -> Settings:
    """No telemetry, and no ``.env`` of the working directory is read."""
    from chromadb.config import Settings

    chosen: dict[str, Any] = {"anonymized_telemetry": False, "_env_file": None}
    return Settings(**chosen)


def _client(path: Path) -> Client:
    import chromadb

    return cast("Client", chromadb.PersistentClient(path=str(path), settings=_settings()))


def _collection(client: ClientAPI, name: str, **graph: int) -> Collection:
    chosen: Any = {"hnsw": {"space": "cosine", **graph}, "embedding_function": None}
    # Left out, the embedding function would be one that downloads its model.
    return client.get_or_create_collection(name, embedding_function=None, configuration=chosen)


Write = Callable[[Sequence[str], Sequence[str], Vectors], None]
"""Adds notes (ids, customers, vectors) to a shard."""


@contextmanager
def _written_apart(path: Path) -> Iterator[Write]:
    """A new shard, written by a process of its own that never saw any note but those it is given.

    Chroma's files hold memory that was never written to, so what this process has read could come back in them.
    """
    start = multiprocessing.get_context("spawn")
    theirs, ours = start.Pipe(duplex=False)
    writer = start.Process(target=_write_apart, args=(path, theirs), name="enishi-notes")
    writer.start()
    theirs.close()
    try:
        with ours:
            yield lambda ids, customers, vectors: ours.send((ids, customers, vectors))
            ours.send(None)
    except BrokenPipeError:
        pass
    finally:
        writer.join()
    if writer.exitcode:
        raise OSError(f"the process that writes {path} stopped ({writer.exitcode})")


def _write_apart(path: Path, given: Connection) -> None:
    client = _client(path)
    try:
        shard = _collection(client, COLLECTION)
        while (some := given.recv()) is not None:
            _fill(shard, *some)
    except EOFError:
        # Whoever gives the notes has failed and says so.
        raise SystemExit(1) from None
    finally:
        client.close()


def _rows(shard: Collection, ids: Sequence[str]) -> dict[str, Vectors]:
    found = shard.get(ids=list(ids), include=["embeddings"])
    return dict(zip(found["ids"], np.asarray(found["embeddings"], dtype=np.float32), strict=True))


def _fill(shard: Collection, ids: Sequence[str], customers: Sequence[str], vectors: Vectors) -> None:
    for at in range(0, len(ids), BATCH):
        some = slice(at, at + BATCH)
        owners: list[Any] = [{"customer": customer} for customer in customers[some]]
        shard.upsert(ids=list(ids[some]), embeddings=vectors[some], metadatas=owners)


def _batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[at : at + BATCH] for at in range(0, len(ids), BATCH))
