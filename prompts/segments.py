"""What a model answers: segments of words and of facts, and what its words may not hold.

    {"phrasings": [{"subject": [{"text": "…"}], "body": [{"text": "前回の"}, {"fact": "F20"}, {"text": "は"}]}]}

Words hold no value: no digit, price, address of a page or code.  A fact stands in them by its id until code prints it, and the
three names by their placeholders, so nothing that a model reads or writes says who the customer is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.identifiers.placeholders import NAMES, restore
from prompts.facts import IDS, Fact

CUSTOMER, STORE, STAFF = NAMES
HEADS: Mapping[str, str] = {"email": "subject", "push": "title"}
"""Channel → what it has above the body."""
LONGEST = 6000
"""Letters of one phrasing that are read."""
SHORT = frozenset({"sms", "push"})
"""Channels with no room for every required fact; one of them is enough."""
_INSTEAD: Mapping[str, str] = {"last_bought": "last_delivered"}
"""Required slot → one that says the same more exactly."""
_CAPITALS = frozenset("LINE STOP SMS HTML".split())
_NAKED: tuple[tuple[str, re.Pattern[str], str, str], ...] = (
    ("segments.link", re.compile(r"://|www\.|@|[A-Za-z0-9-]\.(?:com|net|org|jp|io|co|test|shop)(?![A-Za-z])", re.IGNORECASE), "リンクや宛先は事実の番号で示します", "a link or address is a fact, not text"),
    ("segments.price", re.compile(r"[%％‰¢£€¥￥＄$]|(?<![一楕半同])円(?![滑満形い熟卓])|割引|割り引|[一二三四五六七八九]割|半額|無料|無償|\b(?:percent|dollars?|pounds?|euros?|yen|half[- ]price|free of charge|for free|on us)\b", re.IGNORECASE), "金額・割合・無料の言葉は事実の番号で示します", "money, percentages and free are facts, not text"),
    ("segments.code", re.compile(r"(?<![A-Za-z])[A-Z][A-Z_-]{3,}(?![a-z])"), "コードのような大文字の語は使えません", "capitals look like a code"),
)  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TextSegment(_Strict):
    """Words."""

    text: str


class FactSegment(_Strict):
    """A fact by its id."""

    fact: str


Segment = TextSegment | FactSegment


class _Phrasing(_Strict):
    subject: tuple[Segment, ...] | None = None
    title: tuple[Segment, ...] | None = None
    body: tuple[Segment, ...] = Field(min_length=1)


class _Answer(_Strict):
    phrasings: tuple[_Phrasing, ...] = Field(min_length=1, max_length=8)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a phrasing cannot be used: rule, phrasing and segment (both from 1, 0 where it is no one place), the segment's text."""

    rule: str
    phrasing: int
    part: str
    segment: int
    text: str
    ja: str
    en: str


class Malformed(ValueError):
    """An answer that is not what was asked for; ``kind`` is ``empty``, ``malformed`` or ``wrong_schema``."""

    def __init__(self, kind: Literal["empty", "malformed", "wrong_schema"], said: str) -> None:
        super().__init__(said)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Wording:
    """One way to say a message, with placeholders for names and ⟦F20⟧ for facts; ``seasonal`` lets a postcard greet the season."""

    head: str
    body: str
    seasonal: bool = True


_MARK = re.compile("|".join((*map(re.escape, NAMES), r"⟦F[0-9]{1,3}⟧")))
_SLOTS: Mapping[str, str] = {identifier: slot for slot, identifier in IDS.items()}


def mark_of(fact_id: str) -> str:
    """What stands for a fact until it is printed."""
    return f"⟦{fact_id}⟧"


def slots_of(channel: str, language: str) -> Mapping[str, str]:
    """Placeholder → slot: in Japanese a chat speaks to the family name."""
    named = {CUSTOMER: "surname" if language == "ja" else "addressee"} if channel == "line" else {}
    private = {} if channel in ("push", "insert") else {STAFF: "signer"}
    return {**named, STORE: "brand", **private}


