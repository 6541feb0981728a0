"""One search for all of many words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from operator import itemgetter
from typing import Any, Generic, TypeVar

Kept = TypeVar("Kept")
_RUN = re.compile(r"[a-z]+")
_LONGEST = 40
"""Letters of the longest run of which it is remembered what stands in it."""


class Search(Generic[Kept]):
    """Words in lower case, each kept with something, that are looked for in one run over a text.

    Those that begin with a Latin letter are looked for run by run of such letters, since texts repeat their words; of the others those
    that begin alike are read together.
    """

    def __init__(self, words: Iterable[tuple[str, Kept]]) -> None:
        tree: dict[str, Any] = {}
        self._begun: dict[str, list[tuple[str, str, Kept]]] = {}
        for word, kept in words:
            if run := _RUN.match(word):
                self._begun.setdefault(run[0][:2], []).append((word, run[0], kept))
                continue
            self._begun.setdefault(word[:2], []).append((word, "", kept))
            node = tree
            for letter in word:
                node = node.setdefault(letter, {})
            node[""] = {}
        ways = (
            re.escape(first) + (f"(?={rest})" if (rest := _rest(node)) else "") for first, node in sorted(tree.items())
        )
        self._others = re.compile("|".join(ways) or "(?!)")
        self._remembered = lru_cache(maxsize=16384)(self._in_run)

    def found(self, text: str) -> list[tuple[int, str, Kept]]:
        """(place, word, what is kept with it) wherever a word stands in a text in lower case, also inside another, by place."""
        begun = self._begun
        found: list[tuple[int, str, Kept]] = []
        for run in _RUN.finditer(text):
            letters = run[0]
            inside = self._remembered(letters) if len(letters) <= _LONGEST else self._in_run(letters)
            for offset, word, kept in inside:
                if text.startswith(word, at := run.start() + offset):
                    found.append((at, word, kept))
        for place in self._others.finditer(text):
            at = place.start()
            for key in dict.fromkeys((text[at], text[at : at + 2])):
                for word, _, kept in begun.get(key, ()):
                    if text.startswith(word, at):
                        found.append((at, word, kept))
        found.sort(key=itemgetter(0))
        return found

    def _in_run(self, letters: str) -> tuple[tuple[int, str, Kept], ...]:
        """(offset, word, what is kept with it) of every word that may begin in a run of Latin letters."""
        last = len(letters)
        return tuple(
            (offset, word, kept)
            for offset in range(last)
            for key in dict.fromkeys((letters[offset], letters[offset : offset + 2]))
            for word, run, kept in self._begun.get(key, ())
            if letters.startswith(word, offset) or (offset + len(run) == last and letters.startswith(run, offset))
        )


def _rest(node: dict[str, Any]) -> str:
    """What follows, as far as it has to be read to know that some word stands there."""
    if "" in node:
        return ""
    ways = [re.escape(letter) + _rest(after) for letter, after in sorted(node.items())]
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
