"""Stretches of a text: its paragraphs, and its runs of digits.

In a draft, seven digits that no fact prints are somebody's number until proven otherwise, whatever kind of number it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_RUN = re.compile(r"(?<![0-9])[0-9](?:(?:[ \-./()·]{1,2}|-?\n)?[0-9]){6,40}")


def digit_runs(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of every run of at least seven digits, separators inside, in normalised text."""
    for found in _RUN.finditer(text):
        yield found.span()


def paragraphs(text: str) -> list[tuple[int, str]]:
    """(start, paragraph): what stands between empty lines.  No identifier goes across one."""
    if "\n\n" not in text:
        return [(0, text)]
    found, at = [], 0
    for paragraph in text.split("\n\n"):
        found.append((at, paragraph))
        at += len(paragraph) + 2
    return found
