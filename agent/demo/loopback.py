"""A server on this machine that speaks like OpenAI's: for tests, and to see the model drafter work without a key.

    with Loopback(faults=["server_error", None, "truncated"]) as server:
        server.url                                # http://127.0.0.1:PORT/v1, for ``base_url``

    with Loopback(overnight="expired") as server:         # the same faults for the lines of a batch, and some of its own

Its sentences are written by hand (``loopback.yaml``) and every answer says so; it composes them from the facts that the request
itself names.  ``faults`` befall the requests in turn, ``then`` all that come after.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from agent.demo.batches import FAULTS as OVERNIGHT_FAULTS
from agent.demo.batches import Batches, error

SOURCE = Path(__file__).with_name("loopback.yaml")
MODEL = "loopback-handwritten"
WRITTEN_BY = "hand-written for this project; no language model wrote this"
DIMENSIONS = 64
"""Numbers of an embedding."""
FAULTS: Mapping[str, str] = {
    "rate_limited": "429 with Retry-After", "rate_limited_bare": "429 without Retry-After", "quota": "429 that no waiting helps",
    "server_error": "500", "unavailable": "503", "hang": "no answer", "slow": "the answer trickles in", "drop": "the connection breaks",
    "truncated": "JSON cut at the length limit", "malformed": "no JSON", "html": "a page of HTML", "no_choices": "an answer without a choice",
    "empty": "nothing", "refusal": "the model declines", "filtered": "the content filter steps in", "wrong_schema": "another JSON",
    "unknown_fact": "a fact that was not given", "offer": "an offer of its own", "offer_words": "an offer without a digit",
    "voices": "what others say of it, not marked as advertising", "name": "an invented name", "placeholder": "a bent placeholder", "unauthorised": "401", "unknown_model": "404", "too_long": "400: context length",
}  # fmt: skip
"""What can go wrong on purpose, by name."""
_FACT = re.compile(r"\bF(\d+) ([a-z_]+)")
_SLOT = re.compile(r"\[([a-z_]+)\]")
_NAMES = {"brand": "{{store_name}}", "signer": "{{staff_name}}", "customer": "{{customer_name}}"}
_PAGE = "<!doctype html><title>Welcome</title>"
_TOKENS = re.compile(r"[^\x00-\x7f]|[A-Za-z0-9]+|[^\sA-Za-z0-9]")
_STATUS: Mapping[str, tuple[int, str, str]] = {
    "rate_limited": (429, "rate_limit_exceeded", "slow down"), "rate_limited_bare": (429, "rate_limit_exceeded", "slow down"),
    "quota": (429, "insufficient_quota", "the quota is spent"), "server_error": (500, "server_error", "something broke"),
    "unavailable": (503, "overloaded", "try again"), "unauthorised": (401, "invalid_api_key", "the key is not right"),
    "unknown_model": (404, "model_not_found", "there is no such model"), "too_long": (400, "context_length_exceeded", "the context is too long"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its path, its body, the status of the answer, when it came (seconds, monotonic), and all its bytes."""

    path: str
    body: Mapping[str, Any]
    status: int
    at: float
    raw: bytes


