"""させていただく asks leave for something that does us good; more than once in a message it asks for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese, wording
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J03", "warn", ("ja",)
ENOUGH_SENTENCES = 4
_ASKS = re.compile(r"(?:さ)?せて(?:いただ[いかきくけこ]|頂[いかきくけこ])")


def sign(paragraph: Paragraph) -> bool:
    """Whether it asks."""
    return "せて" in paragraph.text and _ASKS.search(wording(paragraph)) is not None


def check(reading: Reading) -> Iterator[Spot]:
    """Each of two or more, or a single one in a message of fewer than four sentences."""
    told = japanese(reading)
    asked = [(part, found) for part, text in told.texts for found in _ASKS.finditer(text)]
    if len(asked) >= 2 or (asked and len(told.finished) < ENOUGH_SENTENCES):
        for part, found in asked:
            yield Spot(
                *found.span(), "「させていただく」が続くと、くどくなります。許しを得る場面でなければ「いたします」とします",
                "させていただく asks for leave: いたします says it where none is needed", None, part,
            )  # fmt: skip
