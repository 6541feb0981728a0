"""御社 is spoken; in writing it is 貴社."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J19", "fix", ("ja",)
_SPOKEN = re.compile("御社")


def sign(paragraph: Paragraph) -> bool:
    """Whether it has one, and is not spoken."""
    return paragraph.channel != "phone" and "御社" in paragraph.text


def check(reading: Reading) -> Iterator[Spot]:
    """Each 御社 outside a phone script."""
    if reading.message.channel == "phone":
        return
    for part, text in japanese(reading).texts:
        for found in _SPOKEN.finditer(text):
            yield Spot(*found.span(), "「御社」は話し言葉です", "御社 is spoken, 貴社 is written", "貴社", part)
