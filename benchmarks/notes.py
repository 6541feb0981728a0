"""How often the right note is among the first three, and how long one customer's search takes among everybody's notes.

python -m benchmarks.notes hits [SHARED]             SHARED holds the measuring texts; default ../shared beside the checkout
python -m benchmarks.notes speed [NOTES [FOLDER]]    default 100,000 notes, 20 a customer; FOLDER is kept and used again

``speed`` needs chromadb.  Its vectors are random, of 64 places, in a graph of few links: that makes Chroma's own queries faster than
real vectors would, and what is compared is the way to one customer's notes, not the graph.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import sys
import tarfile
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.database import connect, insert_many, reading, upgrade, writing
from retrieval.errors import InputError
from retrieval.history import microseconds
from retrieval.notes import search
from retrieval.notes.concepts import among, of
from retrieval.notes.index import About, NoteIndex, planned
from retrieval.notes.lexical import bm25, cosines, overlaps, profile
from retrieval.notes.minilm import MiniLM
from retrieval.notes.note import notes_in
from retrieval.notes.ranking import rank
from retrieval.notes.search import Vectoriser
from retrieval.notes.vectors import HashedGrams, unit
from retrieval.tables import HISTORY, bucket_of

NOW = datetime(2026, 5, 14, 1, 30, tzinfo=UTC)
EACH, POOL, TASKS, PLACES = 20, 15, 300, 64
Method = Callable[[str, Sequence[str]], list[int]]


# --- hits -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Task:
    """A question, the notes it is asked of, and the places of those that answer it."""

    group: str
    query: str
    notes: tuple[str, ...]
    right: frozenset[int]


def facts(path: Path) -> list[Task]:
    """40 questions about 64 Japanese and 64 English notes; the concept list was written with them known."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return [
        Task(
            one["lang"] if one["lang"] == one["pool"] else "across", one["q"], tuple(found[f"notes_{one['pool']}"]),
            frozenset(place - 1 for place in one["relevant"]),
        )
        for one in found["queries"]
    ]  # fmt: skip


def inquiries(path: Path) -> Iterator[Task]:
    """English inquiries to a bank: the right one of 15 is the one with the same intent as the question."""
    by: dict[str, list[str]] = defaultdict(list)
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            by[row["category"]].append(row["text"])
    chance = random.Random(1)
    for _ in range(TASKS):
        intents = chance.sample(sorted(by), POOL)
        query, right = chance.sample(by[intents[0]], 2)
        yield Task("bank en", query, (right, *(chance.choice(by[intent]) for intent in intents[1:])), frozenset({0}))


def requests(path: Path) -> Iterator[Task]:
    """Japanese requests to a travel agent: the right one of 15 has the label of the question, another customer's words."""
    said: dict[str, dict[tuple[str, str], set[str]]] = defaultdict(lambda: defaultdict(set))
    with tarfile.open(path) as archive:
        for member in sorted(archive.getmembers(), key=lambda one: one.name):
            if "request_span" not in member.name or not (file := archive.extractfile(member)):
                continue
            rows = csv.DictReader(file.read().decode().splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
            for row in rows:
                if row["span_flag"] and row["speaker"] == "user" and row["duplicate"] == "0":
                    said[row["span_flag"]][row["src_file_id"], row["utterance"]].add(row["span_text"])
    labels: dict[tuple[str, str], set[str]] = defaultdict(set)
    for label, utterances in said.items():
        for utterance in utterances:
            labels[utterance].add(label)
    often = [label for label in sorted(said) if len({who for who, _ in said[label]}) >= 10]
    chance = random.Random(1)
    for _ in range(TASKS):
        label = chance.choice(often)
        asked = chance.choice(sorted(said[label]))
        right = chance.choice([one for one in sorted(said[label]) if one[0] != asked[0]])
        others = [one for one in sorted(labels) if label not in labels[one] and one[0] != asked[0]]
        notes = (right[1], *(text for _, text in chance.sample(others, POOL - 1)))
        yield Task("travel ja", chance.choice(sorted(said[label][asked])), notes, frozenset({0}))


def best(scores: Iterable[float]) -> list[int]:
    """Places by score, without those that have none."""
    found = list(scores)
    return [int(place) for place in np.argsort(-np.array(found), kind="stable") if found[place] > 0]


def by_concepts(query: str, notes: Sequence[str]) -> list[int]:
    """Concepts alone."""
    asked = of(query)
    return best(overlaps(asked, [among(note, asked) for note in notes]))


def by_chroma(query: str, notes: Sequence[str]) -> list[int]:
    """Chroma's plain query over the same notes with our hashed vectors."""
    import chromadb
    from chromadb.config import Settings

    grams = HashedGrams()
    client = chromadb.EphemeralClient(settings=Settings(anonymized_telemetry=False))
    name = f"notes-{hash(tuple(notes)) & 0xFFFFFFFF}"
    made = client.get_or_create_collection(name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})
    if made.count() == 0:
        made.add(ids=[str(place) for place in range(len(notes))], embeddings=unit(grams.embed_documents(list(notes))))
    answer = made.query(query_embeddings=unit([grams.embed_query(query)]), n_results=3)
    if len(notes) == POOL:
        client.delete_collection(name)
    return [int(place) for place in answer["ids"][0]]


