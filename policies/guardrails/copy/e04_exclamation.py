"""One exclamation mark at most, and never two together."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE = "E04"
LEVEL = "fix"
LANGUAGES = ("en",)
EACH = True
_MARKS = re.compile(r"[!！?？]{0,20}[!！][!！?？]{0,20}")


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a mark."""
    return "!" in paragraph.text or "！" in paragraph.text


def check(reading: Reading) -> Iterator[Spot]:
    """Offers a single mark for a run of them, a full stop for each that follows the first."""
    seen = 0
    for part, text in reading.message.parts:
        if "!" not in text and "！" not in text:
            continue
        for found in _MARKS.finditer(reading.masked if part == "body" else text):
            seen += 1
            once = "?" if "?" in found[0] or "？" in found[0] else "!" if seen == 1 else "."
            if found[0] != once:
                yield Spot(*found.span(), "感嘆符は1つまでです", "one exclamation mark is enough", fix=once, part=part)
