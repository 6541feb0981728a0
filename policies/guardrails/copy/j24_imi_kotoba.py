"""Words that must not be said at a wedding, a birth, an opening or in condolence (忌み言葉)."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.japanese import lexical
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J24", "block", ("ja",)
LEXICON = "imi_kotoba"


def check(reading: Reading) -> Iterator[Spot]:
    """Every word of the lists whose occasion the message speaks of."""
    yield from lexical(reading, LEXICON, certain=False)
