"""United Kingdom NHS numbers: ten digits, the last a check digit modulo 11."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, SHAPED, Hit, Reading, digits_of

TYPES = ("NHS",)
_SHAPE = re.compile(r"(?<![0-9A-Za-z+(])(?<![0-9][- .])[0-9]{3}([- ]?)[0-9]{3}\1[0-9]{4}(?![-.]?[0-9])(?![A-Za-z])")
_LABEL = re.compile(r"nhs|patient", re.IGNORECASE)
_OTHER = re.compile(r"tel|phone|call|mobile|fax|電話|☎", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """By label, or grouped 3-3-4 by spaces with the check digit right and no word of telephones near."""
    if not reading.long:
        return
    for found in _SHAPE.finditer(reading.text):
        start, end = found.span()
        if reading.labelled(start, _LABEL):
            yield Hit(start, end, "NHS", CHECKED)
        elif (
            found[1] == " "
            and found[0][0] not in "01"
            and valid(digits_of(found[0]))
            and not reading.near(start, start, _OTHER)
        ):
            yield Hit(start, end, "NHS", SHAPED)


def valid(digits: str) -> bool:
    """Whether ten digits end in their check digit."""
    check = (11 - sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11) % 11
    return check < 10 and check == int(digits[9])
