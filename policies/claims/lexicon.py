"""Words that are claims: lists a compliance officer edits, one group per sort of claim in ``policies/lexicons/claims/*.yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from policies.claims.normal import normalise
from policies.loading import Page, policy_files

Check = Literal["word", "offer", "free", "scope", "ends", "relative", "history", "harmless"]

_KANJI = re.compile(r"[一-鿿ァ-ヴ]")
"""Kanji and katakana: a letter by which a word is known, for a text holds few of each."""


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid")
    ja: tuple[str, ...] = ()
    en: tuple[str, ...] = ()


class _GroupFile(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    check: Check = "word"
    severity: Literal["block", "flag"] = "block"
    ja: str = ""
    en: str = ""
    words: _Words
    unless: _Words = _Words()
    topics: tuple[str, ...] = ()
    days: int | None = None
    source: tuple[str, ...] = ()
    confidence: Literal["high", "medium", "low"] | None = None
    note: str = ""


@dataclass(frozen=True)
class Group:
    """One sort of word claim.

    ``check`` says what can stand behind it: ``word`` nothing but an approved claim, the others a fact (offer, free,
    scope, ends, relative, history), ``harmless`` phrases are no claim at all.  ``words`` and ``unless`` (longer phrases in
    which the word is no claim) by language; ``topics`` names under which a bundle withholds the whole group, or the kinds of event
    that vouch for a history; ``source`` and ``confidence`` where a law stands behind it.
    """

    id: str
    check: Check
    severity: str
    ja: str
    en: str
    words: Mapping[str, tuple[str, ...]]
    unless: Mapping[str, tuple[str, ...]]
    topics: tuple[str, ...]
    days: int | None
    source: tuple[str, ...]
    confidence: str | None


Term = tuple[str, str, Group]


@dataclass(frozen=True, eq=False)
class Lexicon:
    """Every group, in the order of files; no other lexicon is the same, so that what was read with one may be remembered."""

    groups: tuple[Group, ...]

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """Every word that may be a claim, with its language and group, in the order of files."""
        return tuple(
            (word, language, group)
            for group in self.groups
            if group.check != "harmless"
            for language, words in group.words.items()
            for word in words
        )

    @cached_property
    def without_kanji(self) -> tuple[tuple[int, str], ...]:
        """(number, word) of the terms that :meth:`by_kanji` does not find."""
        return tuple((number, word) for number, (word, _, _) in enumerate(self.terms) if not _KANJI.search(word))

    @cached_property
    def _kanji(self) -> tuple[re.Pattern[str], Mapping[str, list[int]]]:
        """A search for the letters by which terms are known, and the numbers of the terms by it."""
        found: dict[str, list[int]] = {}
        for number, (word, _, _) in enumerate(self.terms):
            if known := _KANJI.search(word):
                found.setdefault(known[0], []).append(number)
        return re.compile(f"[{''.join(found)}]" if found else "(?!)"), found

    def by_kanji(self, low: str) -> Iterator[int]:
        """The numbers of the terms with kanji that stand in a text in lower case."""
        search, known = self._kanji
        for letter in set(search.findall(low)):
            for number in known[letter]:
                if self.terms[number][0] in low:
                    yield number

    def claims(self, low: str) -> Iterator[Term]:
        """The words that stand in a text (in lower case), with their language and group, in the order of files."""
        others = (number for number, word in self.without_kanji if word in low)
        return (self.terms[number] for number in sorted((*self.by_kanji(low), *others)))

    @cached_property
    def harmless(self) -> tuple[str, ...]:
        """Phrases taken out before anything is looked for, longest first."""
        found = (
            word
            for group in self.groups
            if group.check == "harmless"
            for words in group.words.values()
            for word in words
        )
        return tuple(sorted(found, key=len, reverse=True))

    def about(self, topic: str) -> Iterator[str]:
        """The words of the groups that are named by this topic."""
        for group in self.groups:
            if topic in (group.id, *group.topics) and group.check != "history":
                yield from (word for words in group.words.values() for word in words)


def load_lexicon(*roots: Path) -> tuple[Lexicon, list[Path]]:
    """The groups of all files, and those files; raises InputError naming file and line."""
    groups: dict[str, Group] = {}
    paths = policy_files("lexicons/claims", *roots)
    for path in paths:
        page = Page(path)
        for name in page.content or {}:
            read = page.part(_GroupFile, page.content[name], name)
            if name in groups:
                raise page.error("another file has a group of this name", name)
            if read.check != "harmless" and not (read.ja and read.en):
                raise page.error("says its reason in ja and en", name)
            if not (read.words.ja or read.words.en):
                raise page.error("holds no words", name, "words")
            for language in ("ja", "en"):
                for number, word in enumerate(getattr(read.words, language)):
                    if len(word) < 2:
                        raise page.error(
                            "a word of one letter would be found inside too many others",
                            name,
                            "words",
                            language,
                            number,
                        )
                    if "\n" in word:
                        raise page.error("a word goes over no line's end", name, "words", language, number)
            if (read.days is not None) != (read.check == "ends"):
                raise page.error("days belongs to the check 'ends', and that check needs it", name, "days")
            groups[name] = Group(
                name, read.check, read.severity, read.ja, read.en, _folded(read.words), _folded(read.unless), read.topics, read.days,
                read.source, read.confidence,
            )  # fmt: skip
    return Lexicon(tuple(groups.values())), paths


def _folded(words: _Words) -> Mapping[str, tuple[str, ...]]:
    return {
        language: tuple(normalise(word).text.lower() for word in getattr(words, language)) for language in ("ja", "en")
    }
