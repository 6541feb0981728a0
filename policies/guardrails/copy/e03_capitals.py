"""No shouting: at most one word of four and more capitals, STOP and names apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Reading, Spot, blanked

RULE = "E03"
LEVEL = "fix"
LANGUAGES = ("en",)
EACH = True
_LOUD = re.compile(r"(?<![A-Za-z0-9_/-])[A-Z]{4,40}(?![A-Za-z0-9_/-])")
_CAPITALS = re.compile(r"[A-Z]{4,}")
_KEPT = frozenset("STOP HELP START HDMI JPEG HTML HTTPS WIFI ASAP RSVP NATO NASA UNESCO IKEA ISBN UHD OLED".split())


def sign(paragraph: Paragraph) -> bool:
    """Whether it may have such a word."""
    return _most(paragraph) > 0


def check(reading: Reading) -> Iterator[Spot]:
    """Offers the same words in small letters, a capital where a sentence begins."""
    if sum([_most(one) for _, _, one in reading.paragraphs]) < 2:
        return
    loud = []
    for part, text in reading.message.parts:
        if not _LOUD.search(text):
            continue
        own = blanked(reading.masked if part == "body" else text, reading.names)
        loud += [(part, text, found) for found in _LOUD.finditer(own) if found[0] not in _KEPT]
    if len(loud) < 2:
        return
    for part, text, found in loud:
        before = text[: found.start()].rstrip(" \"'(")
        calm = (
            found[0].capitalize()
            if not before or before[-1] in ".!?\n:" or text[: found.start()].endswith("\n")
            else found[0].lower()
        )
        yield Spot(*found.span(), f"「{found[0]}」は大文字の強調です", f"'{found[0]}' shouts", fix=calm, part=part)


@once
def _most(paragraph: Paragraph) -> int:
    """How many such words it can have at most, whatever names stand in it: blanking one may cut a row of capitals in two."""
    return sum((len(row) + 1) // 5 for row in _CAPITALS.findall(paragraph.text))
