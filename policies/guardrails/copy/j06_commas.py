"""At most three 、 in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J06", "warn", ("ja",)
EACH = True
MOST = 3


def check(reading: Reading) -> Iterator[Spot]:
    """A sentence with more."""
    for at, sentence in japanese(reading).sentences:
        if (commas := sentence.count("、")) > MOST:
            yield Spot(
                at, at + len(sentence), f"一文に読点が{commas}つあります（{MOST}つまで）", f"{commas} commas in a sentence, at most {MOST}"
            )  # fmt: skip
