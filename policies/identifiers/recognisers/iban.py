"""IBAN: country, check digits, account; remainder 1 modulo 97 (ISO 13616)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, LOOSE, Hit, Reading

TYPES = ("IBAN",)
_SHAPE = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Za-z0-9])", re.IGNORECASE
)
_LABEL = re.compile(r"iban", re.IGNORECASE)
_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22,
    "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22,
    "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30,
    "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31,
    "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24,
    "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


def find(reading: Reading) -> Iterator[Hit]:
    """With the country's length and the remainder right; cut back to that length when words follow; or by label."""
    if not (reading.long and reading.latin):
        return
    for found in _SHAPE.finditer(reading.text):
        length = _LENGTHS.get(found[0][:2].upper())
        if length is None:
            continue
        end = _end(found[0], length)
        if end and valid(found[0][:end]):
            yield Hit(found.start(), found.start() + end, "IBAN", CHECKED)
        elif reading.labelled(found.start(), _LABEL):
            yield Hit(*found.span(), "IBAN", LOOSE)


def _end(said: str, length: int) -> int:
    """Where ``length`` letters and digits are complete, 0 when there are fewer or a word would be cut."""
    count = 0
    for place, letter in enumerate(said, 1):
        count += letter not in " -"
        if count == length:
            return place if place == len(said) or said[place] in " -" else 0
    return 0


def valid(said: str) -> bool:
    """ISO 7064 MOD 97-10 over the rearranged number."""
    plain = said.replace(" ", "").replace("-", "")
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1
