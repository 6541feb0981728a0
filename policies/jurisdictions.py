"""Whose law a message is under, and what it demands.  One file in ``law/`` is one country, or the platforms.

A rule is read from its file with everything a compliance officer asks of it: what it requires in both languages, where it
applies, how it is checked, what absent data means, and from which source it was taken.  The files are in this project's own
words and are not legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from policies.law_checks import CHECKS
from policies.law_checks.asking import LAW_CHANNELS, PATHS, UNKNOWN, Answers, Circumstances
from policies.law_checks.vocabulary import Vocabulary, Words, squeezed
from policies.loading import Page, policy_files
from retrieval.errors import nearest

EU = frozenset("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO".split())
"""Member states, and the three of the EEA that took over the same acts."""
EVERYWHERE = "GLOBAL"
_HOME = "JP"
_ALIASES = {"GB": "UK", "EL": "GR", "JPN": "JP", "USA": "US", "GBR": "UK", "CAN": "CA"}
_REGIONS = {"TEXAS": "TX", "FLORIDA": "FL", "VIRGINIA": "VA", "CALIFORNIA": "CA", "QUEBEC": "QC", "QUÉBEC": "QC"}
_PLAUSIBLE = {"ja": ("JP",), "en": ("UK", "US", "CA", "EU")}
"""Where somebody of whom only the language is known may live."""
_JURISDICTION = re.compile(r"GLOBAL|EU|[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
_ID = re.compile(r"[A-Z][A-Z0-9]{1,7}(?:-[A-Z0-9]{1,12}){1,3}")


def _both(said: Mapping[str, str]) -> Mapping[str, str]:
    if set(said) != {"ja", "en"}:
        raise ValueError("must be said in ja and en")
    return said


Both = Annotated[Mapping[str, str], AfterValidator(_both)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Part):
    """Where a rule was taken from; ``law`` the article, where there is no page; ``from_memory``: not read again for this."""

    title: str
    publisher: str
    url: str = ""
    law: str = ""
    from_memory: bool = False


class _Cap(_Part):
    max: int = Field(gt=0)
    days: int = Field(gt=0)


class _RuleFile(_Part):
    jurisdiction: str
    channels: tuple[str, ...] | Literal["all"]
    purpose: Literal["marketing", "transactional", "any"]
    given: Mapping[str, tuple[Any, ...] | Literal["known"]] = Field(default_factory=dict)
    unless: Mapping[str, tuple[Any, ...]] = Field(default_factory=dict)
    signs: tuple[str, ...] = ()
    ja: str
    en: str
    severity: Literal["block", "flag"]
    on_missing: Literal["block", "flag", "skip"]
    check: Mapping[str, Any]
    cap: _Cap | None = None
    sources: tuple[str, ...] = Field(min_length=1)
    confidence: Literal["high", "medium", "low"]
    note: str = ""


class _PackFile(_Part):
    title: Both
    notice: Both
    checked: date
    review_by: date
    words: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    sources: Mapping[str, Mapping[str, Any]]
    rules: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Lists:
    """The lists of words of one file, and the vocabulary of all files."""

    words: Mapping[str, tuple[str, ...]]
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LawRule:
    """One rule.

    ``channels`` as the law tells them apart; ``given``: fields that must have one of these values (None: any value) for the
    rule to apply; ``unless``: values that exempt; ``signs``: words that make it apply, or, where ``given`` names a field that
    was not told, make it worth asking for; ``kind`` the name of its check; ``cap`` (messages, days) is kept by the contact
    policy; ``sources`` and ``confidence`` are about the fact.
    """

    id: str
    jurisdiction: str
    channels: frozenset[str]
    purpose: str
    given: Mapping[str, tuple[Any, ...] | None]
    unless: Mapping[str, tuple[Any, ...]]
    signs: Words | None
    says: Mapping[str, str]
    severity: str
    on_missing: str
    kind: str
    ask: Callable[[Circumstances], Answers]
    cap: tuple[int, int] | None
    sources: tuple[Source, ...]
    confidence: str
    note: str

    def applies(self, it: Circumstances) -> bool | str:
        """Whether the rule is about this message; the name of a field when that depends on one that was not told."""
        about = self.concerns(it)
        signs = self.signs_for(about)
        return about if signs is None or it.find(signs) else False

    def concerns(self, it: Circumstances) -> bool | str:
        """:meth:`applies`, as far as fields tell: where :meth:`signs_for` has any, only if the message has one of them."""
        for path, exempt in self.unless.items():
            if (value := it.value(path)) is not UNKNOWN and _one_of(value, exempt):
                return False
        asked = ""
        for path, wanted in self.given.items():
            value = it.value(path)
            if value is UNKNOWN:
                asked = asked or path
            elif not (value not in (None, "", [], ()) if wanted is None else _one_of(value, wanted)):
                return False
        if not asked:
            return True
        return asked if self.signs is not None else False

    def signs_for(self, about: bool | str) -> Words | None:
        """The signs one of which a message must have, with this answer of :meth:`concerns`, for the rule to be about it."""
        return self.signs if about and (about is not True or not self.given) else None


def _one_of(value: Any, wanted: tuple[Any, ...]) -> bool:
    for one in wanted:  # noqa: SIM110 — asked forty times a message, and a generator costs twice as much
        # 1 == True: a number is no answer to a yes-or-no question.
        if value is one or (value == one and type(value) is type(one)):
            return True
    return False


@dataclass(frozen=True, slots=True)
class Pack:
    """One file: its title, notice and dates, and its rules in the order of the file."""

    name: str
    title: Mapping[str, str]
    notice: Mapping[str, str]
    checked: date
    review_by: date
    rules: tuple[LawRule, ...]


@dataclass(frozen=True, eq=False)
class Law:
    """All packs, and every word that a rule of theirs looks for."""

    packs: tuple[Pack, ...]
    vocabulary: Vocabulary
    _chosen: dict[tuple[frozenset[str], str, bool], tuple[LawRule, ...]] = field(default_factory=dict, repr=False)

    @cached_property
    def rules(self) -> Mapping[str, LawRule]:
        """Every rule by id."""
        return {rule.id: rule for pack in self.packs for rule in pack.rules}

    def rules_for(self, jurisdictions: frozenset[str], channel: str, marketing: bool) -> tuple[LawRule, ...]:
        """The rules of these jurisdictions for this channel and purpose."""
        key = (jurisdictions, channel, marketing)
        if key not in self._chosen:
            purpose = "marketing" if marketing else "transactional"
            self._chosen[key] = tuple(
                rule
                for pack in self.packs
                for rule in pack.rules
                if rule.jurisdiction in jurisdictions and channel in rule.channels and rule.purpose in ("any", purpose)
            )
        return self._chosen[key]

    @cached_property
    def _spoken_of(self) -> frozenset[str]:
        return frozenset(rule.jurisdiction for pack in self.packs for rule in pack.rules)

    def covers(self, country: str) -> bool:
        """Whether a pack says something about this country."""
        return not self._spoken_of.isdisjoint(_within(country))


@dataclass(frozen=True, slots=True)
class Under:
    """The jurisdictions a message is under, and what is doubtful about that."""

    jurisdictions: frozenset[str]
    country: str
    """The recipient's, empty when it was not told."""
    guessed: tuple[str, ...] = ()
    """Countries taken because it was not told, the law of each applied."""


