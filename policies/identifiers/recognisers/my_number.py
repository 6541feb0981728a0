"""マイナンバー: twelve digits, the last a check digit (番号法総務省令第85号5条)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, GAP, SHAPED, Hit, Reading, digits_of

TYPES = ("MY_NUMBER",)
_SHAPE = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9][-.])[0-9]{{4}}{GAP}[0-9]{{4}}{GAP}[0-9]{{4}}(?![-.]?[0-9])(?![A-Za-z])"
)
_LABEL = re.compile(
    r"マイナンバー(?:カード)?|個人番号(?:カード)?|my ?number(?: card)?|individual number", re.IGNORECASE
)
_OTHER = re.compile(
    r"伝票|追跡|送り状|問い?合わ?せ番号|荷物|配送|免許|JAN|ISBN|tracking|parcel|licen[cs]e|注文|受注|受付|口座|会員",
    re.IGNORECASE,
)
_WEIGHTS = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def find(reading: Reading) -> Iterator[Hit]:
    """With its check digit right, or with a label whatever the check digit says."""
    if not reading.long:
        return
    for found in _SHAPE.finditer(reading.text):
        start, end = found.span()
        if reading.labelled(start, _LABEL):
            yield Hit(start, end, "MY_NUMBER", CHECKED)
        elif valid(digits_of(found[0])) and not reading.near(start, start, _OTHER, 14):
            yield Hit(start, end, "MY_NUMBER", SHAPED)


def valid(digits: str) -> bool:
    """Whether twelve digits end in their check digit."""
    rest = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False)) % 11
    return len(set(digits)) > 1 and int(digits[11]) == (0 if rest <= 1 else 11 - rest)
