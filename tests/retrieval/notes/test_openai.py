"""Vectors of an endpoint on loopback: what is sent, when it is sent again, and the sentence for every way it can fail."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tenacity import wait_none

from retrieval.errors import InputError, Unreachable
from retrieval.notes import home as module
from retrieval.notes.home import Notes
from retrieval.notes.openai import ATTEMPTS, BATCH, LETTERS, OpenAIVectors
from tests.retrieval.notes.conftest import NOW, write

pytest.importorskip("openai", reason="openai is not installed: pip install 'enishi[model]'")
Answer = tuple[int, dict[str, str], dict[str, Any]]
AXES = {"猫": 0, "cat": 0, "入院": 1, "hospital": 1}


@dataclass
class Endpoint:
    """What came in, and what goes out next; without a plan it embeds by the first word it knows."""

    url: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    planned: list[Answer] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Every text that was sent."""
        return [text for one in self.asked for text in one["input"]]


def embedded(texts: list[str]) -> dict[str, Any]:
    """Rows out of order, as the protocol allows."""
    rows = []
    for index, text in enumerate(texts):
        axis = next((axis for word, axis in AXES.items() if word in text), 2)
        rows.append({"object": "embedding", "index": index, "embedding": [float(axis == place) for place in range(3)]})
    return {"object": "list", "model": "m", "data": rows[::-1], "usage": {"prompt_tokens": 1, "total_tokens": 1}}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """An OpenAI-compatible embeddings endpoint."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            made.asked.append(body)
            made.keys.append(self.headers["authorization"])
            status, headers, answer = made.planned.pop(0) if made.planned else (200, {}, embedded(body["input"]))
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", "content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Endpoint(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def vectors(endpoint: Endpoint) -> OpenAIVectors:
    return OpenAIVectors("m", endpoint.url, wait=wait_none())


def failing(status: int, code: str = "", **headers: str) -> Answer:
    return status, headers, {"error": {"message": "what you sent was 山田", "code": code, "type": code}}


def test_texts_go_in_batches_and_come_back_in_order(vectors: OpenAIVectors, endpoint: Endpoint) -> None:
    texts = ["猫", "入院", "x", ""] * 100
    assert vectors.embed_documents(texts) == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.0, 1.0]] * 100
    assert [len(one["input"]) for one in endpoint.asked] == [BATCH, 400 - BATCH]
    assert {(one["model"], one["encoding_format"]) for one in endpoint.asked} == {("m", "float")}
    assert set(endpoint.keys) == {"Bearer sk-test"}
    vectors.embed_query("猫" * 50_000)
    assert len(endpoint.texts[-1]) == LETTERS


def test_what_passes_is_tried_again(vectors: OpenAIVectors, endpoint: Endpoint) -> None:
    endpoint.planned = [failing(429), failing(500), failing(503)]
    assert vectors.embed_query("猫") == [1.0, 0.0, 0.0]
    assert len(endpoint.asked) == 4


def test_the_endpoint_says_how_long_to_wait(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waited.append)
    endpoint.planned = [failing(429, **{"retry-after": "7"}), failing(429, **{"retry-after": "900"}), failing(500)]
    OpenAIVectors("m", endpoint.url).embed_query("猫")
    assert waited[:2] == [7, 60]
    assert 0 <= waited[2] <= 4


@pytest.mark.parametrize(
    ("answers", "error", "said", "times"),
    [
        ([failing(401)], InputError, "OPENAI_API_KEY: the embeddings endpoint refused the key", 1),
        ([failing(404)], InputError, "has no model 'm'", 1),
        ([failing(400, "context_length_exceeded")], InputError, "refused the request \\(400, context_length_exceeded\\)", 1),
        ([failing(429, "insufficient_quota")], Unreachable, "did not answer \\(429\\)", 1),
        ([failing(500)] * 9, Unreachable, "did not answer \\(500\\)", ATTEMPTS),
        ([(200, {}, {"object": "list", "model": "m", "data": []})], Unreachable, "0 vectors for 1 texts", 1),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_one_sentence(
    vectors: OpenAIVectors, endpoint: Endpoint, answers: list[Answer], error: type[Exception], said: str, times: int
) -> None:
    endpoint.planned = list(answers)
    with pytest.raises(error, match=said) as raised:
        vectors.embed_query("山田さんの猫")
    assert len(endpoint.asked) == times
    assert "山田" not in str(raised.value)


def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(Unreachable, match=f"http://127.0.0.1:{port}/v1/ did not answer"):
        OpenAIVectors("m", f"http://127.0.0.1:{port}/v1", wait=wait_none()).embed_query("猫")


def test_no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(InputError, match="OPENAI_API_KEY: is not set"):
        OpenAIVectors()


# --- a home that uses it --------------------------------------------------------------------------------------------


@pytest.fixture
def notes(engine: Engine, home: Path, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notes]:
    pytest.importorskip("chromadb", reason="chromadb is not installed: pip install 'enishi[notes]'")
    write(engine, {"C1": ["山田さんは入院された", "駐車場が狭い"], "C2": ["cats are fine"]})
    opened = Notes(engine, home, lambda notes: [text.replace("山田", "⟦P1⟧") for _, text in notes])
    yield opened
    opened.close()


def test_a_model_finds_another_language_and_is_asked_once(notes: Notes, endpoint: Endpoint) -> None:
    made = notes.index(embedder="openai", model="m", base_url=endpoint.url)
    assert (made.about.embedder, made.about.model, made.change.added) == ("openai", "m", 3)
    before = len(endpoint.asked)
    found = notes.search("C1", "hospital 山田", as_of=NOW)
    assert found.method == "lexical + openai:m"
    assert found.hits[0].note.text == "山田さんは入院された"
    assert found.hits[0].score.by["vectors"] == 1.0
    assert [one["input"] for one in endpoint.asked[before:]] == [["hospital ⟦P1⟧"]], "vectors of notes come from the index"
    assert notes.find("hospital", as_of=NOW).hits[0].note.customer_id == "C1"
    assert not [text for text in endpoint.texts if "山田" in text]


def test_a_note_that_is_not_indexed_yet_is_made_and_kept(notes: Notes, engine: Engine, endpoint: Endpoint) -> None:
    notes.index(embedder="openai", model="m", base_url=endpoint.url)
    write(engine, {"C3": ["猫が好き"]})
    for _ in range(2):
        assert notes.search("C3", "cat", as_of=NOW).hits[0].score.by["vectors"] == 1.0
    assert endpoint.texts.count("猫が好き") == 1
    assert notes.erase(["C3"]).indexed == 1


def test_what_it_was_made_with_stays_until_told_otherwise(notes: Notes, endpoint: Endpoint) -> None:
    notes.index(embedder="openai", model="m", base_url=endpoint.url)
    asked = len(endpoint.asked)
    assert notes.index().change.added == 0
    assert len(endpoint.asked) == asked
    again = notes.index(model="other")
    assert (again.about.base_url, again.change.added) == (endpoint.url, 3)
    assert notes.index(embedder="grams").about.model is None
    assert notes.search("C1", "hospital", as_of=NOW).method == "lexical"
    with pytest.raises(InputError, match="n-grams have no model"):
        notes.index(model="m")
    with pytest.raises(InputError, match="unknown embeddings 'opnai' — did you mean 'openai'"):
        notes.index(embedder="opnai")


def test_a_failed_change_throws_nothing_away(notes: Notes, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    notes.index()
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(InputError, match="OPENAI_API_KEY"):
        notes.index(embedder="openai", base_url=endpoint.url)
    assert notes.find("cats", as_of=NOW).method == "lexical + grams-1024"
    assert module.about(notes._folder).embedder == "grams"  # type: ignore[union-attr]
