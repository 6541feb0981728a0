"""Cassettes against a real exchange on this machine: what is kept, what plays, and what a changed prompt is told.

The answers below are written by hand; no model said them.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.enishi import Enishi, Frozen, Recommendation
from agent.judging import judge_draft
from evals.case import Case, load_suite
from evals.cassette import HAND_WRITTEN, ReplayMiss, check, playing, recording
from evals.replay import DRAFTERS, by_template
from evals.run import run_suite
from retrieval.errors import InputError
from tests.evals.cases import write_case

openai = pytest.importorskip("openai", reason="the extra 'model' is not installed")
KEY = "sk-canary-7f3a9b2c4d5e6f708192a3b4c5d6e7f8"
COOKIE = "session=canary-cookie-55aa"
SAID = "どうぞゆっくりお選びください。"


class Answering(BaseHTTPRequestHandler):
    """Speaks like a provider, with headers that no cassette may keep."""

    said = SAID

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((dict(self.headers), asked))  # type: ignore[attr-defined]
        message = {"role": "assistant", "content": self.said, "refusal": None}
        body = json.dumps({
            "id": f"chatcmpl-{len(self.server.asked)}", "object": "chat.completion", "created": 1790000000 + len(self.server.asked),  # type: ignore[attr-defined]
            "model": asked["model"], "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
            "usage": {"prompt_tokens": 20, "completion_tokens": 8, "total_tokens": 28},
        }).encode()  # fmt: skip
        self.send_response(200)
        for name, value in (("content-type", "application/json"), ("content-length", str(len(body))), ("set-cookie", COOKIE), ("openai-organization", "org-canary")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as running:
        running.asked = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/v1"


def ask(prompt: str, base_url: str = "https://api.model.example/v1", system: str = "You write for a shop.") -> str:
    """One real request of the provider's own client."""
    with openai.OpenAI(api_key=KEY, base_url=base_url, max_retries=0, timeout=5, default_headers={"cookie": COOKIE}) as client:
        told = client.chat.completions.create(
            model="small", temperature=0, messages=[{"role": "system", "content": system}, {"role": "user", "content": prompt}]
        )
    return str(told.choices[0].message.content)


