"""在留カード and 特別永住者証明書: two letters, eight digits, two letters."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import SHAPED, Hit, Reading

TYPES = ("RESIDENCE_CARD",)
_SHAPE = re.compile(r"(?<![A-Za-z0-9-])[A-Z]{2}[ -]?[0-9]{8}[ -]?[A-Z]{2}(?![A-Za-z0-9]|-[0-9A-Za-z])", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """By shape; nothing else is written so."""
    if reading.long and reading.latin:
        for found in _SHAPE.finditer(reading.text):
            yield Hit(*found.span(), "RESIDENCE_CARD", SHAPED)
