"""No phrase that every mailing has: the reader has learnt to skip it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot, outside_words

RULE = "E05"
LEVEL = "warn"
LANGUAGES = ("en",)
_STOCK = re.compile(
    r"just (?:checking in|touching base|following up|a quick|wanted to reach out)|hope this (?:email|message) finds you|touch(?:ing)? base|reach(?:ing)? out to you"
    r"|at your earliest convenience|please do not hesitate|don['’]t hesitate|as per (?:our|your|my)|kindly (?:note|be advised|find)|it has come to our attention"
    r"|we are (?:pleased|excited|thrilled|delighted) to (?:announce|inform|offer|share)|we value your (?:business|loyalty|custom)|as a (?:token of our|valued)"
    r"|elevate your|unlock (?:the|your)|take your [a-z]{1,20} to the next level|look no further|in today['’]s fast[- ]paced|game[- ]changer|delve into|we miss you"
)


def sign(paragraph: Paragraph) -> bool:
    """Whether it has such a phrase."""
    return paragraph.folded is None or _STOCK.search(paragraph.folded) is not None


def check(reading: Reading) -> Iterator[Spot]:
    """Warns of every such phrase."""
    for part, text in reading.everything:
        for found in outside_words(_STOCK, text):
            said = reading.text(part)[found.start() : found.end()]
            yield Spot(
                *found.span(), f"「{said}」は決まり文句です", f"'{said}' is a phrase that every mailing has", part=part
            )
