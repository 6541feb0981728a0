"""Words that rules of law look for, however they are spaced or set; all of them looked for together, once in each text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

Part = Literal["subject", "title", "body"]
Place = tuple[Part, int | None, int | None, str]
"""Where a word stands: part, start, end (code points; None when it is spaced or set otherwise) and the word."""
_SPACES = re.compile(r"\s+")


@lru_cache(maxsize=16384)
def squeezed(text: str) -> str:
    """Compatibility forms folded (NFKC), case folded, without any space: what two ways of writing one name share."""
    return _SPACES.sub("", unicodedata.normalize("NFKC", text)).casefold()


def squeezed_lines(text: str) -> str:
    """:func:`squeezed`, line by line: a batch says its lines again and again."""
    return "".join(map(squeezed, text.split("\n")))


class Vocabulary:
    """Every word of some lists, squeezed."""

    def __init__(self) -> None:
        self._with: dict[str, set[str]] = {}
        self._begins: set[str] = set()
        self._ends: set[str] = set()
        self._inner: set[str] = set()

    def add(self, word: str) -> None:
        """One more to look for, squeezed here."""
        plain = squeezed(word)
        self._with.setdefault(min(plain, key=_commonness), set()).add(plain)
        if plain.isascii():
            # Latin words are found whole: with what stands around it, only one of several words makes them.
            self._inner.update(map(squeezed, word.split()))
            return
        for at in range(1, len(plain)):
            self._begins.add(plain[:at])
            self._ends.add(plain[at:])
            self._inner.update(plain[at:end] for end in range(at + 1, len(plain)))

    def touches(self, text: str) -> bool:
        """Whether a squeezed text has a word, or may make one with what stands around it."""
        size = len(text)
        return (
            text in self._inner
            or any(text[:end] in self._ends or text[size - end :] in self._begins for end in range(1, size + 1))
            or bool(self.within(text))
        )

    def within(self, text: str) -> frozenset[str]:
        """Those that stand in a squeezed text."""
        near = self._with.keys() & set(text)
        return frozenset([word for letter in near for word in self._with[letter] if word in text])


class Words:
    """One list: words to be found in a message; Latin words only as whole words.  ``plain`` are the places of each squeezed word in it.

    Raises ValueError when one of them is nothing but space.
    """

    def __init__(self, words: Iterable[str], vocabulary: Vocabulary) -> None:
        self.words = tuple(words)
        self.vocabulary = vocabulary
        self.plain: dict[str, list[int]] = {}
        for place, word in enumerate(self.words):
            self.plain.setdefault(squeezed(word), []).append(place)
            vocabulary.add(word)
        latin = [_whole(word) for word in self.words if unicodedata.normalize("NFKC", word).isascii()]
        self._latin = re.compile("|".join(latin), re.IGNORECASE | re.ASCII) if latin else None

    def find(self, parts: Iterable[tuple[Part, str]], folded: str, standing: frozenset[str]) -> Place | None:
        """The first word that stands in ``parts``; ``folded`` is all their text, ``standing`` what it has of the vocabulary."""
        here = self.plain.keys() & standing
        near = [self.words[place] for place in sorted(place for plain in here for place in self.plain[plain])]
        for word in near:
            if unicodedata.normalize("NFKC", word).isascii():
                continue
            for part, text in parts:
                at = text.find(word)
                if at >= 0:
                    return part, at, at + len(word), word
            return "body", None, None, word
        if near and self._latin:
            for part, text in parts:
                if hit := self._latin.search(text):
                    return part, *hit.span(), hit[0]
            if hit := self._latin.search(folded):
                return "body", None, None, hit[0]
        return None


def _commonness(letter: str) -> int:
    """How often a letter is met, roughly: of a word, the rarest is looked for."""
    return 0 if letter >= "㐀" else 1 if letter >= "ァ" else 2


def _whole(word: str) -> str:
    """A pattern for a Latin word that is not part of a longer one."""
    before = r"(?<![a-z0-9])" if word[0].isalnum() else ""
    after = r"(?![a-z0-9])" if word[-1].isalnum() else ""
    return f"{before}{re.escape(word)}{after}"
