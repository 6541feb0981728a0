"""What a drafter asked a model and what it answered, kept so that a case can be played again without the model.

Every chat request is the same POST, so the JSON of its body is its identity: a changed prompt finds no answer, and says which
recorded one is nearest.  Neither key nor cookie nor host is kept, and nobody may be named in a prompt or an answer.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import yaml

from evals.invented import traces
from retrieval.errors import EnishiError, InputError

HEADERS = frozenset({"content-type"})
"""Headers that are kept; by an allow-list, because what a provider adds tomorrow is not on any list of what to leave out."""
HOST = "https://model.example"
"""Stands for whatever host was asked: a cassette plays the same against any."""
HAND_WRITTEN = "# Recorded against a server on this machine: its answers were written by hand, no model said this.\n"
LONGEST_DIFF = 40
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_VOLATILE: Mapping[str, Any] = {"id": "recorded", "created": 0, "system_fingerprint": None}
"""Fields of an answer that differ each time and say nothing → what stands for them."""


class Unmeasured(EnishiError):
    """A case that could not be played, which is neither passed nor failed (exit 3)."""

    exit_code = 3


class ReplayMiss(Unmeasured):
    """The drafter asked for something that its cassette does not hold, or no longer asks for what it holds."""


@contextmanager
def playing(path: Path) -> Iterator[None]:
    """Answer every request from the cassette, and nothing from the network.

    Raises ReplayMiss on leaving when something was asked that is not there, even where the drafter made do without an answer, and
    when something is there that nobody asked for.
    """
    recorder, asked = _recorder("none", path)
    problem: BaseException | None = None
    with recorder.use_cassette(str(path)) as cassette:
        try:
            yield
        except Exception as error:
            problem = error
    held = [_identity(request) for request in cassette.requests]
    missed = [one for one in asked.values() if one not in held]
    if missed:
        raise ReplayMiss(_missed(path, missed[0], held)) from problem
    if problem is not None:
        raise problem
    unplayed = len(held) - cassette.play_count
    if unplayed > 0:
        raise ReplayMiss(
            f"{path}: {unplayed} of {len(held)} recorded answers were not asked for; 'enishi eval run --record' records anew"
        )


@contextmanager
def recording(path: Path, language: str = "ja") -> Iterator[None]:
    """Let requests through and keep them; a cassette that names somebody is refused and the one before it stays.

    Raises InputError when a prompt or an answer holds what looks like a person's.
    """
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    recorder, _ = _recorder("all", path)
    try:
        with recorder.use_cassette(str(fresh)):
            yield
        if fresh.is_file():
            check(fresh, language)
            fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def check(path: Path, language: str = "ja") -> None:
    """Refuse a cassette that keeps a header not on the list, or in which somebody is named; what is found is not repeated."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        interactions = content["interactions"]
        headers = [
            (number, name.lower())
            for number, one in enumerate(interactions)
            for side in ("request", "response")
            for name in one[side]["headers"] or ()
        ]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"is not a cassette ({type(error).__name__})", file=path) from None
    for number, name in headers:
        if name not in HEADERS:
            raise InputError(
                f"keeps the header '{name}'; only {', '.join(sorted(HEADERS))} may be kept",
                file=path,
                key=f"interactions[{number}]",
            )
    found = next(traces(interactions, language), None)
    if found:
        raise InputError(f"{found}; record it with invented people", file=path, key="interactions")


def _recorder(mode: str, path: Path) -> tuple[Any, dict[str, Any]]:
    """(a recorder, what it was asked: canonical JSON → request)."""
    try:
        import vcr
    except ImportError:
        raise Unmeasured("playing a cassette needs its extra: pip install 'enishi[model]'") from None
    asked: dict[str, Any] = {}
    local: set[str] = set()

    def request_kept(request: Any) -> Any:
        where = urlsplit(request.uri)
        local.add("hand-written" if where.hostname in _LOOPBACK or request.uri.startswith(HOST) else "model")
        request.uri = f"{HOST}{where.path}"
        request.headers = {name: value for name, value in request.headers.items() if name.lower() in HEADERS}
        identity = _identity(request)
        asked[json.dumps(identity, sort_keys=True)] = identity
        return request

    def answer_kept(response: dict[str, Any]) -> dict[str, Any]:
        headers = {name: value for name, value in response["headers"].items() if name.lower() in HEADERS}
        return {**response, "headers": headers, "body": {"string": _steadied(response["body"]["string"])}}

    recorder = vcr.VCR(
        match_on=("method", "path", "json_body"), record_mode=mode, before_record_request=request_kept,
        before_record_response=answer_kept, decode_compressed_response=True, record_on_exception=False, serializer="readable",
    )  # fmt: skip
    recorder.register_matcher("json_body", _same_json)
    recorder.register_serializer(
        "readable", SimpleNamespace(serialize=lambda held: _written(held, local), deserialize=_read)
    )
    return recorder, asked


