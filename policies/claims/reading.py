"""One part of a message while it is read: what is left of it, what was claimed, what is wrong."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from policies.claims.fact import Fact, Facts, Kind
from policies.claims.lexicon import Lexicon
from policies.claims.normal import normalise
from policies.claims.numerals import WORDS

BLOCK, FLAG = "block", "flag"
TAKEN = "\x1f"
"""Stands in ``left`` for every letter that has been accounted for."""
_STOP = re.compile(r"[。!?.\n]")
_CLOSED, _BULLETS = frozenset(".:)」]。!?"), frozenset("■□●○◆◇▼▶・〔【[*-\n")
_NUMBER_SIGN = re.compile(r"[\d〇一二三四五六七八九十百千万億%‰½¼¾⅓⅔⅕⅛⁄半曜正]")
_LATIN = re.compile(r"[a-z]+")
_NUMBER_WORDS = frozenset(
    "half quarter double triple quadruple twice percent noon midnight bogo hundred thousand third fifth tenth "
    "monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays".split()
) | (WORDS.keys() - {"one"})
_TOPICS: Mapping[str, tuple[str, ...]] = {
    "offer": ("クーポン", "割引", "値引", "オフ", "セール", "特典", "キャンペーン", "送料無料", "倍ポイント", "ポイント還元", "ポイントアップ", "ポイントプレゼント", "off", "coupon", "offer", "discount", "sale", "deal",
              "code", "promo", "double points", "triple points", "bonus points"),
    "points": ("ポイント", "points"),
    "event": ("イベント", "見学会", "セミナー", "説明会", "教室", "開催", "webinar", "event", "workshop", "tasting"),
}  # fmt: skip
"""What a day can be about, and the words that say so."""
_TIMES_POINTS = re.compile(r"ポイント[0-9一二三四五六七八九十]{1,2}倍")


def lower(text: str) -> str:
    """Lower case of the same length, so that places stay places."""
    low = text.lower()
    return (
        low if len(low) == len(text) else "".join(one if len(one := letter.lower()) == 1 else letter for letter in text)
    )


MOST = 200
"""Objections to one part after which it is not read further: it is blocked, and nobody reads a longer list."""


class Enough(Exception):
    """There are :data:`MOST` objections."""


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
    held: list[tuple[Claim, list[Fact]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.normal = normalise(self.raw)
        self.text = self.left = self.normal.text
        self.low = lower(self.text)
        self._left_low = (self.text, self.low)
        self._bound: dict[int, frozenset[str]] = {}

    def take(self, start: int, end: int) -> None:
        """Account for a span."""
        gone, low = TAKEN * (end - start), self.left_low
        self.left = f"{self.left[:start]}{gone}{self.left[end:]}"
        self._left_low = (self.left, f"{low[:start]}{gone}{low[end:]}")

    def taking(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Every match in what is left, each taken as it is handed out."""
        found = list(pattern.finditer(self.left))
        for one in found:
            self.take(*one.span())
            yield one

    def object(
        self, rule: str, start: int, end: int, ja: str, en: str, *, severity: str = BLOCK, fix: str | None = None
    ) -> None:
        """Something is wrong with this span of ``text``; raises Enough."""
        if len(self.objections) >= MOST:
            raise Enough
        self.objections.append(Objection(rule, severity, *self.normal.raw_span(start, end), ja, en, fix))

    def hide(self, start: int, end: int, ja: str, en: str) -> None:
        """The letters as written hide something; here the span is of the raw text."""
        self.objections.append(Objection("claims.letters", BLOCK, start, end, ja, en))

    @property
    def left_low(self) -> str:
        """What is left, in lower case of the same length."""
        if self._left_low[0] is not self.left:
            self._left_low = (self.left, lower(self.left))
        return self._left_low[1]

    @cached_property
    def worded(self) -> bool:
        """Whether the text holds an English word for a number."""
        return not _NUMBER_WORDS.isdisjoint(_LATIN.findall(self.low))

    @property
    def counting(self) -> bool:
        """Whether anything is left that could be a number; without it nothing that counts needs a closer look."""
        return _NUMBER_SIGN.search(self.left) is not None or self.worded

    @cached_property
    def ends(self) -> list[int]:
        """Where each sentence ends; a line broken inside a sentence does not end it, nor does the point of a number."""
        low, last = self.low, len(self.low)
        found = []
        for stop in _STOP.finditer(low):
            at, end = stop.start(), stop.end()
            after = low[end : end + 1]
            if low[at] == "." and after and not after.isspace():
                continue
            if low[at] == "\n" and not (low[at - 1 : at] in _CLOSED or after in _BULLETS):
                continue
            found.append(end)
        return [*found, last]

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
        """(place, points | offer | event) of every word that says what a date is about; of two at one place, the offer."""
        found: dict[int, str] = {}
        for topic, words in _TOPICS.items():
            for word in words:
                at = self.low.find(word)
                while at >= 0:
                    if not word[0].isascii() or not self._within_latin(at, at + len(word)):
                        found.setdefault(at, topic)
                    at = self.low.find(word, at + 1)
        for one in _TIMES_POINTS.finditer(self.low) if "倍" in self.low else ():
            found[one.start()] = "offer"
        for at in [
            at
            for at, topic in found.items()
            if topic == "points" and any(found.get(at - back) == "offer" for back in (1, 6, 7))
        ]:
            del found[at]
        return sorted(found.items())

    def _within_latin(self, start: int, end: int) -> bool:
        before, after = self.low[start - 1 : start], self.low[end : end + 1]
        return (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha() and after != "s")

    def topic(self, start: int, end: int) -> str:
        """What a date is about: the nearest such word before it in its sentence, else after it, else in a sentence before."""
        first, last = self.sentence(start)
        number = bisect_left(self.topics, (start, ""))
        if number and self.topics[number - 1][0] >= first:
            return self.topics[number - 1][1]
        if number < len(self.topics) and self.topics[number][0] < last:
            return self.topics[number][1]
        return self.topics[number - 1][1] if number else ""

    def bound(self, at: int) -> frozenset[str]:
        """The products a value at ``at`` can be about: those named in its sentence, else those named before it."""
        first, last = self.sentence(at)
        if first not in self._bound:
            here = [skus for place, skus in self.products if first <= place < last]
            self._bound[first] = frozenset().union(*(here or [skus for place, skus in self.products if place < first]))
        return self._bound[first]

    @cached_property
    def held_by_sentence(self) -> Mapping[tuple[int, int], list[tuple[Claim, list[Fact]]]]:
        """Sentence → the claims in it that facts bear out; asked only once all of them are found."""
        found: dict[tuple[int, int], list[tuple[Claim, list[Fact]]]] = {}
        for claim, fit in self.held:
            found.setdefault(self.sentence(claim.start), []).append((claim, fit))
        return found

    def raw_text(self, start: int, end: int) -> str:
        """The letters as they were written."""
        first, last = self.normal.raw_span(start, end)
        return self.raw[first:last]
