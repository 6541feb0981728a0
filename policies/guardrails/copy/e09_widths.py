"""English stands in Latin letters and marks: no full-width letters, no Japanese commas and brackets."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE = "E09"
LEVEL = "fix"
LANGUAGES = ("en",)
EACH = True
_WIDE = re.compile(r"[！-～　、。]{1,200}")
_MARKS = str.maketrans({"、": ", ", "。": ". ", "　": " "})
_JAPANESE = re.compile(r"[ぁ-ヺ一-鿿]")


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a wide letter."""
    return not paragraph.text.isascii() and _WIDE.search(paragraph.text) is not None


def check(reading: Reading) -> Iterator[Spot]:
    """Offers the half-width form; a Japanese name keeps its own marks."""
    for part, text in reading.message.parts:
        for found in _WIDE.finditer(text):
            start, end = found.span()
            if _JAPANESE.search(text[max(0, start - 1) : end + 1]) or any(found[0] in name for name in reading.names):
                continue
            narrow = unicodedata.normalize("NFKC", found[0].translate(_MARKS))
            fix = narrow.rstrip() if end == len(text) or text[end] in " \n" else narrow
            yield Spot(
                start, end, f"「{found[0]}」は全角です", f"'{found[0]}' is full-width", fix=fix or " ", part=part
            )
