"""Words that are claims: lists a compliance officer edits, one group per sort of claim in ``policies/lexicons/claims/*.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from policies.claims.normal import normalise
from policies.loading import Page, policy_files

Check = Literal["word", "offer", "free", "scope", "ends", "relative", "history", "harmless"]


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


@dataclass(frozen=True)
class Lexicon:
    """Every group, in the order of files."""

    groups: tuple[Group, ...]

    @cached_property
    def terms(self) -> Mapping[tuple[str, str], list[tuple[str, str, Group]]]:
        """First two letters → (word, language, group): a text is asked only for words that could begin in it."""
        found: dict[tuple[str, str], list[tuple[str, str, Group]]] = {}
        for group in self.groups:
            if group.check != "harmless":
                for language, words in group.words.items():
                    for word in words:
                        found.setdefault((word[0], word[1]), []).append((word, language, group))
        return found

    def claims(self, low: str) -> Iterator[tuple[str, str, Group]]:
        """The words that stand in a text (in lower case), with their language and group."""
        for pair in self.terms.keys() & set(pairwise(low)):
            for term in self.terms[pair]:
                if term[0] in low:
                    yield term

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
