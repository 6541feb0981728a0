"""Driving licences: 運転免許証 (commission code, year, serial, check digit, reissues), United Kingdom (DVLA), United States by label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, GAP, LOOSE, SHAPED, Hit, Reading, digits_of

TYPES = ("DRIVER_LICENSE",)
_JA = re.compile(rf"(?<![0-9A-Za-z])(?<![0-9][-.])[0-9]{{4}}{GAP}[0-9]{{4}}{GAP}[0-9]{{4}}(?![-.]?[0-9])(?![A-Za-z])")
_UK = re.compile(
    r"(?<![A-Za-z0-9])[A-Z9]{5} ?[0-9][0156][0-9][0-3][0-9]{2} ?[A-Z9]{2}[0-9A-Z][A-Z]{2}(?: ?[0-9]{2})?(?![A-Za-z0-9])"
)
_US = re.compile(
    r"(?<![A-Za-z0-9-])(?:[A-Z]{1,2}[ -]?[0-9]{3}[ -]?[0-9]{2,4}[ -]?[0-9]{0,7}|[0-9]{7,12})(?![A-Za-z0-9]|-[0-9])"
)
_LABEL = re.compile(
    r"(?:運転)?免許証?(?:の番号)?|driver['’]?s?[ -]licen[cs]e|driving licen[cs]e|(?<![A-Za-z])DL(?![A-Za-z])",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"伝票|追跡|送り状|問い?合わ?せ番号|荷物|配送|個人番号|マイナンバー|JAN|tracking|注文|受注|受付|口座|会員",
    re.IGNORECASE,
)
_CODES = frozenset((*range(10, 15), *range(20, 26), 30, *range(40, 56), *range(60, 66), *range(70, 75), *range(80, 84), *range(90, 98)))  # fmt: skip
_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def find(reading: Reading) -> Iterator[Hit]:
    """Japanese and British ones by their shape and check, or by label; American ones by label only."""
    if not reading.long:
        return
    for found in _JA.finditer(reading.text):
        start, end = found.span()
        if reading.labelled(start, _LABEL):
            yield Hit(start, end, "DRIVER_LICENSE", CHECKED)
        elif reading.japanese and valid(digits_of(found[0])) and not reading.near(start, start, _OTHER, 14):
            yield Hit(start, end, "DRIVER_LICENSE", LOOSE)
    if not reading.latin:
        return
    for found in _UK.finditer(reading.text):
        yield Hit(*found.span(), "DRIVER_LICENSE", SHAPED)
    if "licen" in reading.lower or "DL" in reading.text:
        for found in _US.finditer(reading.text):
            if reading.labelled(found.start(), _LABEL, 32):
                yield Hit(*found.span(), "DRIVER_LICENSE", CHECKED)


def valid(digits: str) -> bool:
    """Whether twelve digits have a known commission code and their check digit in the eleventh place (as observed; not published)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=False))
    return int(digits[:2]) in _CODES and int(digits[10]) == (11 - total % 11) % 10
