"""Letters and digits in one width."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese, wording
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J10", "fix", ("ja",)
EACH = True
_FULL = re.compile("[０-９Ａ-Ｚａ-ｚ](?:[．，]?[０-９Ａ-Ｚａ-ｚ]){0,60}")
_HALF = re.compile("[0-9A-Za-z]")


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a full-width one."""
    return _FULL.search(wording(paragraph)) is not None


def check(reading: Reading) -> Iterator[Spot]:
    """Full-width letters and digits in a message that has half-width ones too become half-width; links and addresses do not count."""
    texts = japanese(reading).texts
    wide = [(part, found) for part, text in texts for found in _FULL.finditer(text)]
    if wide and any(_HALF.search(text) for _, text in texts):
        for part, found in wide:
            yield Spot(
                *found.span(), f"「{found[0]}」：全角と半角の英数字が混じっています", f"'{found[0]}': full-width among half-width",
                unicodedata.normalize("NFKC", found[0]), part,
            )  # fmt: skip
