"""Word lists in policy files: topics, each with patterns per language and with the wording that only looks like it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from pydantic import BaseModel, ConfigDict

from policies.loading import Page
from retrieval.customer import LANGUAGES

_NEVER = r"(?!)"
_CHOICE = re.compile(r"\(\?:([^()\[\]]+)\)(?![?*+{])(.*)")
"""A pattern that begins with a plain choice of words."""
_LETTER = re.compile(r"([^\\()\[\].?*+{}|^$]|\[[^\]^\\]+\])(?![?*+{])(.*)")
"""A pattern that begins with one letter, or one of several, that is always there."""
_GROUP = re.compile(r"\([^()]*\)")
_ONE = re.compile(r"\\.|\[\^?\]?[^\]]*\]")
"""An escaped letter or a class: it stands for one letter."""
_INNERMOST = re.compile(r"\(\?:([^()*+]*)\)(?:\{(?:[0-9]*,)?([0-9]+)\})?")
_REPEATED = re.compile(r"(.)\{(?:[0-9]*,)?([0-9]+)\}")
_KEPT, _LONGEST = 8192, 1000
"""How many paragraphs are remembered, the last asked; and code points of the longest that is."""
_PLAIN = re.compile(r"[^\\.^$*+?{}\[\]|()]*")
"""A pattern that is the word it finds."""
_LATIN = re.compile(r"[a-z][ -~]*")
"""What English there is in Japanese text."""


class _TopicFile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    said: dict[str, str]
    ja: tuple[str, ...]
    en: tuple[str, ...]
    unless: tuple[str, ...] = ()


class Words:
    """Patterns of both languages as two expressions: English ones begin where a word does, Japanese ones anywhere.

    Each looks at the first letter once and so passes over ordinary text at the speed of a search for letters.
    """

    def __init__(self, japanese: Iterable[str], english: Iterable[str]) -> None:
        self._japanese, self._english = tuple(japanese), tuple(english)

    @cached_property
    def _anywhere(self) -> re.Pattern[str]:
        return re.compile(_by_letter(self._japanese) or _NEVER)

    @cached_property
    def _at_words(self) -> re.Pattern[str]:
        # The letter before is part of it: a search for "no letter, then one of these" skips whole words.
        return re.compile(f"[^a-z0-9](?:{_by_letter(self._english) or _NEVER})")

    @cached_property
    def _japanese_in(self) -> Callable[[str], bool]:
        return _piecewise(lambda read: self._anywhere.search(read) is not None, self._japanese)

    @cached_property
    def _english_in(self) -> Callable[[str], bool]:
        return _piecewise(lambda read: self._at_words.search(f" {read}") is not None, self._english)

    def among(self, read: str) -> bool:
        """Whether any of them is in a readable text."""
        if read.isascii():
            return self._english_in(read)
        latin = " ".join(_LATIN.findall(read))
        return self._japanese_in(read) or (latin != "" and self._english_in(latin))

    def places(self, read: str) -> Iterator[tuple[int, int]]:
        """(start, end) of each in a readable text."""
        yield from (found.span() for found in self._anywhere.finditer(read))
        # The space put before the text stands for the letter before.
        yield from ((found.start(), found.end() - 1) for found in self._at_words.finditer(f" {read}"))


def _piecewise(found_in: Callable[[str], bool], patterns: Iterable[str]) -> Callable[[str], bool]:
    """``found_in`` asked of each paragraph, and remembered: a batch says most of them again and again.

    A paragraph is read with as much of what follows as the longest of the patterns may run on into.
    """
    widths = [longest(pattern) for pattern in patterns]
    if None in widths:
        return found_in
    beyond = max([width for width in widths if width], default=0)
    remembered = lru_cache(maxsize=_KEPT)(found_in)

    def found_in_any(read: str) -> bool:
        at = 0
        while at < len(read):
            end = read.find("  ", at)
            end = len(read) if end < 0 else end + 2
            piece = read[at : end + beyond]
            if (remembered if len(piece) <= _LONGEST else found_in)(piece):
                return True
            at = end
        return False

    return found_in_any


def longest(pattern: str) -> int | None:
    """A bound of the letters that a pattern matches; None where it has none, or looks at letters that it does not match.

    The pattern is rewritten, from its innermost group outwards, as a text of its greatest length.
    """
    text = _ONE.sub("x", pattern.replace(r"\b", ""))
    while "(" in text:
        outer = _INNERMOST.sub(lambda group: "x" * (_longest_of(group[1]) * int(group[2] or 1)), text)
        if outer == text:
            return None
        text = outer
    return None if set("*+") & set(text) else _longest_of(text)


def _longest_of(text: str) -> int:
    return max(len(_REPEATED.sub(lambda letter: letter[1] * int(letter[2]), one)) for one in text.split("|"))


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject: its name, what people call it in each language, and its words."""

    name: str
    said: Mapping[str, str]
    words: Words


