"""No row of eight kanji or more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import KANJI, japanese, prose
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J08", "warn", ("ja",)
EACH = OF_PROSE = True
_RUN = re.compile(f"[{KANJI}]{{8,}}")


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a run of them at all."""
    return _RUN.search(prose(paragraph)) is not None


def check(reading: Reading) -> Iterator[Spot]:
    """A run outside registered names, companies and addresses."""
    for found in _RUN.finditer(japanese(reading).nameless):
        yield Spot(
            *found.span(), f"漢字が{len(found[0])}字続いています", f"{len(found[0])} kanji in a row"
        )  # fmt: skip
