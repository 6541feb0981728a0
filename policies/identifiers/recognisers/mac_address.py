"""Hardware addresses: six octets with colons or hyphens, or three groups with dots (IEEE 802)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import SHAPED, Hit, Reading

TYPES = ("MAC_ADDRESS",)
_SHAPE = re.compile(
    r"(?<![0-9A-Za-z:.-])(?:[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![0-9A-Za-z]|[:-][0-9A-Fa-f])"
)


def find(reading: Reading) -> Iterator[Hit]:
    """By shape; groups of digits only are a number of another kind unless colons stand between."""
    text = reading.text
    if ":" in text or "-" in text or "." in text:
        for found in _SHAPE.finditer(text):
            if found[1] == ":" or not found[0].replace("-", "").replace(".", "").isdigit():
                yield Hit(*found.span(), "MAC_ADDRESS", SHAPED)
