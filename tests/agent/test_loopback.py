"""The server that stands in for a provider: it speaks the protocol, says that its words are hand-written, and fails on demand."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from itertools import product
from typing import Any

import pytest

from agent.demo.loopback import FAULTS, MODEL, WRITTEN_BY, Loopback, completion
from policies.catalogue import load_catalogue
from prompts.asking import Asking, Brief, brief_of
from prompts.bundle import ALWAYS
from prompts.render import Templates
from prompts.segments import faults, read, schema_of
from retrieval.customer import LANGUAGES

CATALOGUE = load_catalogue()
ASKING = Asking(Templates())
CELLS = [
    (action, channel, language)
    for action, language in product(CATALOGUE.actions, LANGUAGES)
    for channel in action.channels
]  # fmt: skip


def brief(action: Any, channel: str, language: str, phrasings: int = 1, *, full: bool = True) -> Brief:
    slots = (*ALWAYS, *action.required, *(action.optional if full else ()))
    return brief_of(action, channel, language, slots, formal=False, business=False, voice="default", care=False, phrasings=phrasings)


def messages(asked: Brief) -> list[dict[str, str]]:
    system, user = ASKING.prompt(asked)
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def post(url: str, path: str, body: dict[str, Any]) -> Any:
    request = urllib.request.Request(f"{url}{path}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read())


@pytest.mark.parametrize(("action", "channel", "language"), CELLS, ids=lambda one: getattr(one, "id", one))
def test_it_answers_every_question_as_the_schema_wants_it(action: Any, channel: str, language: str) -> None:
    for full in (True, False):
        asked = brief(action, channel, language, 3, full=full)
        answer = completion({"messages": messages(asked)})
        assert answer["system_fingerprint"] == WRITTEN_BY
        phrasings = read(answer["choices"][0]["message"]["content"], channel)
        assert len(phrasings) == 3
        for number, parts in enumerate(phrasings, 1):
            said = {"channel": channel, "language": language, "required": asked.required, "optional": asked.optional}
            assert list(faults(parts, number, **said)) == []


def test_the_protocol() -> None:
    pytest.importorskip("openai")
    from openai import OpenAI

    asked = brief(CATALOGUE.by_id["replenish_reminder"], "email", "ja")
    said: Any = messages(asked)
    with Loopback() as server:
        client = OpenAI(base_url=server.url, api_key="none", max_retries=0)
        assert [model.id for model in client.models.list()] == [MODEL]
        schema: Any = {"type": "json_schema", "json_schema": {"name": "draft", "strict": True, "schema": schema_of("email")}}
        plain = client.chat.completions.create(model=MODEL, messages=said, response_format=schema)
        tool: Any = {"type": "function", "function": {"name": "draft", "parameters": schema_of("email")}}
        called = client.chat.completions.create(model=MODEL, messages=said, tools=[tool])
        parts = [chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(model=MODEL, messages=said, stream=True)]
        vectors = client.embeddings.create(model=MODEL, input=["加湿器の音", "加湿器の音", "coffee"], encoding_format="float").data
        assert len(server.drafts_asked) == 3
    content = plain.choices[0].message.content
    assert content and "{{store_name}}" in content
    assert called.choices[0].message.tool_calls[0].function.arguments == content  # type: ignore[index, union-attr]
    assert "".join(parts) == content
    assert vectors[0].embedding == vectors[1].embedding != vectors[2].embedding
    assert plain.usage and plain.usage.prompt_tokens > 1000


def test_faults_befall_the_requests_in_turn() -> None:
    body = {"model": MODEL, "messages": messages(brief(CATALOGUE.by_id["winback"], "email", "en"))}
    with Loopback(faults=["rate_limited", "rate_limited_bare", "server_error", None, "truncated"], retry_after=7) as server:
        for status, wait in ((429, "7"), (429, None), (500, None)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                post(server.url, "/chat/completions", body)
            assert (refused.value.code, refused.value.headers["retry-after"]) == (status, wait)
        assert post(server.url, "/chat/completions", body)["choices"][0]["finish_reason"] == "stop"
        assert post(server.url, "/chat/completions", body)["choices"][0]["finish_reason"] == "length"
        assert [one.status for one in server.drafts_asked] == [429, 429, 500, 200, 200]


def test_a_hanging_answer_ends_with_the_server() -> None:
    with Loopback(then="hang") as server:
        with pytest.raises(TimeoutError):
            urllib.request.urlopen(
                urllib.request.Request(f"{server.url}/chat/completions", b"{}", {"content-type": "application/json"}), timeout=0.3
            )
        started = time.monotonic()
    assert time.monotonic() - started < 2


def test_a_limit_is_held() -> None:
    with Loopback(requests_per_minute=2) as server:
        for _ in range(2):
            post(server.url, "/chat/completions", {"messages": []})
        with pytest.raises(urllib.error.HTTPError) as refused:
            post(server.url, "/chat/completions", {"messages": []})
        assert refused.value.code == 429


def test_every_fault_is_known_by_name() -> None:
    with pytest.raises(ValueError, match="unknown fault 'hangs'"):
        Loopback(then="hangs")
    assert {"rate_limited", "rate_limited_bare", "server_error", "hang", "slow", "truncated", "refusal", "wrong_schema", "offer", "name"} <= set(FAULTS)
