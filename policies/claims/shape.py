"""A pattern that is looked for only around signs without which it cannot match."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """``pattern`` reaches at most ``before`` letters before and ``after`` letters after the start of one of ``signs``."""

    pattern: re.Pattern[str]
    signs: tuple[str, ...]
    before: int = 24
    after: int = 32

    def found(self, low: str) -> list[re.Match[str]]:
        """Every match in a text in lower case, in order."""
        places: list[int] = []
        for sign in self.signs:
            at = low.find(sign)
            while at >= 0:
                places.append(at)
                at = low.find(sign, at + 1)
        if not places:
            return []
        places.sort()
        found: list[re.Match[str]] = []
        start, end = max(0, places[0] - self.before), places[0] + self.after
        for at in places[1:]:
            if at - self.before <= end:
                end = at + self.after
            else:
                found += self.pattern.finditer(low, start, end)
                start, end = at - self.before, at + self.after
        found += self.pattern.finditer(low, start, end)
        return found


def shape(pattern: str, signs: str | Iterable[str], before: int = 24, after: int = 32) -> Shape:
    """A shape with its signs as words, parted by blanks where they are one string."""
    return Shape(re.compile(pattern), tuple(signs.split() if isinstance(signs, str) else signs), before, after)
