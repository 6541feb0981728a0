"""Every claim of a finished text traces to a fact: numbers, prices, dates, links, codes, names, words.

The text is read without knowing who wrote it.  :data:`EXTRACTORS` is the order in which it is used up: what one has taken the
next does not see, and what is left at the end must hold no digit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress

from policies.claims.amounts import (
    check_money,
    check_multiples,
    check_orphans,
    check_percents,
    check_points,
    check_spans,
)
from policies.claims.days import check_days
from policies.claims.fact import Fact, Facts
from policies.claims.holding import hold_offers_together
from policies.claims.hygiene import check_letters
from policies.claims.lexicon import Lexicon
from policies.claims.links import check_links
from policies.claims.names import check_codes, check_names, check_people, check_words
from policies.claims.reading import Enough, Objection, Reading
from policies.claims.words import check_lexicon

__all__ = ["CLOSING", "COUNTING", "EXTRACTORS", "Fact", "Facts", "read"]

Extractor = Callable[[Reading], None]

EXTRACTORS: tuple[Extractor, ...] = (check_letters, check_links, check_names, check_words, check_codes)
"""Always asked, in this order."""
COUNTING: tuple[Extractor, ...] = (
    check_days,
    check_percents,
    check_multiples,
    check_money,
    check_points,
    check_spans,
    check_orphans,
)
"""Asked in this order for as long as anything is left that could be a number."""
CLOSING: tuple[Extractor, ...] = (hold_offers_together, check_lexicon, check_people)
"""Asked of what the others found and left."""


def read(text: str, facts: Facts, lexicon: Lexicon, language: str) -> Iterator[Objection]:
    """Everything in one part of a message that its facts do not bear out."""
    reading = Reading(text, facts, lexicon, language)
    with suppress(Enough):
        for extractor in EXTRACTORS:
            extractor(reading)
        for extractor in COUNTING:
            if not reading.counting:
                break
            extractor(reading)
        for extractor in CLOSING:
            extractor(reading)
    seen: set[tuple[str, int, int]] = set()
    for one in reading.objections:
        if (key := (one.rule, one.start, one.end)) not in seen:
            seen.add(key)
            yield one
