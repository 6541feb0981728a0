"""Characters that break on the way: NEC and IBM specials, half-width kana, private use."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from policies.guardrails.copy.japanese import lexical
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J09", "fix", ("ja",)
LEXICON = "platform_characters"
_ODD = re.compile("[\uff61-\uff9f]+|[\ue000-\uf8ff]")
"""Half-width kana and marks, or a private-use letter."""
_ANY_ODD = re.compile("[\uff61-\uff9f\ue000-\uf8ff]")
_FIRST_HALF = "\uff61"


def sign(paragraph: Paragraph) -> bool:
    """Whether it has half-width kana or a private-use letter."""
    return _ANY_ODD.search(paragraph.text) is not None


def check(reading: Reading) -> Iterator[Spot]:
    """Each with what to write instead; a private-use letter is somebody's own, so only a person can say."""
    yield from lexical(reading, LEXICON)
    for part, text in reading.message.parts:
        for found in _ODD.finditer(text):
            if found[0] >= _FIRST_HALF:
                full = unicodedata.normalize("NFKC", found[0])
                yield Spot(*found.span(), f"「{found[0]}」：半角カナです", f"'{found[0]}': half-width kana", full, part)
            else:
                yield Spot(*found.span(), "外字は相手の画面に出ません", "a private-use character", None, part, "warn")
