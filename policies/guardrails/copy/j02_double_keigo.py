"""No word is raised or lowered twice."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.japanese import lexical
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J02", "fix", ("ja",)
LEXICON = "double_keigo"


def check(reading: Reading) -> Iterator[Spot]:
    """Double honorifics of the lexicon; what has become settled is in none of its lists."""
    yield from lexical(reading, LEXICON)
