"""Numbers as people write them: 12,800, 1万2,800, 1.5万, 千二百八十, twenty-five."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

DIGITS = "〇一二三四五六七八九"
_SMALL = {"十": 10, "百": 100, "千": 1000}
_LARGE = {"万": 10**4, "億": 10**8}
_PART = re.compile(r"[0-9][0-9,]{0,14}(?:\.[0-9]{1,4})?|[〇一二三四五六七八九]{1,12}|[十百千万億]")

ARABIC = r"[0-9](?<![0-9.,][0-9])(?<![A-Za-z]-[0-9])(?:[0-9,]{0,13}[0-9])?(?:\.[0-9]{1,4})?"
MIXED = rf"{ARABIC}(?:[十百千万億](?:[0-9][0-9,]{{0,6}}(?:\.[0-9])?)?){{0,3}}"
KANJI = r"[一二三四五六七八九十百千万億〇](?<![一二三四五六七八九十百千万億第][一二三四五六七八九十百千万億〇])[一二三四五六七八九十百千万億〇]{0,11}"
NUMBER = rf"(?:{MIXED}|{KANJI})"
"""A Japanese or Arabic number; read it with :func:`value`."""

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
WORDS = {word: number for number, word in enumerate(_ONES)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_WORD = "|".join(sorted((*_ONES[1:], *_TENS), key=len, reverse=True))
WORDED = rf"(?<![A-Za-z])(?:a|{_WORD})(?:[- ](?:{_WORD}|hundred|thousand)){{0,3}}"
"""An English number in words, up to thousands; it means something only before a unit."""

BEGIN = r"(?=[0-9〇一二三四五六七八九十百千万億]|(?<![a-z])[a-z])"
"""What a number, in digits, kanji or English words, begins with in lower case; it spares a pattern the letters that do not."""
SAID = rf"[0-9〇一二三四五六七八九十百千万億]|(?<![A-Za-z])(?:a|{_WORD})[- ]"
"""What is in every number before the unit it counts."""


@lru_cache(maxsize=4096)
def value(text: str) -> Decimal | None:
    """The number written, None when it is not well formed.

    Positional kanji (二〇二六) and mixed units (1万2,800) are read; each part is added to its unit.
    """
    total = section = Decimal(0)
    number: Decimal | None = None
    at = 0
    for found in _PART.finditer(text):
        if found.start() != at:
            return None
        at = found.end()
        part = found[0]
        if part in _SMALL:
            section += (1 if number is None else number) * _SMALL[part]
            number = None
        elif part in _LARGE:
            here = section + (number or 0)
            total += (here or 1) * _LARGE[part]
            section, number = Decimal(0), None
        elif number is not None:
            return None
        elif part[0] in DIGITS:
            number = Decimal("".join(str(DIGITS.index(digit)) for digit in part))
        else:
            number = Decimal(part.replace(",", ""))
    return total + section + (number or 0) if at == len(text) and at else None


@lru_cache(maxsize=1024)
def worded(text: str) -> Decimal | None:
    """``twenty-five`` → 25, ``a hundred`` → 100; None when a word is none of a number."""
    total = here = 0
    for word in text.lower().replace("-", " ").split():
        if word == "a":
            here = 1
        elif word == "hundred":
            here = (here or 1) * 100
        elif word == "thousand":
            total, here = total + (here or 1) * 1000, 0
        elif word in WORDS:
            here += WORDS[word]
        else:
            return None
    return Decimal(total + here)
