"""One word for ourselves: 弊社, 当社 or 当店."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J18", "fix", ("ja",)
WORDS = ("弊社", "当社", "当店")
_OURSELVES = re.compile("弊社|(?<!本)当[社店](?!比|別)")


def sign(paragraph: Paragraph) -> bool:
    """Whether it speaks of ourselves."""
    return any(word in paragraph.text for word in WORDS)


def check(reading: Reading) -> Iterator[Spot]:
    """Every other word than the first one used."""
    used = [(part, found) for part, text in japanese(reading).texts for found in _OURSELVES.finditer(text)]
    for part, found in used:
        if found[0] != (first := used[0][1][0]):
            yield Spot(
                *found.span(), f"「{first}」と「{found[0]}」が混じっています", f"'{first}' and '{found[0]}' for the same house", first, part
            )  # fmt: skip
