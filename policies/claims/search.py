"""One search for all of many words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Generic, TypeVar

Kept = TypeVar("Kept")


class Search(Generic[Kept]):
    """Words, each kept with something, that are looked for in one run over a text; those that begin alike are read together."""

    def __init__(self, words: Iterable[tuple[str, Kept]]) -> None:
        tree: dict[str, Any] = {}
        self._single: dict[str, list[Kept]] = {}
        self._longer: dict[str, list[tuple[str, Kept]]] = {}
        for word, kept in words:
            node = tree
            for letter in word:
                node = node.setdefault(letter, {})
            node[""] = {}
            if len(word) == 1:
                self._single.setdefault(word, []).append(kept)
            else:
                self._longer.setdefault(word[:2], []).append((word, kept))
        ways = (
            re.escape(first) + (f"(?={rest})" if (rest := _rest(node)) else "") for first, node in sorted(tree.items())
        )
        self._begin = re.compile("|".join(ways) or "(?!)")

    def found(self, text: str) -> Iterator[tuple[int, str, Kept]]:
        """(place, word, what is kept with it) wherever a word stands, also inside another, by place."""
        single, longer = self._single, self._longer
        for begun in self._begin.finditer(text):
            at = begun.start()
            for kept in single.get(begun[0], ()):
                yield at, begun[0], kept
            for word, kept in longer.get(text[at : at + 2], ()):
                if text.startswith(word, at):
                    yield at, word, kept


def _rest(node: dict[str, Any]) -> str:
    """What follows, as far as it has to be read to know that some word stands there."""
    if "" in node:
        return ""
    ways = [re.escape(letter) + _rest(after) for letter, after in sorted(node.items())]
    return ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
