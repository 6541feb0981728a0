"""お before Japanese words, ご before Sino-Japanese ones."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.japanese import lexical
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J20", "fix", ("ja",)
LEXICON = "wrong_o_go"


def check(reading: Reading) -> Iterator[Spot]:
    """Every wrong pair of the lexicon (お確認, ご知らせ), with the right one."""
    yield from lexical(reading, LEXICON)
