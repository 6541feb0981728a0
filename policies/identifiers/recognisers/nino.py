"""United Kingdom national insurance numbers (HMRC NIM39110)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import SHAPED, Hit, Reading

TYPES = ("NINO",)
_SHAPE = re.compile(
    r"(?<![A-Za-z0-9])(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D](?![A-Za-z0-9])",
    re.IGNORECASE,
)


def find(reading: Reading) -> Iterator[Hit]:
    """By shape: prefix, six digits, suffix A to D."""
    if reading.long and reading.latin:
        for found in _SHAPE.finditer(reading.text):
            yield Hit(*found.span(), "NINO", SHAPED)