@dataclass(frozen=True, slots=True)
class Unspoken:
    """Topics in file order; ``unless`` is looked for first and taken out; ``any`` holds the words of all topics."""

    topics: tuple[Topic, ...]
    unless: re.Pattern[str]
    any: Words

    def find(self, text: str) -> Iterator[tuple[Topic, int, int]]:
        """(topic, start, end) of everything found in ``text``, by topic; places are code points of ``text``."""
        read = readable(text)
        # Ordinary text is read once.
        if not self.any.among(read):
            return
        read = self.unless.sub(_blank, read)
        for topic in self.topics:
            for start, end in topic.words.places(read):
                yield topic, start, end

    def topics_of(self, text: str) -> frozenset[str]:
        """The names of the topics that ``text`` speaks about."""
        return frozenset(topic.name for topic, _, _ in self.find(text))


def _blank(found: re.Match[str]) -> str:
    return "\0" * len(found[0])


@lru_cache(maxsize=256)
def readable(text: str) -> str:
    """``text`` as patterns are written for: NFKC, lower case, line breaks as spaces; every letter stays in its place."""
    if text.isascii():
        return text.lower().replace("\n", " ")
    folded = unicodedata.normalize("NFKC", text).lower()
    if len(folded) != len(text):
        folded = "".join(map(_letter, text))
    return folded.replace("\n", " ")


@lru_cache(maxsize=8192)
def _letter(letter: str) -> str:
    """The folded letter where it stays one letter, else itself."""
    folded = unicodedata.normalize("NFKC", letter).lower()
    return folded if len(folded) == 1 else letter


def read_unspoken(page: Page, key: str) -> Unspoken:
    """The topics under ``key`` of a policy file.

    Raises InputError naming file, line and key of what is no topic or no pattern.
    """
    entries = (page.content or {}).get(key)
    if not isinstance(entries, Mapping):
        raise page.error("must hold topics", key)
    topics: list[Topic] = []
    unless: list[str] = []
    whole: dict[str, list[str]] = {language: [] for language in LANGUAGES}
    for name, content in entries.items():
        topic = page.part(_TopicFile, content, key, name)
        if set(topic.said) != set(LANGUAGES):
            raise page.error("must be said in ja and en", key, name, "said")
        for part in (*LANGUAGES, "unless"):
            for number, pattern in enumerate(getattr(topic, part)):
                if pattern and _PLAIN.fullmatch(pattern):
                    continue
                try:
                    re.compile(pattern)
                except re.error as problem:
                    raise page.error(f"is not a pattern: {problem}", key, name, part, number) from None
                if part != "unless" and not all(map(_begun, _choices(pattern))):
                    raise page.error("must begin with a letter that is always there", key, name, part, number)
        unless += topic.unless
        for language in LANGUAGES:
            whole[language] += getattr(topic, language)
        topics.append(Topic(str(name), topic.said, Words(topic.ja, topic.en)))
    return Unspoken(tuple(topics), re.compile("|".join(unless) or _NEVER), Words(whole["ja"], whole["en"]))


def _by_letter(patterns: Iterable[str]) -> str:
    """All patterns as one that looks at the first letter once."""
    rests: dict[str, list[str]] = {}
    for pattern in patterns:
        for one in _choices(pattern):
            if (begun := _begun(one)) is not None:
                for letter in _letters(begun[1]):
                    rests.setdefault(letter, []).append(begun[2])
    return "|".join(f"{letter}(?:{'|'.join(rest)})" for letter, rest in rests.items())


def _choices(pattern: str) -> list[str]:
    """The pattern once for each word it may begin with."""
    choice = _CHOICE.fullmatch(pattern)
    return [word + choice[2] for word in choice[1].split("|")] if choice else [pattern]


def _begun(pattern: str) -> re.Match[str] | None:
    """First letter and rest; None where that is not plain."""
    return None if "|" in _GROUP.sub("", _GROUP.sub("", pattern)) else _LETTER.fullmatch(pattern)


def _letters(token: str) -> Iterable[str]:
    """The letters that a letter or a class such as ``[0-9一二]`` stands for."""
    if len(token) == 1:
        return token
    spread = re.sub(r"(.)-(.)", lambda ends: "".join(map(chr, range(ord(ends[1]), ord(ends[2]) + 1))), token[1:-1])
    return dict.fromkeys(spread)
