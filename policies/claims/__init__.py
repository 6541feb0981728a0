"""Every claim of a finished text traces to a fact: numbers, prices, dates, links, codes, names, words.

The text is read without knowing who wrote it.  :data:`EXTRACTORS` is the order in which it is used up: what one has taken the
next does not see, and what is left at the end must hold no digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from policies.claims import amounts, days, links, names
from policies.claims.fact import Fact, Facts
from policies.claims.holding import hold_offers_together
from policies.claims.hygiene import check_letters
from policies.claims.lexicon import Lexicon
from policies.claims.reading import Enough, Objection, Reading
from policies.claims.shape import Shape
from policies.claims.words import check_lexicon

__all__ = ["CLOSING", "COUNTING", "EXTRACTORS", "Fact", "Facts", "read"]

Extractor = Callable[[Reading], None]

EXTRACTORS: tuple[Extractor, ...] = (
    check_letters,
    links.check_links,
    names.check_names,
    names.check_words,
    names.check_codes,
)
"""Always asked, in this order."""
COUNTING: tuple[tuple[Extractor, frozenset[Shape]], ...] = (
    (days.check_days, days.SHAPES),
    (amounts.check_percents, frozenset({amounts.PERCENT})),
    (amounts.check_multiples, frozenset({amounts.MULTIPLE})),
    (amounts.check_money, frozenset({amounts.MONEY})),
    (amounts.check_points, frozenset({amounts.POINTS})),
    (amounts.check_spans, frozenset({amounts.SPAN, amounts.COUNT})),
)
"""Asked in this order where one of their shapes may be in the text, for as long as anything is left that could be a number."""
CLOSING: tuple[Extractor, ...] = (hold_offers_together, check_lexicon, names.check_people)
"""Asked of what the others found and left."""


def read(text: str, facts: Facts, lexicon: Lexicon, language: str) -> Iterator[Objection]:
    """Everything in one part of a message that its facts do not bear out."""
    reading = Reading(text, facts, lexicon, language)
    with suppress(Enough):
        for extractor in EXTRACTORS:
            extractor(reading)
        for extractor, shapes in COUNTING:
            if not reading.shapes.isdisjoint(shapes) and reading.counting:
                extractor(reading)
        if reading.counting:
            amounts.check_orphans(reading)
        for extractor in CLOSING:
            extractor(reading)
    seen: set[tuple[str, int, int]] = set()
    for one in reading.objections:
        if (key := (one.rule, one.start, one.end)) not in seen:
            seen.add(key)
            yield one
