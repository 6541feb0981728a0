"""Passports: Japanese two letters and seven digits, others by label, and the second line of the machine-readable zone (ICAO 9303)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, SHAPED, Hit, Reading

TYPES = ("PASSPORT",)
_JA = re.compile(r"(?<![A-Za-z0-9-])[TMNP][A-Z] ?[0-9]{7}(?![0-9A-Za-z]|-[0-9])")
_ANY = re.compile(
    r"(?<![A-Za-z0-9-])(?:[A-Z]{1,2} ?[0-9]{6,8}|[0-9]{3} ?[0-9]{3} ?[0-9]{3}|[A-Z][0-9]{2}[A-Z]{2}[0-9]{4}|[CFGHJKLMNPRTVWXYZ0-9]{9})(?![0-9A-Za-z])"
)
_LABEL = re.compile(r"パスポート|旅券(?:番号)?|passport(?: book)?", re.IGNORECASE)
_ZONE = re.compile(
    r"(?<![A-Z0-9<])([A-Z0-9<]{9})([0-9])[A-Z<]{3}[0-9]{6}[0-9][MFX<][0-9]{6}[0-9][A-Z0-9<]{14}[0-9<][0-9](?![0-9A-Z<])"
)


def find(reading: Reading) -> Iterator[Hit]:
    """By shape for Japan, by label for any country, by check digit in the machine-readable zone."""
    if not (reading.long and reading.latin) and not (
        (reading.long and "旅券" in reading.text) or "パスポート" in reading.text
    ):
        return
    for found in _JA.finditer(reading.text):
        yield Hit(*found.span(), "PASSPORT", SHAPED)
    for found in _ANY.finditer(reading.text):
        if any("0" <= letter <= "9" for letter in found[0]) and reading.labelled(found.start(), _LABEL, 30):
            yield Hit(*found.span(), "PASSPORT", CHECKED)
    if "<" in reading.text:
        for found in _ZONE.finditer(reading.text):
            if check_digit(found[1]) == found[2]:
                yield Hit(*found.span(), "PASSPORT", CHECKED)


def check_digit(field: str) -> str:
    """ICAO 9303 part 3, 4.9: weights 7, 3, 1; A is 10, ``<`` is 0."""
    values = (int(letter, 36) if letter != "<" else 0 for letter in field)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)