def _identity(request: Any) -> tuple[str, str, Any]:
    """What tells one request from another: method, path and the JSON of its body."""
    return request.method, urlsplit(request.uri).path, _json(request.body)


def _same_json(one: Any, other: Any) -> None:
    assert _json(one.body) == _json(other.body), "the JSON bodies differ"


def _json(body: Any) -> Any:
    text = body.decode("utf-8", "replace") if isinstance(body, bytes | bytearray) else body
    try:
        return json.loads(text) if text else None
    except (TypeError, json.JSONDecodeError):
        return str(text)


def _steadied(body: Any) -> Any:
    """An answer without what differs each time it is given."""
    content = _json(body)
    if not isinstance(content, dict):
        return body
    steady = {key: _VOLATILE.get(key, value) for key, value in content.items()}
    return json.dumps(steady, ensure_ascii=False).encode()


def _written(held: Mapping[str, Any], local: set[str]) -> str:
    """The cassette as a person reads it: JSON bodies as YAML, text in lines."""
    interactions = [
        {
            "request": {**one["request"], "body": _json(one["request"]["body"])},
            "response": {**one["response"], "body": _json(one["response"]["body"]["string"])},
        }
        for one in held["interactions"]
    ]
    text = yaml.dump(
        {"version": 1, "interactions": interactions}, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=150
    )
    return (HAND_WRITTEN if local == {"hand-written"} else "") + text


def _read(text: str) -> dict[str, Any]:
    content = yaml.load(text, Loader=yaml.CSafeLoader)
    for one in content["interactions"]:
        body = one["request"]["body"]
        one["request"]["body"] = body if isinstance(body, str) or body is None else json.dumps(body)
        said = one["response"]["body"]
        one["response"]["body"] = {"string": said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)}
    return dict(content)


class _Dumper(yaml.SafeDumper):
    """Text of several lines stands as it reads."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def _missed(path: Path, asked: tuple[str, str, Any], held: list[tuple[str, str, Any]]) -> str:
    """That it is not there, and how it differs from the nearest that is."""
    if not held:
        return f"{path}: holds no answer at all, and {asked[0]} {asked[1]} was asked"
    now = _lines(asked)
    nearest = max(
        (_lines(one) for one in held),
        key=lambda lines: difflib.SequenceMatcher(None, lines, now, autojunk=False).ratio(),
    )
    lines = list(difflib.unified_diff(nearest, now, "recorded", "asked now", n=1, lineterm=""))
    more = [f"… and {len(lines) - LONGEST_DIFF} lines more"] if len(lines) > LONGEST_DIFF else []
    told = "\n".join([*lines[:LONGEST_DIFF], *more])
    return (
        f"{path}: does not hold what is asked now; if that is meant, 'enishi eval run --record' records it. The nearest recorded "
        f"prompt differs so:\n{told}"
    )


def _lines(identity: tuple[str, str, Any]) -> list[str]:
    """A request as lines: its settings, then each message in its own words."""
    method, path, body = identity
    if not isinstance(body, Mapping):
        return [f"{method} {path}", *str(body).splitlines()]
    rest = {key: value for key, value in body.items() if key != "messages"}
    lines = [f"{method} {path}", *json.dumps(rest, ensure_ascii=False, indent=1, sort_keys=True).splitlines()]
    for message in body.get("messages") or ():
        content = message.get("content")
        said = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        lines += [f"{message.get('role')}:", *said.splitlines()]
    return lines