def by_minilm(query: str, notes: Sequence[str]) -> list[int]:
    """The packaged English model alone."""
    asked = _minilm().embed_comparison(query)
    return best(_read(tuple(notes)) @ np.array(asked)) if asked else []


def by_all_with_minilm(query: str, notes: Sequence[str]) -> list[int]:
    """What is shipped, with the packaged English model where it reads the question."""
    asked = _minilm().embed_comparison(query)
    if asked is None:
        return [one.place for one in rank(query, notes)]
    found = rank(query, notes, asked=np.array(asked, np.float32), vectors=_read(tuple(notes)))
    return [one.place for one in found]


@cache
def _minilm() -> MiniLM:
    try:
        return MiniLM()
    except InputError as error:
        raise ModuleNotFoundError(error.message) from None


@lru_cache(maxsize=4)
def _read(notes: tuple[str, ...]) -> Any:
    return unit(_minilm().embed_documents(list(notes)))


METHODS: dict[str, Method] = {
    "BM25": lambda query, notes: best(bm25(profile(query), [profile(note) for note in notes])),
    "char 1-3-grams": lambda query, notes: best(cosines(profile(query), [profile(note) for note in notes])),
    "concepts": by_concepts,
    "hybrid (what is shipped)": lambda query, notes: [one.place for one in rank(query, notes)],
    "Chroma, hashed grams": by_chroma,
    "MiniLM": by_minilm,
    "hybrid with MiniLM": by_all_with_minilm,
}


def hits(shared: Path) -> None:
    """One line per method, hits among the first three of each group."""
    tasks = facts(shared / "facts" / "retrieval_notes_ja_en.json")
    tasks += [*inquiries(shared / "data" / "banking77_train.csv.gz"), *requests(shared / "data" / "asdc_ja_dialogues.tar.gz")]
    of_group = Counter(task.group for task in tasks)
    print(f"{'hit@3':26}" + "".join(f"{group:>12}" for group in of_group))
    print(f"{'questions':26}" + "".join(f"{count:>12}" for count in of_group.values()))
    for name, method in METHODS.items():
        try:
            found = Counter(task.group for task in tasks if set(method(task.query, task.notes)[:3]) & task.right)
        except ModuleNotFoundError:
            continue
        print(f"{name:26}" + "".join(f"{found[group]:>12}" for group in of_group))


# --- speed ----------------------------------------------------------------------------------------------------------

_SAID = (
    "コーヒーメーカーの水漏れについてお問い合わせ。パッキンを送付。", "定期便が余っているので隔月にしたいとのこと。", "請求書の宛名を経理部に変更。",
    "入院のため2か月ほど休止したい。", "猫を飼っている。腎臓ケアのフードを希望。", "LINEでの連絡が見やすいとのこと。", "駐車場が狭いとのご意見。",
    "Asked which blends are low in caffeine.", "Parcel arrived crushed, contents fine.", "Prefers to be called after 6 pm.",
    "Voucher had lapsed; reissued.", "Moving house in May, new address to follow.", "Wants a quote for thirty bottles.",
)  # fmt: skip


class Random64:
    """Vectors of no meaning."""

    name = f"random-{PLACES}"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One per text, by its letters."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """Unit length is made by whoever asks."""
        return np.random.default_rng(len(text)).standard_normal(PLACES).tolist()


def stored(folder: Path, notes: int) -> Any:
    """A database of ``notes`` notes of customers C0, C1 …"""
    engine = connect(f"sqlite:///{folder / 'enishi.db'}")
    upgrade(engine)
    with reading(engine) as connection:
        if search.count_of(connection) == notes:
            return engine
    chance = random.Random(1)
    customers = [f"C{number}" for number in range(notes // EACH)]
    rows = [
        (bucket_of(one), one, microseconds(NOW) - turn * 86_400_000_000, turn, "call", "in", f"{chance.choice(_SAID)} {chance.randrange(10_000)}")
        for one in customers
        for turn in range(EACH)
    ]  # fmt: skip
    rows.sort()
    with writing(engine) as connection:
        people = [(bucket_of(one), one, "b2c", "active") for one in customers]
        insert_many(connection, HISTORY["customers"], ("bucket", "id", "kind", "status"), people)
        names = ("bucket", "customer_id", "at", "digest", "kind", "direction", "text")
        insert_many(connection, HISTORY["interactions"], names, rows)
    return engine


def plain_chroma(folder: Path, notes: int) -> Any:
    """One collection of all notes with the customer as metadata: the way Chroma's documentation shows."""
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(path=str(folder / "chroma"), settings=Settings(anonymized_telemetry=False))
    graph = {"hnsw": {"space": "cosine", "ef_construction": 20, "max_neighbors": 8, "num_threads": 1}}
    made = client.get_or_create_collection("notes", embedding_function=None, configuration=graph)  # type: ignore[arg-type]
    chance = np.random.default_rng(0)
    for start in range(made.count(), notes, 2000):
        numbers = range(start, min(start + 2000, notes))
        made.add(
            ids=[f"C{number // EACH}:{number % EACH}:{start}" for number in numbers],
            embeddings=chance.standard_normal((len(numbers), PLACES), dtype=np.float32),
            metadatas=[{"customer": f"C{number // EACH}"} for number in numbers],
        )
    return made


