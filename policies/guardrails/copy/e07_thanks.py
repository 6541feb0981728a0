"""Japanese warmth is not translated: no chain of thanks, no greeting of the season, no apology for writing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Reading, Spot

RULE = "E07"
LEVEL = "warn"
LANGUAGES = ("en",)
_THANKS = re.compile(r"thanks|thank you|grateful|appreciate (?:your|you|it)|gratitude")
_CARRIED = re.compile(
    r"always (?:being indebted|for your continued)|continued (?:patronage|support and)|in this season of|season of (?:fresh|new) (?:green|leaves)|we (?:humbly|respectfully)"
    r"|sorry (?:for|to) (?:the |this )?(?:sudden|disturb|bother)|please excuse (?:us|our) (?:for )?(?:writing|the sudden)|favou?r us with|your honou?red"
)
_MOST = 2


def sign(paragraph: Paragraph) -> bool:
    """Whether it thanks, or may have a phrase carried over."""
    return _words(paragraph) != (0, False)


def check(reading: Reading) -> Iterator[Spot]:
    """Warns of a third word of thanks and of a phrase carried over."""
    told = [_words(one) for _, _, one in reading.of_body]
    if sum(thanks for thanks, _ in told) <= _MOST and not any(carried for _, carried in told):
        return
    text = reading.folded("body")
    thanks = list(_THANKS.finditer(text, 0, reading.imprint_at))
    if len(thanks) > _MOST:
        yield Spot(
            *thanks[_MOST].span(),
            f"お礼が{len(thanks)}回あります",
            f"thanks are said {len(thanks)} times, {_MOST} are enough",
        )
    for found in _CARRIED.finditer(text):
        said = reading.body[found.start() : found.end()]
        yield Spot(*found.span(), f"「{said}」は日本語の言い回しの直訳です", f"'{said}' is carried over from Japanese")


@once
def _words(paragraph: Paragraph) -> tuple[int, bool]:
    """How often it thanks, and whether it may have a phrase carried over."""
    text = paragraph.folded
    return (0, True) if text is None else (len(_THANKS.findall(text)), _CARRIED.search(text) is not None)
