"""One letter form for every way of writing it, with the way back to the raw text."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache

MARK = re.compile("[\u0300-\u036f\u3099\u309a\uff9e\uff9f]")
"""A mark that composes with the letter before it."""
_CLUSTER = re.compile(f".{MARK.pattern}?", re.DOTALL)
"""A letter with its mark: half-width ｶﾞ is one letter."""
_DASHES = dict.fromkeys(map(ord, "‐‑‒–−"), "-")
_OTHER = re.compile("[^ -~\t\n、。々「」『』【】〔〕ぁ-ゖァ-ヺー一-鿿─-◿]")
"""All letters but those of ordinary text, which are their own form."""
_COUNTED = re.compile(r"[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793]")
"""Enclosed numbers (①, ⑴, ⒈, ❶): they count the points of a list and are no amount."""


@dataclass(frozen=True, slots=True)
class Normal:
    """``text`` is the raw text in NFKC; ``starts`` the raw offset of each of its code points, None when they are the same."""

    text: str
    starts: tuple[int, ...] | None = None

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """Where ``text[start:end]`` stands in the raw text, in code points; whole raw letters."""
        if self.starts is None:
            return start, end
        last = self.starts[end - 1] if end > start else self.starts[start]
        return self.starts[start], self.starts[bisect_right(self.starts, last)] if end > start else last


def normalise(text: str) -> Normal:
    """NFKC letter by letter (Unicode TR15), dashes as ``-``, enclosed list numbers as ``・``."""
    if text.isascii() or not _OTHER.search(text):
        return Normal(text)
    plain = _COUNTED.sub("・", text.translate(_DASHES))
    if not MARK.search(plain):
        folded = _OTHER.sub(_form, plain)
        if len(folded) == len(text):
            return Normal(folded)
    if unicodedata.is_normalized("NFKC", plain):
        return Normal(plain)
    letters: list[str] = []
    starts: list[int] = []
    for found in _CLUSTER.finditer(plain):
        folded = _folded(found[0])
        letters.append(folded)
        starts += [found.start()] * len(folded)
    starts.append(len(text))
    if len(starts) == len(text) + 1 and starts == list(range(len(starts))):
        return Normal("".join(letters))
    return Normal("".join(letters), tuple(starts))


@lru_cache(maxsize=65536)
def folded(text: str) -> str:
    """A fact's words as they are looked for."""
    return normalise(text).text.lower().strip()


def _form(letter: re.Match[str]) -> str:
    return _folded(letter[0])


@lru_cache(maxsize=16384)
def _folded(cluster: str) -> str:
    return unicodedata.normalize("NFKC", cluster)
