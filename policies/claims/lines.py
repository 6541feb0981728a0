"""A text line by line: what of a line depends on its letters alone is read once and remembered, for messages share most of their lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from policies.claims.lexicon import Lexicon
from policies.claims.normal import MARK, Normal, normalise
from policies.claims.numerals import WORDS
from policies.claims.search import Search
from policies.claims.shape import SHAPES, Shape

LONGEST = 400
"""Code points of the longest line that is remembered."""
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

_STOP = re.compile(r"[。!?.\n](?:(?<=[。!?])|(?<=\.)(?!\S)|(?<=[.:)」\]。!?]\n)|(?<=\n)(?=[■□●○◆◇▼▶・〔【\[*\-\n]))")
"""The end of a sentence; a line broken inside a sentence does not end it, nor does the point of a number."""
_CLOSING, _OPENING = tuple(".:)」]。!?"), tuple("■□●○◆◇▼▶・〔【[*-")
"""Letters at the end of a line after which, and at the beginning of one before which, the line's end is that of a sentence."""
_SUSPECT = re.compile(
    "[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u0131\u0261\u034f-\u052f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u1d00-\u1d22\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
"""One set that holds every letter the two patterns begin with or turn on."""
_HINTS: Mapping[str, re.Pattern[str]] = {
    "listed": re.compile(r"[0-9][.)\]:、]|STEP ?[0-9]"),
    "coded": re.compile(r"[A-Z][A-Z0-9-]{0,18}[0-9]"),
    "dialled": re.compile(r"[0-9][0-9() .-]{7,24}[0-9]"),
}
"""What every number of a list, every code and every telephone number holds."""


class Line:
    """``raw`` without its line break, and what stands in it.

    ``text`` is normalised, ``starts`` the raw offset of each of its letters where they are not the same, ``low`` the text in lower case,
    letter for letter, ``size`` its length.  ``alone`` says whether it is read the
    same whatever stands on the lines around it, ``worded`` whether an English word for a number stands in it.  ``signs`` are the places
    of the signs of each shape, ``shapes`` those that may be at one of them, ``terms`` and ``harmless`` the numbers of the lexicon's words, ``topics`` (place, points | offer | event)
    of every word that says what a date is about (of two at one place, the offer), ``stops`` where sentences end
    in it, ``opens`` and ``closes`` whether the line's end before it and its own are such ends, ``hints`` what else may be in it, ``telling`` whether
    there is any of these.  None of them goes over the end of a line.
    """

    __slots__ = (
        "_spans",
        "alone",
        "closes",
        "harmless",
        "hints",
        "low",
        "opens",
        "raw",
        "shapes",
        "signs",
        "size",
        "starts",
        "stops",
        "telling",
        "terms",
        "text",
        "topics",
        "worded",
    )

    def __init__(self, raw: str, lexicon: Lexicon) -> None:
        self.raw = raw
        normal = normalise(raw)
        self.starts, self.text = normal.starts, (text := normal.text)
        self.low = low = text.lower()
        self.alone = len(low) == len(text) and (raw.isascii() or not MARK.search(raw))
        if len(low) != len(text):
            self.low = low = "".join(one if len(one := letter.lower()) == 1 else letter for letter in text)
        hints = {name for name, pattern in _HINTS.items() if pattern.search(text)}
        if _SUSPECT.search(raw):
            hints.add("suspect")
        self.hints = frozenset(hints)
        self.worded = False
        self.signs: dict[Shape, list[tuple[int, str]]] = {}
        shapes: set[Shape] = set()
        topics: dict[int, str] = {}
        terms, harmless = set(lexicon.by_kanji(low)), set()
        for at, word, (sort, kept) in _search(lexicon).found(low):
            if sort == "sign":
                sign, shape = kept
                if not shape.cased or text.startswith(sign, at):
                    self.signs.setdefault(shape, []).append((at, sign))
                    if not shape.at or shape.at.match(low, at):
                        shapes.add(shape)
            elif sort == "term":
                terms.add(kept)
            elif sort == "harmless":
                harmless.add(kept)
            elif sort == "topic":
                if not word[0].isascii() or not _within(low, at, at + len(word), "s"):
                    topics.setdefault(at, kept)
            elif not self.worded:
                self.worded = not _within(low, at, at + len(word))
        if "倍" in low:
            topics |= {one.start(): "offer" for one in _TIMES_POINTS.finditer(low)}
        self.shapes = frozenset(shapes)
        self._spans: dict[Shape, list[tuple[int, int]]] = {}
        self.topics = sorted(topics.items())
        self.terms, self.harmless = frozenset(terms), frozenset(harmless)
        self.size = len(low)
        self.stops = [stop.end() for stop in _STOP.finditer(low)]
        self.opens, self.closes = not low or low.startswith(_OPENING), low.endswith(_CLOSING)
        self.telling = bool(self.signs or terms or harmless or hints or topics or self.worded)

    def spans(self, sought: Shape) -> list[tuple[int, int]]:
        """Where a shape that goes over no line's end stands in the line."""
        if sought not in self._spans:
            self._spans[sought] = [one.span() for one in sought.pattern.finditer(self.low)]
        return self._spans[sought]


def _within(low: str, start: int, end: int, ending: str = "") -> bool:
    """Whether these letters are part of a longer Latin word, but for its ``ending``."""
    before, after = low[start - 1 : start], low[end : end + 1]
    return (before.isascii() and before.isalpha()) or (after.isascii() and after.isalpha() and after != ending)


@lru_cache(maxsize=16)
def _search(lexicon: Lexicon) -> Search:
    """Everything that is looked for in a line, in one run."""
    return Search(
        (
            *((sign.lower(), ("sign", (sign, shape))) for shape in SHAPES for sign in shape.signs),
            *((word, ("topic", topic)) for topic, words in _TOPICS.items() for word in words),
            *((word, ("number", None)) for word in sorted(_NUMBER_WORDS)),
            *((word, ("term", number)) for number, word in lexicon.without_kanji),
            *((word, ("harmless", number)) for number, word in enumerate(lexicon.harmless)),
        )
    )


_remembered = lru_cache(maxsize=8192)(Line)


def lines_of(raw: str, lexicon: Lexicon) -> list[Line]:
    """The lines of a text; a text in which letters act upon those of another line counts as one."""
    lines = [_remembered(line, lexicon) if len(line) <= LONGEST else Line(line, lexicon) for line in raw.split("\n")]
    for line in lines:
        if not line.alone:
            return [Line(raw, lexicon)]
    return lines


def sentence_ends(lines: Sequence[Line], size: int) -> list[int]:
    """Where each sentence of these lines ends, the last one with the text of this ``size``."""
    ends: list[int] = []
    first, closed = 0, False
    for line in lines:
        if first and (closed or (line.opens and first < size)):
            ends.append(first)
        if line.stops:
            ends += [first + stop for stop in line.stops]
        closed = line.closes
        first += line.size + 1
    return [*ends, size]


def joined(lines: Sequence[Line]) -> Normal:
    """The lines as one text."""
    text = "\n".join([line.text for line in lines])
    if not [line for line in lines if line.starts]:
        return Normal(text)
    starts: list[int] = []
    first = 0
    for line in lines:
        starts += [first + start for start in line.starts or range(len(line.raw) + 1)]
        first += len(line.raw) + 1
    return Normal(text, tuple(starts))
