"""``enishi check``: judging messages that were finished elsewhere, one request per line (CONTRACTS §5).

What is wrong with a request is one sentence; what is wrong with a message is a finding.  The fields of the law may stand as
blocks of the request or under ``facts``, nested or with dots (``"consent.email.status"``).  A key inside a block that is not
known is left alone, unless it is a slip of one that is.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, StrictStr, ValidationError

from policies.catalogue import Catalogue
from policies.claims.bundle import read_bundle
from policies.guardrails import GUARDS, Check, Finding, Message, judge, verdict_of
from policies.guardrails.guard import SCOPES
from policies.law_checks.asking import FIELDS, LAW_CHANNELS
from retrieval.customer import CHANNELS, LANGUAGES
from retrieval.errors import InputError, nearest

PURPOSES = ("marketing", "transactional", "service")
_READ_AS: Mapping[str, str] = {"postcard": "post", "letter": "post", "fax": "post", "social_dm": "line"}
"""Channels without a file of their own → the one whose limits are nearest."""
_NAMES = tuple(dict.fromkeys((*CHANNELS, *LAW_CHANNELS)))
_SLIP = 0.85
"""How alike an unknown key and a known one are when it was meant."""
_DEEPEST = 12
_GUARDS: Mapping[str, Check] = {name: guard for name, guard in GUARDS.items() if name not in ("consent", "gates")}
"""All but those that ask the customer's features; of a message from elsewhere the law asks consent and holds."""


