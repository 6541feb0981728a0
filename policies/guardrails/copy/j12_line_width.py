"""A line of an email is at most 30 full-width letters wide, and breaks between phrases."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.channels import display_width
from policies.guardrails.copy.japanese import japanese, prose
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J12", "fix", ("ja",)
EACH = OF_PROSE = True
MOST, AIM, SHORT = 60, 40, 16
"""Half-width columns: what a line may have, what a phone shows, and what a comma may leave behind."""
LONGEST = 400
"""Letters of a line beyond which it is no line of a letter, and no fix is looked for."""
_BORDER = re.compile(
    "[、。！？]|(?:から|まで|より|ので|では|には|とは|[はがをにでとへのや])(?=[一-龯々ァ-ヺ0-9A-Za-z「])"
)
"""A phrase ends after a mark, or after a particle before a kanji, katakana, digit or bracket: seldom too many, never in a word."""


def sign(paragraph: Paragraph) -> bool:
    """Whether an email has a wider line in it."""
    if paragraph.channel != "email" or len(paragraph.text) <= MOST // 2:
        return False
    return any(_too_wide(line) for line in prose(paragraph).split("\n"))


def check(reading: Reading) -> Iterator[Spot]:
    """A wider line; the fix breaks it at phrase borders, and there is none where a piece would still be too wide.

    Footer, links and what must not be torn apart (names, dates and other facts) are left as they are.
    """
    if reading.message.channel != "email":
        return
    told, at = japanese(reading), 0
    for line in told.prose.split("\n"):
        if width := _too_wide(line):
            raw = reading.body[at : at + len(line)]
            pieces = _broken(raw, told.names) if len(raw) <= LONGEST else [raw]
            fix = "\n".join(pieces) if all(display_width(piece) <= MOST for piece in pieces) else None
            yield Spot(
                at, at + len(line), f"一行が全角{width / 2:g}字分です（{MOST // 2}字まで）", f"a line of {width / 2:g} full-width letters, at most {MOST // 2}",
                fix, "body", None if fix else "warn",
            )  # fmt: skip
        at += len(line) + 1


def _too_wide(line: str) -> int | None:
    """Its columns where they are too many."""
    if len(line) <= MOST // 2 or (width := display_width(line.rstrip())) <= MOST:
        return None
    return width


def _broken(line: str, names: tuple[str, ...]) -> list[str]:
    whole = [(at, at + len(name)) for name in names if (at := line.find(name)) >= 0] + [
        found.span() for found in re.finditer("[!-~]+|「[^「」]{1,60}」", line)
    ]
    pieces, start, comma, last = [], 0, 0, 0
    for found in _BORDER.finditer(line):
        border = found.end()
        if any(begin < border < end for begin, end in whole):
            continue
        # The last comma that leaves a line of some length, else the last phrase end.
        if display_width(line[start:border]) > AIM and last > start:
            cut = comma if display_width(line[start:comma]) >= SHORT else last
            pieces.append(line[start:cut])
            start, last, comma = cut, max(cut, last), cut
        last = border
        if found[0] == "、":
            comma = border
        elif found[0] in "。！？":
            pieces.append(line[start:border])
            start = comma = border
    if display_width(line[start:]) > AIM and last > start:
        pieces.append(line[start:last])
        start = last
    return [piece for piece in (*pieces, line[start:]) if piece]
