"""法人番号: thirteen digits, the first a check digit (財務省令第70号2条); with T before it the number on a qualified invoice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, GAP, SHAPED, Hit, Reading, digits_of

TYPES = ("CORPORATE_NUMBER",)
_SHAPE = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9][-.])T?-?[1-9]{GAP}[0-9]{{4}}{GAP}[0-9]{{4}}{GAP}[0-9]{{4}}(?![-.]?[0-9])(?![A-Za-z])"
)
_LABEL = re.compile(
    r"法人番号|(?:インボイス|適格請求書発行事業者)?登録番号|事業者番号|corporate number|invoice registration",
    re.IGNORECASE,
)
_OTHER = re.compile(r"JAN|ISBN|EAN|バーコード|barcode|注文|受注|伝票|追跡|tracking|カード番号|card", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """With its check digit right, or with a label whatever the check digit says."""
    if not reading.long:
        return
    for found in _SHAPE.finditer(reading.text):
        start, end = found.span()
        if reading.labelled(start, _LABEL):
            yield Hit(start, end, "CORPORATE_NUMBER", CHECKED)
        elif valid(digits_of(found[0])) and not reading.near(start, start, _OTHER, 14):
            yield Hit(start, end, "CORPORATE_NUMBER", SHAPED)


def valid(digits: str) -> bool:
    """Whether thirteen digits begin with their check digit."""
    total = sum(int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits[1:])))
    return int(digits[0]) == 9 - total % 9