def jurisdictions_of(it: Circumstances) -> Under:
    """The recipient's, the sender's and the one asked for; of an unknown recipient, Japan's and every plausible one's."""
    return _under(
        it.text("recipient.country"), it.text("recipient.region"), it.text("sender.country"), it.message.jurisdiction or "",
        it.text("recipient.timezone"), it.message.language,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _under(recipient: str, region: str, sender: str, asked: str, zone: str, language: str) -> Under:
    country = _code(recipient)
    found = {EVERYWHERE, *_within(_code(sender)), *_within(_code(asked))}
    if country:
        part = region.upper().removeprefix(f"{country}-")
        return Under(frozenset({*found, *_within(country), f"{country}-{_REGIONS.get(part, part)}"}), country)
    if asked:
        return Under(frozenset(found), "")
    guessed = tuple(dict.fromkeys((_HOME, *_plausible(zone, language))))
    return Under(frozenset({*found, *guessed}), "", guessed)


def _code(country: str) -> str:
    code = country.strip().upper()
    return _ALIASES.get(code, code)


def _within(code: str) -> tuple[str, ...]:
    """A country or region and what it is part of."""
    if not code:
        return ()
    country = code.partition("-")[0]
    return tuple(dict.fromkeys((code, country, *(["EU"] if country in EU else []))))


def _plausible(zone: str, language: str) -> tuple[str, ...]:
    for sign, countries in (
        ("Asia/Tokyo", ("JP",)),
        ("Europe/London", ("UK",)),
        ("America/", ("US", "CA")),
        ("Europe/", ("EU",)),
    ):
        if zone.startswith(sign):
            return countries
    return _PLAUSIBLE.get(language, ("JP", "UK", "US", "CA", "EU"))


def load_law(*roots: Path) -> Law:
    """Every pack; a file of an earlier root replaces the one of the same name.  Raises InputError naming file and line."""
    packs, seen, vocabulary = [], dict[str, Path](), Vocabulary()
    for path in policy_files("law", *roots):
        page = Page(path)
        pack = page.read(_PackFile)
        sources = {name: _source(page, name, content) for name, content in pack.sources.items()}
        for name, words in pack.words.items():
            if not all(map(squeezed, words)):
                raise page.error("holds a word without a letter, which would stand in every message", "words", name)
        rules, lists = [], _Lists(pack.words, vocabulary)
        for name, content in pack.rules.items():
            if name in seen:
                raise page.error(f"'{name}' is already a rule of {seen[name].name}", "rules", name)
            seen[name] = path
            rules.append(_rule(page, name, content, lists, sources))
        packs.append(Pack(path.stem, pack.title, pack.notice, pack.checked, pack.review_by, tuple(rules)))
    return Law(tuple(packs), vocabulary)


def _source(page: Page, name: str, content: Mapping[str, Any]) -> Source:
    source = page.part(Source, content, "sources", name)
    if not source.url and not source.law:
        raise page.error("names neither a page (url) nor an article (law)", "sources", name)
    return source


def _rule(
    page: Page, name: str, content: Mapping[str, Any], lists: _Lists, sources: Mapping[str, Source]
) -> LawRule:  # fmt: skip
    at = ("rules", name)
    read = page.part(_RuleFile, content, *at)
    if not _ID.fullmatch(name):
        raise page.error("an id is capitals and digits joined by hyphens, such as JP-TEM-03", *at)
    if not _JURISDICTION.fullmatch(read.jurisdiction):
        raise page.error(
            f"'{read.jurisdiction}' is no jurisdiction such as JP, EU, US-TX or GLOBAL", *at, "jurisdiction"
        )
    channels = LAW_CHANNELS if read.channels == "all" else read.channels
    for place, channel in enumerate(channels):
        if channel not in LAW_CHANNELS:
            raise page.error(f"unknown channel '{channel}'{nearest(channel, LAW_CHANNELS)}", *at, "channels", place)
    for key, asked in (("given", read.given), ("unless", read.unless)):
        for path in asked:
            _known_field(page, path, *at, key, path)
    for place, source in enumerate(read.sources):
        if source not in sources:
            raise page.error(f"unknown source '{source}'{nearest(source, sources)}", *at, "sources", place)

    kind, ask = _check(page, read.check, lists, *at)
    return LawRule(
        id=name, jurisdiction=read.jurisdiction, channels=frozenset(channels), purpose=read.purpose,
        given={path: None if wanted == "known" else tuple(wanted) for path, wanted in read.given.items()}, unless=read.unless,
        signs=_listed(page, list(read.signs), lists, *at, "signs") if read.signs else None, says={"ja": read.ja, "en": read.en},
        severity=read.severity, on_missing=read.on_missing, kind=kind, ask=ask,
        cap=(read.cap.max, read.cap.days) if read.cap else None, sources=tuple(sources[source] for source in read.sources),
        confidence=read.confidence, note=read.note,
    )  # fmt: skip


def _check(
    page: Page, content: Mapping[str, Any], lists: _Lists, *at: object
) -> tuple[str, Callable[[Circumstances], Answers]]:
    """The kind of check a rule names, and that check as the rule sets it."""
    check = dict(content)
    kind = check.pop("kind", None)
    if kind not in CHECKS:
        raise page.error(f"unknown kind of check '{kind}'{nearest(str(kind), CHECKS)}", *at, "check", "kind")
    for key in ("field", "register"):
        if key in check:
            _known_field(page, check[key], *at, "check", key)
    for path in check.get("fields", ()) if isinstance(check.get("fields"), list) else ():
        _known_field(page, path, *at, "check", "fields")
    if "words" in check and "words" in CHECKS[kind].parameters.model_fields:
        check["words"] = _listed(page, check["words"], lists, *at, "check", "words")
    parameters = page.part(CHECKS[kind].parameters, check, *at, "check")
    return kind, partial(_asked, CHECKS[kind].ask, parameters)


def _listed(page: Page, names: Any, lists: _Lists, *at: object) -> Words:
    """The words of the lists named."""
    wanted = names if isinstance(names, list) else [names]
    for one in wanted:
        if one not in lists.words:
            raise page.error(f"unknown word list '{one}'{nearest(str(one), lists.words)}", *at)
    return Words((word for one in wanted for word in lists.words[one]), lists.vocabulary)


def _asked(ask: Callable[[Circumstances, Any], Answers], parameters: Any, it: Circumstances) -> Iterator[Any]:
    return ask(it, parameters)


def _known_field(page: Page, path: str, *where: object) -> None:
    if path not in PATHS:
        raise page.error(f"unknown field '{path}'{nearest(path, PATHS)}", *where)
