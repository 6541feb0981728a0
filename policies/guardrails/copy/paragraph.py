"""One paragraph of a message, read once however many messages have it: a batch says most of its paragraphs again and again.

What a check takes from a paragraph is a function of the paragraph alone (:func:`once`), so it is kept with it.  What depends
on anything else (the reader's name, the facts, the day) is asked of the whole message.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache, partial, wraps
from typing import Any, Literal, TypeVar

Read = TypeVar("Read")
KEPT, LONGEST = 4096, 1000
"""How many paragraphs of one language and channel are kept, the last used; and code points of the longest that is."""
Part = Literal["subject", "title", "body"]
_URL = re.compile(r"https?://[!-~]+")


class Paragraph:
    """What is written in ``language`` on ``channel`` between two empty lines.

    ``text`` ends with the empty line behind it, also where the message ends; so a pattern that cannot run over two line breaks
    finds in the paragraphs what it finds in the message.  ``masked`` is the text with every URL blanked by as many spaces, and
    ``folded`` that in NFKC and lower case; None where a letter becomes several, so that places would not stay.
    """

    __slots__ = ("channel", "folded", "language", "masked", "text", "told")

    def __init__(self, text: str, *, language: str, channel: str) -> None:
        self.language, self.channel = language, channel
        self.text = f"{text}\n\n"
        self.masked = without_urls(self.text)
        folded = unicodedata.normalize("NFKC", self.masked).lower()
        self.folded = folded if len(folded) == len(self.text) else None
        self.told: dict[Hashable, Any] = {}


Placed = tuple[Part, int, Paragraph]
"""A paragraph, the part it stands in and the code point there at which it begins."""


def once(read: Callable[[Paragraph], Read]) -> Callable[[Paragraph], Read]:
    """``read``, worked out when a paragraph is first asked for it."""

    @wraps(read)
    def kept(paragraph: Paragraph) -> Read:
        try:
            return paragraph.told[read]
        except KeyError:
            found = paragraph.told[read] = read(paragraph)
            return found

    return kept


def some(read: Callable[[Paragraph], object], paragraphs: Iterable[Placed]) -> bool:
    """Whether it is true of any of the paragraphs."""
    return any(map(read, [paragraph for _, _, paragraph in paragraphs]))


@lru_cache(maxsize=64)
def _kept(language: str, channel: str) -> Callable[[str], Paragraph]:
    return lru_cache(maxsize=KEPT)(partial(Paragraph, language=language, channel=channel))


def paragraphs_of(part: Part, text: str, language: str, channel: str) -> list[Placed]:
    """All of ``text`` but its empty paragraphs, each with what is known of it already."""
    found, at, kept = [], 0, _kept(language, channel)
    for piece in text.split("\n\n"):
        size = len(piece)
        if size > LONGEST:
            found.append((part, at, Paragraph(piece, language=language, channel=channel)))
        elif size:
            found.append((part, at, kept(piece)))
        at += size + 2
    return found


def letters(runs: re.Pattern[str], text: str) -> int:
    """How many letters the matches of ``runs`` have together."""
    return sum(map(len, runs.findall(text)))


def without_urls(text: str) -> str:
    """The text with every URL blanked by spaces of the same length."""
    return _URL.sub(lambda found: " " * len(found[0]), text) if "://" in text else text