def schema_of(channel: str) -> dict[str, Any]:
    """The JSON schema of an answer, strict; the same for every message of a channel, so that a provider may cache it."""
    segment = {"anyOf": [_closed({"text": {"type": "string"}}), _closed({"fact": {"type": "string"}})]}
    words = {"type": "array", "items": segment}
    head = {HEADS[channel]: words} if channel in HEADS else {}
    return _closed({"phrasings": {"type": "array", "items": _closed({**head, "body": words})}})


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def read(content: str, channel: str) -> tuple[Mapping[str, tuple[Segment, ...]], ...]:
    """The phrasings of an answer, each part → segments.  Raises Malformed."""
    if not content.strip():
        raise Malformed("empty", "the answer is empty")
    try:
        answer = _Answer.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise Malformed("malformed", "the answer is not JSON") from None
        place = ".".join(str(part) for part in first["loc"])
        raise Malformed("wrong_schema", f"{place or 'answer'}: {first['msg']}") from None
    head = HEADS.get(channel)
    found = []
    for one in answer.phrasings:
        parts = {name: said for name in ("subject", "title", "body") if (said := getattr(one, name)) is not None}
        if set(parts) != {*([head] if head else []), "body"}:
            raise Malformed("wrong_schema", f"a {channel} has {head + ' and ' if head else ''}body")
        if not any(isinstance(part, FactSegment) or part.text.strip() for part in one.body):
            raise Malformed("empty", "the body is empty")
        found.append(parts)
    return tuple(found)


def wording_of(parts: Mapping[str, Sequence[Segment]], *, seasonal: bool) -> Wording:
    """The segments as one text."""
    joined = {name: "".join(map(_written, segments)) for name, segments in parts.items()}
    return Wording(joined.get("subject") or joined.get("title") or "", joined["body"], seasonal)


def _written(segment: Segment) -> str:
    return mark_of(segment.fact) if isinstance(segment, FactSegment) else segment.text


def faults(
    parts: Mapping[str, Sequence[Segment]], number: int, *, channel: str, language: str, required: Sequence[str], optional: Sequence[str],
) -> Iterator[Fault]:  # fmt: skip
    """What a phrasing says that it may not, and what it leaves out; ``required`` and ``optional`` are slots."""
    known = {IDS[slot] for slot in (*required, *optional)}
    names = slots_of(channel, language)
    said: set[str] = set()
    for part, segments in parts.items():
        for place, segment in enumerate(segments, 1):
            if isinstance(segment, FactSegment):
                said.add(segment.fact)
                if segment.fact not in known:
                    yield Fault("segments.fact", number, part, place, segment.fact,
                                f"「{segment.fact}」は使える事実ではありません", f"'{segment.fact}' is not one of the facts")  # fmt: skip
                continue
            for rule, ja, en in _objections(segment.text, names, known):
                yield Fault(rule, number, part, place, segment.text, ja, en)
            said |= {mark[1:-1] for mark in _MARK.findall(segment.text) if mark.startswith("⟦")}
    missing = [slot for slot in required if said.isdisjoint({IDS[slot], IDS[_INSTEAD.get(slot, slot)]})]
    if missing and (channel not in SHORT or len(missing) == len(required)):
        wanted = "、".join(f"{IDS[slot]} {slot}" for slot in missing)
        yield Fault(
            "segments.required",
            number,
            "",
            0,
            "",
            f"必須の事実がありません：{wanted}",
            f"required facts are missing: {wanted}",
        )
    if sum(len(_written(segment)) for segments in parts.values() for segment in segments) > LONGEST:
        yield Fault("segments.long", number, "", 0, "", "長すぎます", "it is far too long")


def _objections(text: str, names: Mapping[str, str], known: set[str]) -> Iterator[tuple[str, str, str]]:
    values = {**dict.fromkeys(names, "x"), **{mark_of(one): "x" for one in known}}
    for fault in restore(text, values, declared=tuple(values)).faults:
        yield fault.rule, fault.ja, fault.en
    words = _MARK.sub("", text)
    if any(unicodedata.category(letter) in ("Nd", "No", "Nl") for letter in words):
        yield "segments.digit", "text に数字を書かず、事実の番号で示します", "text holds no digit; point to a fact"
    plain = unicodedata.normalize("NFKC", words)
    for rule, pattern, ja, en in _NAKED:
        if any(found[0] not in _CAPITALS for found in pattern.finditer(plain)):
            yield rule, ja, en


def placeholders(slots: Sequence[str], facts: Mapping[str, Fact]) -> Mapping[str, str]:
    """Slot → what stands for it until the one exact pass that puts the values in."""
    found: dict[str, str] = {}
    for slot in slots:
        name = {"addressee": CUSTOMER, "surname": CUSTOMER, "brand": STORE, "signer": STAFF}.get(slot)
        found[slot] = name if name and name not in found.values() else mark_of(facts[slot].id)
    return found


def slot_marks(channel: str, language: str) -> Mapping[str, str]:
    """Every placeholder that may stand in a wording → its slot."""
    return {**{mark_of(identifier): slot for identifier, slot in _SLOTS.items()}, **slots_of(channel, language)}


def marked(text: str, opened: Mapping[str, str]) -> str:
    """``text`` with each placeholder as ``opened`` has it."""
    return _MARK.sub(lambda found: opened[found[0]], text)
