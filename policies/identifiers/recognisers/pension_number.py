"""基礎年金番号: four and six digits, known by its label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, Hit, Reading

TYPES = ("PENSION_NUMBER",)
_SHAPE = re.compile(r"(?<![0-9A-Za-z])(?<![0-9]-)[0-9]{4}[- ]?[0-9]{6}(?!-?[0-9]|[A-Za-z])")
_LABEL = re.compile(r"年金(?:手帳|証書)?(?:番号)?|pension", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """By label and shape."""
    if reading.long and ("年金" in reading.text or "pension" in reading.lower):
        for found in _SHAPE.finditer(reading.text):
            if reading.labelled(found.start(), _LABEL):
                yield Hit(*found.span(), "PENSION_NUMBER", CHECKED)