def _moment(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("is no ISO 8601 time such as 2026-05-14T10:30:00")


class _Words(BaseModel):
    model_config = ConfigDict(extra="allow")
    subject: StrictStr | None = None
    title: StrictStr | None = None
    body: StrictStr


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: StrictStr | int
    channel: StrictStr
    lang: StrictStr
    purpose: Literal["marketing", "transactional", "service"]
    send_at_local: Annotated[datetime, BeforeValidator(_moment)] | None = None
    text: StrictStr | None = None
    message: _Words | None = None
    facts: dict[str, Any] | None = None
    recipient: dict[str, Any] | None = None
    sender: dict[str, Any] | None = None
    processing: dict[str, Any] | None = None
    consent: dict[str, Any] | None = None
    suppression: dict[str, Any] | None = None
    registries: dict[str, Any] | None = None
    relationship: dict[str, Any] | None = None
    product: dict[str, Any] | None = None
    offer: dict[str, Any] | None = None
    transport: dict[str, Any] | None = None
    jurisdiction: StrictStr | None = None
    scope: StrictStr = "all"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the guards say about one request."""

    id: str | int
    verdict: str
    findings: tuple[Finding, ...]

    def json(self) -> dict[str, Any]:
        """As other programs read it."""
        return {"id": self.id, "verdict": self.verdict, "findings": [
            {
                "guard": one.guard, "rule": one.rule, "severity": one.severity, "start": one.start, "end": one.end, "text": one.text,
                "ja": one.ja, "en": one.en, "part": one.part, "fix": one.fix,
            }
            for one in self.findings
        ]}  # fmt: skip


def check(line: str, catalogue: Catalogue, *, file: object = None, number: int | None = None) -> Verdict:
    """Judge one request (a JSON object).  Raises InputError naming file, line, key and the nearest right name."""
    asked, message = read(line, file=file, number=number)
    findings = judge(message, catalogue, _GUARDS)
    return Verdict(asked, verdict_of(findings), findings)


def read(line: str, *, file: object = None, number: int | None = None) -> tuple[str | int, Message]:
    """The id and message of a request; raises as :func:`check`."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"not JSON: {error}", file=file, line=number) from None
    return _Reader(file, number).request(content)


class _Reader:
    """One request on its way into a message."""

    def __init__(self, file: object, number: int | None) -> None:
        self.file, self.number = file, number

    def wrong(self, said: str, *key: object) -> InputError:
        return InputError(said, file=self.file, line=self.number, key=".".join(map(str, key)) or None)

    def request(self, content: Any) -> tuple[str | int, Message]:
        if not isinstance(content, Mapping):
            raise self.wrong("a request is one JSON object")
        try:
            asked = _Request.model_validate(content)
        except ValidationError as error:
            raise self._explained(error) from None
        for key, value, known in (
            ("channel", asked.channel, _NAMES), ("lang", asked.lang, LANGUAGES), ("scope", asked.scope, SCOPES),
        ):  # fmt: skip
            if value not in known:
                raise self.wrong(f"unknown {key} '{value}'{nearest(value, known)}", key)
        if (asked.text is None) == (asked.message is None):
            raise self.wrong("give the words as text or as message, one of the two", "text")
        words = asked.message or _Words(body=asked.text or "")
        bundle, about = self._known(asked)
        about.setdefault("message", {}).update(dict((words.model_extra or {}).items()))
        if asked.channel not in CHANNELS:
            about["message"]["channel"] = asked.channel
        self._slips(about)
        name = str(about.get("recipient", {}).get("name") or "") or None
        allowed = bundle.get("allowed_text") or ()
        try:
            read_bundle(bundle, about.get("sender", {}))
        except InputError as error:
            raise InputError(error.message, file=self.file, line=self.number, key=error.key) from None
        return asked.id, Message(
            channel=_READ_AS.get(asked.channel, asked.channel), language=asked.lang,
            purpose="marketing" if asked.purpose == "marketing" else "service", subject=words.subject, title=words.title, body=words.body,
            addressee=name, surname=_surname(name, asked.lang), grounded=frozenset(one for one in allowed if isinstance(one, str)),
            bundle=bundle, about=about, send_at=asked.send_at_local, scope=asked.scope, jurisdiction=asked.jurisdiction,  # type: ignore[arg-type]
        )  # fmt: skip

    def _explained(self, error: ValidationError) -> InputError:
        found = error.errors(include_url=False)
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
        where = tuple(part for part in first["loc"] if not (isinstance(part, str) and part in ("str", "int")))
        if first["type"] == "extra_forbidden":
            return self.wrong(f"unknown key{nearest(str(where[-1]), _Request.model_fields)}", *where)
        if first["type"] == "missing":
            return self.wrong("is missing", *where)
        shown = repr(first["input"])
        return self.wrong(f"{first['msg'].removeprefix('Value error, ')} (is {shown[:60]})", *where)

    def _known(self, asked: _Request) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """The fact bundle, and the blocks of the law; both may use dots for depth."""
        facts = self._unfolded(asked.facts or {}, "facts")
        about: dict[str, dict[str, Any]] = {}
        for block in FIELDS:
            outer = getattr(asked, block, None) if block != "message" else None
            inner = facts.get(block)
            if inner is not None and not isinstance(inner, Mapping):
                raise self.wrong("must hold keys and values", "facts", block)
            if outer is not None or inner is not None:
                about[block] = _merged(inner or {}, self._unfolded(outer or {}, block))
        return {name: value for name, value in facts.items() if name not in FIELDS}, about

    def _unfolded(self, content: Mapping[str, Any], *at: str) -> dict[str, Any]:
        """``{"a.b": 1}`` as ``{"a": {"b": 1}}``."""
        if len(at) > _DEEPEST:
            raise self.wrong("is nested too deeply", at[0])
        found: dict[str, Any] = {}
        for key, value in content.items():
            first, _, rest = key.partition(".")
            told = {rest: value} if rest and first in _FOLDED else value
            name = first if rest and first in _FOLDED else key
            if isinstance(told, Mapping):
                held = found.get(name)
                told = _merged(held if isinstance(held, Mapping) else {}, self._unfolded(told, *at, name))
            found[name] = told
        return found

    def _slips(self, about: Mapping[str, Mapping[str, Any]]) -> None:
        for block, content in about.items():
            known = {part for name in FIELDS[block] for part in name.split(".")} | {*_NAMES}
            for key in content:
                near = difflib.get_close_matches(str(key), known, n=1, cutoff=_SLIP)
                if key not in known and near:
                    raise self.wrong(f"unknown key — did you mean '{near[0]}'?", block, key)


_FOLDED = frozenset({*FIELDS, *_NAMES, "optout", "phone_refusal", "llm", "tracking"})
"""Names after which a dot means depth."""


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(first)
    for key, value in second.items():
        held = found.get(key)
        found[key] = _merged(held, value) if isinstance(held, Mapping) and isinstance(value, Mapping) else value
    return found


def _surname(name: str | None, language: str) -> str | None:
    """What a short channel calls the reader: the family name in Japanese, the first name in English."""
    return name.replace("　", " ").split(" ")[0] if name else None


def verdicts(lines: Iterator[tuple[int, str]], catalogue: Catalogue, file: str) -> Iterator[Verdict | InputError]:
    """The verdict of every request, in the order asked; the mistake where one could not be read."""
    for number, line in lines:
        try:
            yield check(line, catalogue, file=file, number=number)
        except InputError as error:
            yield error
