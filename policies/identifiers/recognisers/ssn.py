"""United States social security numbers (SSA: no area 000, 666 or 9xx, no group 00, no serial 0000); taxpayer numbers 9xx alike."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, SHAPED, Hit, Reading

TYPES = ("SSN",)
_SHAPE = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9][-.])(?!000|666|9[0-9]{2})[0-9]{3}([- .])(?!00)[0-9]{2}\1(?!0000)[0-9]{4}(?![-.]?[0-9])(?![A-Za-z])"
)
_PLAIN = re.compile(r"(?<![0-9A-Za-z-])(?!000|666)[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}(?!-?[0-9]|[A-Za-z])")
_LABEL = re.compile(r"social security|ssn|itin|taxpayer|社会保障", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """In groups, or nine digits after a label."""
    if not reading.long:
        return
    for found in _SHAPE.finditer(reading.text):
        yield Hit(*found.span(), "SSN", SHAPED)
    if _LABEL.search(reading.text):
        for found in _PLAIN.finditer(reading.text):
            if reading.labelled(found.start(), _LABEL, 40):
                yield Hit(*found.span(), "SSN", CHECKED)
