"""A date in figures alone is read two ways: 05/06 is 5 June in Bristol and May 6 in Boston.  Write the month as a word.

A name that has such figures (SOFT DRINKS 12/18) is quoted and keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot
from policies.places import within_any

RULE = "E11"
LEVEL = "fix"
LANGUAGES = ("en",)
_FIGURES = re.compile(
    r"(?<![0-9A-Za-z/.£$€¥-])([0-9]{1,2})([/.-])([0-9]{1,2})(?:\2([0-9]{4}|[0-9]{2}))?(?![0-9A-Za-z/%]|[.,-][0-9])"
)
_FRACTIONS = frozenset(
    {"1/2", "1/3", "2/3", "1/4", "3/4", "1/8", "24/7", "50/50", "9/10", "4/5", "5/5", "10/10", "7/10", "8/10"}
)
_MONTHS = "January February March April May June July August September October November December".split()


def sign(paragraph: Paragraph) -> bool:
    """Whether it has figures like a date; a link beside them hides that they are, or that they are not."""
    return any(_FIGURES.search(text) for text in {paragraph.text, paragraph.masked})


def check(reading: Reading) -> Iterator[Spot]:
    """Offers the month as a word where only one reading is a date."""
    for part, text in reading.message.parts:
        own = reading.masked if part == "body" else text
        for found in _FIGURES.finditer(own) if any(sign in own for sign in "/.-") else ():
            if within_any(own, reading.names, *found.span()):
                continue
            first, sign, second, year = found.groups()
            if (sign != "/" and not (year and len(year) == 4)) or found[0] in _FRACTIONS:
                continue
            left, right = int(first), int(second)
            days = [
                (day, month) for day, month in {(left, right), (right, left)} if 1 <= month <= 12 and 1 <= day <= 31
            ]
            if not days:
                continue
            (day, month), known = days[0], len(days) == 1
            fix = (
                f"{day} {_MONTHS[month - 1]}" + (f" {year}" if year and len(year) == 4 else "")
                if known and not (year and len(year) == 2)
                else None
            )
            yield Spot(
                *found.span(),
                f"「{found[0]}」は読み手によって月と日が入れ替わります",
                f"'{found[0]}' is read two ways",
                fix=fix,
                part=part,
            )
