"""A pattern that is looked for only around signs without which it cannot match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """``pattern`` reaches at most ``before`` letters before and ``after`` letters after the start of one of ``signs``.

    It is looked for in lower case, one that is ``cased`` in the text as it is written.  Every match holds one of ``needs``; a match that is ``signed`` holds one of the signs.
    ``at`` says what of its line stands at the sign of a match: letters that must be there, never such as must not, since a letter may be taken later.
    """

    pattern: re.Pattern[str]
    signs: tuple[str, ...]
    before: int = 24
    after: int = 32
    needs: re.Pattern[str] | None = None
    at: re.Pattern[str] | None = None
    signed: bool = True
    cased: bool = False

    def around(self, places: Sequence[int], text: str) -> list[re.Match[str]]:
        """Every match around these places (in order, and at least one) of its signs, in order."""
        found: list[re.Match[str]] = []
        start, last = max(0, places[0] - self.before), places[0]
        for at in places[1:]:
            if at - self.before > last + self.after:
                found += self._between(text, start, last)
                start = at - self.before
            last = at
        found += self._between(text, start, last)
        return found

    def _between(self, text: str, start: int, last: int) -> Iterable[re.Match[str]]:
        end = last + self.after
        if self.needs and not self.needs.search(text, start, end):
            return ()
        matches = self.pattern.finditer(text, start, end)
        if not self.signed:
            return matches
        found: list[re.Match[str]] = []
        for one in matches:
            found.append(one)
            if one.end() > last:
                break
        return found


SHAPES: list[Shape] = []
"""Every shape there is: their signs are looked for together."""


def shape(
    pattern: str, signs: str | Iterable[str], before: int = 24, after: int = 32, *,
    needs: str = "", at: str = "", signed: bool = True, cased: bool = False,
) -> Shape:  # fmt: skip
    """A shape with its signs as words, parted by blanks where they are one string."""
    said = tuple(signs.split() if isinstance(signs, str) else signs)
    words = tuple(sign for sign in said if not any(sign != other and sign.startswith(other) for other in said))
    there, here = (re.compile(one) if one else None for one in (needs, at))
    SHAPES.append(made := Shape(re.compile(pattern), words, before, after, there, here, signed, cased))
    return made