def indexed(folder: Path, engine: Any, notes: int) -> NoteIndex:
    """Our index, in shards, with random vectors."""
    made = NoteIndex(folder / "notes", About("random", shards=planned(notes)))
    chance = np.random.default_rng(0)
    for shard in range(made.about.shards):
        held = made.ids(shard)
        with reading(engine) as connection:
            here = [note for note in notes_in(connection, *made.buckets(shard)) if note.id not in held]
        rows = unit(chance.standard_normal((len(here), PLACES), dtype=np.float32)) if here else np.zeros((0, PLACES))
        made.add(shard, [note.id for note in here], [note.customer_id for note in here], rows.astype(np.float32))
    return made


def line(name: str, spent: list[tuple[float, float]]) -> str:
    """Median and 95th percentile of wall and processor milliseconds."""
    wall, processor = (sorted(one[which] * 1000 for one in spent) for which in (0, 1))
    middle, late = len(spent) // 2, int(len(spent) * 0.95)
    return (
        f"{name:52} median {wall[middle]:8.1f} ms  p95 {wall[late]:8.1f} ms   processor median {processor[middle]:8.1f}"
        f"  p95 {processor[late]:8.1f} ms   n {len(spent)}"
    )


def speed(notes: int, folder: Path) -> None:
    """Fill what is missing, then ask all of them in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    marks = []

    def mark(what: str) -> None:
        marks.append((what, time.process_time()))
        print(f"{what}: {marks[-1][1] - marks[-2][1] if len(marks) > 1 else 0:,.0f} s of processor", file=sys.stderr)

    mark("start")
    engine = stored(folder, notes)
    mark("database")
    plain = plain_chroma(folder, notes)
    mark("one collection")
    index = indexed(folder, engine, notes)
    mark(f"{index.about.shards} shards")
    vectoriser = Vectoriser(Random64())
    chance = random.Random(2)
    queries = ("水漏れ パッキン", "入院 休止", "quote bottles", "連絡方法 LINE", "caffeine")
    asked: dict[str, Callable[[str, str], object]] = {
        "ours: read by key, compared one by one": lambda who, query: _ours(engine, who, query, None),
        "ours, with vectors fetched by id": lambda who, query: _ours(engine, who, query, (index, vectoriser)),
        "Chroma: query(where=customer)": lambda who, query: plain.query(
            query_embeddings=[vectoriser.embedder.embed_query(query)], n_results=5, where={"customer": who}
        ),
        "Chroma: get(where=customer), to compare ourselves": lambda who, query: plain.get(
            where={"customer": who}, include=["embeddings"]
        ),
        "Chroma: query over everybody": lambda who, query: plain.query(
            query_embeddings=[vectoriser.embedder.embed_query(query)], n_results=5
        ),
    }
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in asked}
    for turn in range(200):
        who, query = f"C{chance.randrange(notes // EACH)}", queries[turn % len(queries)]
        for name, call in asked.items():
            # The slow ones are asked every tenth time.
            if "where" in name and turn % 5:
                continue
            wall, processor = time.perf_counter(), time.process_time()
            call(who, query)
            spent[name].append((time.perf_counter() - wall, time.process_time() - processor))
    print(f"{notes:,} notes of {notes // EACH:,} customers")
    for name, found in spent.items():
        print(line(name, found[max(1, len(found) // 20) :]))
    engine.dispose()


def _ours(engine: Any, who: str, query: str, vectors: tuple[NoteIndex, Vectoriser] | None) -> None:
    found = search.of_customer(engine, who, query, as_of=NOW, vectors=vectors)
    assert found.notes == EACH, found.notes


def main(words: list[str]) -> None:
    """``hits`` or ``speed``."""
    if words[:1] == ["speed"]:
        notes = int(words[1].replace(",", "")) if len(words) > 1 else 100_000
        if len(words) > 2:
            speed(notes, Path(words[2]))
        else:
            with tempfile.TemporaryDirectory(prefix="enishi-bench-") as folder:
                speed(notes, Path(folder))
        return
    hits(Path(words[1]) if len(words) > 1 else Path(__file__).parents[2] / "shared")


if __name__ == "__main__":
    main(sys.argv[1:])
