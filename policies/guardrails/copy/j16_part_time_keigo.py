"""No counter-service keigo, nothing too loose, nothing said downwards."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.japanese import lexical
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J16", "fix", ("ja",)
LEXICON = "part_time_keigo"


def check(reading: Reading) -> Iterator[Spot]:
    """Every word of the lexicon, with what to write instead."""
    yield from lexical(reading, LEXICON)
