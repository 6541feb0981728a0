"""Nothing unfilled reaches a customer: slots, placeholders, the printed names of missing values, notes to self.

A placeholder that the bundle declares stands for a value filled in after judging, and literal facts may look like one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE = "C01"
LEVEL = "block"
LANGUAGES = ("ja", "en")
_UNFILLED = re.compile(
    r"\{\{[^{}]{0,80}\}\}|\{%[^{}]{0,80}%\}|\{[a-z_]{2,40}\}|%[A-Z_]{3,40}%|\$\{[^{}]{0,80}\}"
    r"|\[(?:氏名|お名前|会社名|商品名|担当者名|[Ii]nsert [^\]\n]{1,40}|(?:[Ff]irst |[Ll]ast )?[Nn]ame|[Cc]ompany|[Pp]roduct|[Dd]ate|[A-Z][A-Z_ ]{2,40})\]"
    r"|<(?:[A-Z_]{3,40}|[a-z]{1,20}_[a-z_]{1,20}|name|product|customer|company|brand|date|price|link|url)>"
    r"|[〇○◯●△]{2,}(?:様|さま|さん|円|月|日|株式会社)?"
    r"|(?<![A-Za-z0-9])(?:XX{1,40}|TODO|TBD|TBC|NaN|nan|null|undefined|N/A|None(?! (?:of|to|yet|left|needed|too|other|if|the)\b))(?![A-Za-z0-9])"
    r"|[Ll]orem ipsum"
)
_SIGNS = (
    "{",
    "[",
    "<",
    "〇",
    "○",
    "◯",
    "●",
    "△",
    "%",
    "XX",
    "None",
    "NaN",
    "nan",
    "null",
    "undefined",
    "N/A",
    "TODO",
    "TBD",
    "TBC",
    "orem ip",
)


def sign(paragraph: Paragraph) -> bool:
    """Whether it has what every unfilled slot has."""
    return any(sign in paragraph.text for sign in _SIGNS)


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks every unfilled slot, naming it."""
    for part, text in reading.message.parts:
        for found in _UNFILLED.finditer(text):
            if found[0] in (reading.message.bundle.get("placeholders") or ()) or _quoted(found, text, reading):
                continue
            yield Spot(*found.span(), f"「{found[0]}」が埋まっていません", f"'{found[0]}' is not filled in", part=part)


def _quoted(found: re.Match[str], text: str, reading: Reading) -> bool:
    """Whether it lies inside a literal fact, such as a product named XX-100; a fact that is nothing else vouches for nothing."""
    for name in reading.names:
        if found[0] in name and len(name) > len(found[0]) and not _UNFILLED.fullmatch(name):
            at = text.find(name, max(0, found.start() - len(name)))
            if 0 <= at <= found.start():
                return "{" not in found[0]
    return False
