"""One part of a message while it is read: what is left of it, what was claimed, what is wrong."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from policies.claims.fact import Fact, Facts, Kind
from policies.claims.lexicon import Lexicon
from policies.claims.lines import Line, joined, lines_of, sentence_ends
from policies.claims.shape import Shape

Found = TypeVar("Found")
BLOCK, FLAG = "block", "flag"
TAKEN = "\x1f"
"""Stands in ``left`` for every letter that has been accounted for."""
_NUMBER_SIGN = re.compile(r"[\d〇一二三四五六七八九十百千万億%‰½¼¾⅓⅔⅕⅛⁄半曜正]")
_DIGIT = re.compile("[0-9]")
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


class Claim(NamedTuple):
    """A value the text states: ``roles`` it can have there (empty: any), and how it is qualified."""

    kind: Kind
    value: Any
    start: int
    end: int
    roles: frozenset[str] = frozenset()
    unit: str = ""
    basis: str = ""
    per: str = ""


def _without(text: str, gone: list[tuple[int, int]]) -> str:
    """The text with these spans accounted for."""
    if len(gone) < 8:
        for start, end in gone:
            text = f"{text[:start]}{TAKEN * (end - start)}{text[end:]}"
        return text
    pieces: list[str] = []
    at = 0
    for start, end in sorted(gone):
        if end > at:
            pieces += (text[at:start], TAKEN * (end - max(start, at)))
            at = end
    return "".join((*pieces, text[at:]))


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
        self.lines = lines = lines_of(self.raw, self.lexicon)
        self.normal = joined(lines)
        self.text = self._left = self.normal.text
        self.low = self._left_low = "\n".join([line.low for line in lines])
        self._gone: list[tuple[int, int]] = []
        self._left_without = self._low_without = 0
        self._number: int | None = 0
        self._counted = -1
        self._bound: dict[int, frozenset[str]] = {}
        self._of_sentence: dict[tuple[Any, int, int], Any] = {}
        telling: list[tuple[int, Line]] = []
        shapes: set[Shape] = set()
        hints: set[str] = set()
        self.worded = False
        """Whether the text holds an English word for a number."""
        terms: set[int] = set()
        harmless: set[int] = set()
        first = 0
        for line in lines:
            if line.telling:
                telling.append((first, line))
                shapes |= line.shapes
                hints |= line.hints
                terms |= line.terms
                harmless |= line.harmless
                if line.worded:
                    self.worded = True
            first += line.size + 1
        self.telling = telling
        """The lines that hold anything to be looked at, each with where it begins."""
        self.shapes = shapes
        """The shapes that may be in the text."""
        self.hints = hints
        """What else may be in it, by name."""
        self.terms = [self.lexicon.terms[number] for number in sorted(terms)]
        """The words of the lexicon that stand in the text and may be claims, with language and group, in the order of files."""
        self.harmless = [self.lexicon.harmless[number] for number in sorted(harmless)]
        """The phrases of the lexicon that stand in the text and are no claims, longest first."""

    def take(self, start: int, end: int) -> None:
        """Account for a span."""
        self._gone.append((start, end))

    @property
    def left(self) -> str:
        """What no extractor has taken yet."""
        if self._left_without < len(self._gone):
            self._left = _without(self._left, self._gone[self._left_without :])
            self._left_without = len(self._gone)
        return self._left

    @property
    def left_low(self) -> str:
        """What is left, in lower case of the same length."""
        if self._low_without < len(self._gone):
            self._left_low = _without(self._left_low, self._gone[self._low_without :])
            self._low_without = len(self._gone)
        return self._left_low

    def signed(self, shapes: Iterable[Shape]) -> list[Shape]:
        """Those of the shapes that may be in the text."""
        return [sought for sought in shapes if sought in self.shapes]

    def found(self, sought: Shape) -> list[re.Match[str]]:
        """Every match of a shape in what is left, in order."""
        if sought not in self.shapes:
            return []
        left = self.left if sought.cased else self.left_low
        places = [
            first + at
            for first, line in self.telling
            if sought in line.signs
            for at, sign in line.signs[sought]
            if left.startswith(sign, first + at)
        ]
        return sought.around(places, left) if places else []

    def spans(self, sought: Shape) -> list[tuple[int, int]]:
        """Where a shape that goes over no line's end stands in what is left; a line of which nothing is taken remembers it."""
        if sought not in self.shapes:
            return []
        left = self.left_low
        found: list[tuple[int, int]] = []
        for first, line in self.telling:
            if sought in line.signs:
                if left.startswith(line.low, first):
                    found += [(first + start, first + end) for start, end in line.spans(sought)]
                else:
                    found += [one.span() for one in sought.pattern.finditer(left, first, first + line.size)]
        return found

    def hinted(self, hint: str, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        """Every match of a pattern in what is left of the lines in which it may be; it goes over the end of none, and holds a digit."""
        if hint not in self.hints:
            return []
        return [
            one
            for first, line in self.telling
            if hint in line.hints and _DIGIT.search(self.left_low, first, first + line.size)
            for one in pattern.finditer(self.left, first, first + line.size)
        ]

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
    def counting(self) -> bool:
        """Whether anything is left that could be a number; without it nothing that counts needs a closer look."""
        if len(self._gone) != self._counted and self._number is not None:
            # What is left only ever becomes less, so the first sign is never before the one found last.
            found = _NUMBER_SIGN.search(self.left_low, self._number)
            self._number = found.start() if found else None
            self._counted = len(self._gone)
        return self._number is not None or self.worded

    @cached_property
    def ends(self) -> list[int]:
        """Where each sentence ends."""
        return sentence_ends(self.lines, len(self.low))

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
        found = [(first + at, topic) for first, line in self.telling for at, topic in line.topics]
        offers = {at for at, topic in found if topic == "offer"}
        return [(at, topic) for at, topic in found if topic != "points" or offers.isdisjoint((at - 1, at - 6, at - 7))]

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

    def of_sentence(self, read: Callable[[Reading, int, int], Found], at: int) -> Found:
        """What ``read`` makes of the sentence that holds ``at``; asked once of each, so only when it says the same from then on."""
        key = (read, *self.sentence(at))
        if key not in self._of_sentence:
            self._of_sentence[key] = read(self, *key[1:])
        found: Found = self._of_sentence[key]
        return found

    def raw_text(self, start: int, end: int) -> str:
        """The letters as they were written."""
        first, last = self.normal.raw_span(start, end)
        return self.raw[first:last]
