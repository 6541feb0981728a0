"""At most three 、 in a sentence."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese, sentences
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J06", "warn", ("ja",)
EACH = OF_PROSE = True
MOST = 3


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a sentence with more."""
    return paragraph.text.count("、") > MOST and any(said.count("、") > MOST for _, said in sentences(paragraph))


def check(reading: Reading) -> Iterator[Spot]:
    """A sentence with more."""
    for at, sentence in japanese(reading).sentences:
        if (commas := sentence.count("、")) > MOST:
            yield Spot(
                at, at + len(sentence), f"一文に読点が{commas}つあります（{MOST}つまで）", f"{commas} commas in a sentence, at most {MOST}"
            )  # fmt: skip
