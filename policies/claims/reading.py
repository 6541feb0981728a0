"""One part of a message while it is read: what is left of it, what was claimed, what is wrong."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from policies.claims.fact import Fact, Facts, Kind
from policies.claims.lexicon import Lexicon
from policies.claims.normal import normalise

BLOCK, FLAG = "block", "flag"
TAKEN = "\x1f"
"""Stands in ``left`` for every letter that has been accounted for."""
_SENTENCE_END = re.compile(r"[。!?]+|\n\s*\n|\n(?=[■□●○◆◇▼▶・〔【\[*-])|(?<=[.:)」\]])\n|(?<=[a-z0-9)%])\.(?=\s|$)")
_NUMBER_SIGN = re.compile(
    r"[0-9〇一二三四五六七八九十百千万億%割半]|\d|(?<![a-z])(?:half|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]{3,5}teen|twenty|thirty|forty|fifty|"
    r"sixty|seventy|eighty|ninety|hundred|thousand|double|triple|percent|noon|midnight|(?:mon|tues|wednes|thurs|fri|satur|sun)day|bogo)(?![a-z])|正午|曜"
)
_TOPICS = re.compile(
    r"(?P<offer>ポイント[0-9一二三四五六七八九十]{1,2}倍|[0-9一二三四五六七八九十]倍ポイント|ポイント(?:還元|アップ|プレゼント)|(?<![a-z])(?:double|triple|[0-9]x|bonus) points|クーポン|割引|値引|オフ|セール|特典|"
    r"キャンペーン|送料無料|(?<![a-z])(?:off|coupon|offer|discount|sale|deal|code|promo)(?![a-z]))"
    r"|(?P<points>ポイント|(?<![a-z])points?(?![a-z]))"
    r"|(?P<event>イベント|見学会|セミナー|説明会|教室|開催|(?<![a-z])(?:webinar|event|workshop|tasting)(?![a-z]))"
)


def lower(text: str) -> str:
    """Lower case of the same length, so that places stay places."""
    low = text.lower()
    return (
        low if len(low) == len(text) else "".join(one if len(one := letter.lower()) == 1 else letter for letter in text)
    )


@dataclass(frozen=True, slots=True)
class Objection:
    """What is wrong with code points ``start`` to ``end`` of the part as written; ``fix`` is what belongs there, if certain."""

    rule: str
    severity: str
    start: int
    end: int
    ja: str
    en: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A value the text states: ``roles`` it can have there (empty: any), and how it is qualified."""

    kind: Kind
    value: Any
    start: int
    end: int
    roles: frozenset[str] = frozenset()
    unit: str = ""
    basis: str = ""
    per: str = ""


@dataclass
class Reading:
    """``text`` is normalised, ``low`` in lower case of the same length; ``left`` is what no extractor has taken yet."""

    raw: str
    facts: Facts
    lexicon: Lexicon
    language: str
    objections: list[Objection] = field(default_factory=list)
    products: list[tuple[int, frozenset[str]]] = field(default_factory=list)
    days: list[tuple[int, int]] = field(default_factory=list)
    held: list[tuple[Claim, list[Fact]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.normal = normalise(self.raw)
        self.text = self.left = self.normal.text
        self.low = lower(self.text)

    def take(self, start: int, end: int) -> None:
        """Account for a span."""
        self.left = f"{self.left[:start]}{TAKEN * (end - start)}{self.left[end:]}"

    def taking(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Every match in what is left, each taken as it is handed out."""
        found = list(pattern.finditer(self.left))
        for one in found:
            self.take(*one.span())
            yield one

    def object(
        self, rule: str, start: int, end: int, ja: str, en: str, *, severity: str = BLOCK, fix: str | None = None
    ) -> None:
        """Something is wrong with this span of ``text``."""
        self.objections.append(Objection(rule, severity, *self.normal.raw_span(start, end), ja, en, fix))

    def hide(self, start: int, end: int, ja: str, en: str) -> None:
        """The letters as written hide something; here the span is of the raw text."""
        self.objections.append(Objection("claims.letters", BLOCK, start, end, ja, en))

    @cached_property
    def numbers(self) -> bool:
        """Whether there is anything that could be a number; without it nothing that counts needs a closer look."""
        return _NUMBER_SIGN.search(self.low) is not None

    @cached_property
    def ends(self) -> list[int]:
        """Where each sentence ends; a line broken inside a sentence does not end it."""
        return [found.end() for found in _SENTENCE_END.finditer(self.low)] + [len(self.text)]

    def sentence(self, at: int) -> tuple[int, int]:
        """The sentence that holds ``at``."""
        number = min(bisect_right(self.ends, at), len(self.ends) - 1)
        return (self.ends[number - 1] if number else 0), self.ends[number]

    def beside(self, start: int, end: int, reach: int = 16) -> tuple[str, str]:
        """What stands right before and after a span, in lower case, on this side of the sentence's ends."""
        first, last = self.sentence(start)
        return self.low[max(first, start - reach) : start], self.low[end : min(last, end + reach)]

    @cached_property
    def topics(self) -> list[tuple[int, str]]:
        """(place, points | offer | event) of every word that says what a date is about."""
        return [(found.start(), found.lastgroup or "") for found in _TOPICS.finditer(self.low)]

    def topic(self, start: int, end: int) -> str:
        """What a date is about: the nearest such word before it in its sentence, else after it, else in the sentence before."""
        first, last = self.sentence(start)
        here = [(at, topic) for at, topic in self.topics if first <= at < last]
        before = [topic for at, topic in here if at < start]
        if before:
            return before[-1]
        if here:
            return here[0][1]
        earlier = [topic for at, topic in self.topics if at < first]
        return earlier[-1] if earlier else ""

    def bound(self, at: int) -> frozenset[str]:
        """The products a value at ``at`` can be about: those named in its sentence, else those named before it."""
        first, last = self.sentence(at)
        here = [skus for place, skus in self.products if first <= place < last]
        return frozenset().union(*(here or [skus for place, skus in self.products if place < first]))

    def raw_text(self, start: int, end: int) -> str:
        """The letters as they were written."""
        first, last = self.normal.raw_span(start, end)
        return self.raw[first:last]
