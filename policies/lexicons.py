"""Word lists that a copy editor keeps: what is found in a text, why it is wrong there, and what to write instead.

One file in ``lexicons/<language>/`` is one list, its words in groups that share a reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain
from operator import add
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from policies.loading import Page, policy_files
from retrieval.errors import nearest

LANGUAGES = ("japanese",)
"""The folders of lexicons."""
_KEPT, _LONGEST = 8192, 1000
"""How many texts a word list remembers what is said in, the last asked; and code points of the longest of them."""


class _WordFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    find: str | tuple[str, ...]
    each: tuple[str, ...] = ()
    use: str | None = None
    endings: str | None = None
    not_after: tuple[str, ...] = ()
    not_before: tuple[str, ...] = ()
    months: tuple[Annotated[int, Field(ge=1, le=12)], ...] = ()


class _GroupFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ja: str
    en: str
    cues: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    not_before: tuple[str, ...] = ()
    words: tuple[Any, ...] = Field(min_length=1)


class _LexiconFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    endings: dict[str, dict[str, str]] = {}
    groups: dict[str, Any] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Word:
    """``text`` as it stands in a message; wrong only before one of ``endings`` (None: before anything), each with the ending
    that goes with ``use``; never after or before the letters of ``not_after`` and ``not_before``; ``months`` it belongs to."""

    text: str
    use: str | None
    endings: Mapping[str, str] | None
    not_after: tuple[str, ...]
    not_before: tuple[str, ...]
    months: frozenset[int]


class Hit(NamedTuple):
    """A word found: its span in code points, and what to write there (None: only a person can say)."""

    start: int
    end: int
    word: Word
    use: str | None


@dataclass(frozen=True)
class Group:
    """Words with one reason (``ja``, ``en``).

    Where there are ``cues``, they are wrong only in a message that has one of them; never within 20 letters after one of ``unless``.
    """

    ja: str
    en: str
    cues: tuple[str, ...]
    unless: tuple[str, ...]
    words: Mapping[str, Word]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """The words as alternatives, by first letter so that few are tried at any place, the longest first."""
        initials: dict[str, list[str]] = {}
        for text in sorted(self.words, key=lambda text: (-len(text), text)):
            initials.setdefault(text[0], []).append(re.escape(text[1:]))
        return re.compile("|".join(f"{re.escape(first)}(?:{'|'.join(rests)})" for first, rests in initials.items()))

    @cached_property
    def starts(self) -> frozenset[str]:
        """The first two letters of every word."""
        return frozenset(text[:2] for text in self.words)

    def stands_in(self, text: str) -> bool:
        """Whether any of the words stands in ``text``, rightly or wrongly."""
        return self._pattern.search(text) is not None

    def applies(self, text: str) -> bool:
        """Whether the message is about what the group is about."""
        return not self.cues or any(cue in text for cue in self.cues)

    def found(self, text: str) -> Iterator[Hit]:
        """Every place where a word stands wrongly, from left to right."""
        for match in self._pattern.finditer(text):
            word, start, end = self.words[match[0]], match.start(), match.end()
            if text.endswith(word.not_after, 0, start) or text.startswith(word.not_before, end):
                continue
            if self.unless and any(other in text[max(0, start - 20) : start] for other in self.unless):
                continue
            if word.endings is None:
                yield Hit(start, end, word, word.use)
                continue
            ending = next((ending for ending in word.endings if text.startswith(ending, end)), None)
            if ending is not None:
                use = None if word.use is None else word.use + word.endings[ending]
                yield Hit(start, end + len(ending), word, use)


Lexicon = Mapping[str, Group]
"""Group name → its words."""


class Lexicons(dict[str, Lexicon]):
    """Every lexicon by the name of its file."""

    @cached_property
    def _starts(self) -> frozenset[str]:
        return frozenset(start for lexicon in self.values() for group in lexicon.values() for start in group.starts)

    def starts_in(self, text: str) -> frozenset[str]:
        """The starts (:attr:`Group.starts`) of words that ``text`` has: a group with none of them finds nothing in it."""
        return self._starts.intersection(chain(text, map(add, text, text[1:])))

    def said_in(self, text: str) -> frozenset[tuple[str, str]]:
        """(lexicon, group) of every word that stands in ``text``, rightly or wrongly."""
        return self._remembered(text) if len(text) <= _LONGEST else self._said_in(text)

    @cached_property
    def _remembered(self) -> Callable[[str], frozenset[tuple[str, str]]]:
        return lru_cache(maxsize=_KEPT)(self._said_in)

    def _said_in(self, text: str) -> frozenset[tuple[str, str]]:
        starts = self.starts_in(text)
        return frozenset(
            (name, key)
            for name, lexicon in self.items()
            for key, group in lexicon.items()
            if not group.starts.isdisjoint(starts) and group.stands_in(text)
        )


def load_lexicons(*roots: Path) -> tuple[Lexicons, list[Path]]:
    """Every lexicon, and the files read.  Raises InputError naming file and line."""
    paths = [path for language in LANGUAGES for path in policy_files(f"lexicons/{language}", *roots)]
    return Lexicons({path.stem: _load(path) for path in paths}), paths


def _load(path: Path) -> Lexicon:
    page = Page(path)
    read = page.read(_LexiconFile)
    groups = {}
    for name, content in read.groups.items():
        group = page.part(_GroupFile, content, "groups", name)
        words: dict[str, Word] = {}
        for number, told in enumerate(group.words):
            where = ("groups", name, "words", number)
            word = page.part(_WordFile, told, *where)
            if word.endings is not None and word.endings not in read.endings:
                raise page.error(
                    f"unknown endings '{word.endings}'{nearest(word.endings, read.endings)}", *where, "endings"
                )
            endings = None
            if word.endings is not None:
                after = read.endings[word.endings]
                endings = {ending: after[ending] for ending in sorted(after, key=len, reverse=True)}
            finds = (word.find,) if isinstance(word.find, str) else word.find
            for find in finds:
                if ("{}" in find) != bool(word.each):
                    raise page.error(
                        "a word with {} says what to put there, in 'each', and only such a word does", *where
                    )
                for part in word.each or ("",):
                    text = find.replace("{}", part)
                    if not text or text in words:
                        raise page.error(f"'{text}' stands twice or is empty", *where)
                    if "\n" in text:
                        raise page.error("a word stands in one line", *where)
                    use = None if word.use is None else word.use.replace("{}", part)
                    words[text] = Word(
                        text, use, endings, word.not_after, (*word.not_before, *group.not_before), frozenset(word.months)
                    )  # fmt: skip
        groups[name] = Group(group.ja, group.en, group.cues, group.unless, words)
    return groups
