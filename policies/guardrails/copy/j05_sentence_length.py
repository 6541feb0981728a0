"""A sentence is read in one go: at most 60 full-width letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.channels import display_width
from policies.guardrails.copy.japanese import ENDS, JOINED, japanese, prose, sentences
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J05", "warn", ("ja",)
EACH = OF_PROSE = True
MOST = 60
"""Full-width letters."""
_ON_A_PHONE = ("sms", "line", "push")
_RUNS_ON = re.compile(f"[^{ENDS}]{{{MOST}}}|[{ENDS}]{{2}}")
"""What prose with such a sentence has: as many letters without an end, or several marks at one."""


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a longer sentence."""
    return _RUNS_ON.search(prose(paragraph)) is not None and any(_too_wide(said) for _, said in sentences(paragraph))


def check(reading: Reading) -> Iterator[Spot]:
    """A longer sentence is a warning, and a block where it is read on a lock screen or in a chat."""
    on_a_phone = reading.message.channel in _ON_A_PHONE
    for at, sentence in japanese(reading).sentences:
        if width := _too_wide(sentence):
            yield Spot(
                at, at + len(sentence), f"一文が全角{width:g}字です（{MOST}字まで）", f"a sentence of {width:g} full-width letters, at most {MOST}",
                None, "body", "block" if on_a_phone else None,
            )  # fmt: skip


def _too_wide(sentence: str) -> float | None:
    """Its full-width letters where they are too many."""
    if len(sentence) <= MOST or (width := display_width(sentence.replace(JOINED, "").strip()) / 2) <= MOST:
        return None
    return width
