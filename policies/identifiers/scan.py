"""``enishi scan``: identifiers in a text, by recognisers and by what is known, without those that the facts print."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from policies.identifiers.decoding import escapes
from policies.identifiers.forms import forms_of
from policies.identifiers.index import KnownIdentifiers
from policies.identifiers.normal import Normal, fold_names, normalise
from policies.identifiers.recognisers import recognise
from policies.identifiers.spans import Span
from policies.places import Taken

_KEY = b"known for one scan"
_SILENT = frozenset(("never_mention", "catalogue_not_offered"))
"""Parts of a fact bundle that list what must not be said."""


def scan(
    text: str, language: str = "ja", facts: Mapping[str, Any] | None = None, known: Iterable[tuple[str, str]] = ()
) -> list[Span]:
    """Identifiers in ``text``, in the order of the text, in raw code points.

    ``language`` is ja or en.  ``facts`` is a fact bundle (CONTRACTS §4): what it prints, such as the shop's own telephone, is
    nobody's secret.  ``known`` are (type, value): those values are found in every form they are written in.
    """
    normal = normalise(text)
    found = list(_spans(normal, language, known))
    if escapes(text):
        decoded = normalise(text, decode=True)
        found += _spans(decoded, language, known)
    spans = _apart(found)
    if facts and spans:
        allowed = Allowed(strings(facts))
        spans = [span for span in spans if not allowed.covers(text, span)]
    return spans


def _spans(normal: Normal, language: str, known: Iterable[tuple[str, str]]) -> Iterator[Span]:
    declared = tuple(known)
    named = index_of(declared).find(normal) if declared else ()
    yield from named
    taken = Taken(max((span.end for span in named), default=0))
    places: dict[str, list[tuple[int, int]]] = {}
    for span in named:
        places.setdefault(span.type, []).append((span.start, span.end))
        if span.type != "POSTAL_CODE":
            taken.take(span.start, span.end)
    for hit in recognise(normal.text, language):
        start, end = normal.raw_span(hit.start, hit.end)
        if hit.type == "POSTAL_CODE" or taken.free(start, end) or _holds(start, end, places.get(hit.type, ())):
            yield Span(start, end, hit.type)


def _holds(start: int, end: int, places: Sequence[tuple[int, int]]) -> bool:
    """Whether one of the places, which stand in order and apart, lies from ``start`` to ``end``."""
    first = bisect_left(places, (start, 0))
    return first < len(places) and places[first][1] <= end


def _apart(spans: list[Span]) -> list[Span]:
    """Each once, and of one type none inside another."""
    kept: list[Span] = []
    reached: dict[str, int] = {}
    for span in sorted(set(spans), key=lambda span: (span.start, -span.end)):
        if span.end > reached.get(span.type, 0):
            reached[span.type] = span.end
            kept.append(span)
    return sorted(kept)


@lru_cache(maxsize=4096)
def index_of(known: tuple[tuple[str, str], ...]) -> KnownIdentifiers:
    """An index of a few declared values."""
    return KnownIdentifiers.build([("", known)], _KEY, now=datetime.min.replace(tzinfo=UTC))


def strings(facts: Any) -> tuple[str, ...]:
    """Every string in a fact bundle but those it says must not be mentioned."""
    found: list[str] = []
    waiting = [facts]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, Mapping):
            waiting += [value for key, value in one.items() if key not in _SILENT]
        elif isinstance(one, list | tuple | set | frozenset):
            waiting += one
    return tuple(sorted(set(found)))


class Allowed:
    """What certain literal strings allow: what stands in them, and each identifier in them in whatever form."""

    def __init__(self, literals: tuple[str, ...]) -> None:
        self._literals = literals

    def covers(self, text: str, span: Span) -> bool:
        """Whether the identifier at ``span`` is one that the strings print."""
        said = text[span.start : span.end]
        if said in self._literals:
            return True
        plain = _plain(said)
        if not plain or any(_inside(plain, whole) for literal in self._literals if plain in (whole := _plain(literal))):
            return True
        if span.type == "PERSON":  # who shares a surname with somebody named is not named
            return False
        forms = frozenset(forms_of(span.type, said))
        return any(not forms.isdisjoint(_forms_in(literal)) for literal in self._literals)


@lru_cache(maxsize=65536)
def _forms_in(literal: str) -> frozenset[str]:
    """The forms of each identifier in a literal; a batch prints the same ones again and again."""
    normal = normalise(literal)
    hits = recognise(normal.text, "ja")
    return frozenset(form for hit in hits for form in forms_of(hit.type, normal.text[hit.start : hit.end]))


@lru_cache(maxsize=65536)
def _plain(text: str) -> str:
    return _BLANK.sub("", fold_names(normalise(text).text)).lower()


_BLANK = re.compile(r"[\s\-‐]")


def _inside(part: str, whole: str) -> bool:
    """Whether ``part`` stands in ``whole`` without cutting a number or a word."""
    at = whole.find(part)
    while at >= 0:
        before, after = whole[at - 1 : at], whole[at + len(part) : at + len(part) + 1]
        if not (_joins(before, part[0]) or _joins(part[-1], after)):
            return True
        at = whole.find(part, at + 1)
    return False


def _joins(one: str, other: str) -> bool:
    return bool(one and other) and one.isascii() and other.isascii() and (one.isdigit() and other.isdigit())