@dataclass(eq=False)
class Loopback:
    """The server; ``with`` starts and stops it, and ``stop`` breaks off whatever hangs.

    ``faults`` are names of :data:`FAULTS` or None; ``requests_per_minute`` is a limit it holds, with Retry-After;
    ``latency`` seconds pass before each answer.  ``overnight`` is a fault of batches, and each has ended when it was looked at more
    than ``looks`` times; the lines of a batch have the faults of requests, where a hanging one expires and a dropped one is left out.
    """

    faults: Iterable[str | None] = ()
    then: str | None = None
    requests_per_minute: int | None = None
    latency: float = 0.0
    retry_after: float = 1.0
    overnight: str | None = None
    looks: int = 0
    asked: list[Asked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = deque(self.faults)
        if self.overnight is not None and self.overnight not in OVERNIGHT_FAULTS:
            raise ValueError(f"unknown fault '{self.overnight}': one of {', '.join(OVERNIGHT_FAULTS)}")
        self.batches = Batches(self._of_a_line, self.overnight, self.looks)
        for fault in (*self._waiting, self.then):
            if fault is not None and fault not in FAULTS:
                raise ValueError(f"unknown fault '{fault}': one of {', '.join(FAULTS)}")
        self._lock = threading.Lock()
        self._recent: deque[float] = deque()
        self.stopping = threading.Event()

    def __enter__(self) -> Loopback:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.loopback = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End at once: no further connection is taken, what hangs is broken off."""
        self.stopping.set()
        self._server.shutdown()
        self._server.close_all()
        self._server.server_close()

    @property
    def url(self) -> str:
        """What ``base_url`` is set to."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    @property
    def drafts_asked(self) -> list[Asked]:
        """Requests for words, whatever became of them."""
        return [one for one in self.asked if one.path.endswith("/chat/completions")]

    def _of_a_line(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        """Status and body for a line of a batch; 0 leaves it out, -1 lets it expire."""
        fault = self.next_fault()
        if fault is not None and fault in _STATUS:
            status, code, said = _STATUS[fault]
            return status, error(code, said)
        broken = {"hang": (-1, None), "drop": (0, None), "html": (200, _PAGE)}
        return broken[fault] if fault is not None and fault in broken else (200, completion(body, fault))

    def next_fault(self) -> str | None:
        """What befalls the next request for words."""
        with self._lock:
            if self.requests_per_minute:
                now = time.monotonic()
                while self._recent and self._recent[0] <= now - 60:
                    self._recent.popleft()
                if len(self._recent) >= self.requests_per_minute:
                    return "rate_limited"
                self._recent.append(now)
            return self._waiting.popleft() if self._waiting else self.then


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    loopback: Loopback

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._open: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error of ours."""

    def close_all(self) -> None:
        for request in list(self._open):
            self.shutdown_request(request)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    raw: bytes

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""

    def do_GET(self) -> None:
        if self.path.endswith("/models"):
            self._send(
                200,
                {"object": "list", "data": [{"id": MODEL, "object": "model", "created": 0, "owned_by": WRITTEN_BY}]},
            )
        else:
            told = self.server.loopback.batches.get(self.path)
            self.raw = f"{self.requestline}\n{self.headers}".encode()
            self._said({}, told)

    def do_POST(self) -> None:
        loopback = self.server.loopback
        content = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.raw = f"{self.requestline}\n{self.headers}".encode() + content
        kind = self.headers.get("content-type", "")
        body = {} if kind.startswith("multipart/") else json.loads(content or b"{}")
        if self.path.endswith("/embeddings"):
            self._sent(body, 200, _embeddings(body))
        elif self.path.endswith("/chat/completions"):
            fault = loopback.next_fault()
            loopback.stopping.wait(loopback.latency)
            self._answer(body, fault)
        else:
            self._said(body, loopback.batches.post(self.path, kind, content))

    def _said(self, body: Mapping[str, Any], told: tuple[int, Any] | None) -> None:
        """What the batch interface answers, if the address is one of its own."""
        status, content = told or (404, error("not_found", f"there is no {self.path}"))
        if status > 0:
            self._sent(body, status, content)
            return
        self._keep(body, 0)
        self.server.loopback.stopping.wait(None if status < 0 else 0)
        self.close_connection = True

    def _answer(self, body: Mapping[str, Any], fault: str | None) -> None:
        loopback = self.server.loopback
        if fault is not None and fault in _STATUS:
            status, code, said = _STATUS[fault]
            wait = {"retry-after": f"{loopback.retry_after:g}"} if fault == "rate_limited" else {}
            self._sent(body, status, error(code, said), wait)
        elif fault in ("hang", "drop"):
            self._keep(body, 0)
            loopback.stopping.wait(None if fault == "hang" else 0)
            self.close_connection = True
        elif fault == "html":
            self._sent(body, 200, _PAGE)
        else:
            found = completion(body, fault)
            self._sent(body, 200, found, slow=fault == "slow")

    def _keep(self, body: Mapping[str, Any], status: int) -> None:
        self.server.loopback.asked.append(Asked(self.path, body, status, time.monotonic(), self.raw))

    def _sent(
        self, body: Mapping[str, Any], status: int, content: Any, headers: Mapping[str, str] | None = None, *, slow: bool = False
    ) -> None:  # fmt: skip
        self._keep(body, status)
        if body.get("stream") and status == 200:
            self._stream(content)
        else:
            self._send(status, content, headers, slow=slow)

    def _send(self, status: int, content: Any, headers: Mapping[str, str] | None = None, *, slow: bool = False) -> None:
        page = isinstance(content, str)
        raw = (
            content
            if isinstance(content, bytes)
            else (content if page else json.dumps(content, ensure_ascii=False)).encode()
        )
        self.send_response(status)
        told = {
            "content-type": "text/html" if page else "application/json",
            "content-length": str(len(raw)),
            "x-written-by": WRITTEN_BY,
        }
        for name, value in {**told, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        step = 1 if slow else len(raw)
        for at in range(0, len(raw), step):
            if slow and self.server.loopback.stopping.wait(0.1):
                return
            self.wfile.write(raw[at : at + step])

    def _stream(self, content: Mapping[str, Any]) -> None:
        """The answer as server-sent events, a few letters at a time."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        choice = content["choices"][0]
        said = choice["message"].get("content") or ""
        shared = {key: content[key] for key in ("id", "created", "model", "system_fingerprint")} | {
            "object": "chat.completion.chunk"
        }
        deltas = [
            {"role": "assistant", "content": ""},
            *({"content": said[at : at + 20]} for at in range(0, len(said), 20)),
            {},
        ]
        for number, delta in enumerate(deltas):
            ended = choice["finish_reason"] if number == len(deltas) - 1 else None
            event = {**shared, "choices": [{"index": 0, "delta": delta, "finish_reason": ended}]}
            self.wfile.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True


# --- answers ------------------------------------------------------------------------------------------------------------


def completion(body: Mapping[str, Any], fault: str | None = None) -> dict[str, Any]:
    """The answer to a chat request; ``fault`` is one of :data:`FAULTS` that spoils the answer itself."""
    messages = [str(message.get("content") or "") for message in body.get("messages", ())]
    said = json.dumps(spoilt(composed(messages), fault), ensure_ascii=False)
    message: dict[str, Any] = {"role": "assistant", "content": said, "refusal": None}
    ended = "stop"
    if body.get("tools") and fault is None:
        call = {"name": body["tools"][0]["function"]["name"], "arguments": said}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": call}]}
        ended = "tool_calls"
    match fault:
        case "truncated":
            message["content"], ended = said[: len(said) // 2], "length"
        case "malformed":
            message["content"] = "かしこまりました。" + said[: len(said) // 2]
        case "empty":
            message["content"] = ""
        case "refusal":
            message |= {"content": None, "refusal": "I cannot help with that."}
        case "filtered":
            message["content"], ended = "", "content_filter"
        case "wrong_schema":
            message["content"] = json.dumps({"message": "こんにちは"}, ensure_ascii=False)
    choices = (
        [] if fault == "no_choices" else [{"index": 0, "message": message, "logprobs": None, "finish_reason": ended}]
    )
    tokens_in, tokens_out = sum(map(tokens, messages)), tokens(message["content"] or said)
    return {
        "id": f"chatcmpl-{hashlib.sha256(said.encode()).hexdigest()[:16]}", "object": "chat.completion", "created": 0, "model": MODEL,
        "system_fingerprint": WRITTEN_BY, "choices": choices,
        "usage": {"prompt_tokens": tokens_in, "completion_tokens": tokens_out, "total_tokens": tokens_in + tokens_out,
                  "prompt_tokens_details": {"cached_tokens": 0}},
    }  # fmt: skip


def tokens(text: str) -> int:
    """About how many tokens a provider would count: a letter of Japanese, four letters of a Latin word, a mark."""
    return sum(math.ceil(len(one) / 4) if one.isascii() else 1 for one in _TOKENS.findall(text))


def spoilt(answer: dict[str, Any], fault: str | None) -> dict[str, Any]:
    """A good answer with something in it that must not be said."""
    japanese = any("ぁ" <= letter <= "ん" for letter in json.dumps(answer, ensure_ascii=False))
    added: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "offer": ({"text": "\n今だけ50%OFFです。"}, {"text": "\nOnly now: 50% OFF."}),
        "offer_words": ({"text": "\n今だけ半値でお求めいただけます。"}, {"text": "\nOnly now at half the price."}),
        "voices": ({"text": "\n体験談も届いています。"}, {"text": "\n体験談 are in as well."}),
        "name": (
            {"text": "\n田中太郎様からもご好評をいただいております。"},
            {"text": "\nMr John Smith of Bristol likes it as well."},
        ),
        "unknown_fact": ({"fact": "F99"}, {"fact": "F99"}),
        "placeholder": ({"text": "\n{{CUSTOMER}}様"}, {"text": "\n[CUSTOMER_NAME]"}),
    }
    if fault in added:
        for phrasing in answer["phrasings"]:
            phrasing["body"] = [*phrasing["body"], added[fault][0 if japanese else 1]]
    return answer


@cache
def _phrases() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(SOURCE.read_text(encoding="utf-8"))
    return found


def composed(messages: Sequence[str]) -> dict[str, Any]:
    """Phrasings from the facts that the question names; a question that is none of ours gets a line that says who wrote it."""
    question = next(
        (text for text in messages if _FACT.search(text) and re.search(r"^(施策|Action): ", text, re.MULTILINE)), ""
    )
    named = re.search(r"^(施策|Action): ([a-z_]+)", question, re.MULTILINE)
    if named is None:
        return {"phrasings": [{"body": [{"text": WRITTEN_BY}]}]}
    language = "ja" if named[1] == "施策" else "en"
    channel = _line(question, "経路|Channel")
    count = int(_line(question, "言い回しの数|Phrasings") or 1)
    facts = {slot: f"F{number}" for number, slot in _FACT.findall(question)}
    brief = bool(_line(question, "担当者の希望|Wish of the rep"))
    selling = _line(question, "目的|Purpose") in ("ご案内(広告)", "marketing")
    page = _Page(language, channel, facts, brief, selling)
    return {"phrasings": [page.written(named[2], turn) for turn in range(count)]}


def _line(question: str, key: str) -> str:
    found = re.search(rf"^(?:{key}): (.+)$", question, re.MULTILINE)
    return found[1].strip() if found else ""


@dataclass(frozen=True, slots=True)
class _Page:
    """One answer in the making; ``brief`` leaves out what can be left out, ``selling`` says so on the telephone."""

    language: str
    channel: str
    facts: Mapping[str, str]
    brief: bool
    selling: bool

    def written(self, action: str, turn: int) -> dict[str, Any]:
        says = _phrases()[self.language]["actions"].get(action, _phrases()[self.language]["actions"]["winback"])
        parts: dict[str, Callable[[], str]] = {
            "email": lambda: self._email(says, turn), "line": lambda: self._line_chat(says, turn), "sms": lambda: self._first([says["short"]]),
            "push": lambda: self._first([says["short"]]), "phone": lambda: self._phone(says), "post": lambda: self._post(says, turn),
            "insert": lambda: self._insert(says, turn),
        }  # fmt: skip
        body = parts[self.channel]()
        head = {"email": ("subject", says["subject"]), "push": ("title", says.get("title", says["subject"]))}.get(
            self.channel
        )
        return {**({head[0]: self._segments(head[1])} if head else {}), "body": self._segments(body)}

    def _first(self, sentences: Sequence[str], turn: int = 0) -> str:
        """One of the sentences whose facts are all at hand: as the turn says, of those that say as much as the first."""
        fit = [one for one in sentences if all(slot in self.facts or slot in _NAMES for slot in _SLOT.findall(one))]
        if not fit:
            return ""
        most = [one for one in fit if len(_SLOT.findall(one)) == len(_SLOT.findall(fit[0]))]
        return most[turn % len(most)]

    def _say(self, key: str, turn: int = 0) -> str:
        return self._first(_phrases()[self.language][key], turn)

    def _closing(self, turn: int) -> list[str]:
        offered = [self._say("offer"), self._say("offer_code")] if "offer" in self.facts else []
        useful = [self._say("price")] if "price" in self.facts and not self.brief else []
        step = self._say("link", turn) if "link" in self.facts else self._say("reply")
        return [*offered, *useful, step]

    def _email(self, says: Mapping[str, Any], turn: int) -> str:
        paragraphs = [self._say("opening", turn), self._first(says["reason"]), *self._closing(turn)]
        return self._joined([*paragraphs, *([] if self.brief else [self._say("ease", turn)])], "\n\n", "\n")

    def _line_chat(self, says: Mapping[str, Any], turn: int) -> str:
        hello = "{{customer_name}}様" if self.language == "ja" else "Hi {{customer_name}},"
        return self._joined(
            [hello, self._first(says["reason"]), *self._closing(turn), self._say("ease", turn)], "\n", ""
        )

    def _post(self, says: Mapping[str, Any], turn: int) -> str:
        return self._joined([self._first(says["reason"]), *self._closing(turn), self._say("ease", turn)], "\n", "")

    def _insert(self, says: Mapping[str, Any], turn: int) -> str:
        return self._joined(
            [says["subject"], self._first(says["reason"]), *self._closing(turn), self._say("ease", turn)], "\n", ""
        )

    def _phone(self, says: Mapping[str, Any]) -> str:
        lines = _phrases()[self.language]["phone"]
        purpose = lines["purpose"] + self._joined([self._first(says["reason"])], "", "")
        permission = lines["selling" if self.selling else "permission"]
        return "\n".join([permission, purpose, lines["listen"], lines["good"], lines["decline"]])

    def _joined(self, sentences: Iterable[str], between: str, fold: str) -> str:
        link = " " if self.channel in ("post", "insert") or self.language == "en" else "\n"
        lines = [one.replace("|[link]", f"{link}[link]").replace("|", fold) for one in sentences if one]
        return between.join(lines)

    def _segments(self, text: str) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for number, piece in enumerate(_SLOT.split(text)):
            said = (
                {"text": piece}
                if number % 2 == 0
                else {"text": _NAMES[piece]}
                if piece in _NAMES
                else {"fact": self.facts[piece]}
            )
            if "text" in said and found and "text" in found[-1]:
                found[-1] = {"text": found[-1]["text"] + said["text"]}
            elif said.get("text") != "":
                found.append(said)
        return found


def _embeddings(body: Mapping[str, Any]) -> dict[str, Any]:
    """A vector per text from the letters in it: the same text has the same, like texts have like ones."""
    given = body.get("input", [])
    texts = [given] if isinstance(given, str) else [one if isinstance(one, str) else str(one) for one in given]
    rows = [{"object": "embedding", "index": number, "embedding": _vector(text)} for number, text in enumerate(texts)]
    used = sum(map(tokens, texts))
    return {"object": "list", "data": rows, "model": MODEL, "usage": {"prompt_tokens": used, "total_tokens": used}}


def _vector(text: str) -> list[float]:
    counts = [0.0] * DIMENSIONS
    for at in range(len(text)):
        for length in (1, 2):
            counts[
                int.from_bytes(hashlib.blake2b(text[at : at + length].encode(), digest_size=4).digest()) % DIMENSIONS
            ] += 1
    size = math.sqrt(sum(one * one for one in counts)) or 1.0
    return [one / size for one in counts]