def test_a_recorded_exchange_plays_against_any_host(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    path = tmp_path / "cassette.yaml"
    with recording(path):
        assert ask("朝の深煎りを勧める一文", url(server)) == SAID
    assert len(server.asked) == 1  # type: ignore[attr-defined]
    with playing(path):
        assert ask("朝の深煎りを勧める一文") == SAID
    assert len(server.asked) == 1  # type: ignore[attr-defined]


def test_an_asynchronous_client_plays_too(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    async def several(base_url: str) -> list[str]:
        async with openai.AsyncOpenAI(api_key=KEY, base_url=base_url, max_retries=0, timeout=5) as client:
            asked = [client.chat.completions.create(model="small", messages=[{"role": "user", "content": f"{number}文"}]) for number in "一二三"]
            return [str(told.choices[0].message.content) for told in await asyncio.gather(*asked)]

    path = tmp_path / "cassette.yaml"
    with recording(path):
        assert asyncio.run(several(url(server))) == [SAID] * 3
    with playing(path):
        assert asyncio.run(several("https://192.0.2.1/v1")) == [SAID] * 3
    assert len(server.asked) == 3  # type: ignore[attr-defined]


def test_nothing_secret_and_nothing_volatile_is_kept(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    """The canary: key, cookies and organisation went over the wire, and are in no byte of the file."""
    path = tmp_path / "cassette.yaml"
    with recording(path):
        ask("一文を", url(server))
    headers = json.dumps(server.asked[0][0])  # type: ignore[attr-defined]
    assert KEY in headers
    assert COOKIE in headers
    text = path.read_text(encoding="utf-8")
    for secret in (KEY, "canary", "authorization", "cookie", "user-agent", "127.0.0.1", "chatcmpl-", "1790000"):
        assert secret not in text.lower()
    assert text.startswith(HAND_WRITTEN)
    assert SAID in text
    content = yaml.safe_load(text)
    assert content["interactions"][0]["request"]["uri"] == "https://model.example/v1/chat/completions"
    assert {*content["interactions"][0]["request"]["headers"], *content["interactions"][0]["response"]["headers"]} == {"content-type"}
    again = tmp_path / "again.yaml"
    with recording(again):
        ask("一文を", url(server))
    assert again.read_bytes() == path.read_bytes()


def test_another_prompt_is_a_miss_and_says_how_it_differs(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    path = tmp_path / "cassette.yaml"
    with recording(path):
        ask("ほかの話", url(server), system="Something else.")
        ask("朝の深煎りを\n一文で勧める", url(server))
    with pytest.raises(ReplayMiss) as missed, playing(path):
        ask("朝の深煎りを\n三文で勧める")
    assert missed.value.exit_code == 3
    lines = str(missed.value).splitlines()
    assert lines[0].startswith(f"{path}: does not hold what is asked now")
    assert "-一文で勧める" in lines
    assert "+三文で勧める" in lines
    assert "Something else." not in str(missed.value)


def test_a_miss_that_a_fallback_hides_is_told_all_the_same(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    path = tmp_path / "cassette.yaml"
    with recording(path):
        ask("一文を", url(server))
    with pytest.raises(ReplayMiss), playing(path):
        ask("一文を")
        with suppress(openai.OpenAIError):
            ask("二文を")


def test_what_nobody_asks_for_any_more_is_stale(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    path = tmp_path / "cassette.yaml"
    with recording(path):
        ask("一文を", url(server))
        ask("二文を", url(server))
    with pytest.raises(ReplayMiss, match="1 of 2 recorded answers were not asked for"), playing(path):
        ask("一文を")


def test_the_transport_is_seen_by_the_recorder(tmp_path: Path) -> None:
    """With an empty cassette a request must end in a miss; a connection error would mean that it went past the cassette."""
    path = tmp_path / "cassette.yaml"
    path.write_text("version: 1\ninteractions: []\n", encoding="utf-8")
    with pytest.raises(ReplayMiss, match="holds no answer at all") as missed, playing(path):
        ask("一文を", "https://192.0.2.1/v1")
    chain: list[BaseException] = []
    error: BaseException | None = missed.value.__cause__
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    assert any(type(one).__name__ == "CannotOverwriteExistingCassetteException" for one in chain)


def test_nobody_is_named_in_a_cassette(tmp_path: Path, server: ThreadingHTTPServer) -> None:
    path = tmp_path / "cassette.yaml"
    with recording(path):
        ask("一文を", url(server))
    before = path.read_bytes()
    with pytest.raises(InputError, match="holds what looks like a person's name; record it with invented people"), recording(path):
        ask("佐藤 美咲様へ一文を", url(server))
    assert path.read_bytes() == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["cassette.yaml"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one["request"]["headers"].update({"Authorization": "Bearer x"}), "keeps the header 'authorization'; only content-type may be kept"),
        (lambda one: one["response"]["headers"].update({"set-cookie": "x"}), "keeps the header 'set-cookie'"),
        (lambda one: one["request"]["body"]["messages"][1].update(content="090-1234-5678へ"), "holds what looks like a phone number"),
        (lambda one: one["response"]["body"]["choices"][0]["message"].update(content=f"key {KEY}"), "holds what looks like a secret"),
        (lambda one: one.pop("response"), "is not a cassette"),
    ],
)  # fmt: skip
def test_a_cassette_that_somebody_changed_is_refused(tmp_path: Path, server: ThreadingHTTPServer, change: Callable[[dict[str, Any]], Any], said: str) -> None:
    path = tmp_path / "cassette.yaml"
    with recording(path):
        ask("一文を", url(server))
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(content["interactions"][0])
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(InputError) as refused:
        check(path)
    assert said in str(refused.value)


class TestACaseWithACassette:
    """A drafter that asks a model for one sentence more, replayed as any other."""

    def drafters(self, base_url: str, prompt: str = "もう一文") -> Any:
        def by_asking(enishi: Enishi, case: Case, frozen: Frozen) -> Recommendation:
            found = by_template(enishi, case, frozen)
            draft = found.work.drafts[0]
            body = f"{draft.copy.body}\n{ask(prompt, base_url)}"
            asked = judge_draft(replace(draft, copy=replace(draft.copy, body=body, shape=None), drafter="asking"), found.world)
            return replace(found, work=replace(found.work, drafts=(asked,)))

        return {**DRAFTERS, "asking": by_asking}

    def suite(self, folder: Path) -> Path:
        write_case(folder, drafter="asking", expect={"action": "replenish_reminder", "draft": {"says": SAID, "verdict": "pass"}})
        return folder

    def test_it_is_recorded_once_and_replayed_offline(self, tmp_path: Path, server: ThreadingHTTPServer, shipped: Enishi) -> None:
        folder = self.suite(tmp_path)
        recorded = run_suite(load_suite(folder), shipped, drafters=self.drafters(url(server)), record=True)
        assert [(one.status, one.faults) for one in recorded.results] == [("pass", [])]
        played = run_suite(load_suite(folder), shipped, drafters=self.drafters("https://192.0.2.1/v1"))
        assert played.json()["cases"] == recorded.json()["cases"]
        assert len(server.asked) == 1  # type: ignore[attr-defined]

    def test_without_or_with_a_stale_cassette_it_is_unscored(self, tmp_path: Path, server: ThreadingHTTPServer, shipped: Enishi) -> None:
        folder = self.suite(tmp_path)
        result = run_suite(load_suite(folder), shipped, drafters=self.drafters(url(server))).results[0]
        assert result.status == "unscored"
        assert "there is no cassette, and the drafter 'asking' calls a model" in result.problem
        assert server.asked == []  # type: ignore[attr-defined]
        run_suite(load_suite(folder), shipped, drafters=self.drafters(url(server)), record=True)
        stale = run_suite(load_suite(folder), shipped, drafters=self.drafters(url(server), "もう二文")).results[0]
        assert stale.status == "unscored"
        assert "-もう一文\n+もう二文" in stale.problem
        assert len(server.asked) == 1  # type: ignore[attr-defined]
