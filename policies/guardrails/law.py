"""What the law of the recipient's country, of the sender's, and the platforms demand.  The rules are in ``policies/law``.

A rule about something that was not told, such as what kind of product it is, speaks only where the text gives a sign of it:
an approver who is asked about cosmetics in every mail soon reads none of the questions.  Everything else that a rule needs
and does not get is a finding of its own, as severe as the rule says.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from policies.catalogue import Catalogue
from policies.guardrails.guard import FLAG, Finding, Message, Scope
from policies.jurisdictions import LawRule, Under, jurisdictions_of
from policies.law_checks.asking import OF_ONE_READER, Circumstances, Fields, Lacking
from policies.law_checks.vocabulary import Vocabulary

SCOPE: Scope = "all"
_MOST = 8192
"""Sets of answers remembered of one court."""


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """What each rule that is about the message finds in it or lacks for judging it; the rule's id is that of its pack."""
    it = Circumstances(message)
    under = jurisdictions_of(it)
    yield from _doubts(under, catalogue)
    settled = court_of(catalogue.law.rules_for(under.jurisdictions, it.channel, it.marketing)).settled(it)
    yield from settled.said
    for question, rule in settled.left(it):
        yield from question(rule, it)


class Remembered:
    """The law asked of message after message of known copies: what its rules read is remembered where they found nothing.

    A rule that reads the same answers in the same words says the same, so that it need not be asked twice.  Of rules that no answer
    settles, those that read what is one reader's own (:attr:`Circumstances.personal`) are asked each time, the rest only of words that
    were not read with these answers before.
    """

    def __init__(self, most: int = 200_000) -> None:
        self._most = most
        self._clean: dict[Hashable, tuple[Open, ...]] = {}

    def check(self, message: Message, catalogue: Catalogue, copy: Hashable) -> Iterator[Finding]:
        """What :func:`check` yields; ``copy`` stands for the words: no rule tells the words of two messages with one ``copy`` apart."""
        it = Circumstances(message)
        under = jurisdictions_of(it)
        yield from _doubts(under, catalogue)
        court = court_of(catalogue.law.rules_for(under.jurisdictions, it.channel, it.marketing))
        settled = court.settled(it)
        yield from settled.said
        known = (court, settled, copy)
        personal = self._clean.get(known)
        if personal is not None:
            for question, rule in personal:
                yield from question(rule, it)
            return
        own: list[Open] = []
        clean = True
        for question, rule in settled.left(it):
            it.personal = False
            said = list(question(rule, it))
            if it.personal:
                own.append((question, rule))
            else:
                clean = clean and not said
            yield from said
        if clean and settled.kept:
            if len(self._clean) >= self._most:
                self._clean.clear()
            self._clean[known] = tuple(own)


Open = tuple[Callable[[LawRule, Circumstances], Iterator[Finding]], LawRule]
"""A rule that is left to ask, and what is left to ask of it: all, or, where the answers tell that it applies, what it finds."""


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """What the answers alone settle: ``said`` by rules that read nothing else, and those left ``open``; ``kept`` for the next who answers so.

    ``signed`` are the rules that are left open too if a word (squeezed) stands in the message.
    """

    said: tuple[Finding, ...]
    open: tuple[Open, ...]
    signed: Mapping[Vocabulary, Mapping[str, tuple[LawRule, ...]]]
    kept: bool

    def left(self, it: Circumstances) -> Iterator[Open]:
        """What is left to ask of a message."""
        yield from self.open
        for vocabulary, rules in self.signed.items():
            near = rules.keys() & it.standing(vocabulary)
            for rule in dict.fromkeys(rule for word in near for rule in rules[word]):
                yield _asked, rule


class Court:
    """One set of rules, what they ask for, and what was settled by which answers.

    A rule that was given the same answers asks the same questions.  If it asked for nothing but fields, it says the same of any message
    with these answers, whatever its words; if it read the words or something of one reader's own, it is left open and asked each time.
    """

    def __init__(self, rules: tuple[LawRule, ...]) -> None:
        self._rules = rules
        self._fields = Fields(())
        self._settled: dict[Hashable, Settled] = {}

    def settled(self, it: Circumstances) -> Settled:
        """What the answers of ``it`` settle, asked now where these answers are new."""
        try:
            found = self._settled.get(self._key(it))
        except TypeError:  # an answer that is a list or a mapping is not remembered
            return self._ask(it, kept=False)
        if found is None:
            found = self._ask(it, kept=True)
            # A field not asked for before makes what was settled without it worthless.
            new = it.asked.difference(OF_ONE_READER, self._fields.paths)
            if new or len(self._settled) >= _MOST:
                self._fields = Fields({*self._fields.paths, *new})
                self._settled.clear()
            try:
                self._settled[self._key(it)] = found
            except TypeError:
                return replace(found, kept=False)
        return found

    def _ask(self, it: Circumstances, *, kept: bool) -> Settled:
        said: list[Finding] = []
        left: list[Open] = []
        signed: dict[Vocabulary, dict[str, tuple[LawRule, ...]]] = {}
        # What was asked to know whose law it is, such as the region, is in the choice of the rules already.
        it.asked.clear()
        for rule in self._rules:
            it.worded = it.personal = False
            about = rule.concerns(it)
            if it.personal:
                left.append((_asked, rule))
            elif (signs := rule.signs_for(about)) is not None:
                rules = signed.setdefault(signs.vocabulary, {})
                for word in signs.plain:
                    rules[word] = (*rules.get(word, ()), rule)
            else:
                found = list(_found(rule, it, about))
                if it.worded or it.personal:
                    left.append((_answers, rule))
                else:
                    said += found
        return Settled(tuple(said), tuple(left), signed, kept)

    def _key(self, it: Circumstances) -> Hashable:
        answers = it.answers(self._fields)
        # 1 == True and noon in Tokyo is an hour of London, and a rule tells them apart.
        kinds = tuple(map(type, answers))
        if datetime in kinds:
            answers = [one.isoformat() if isinstance(one, datetime) else one for one in answers]
        # Two channels or purposes may be under the same rules, and a check looks at which it is.
        return it.channel, it.marketing, it.day, tuple(answers), kinds


court_of = lru_cache(maxsize=256)(Court)
"""The court of one set of rules."""


def _doubts(under: Under, catalogue: Catalogue) -> Iterator[Finding]:
    """What is not known of whose law it is."""
    if under.guessed:
        names = "・".join(under.guessed)
        yield _finding(
            "law.country", FLAG, f"受信者の国がわからないため、{names}の規則をあてはめました",
            f"the recipient's country is not known; the rules of {', '.join(under.guessed)} were applied",
        )  # fmt: skip
    elif under.country and not catalogue.law.covers(under.country):
        yield _finding(
            "law.no_pack", FLAG, f"{under.country}の規則は収録されていません。担当者が確認してください",
            f"there is no pack of rules for {under.country}; a person must look",
        )  # fmt: skip


def _asked(rule: LawRule, it: Circumstances) -> Iterator[Finding]:
    """Whether the rule is about the message, and if so what it finds."""
    return _found(rule, it, rule.applies(it))


def _found(rule: LawRule, it: Circumstances, about: bool | str) -> Iterator[Finding]:
    if about is True:
        yield from _answers(rule, it)
    elif about:
        yield from _lacking(rule, [str(about)])


def _answers(rule: LawRule, it: Circumstances) -> Iterator[Finding]:
    lacking = []
    for answer in rule.ask(it):
        if isinstance(answer, Lacking):
            lacking.append(answer.field)
        else:
            yield Finding(
                "law", rule.id, rule.severity, answer.start, answer.end, answer.text, answer.ja, answer.en, answer.part, answer.fix
            )  # fmt: skip
    yield from _lacking(rule, lacking)


def _lacking(rule: LawRule, fields: list[str]) -> Iterator[Finding]:
    if fields and rule.on_missing != "skip":
        named = list(dict.fromkeys(fields))
        yield _finding(
            rule.id, rule.on_missing, f"判断に必要な項目がありません:{'、'.join(named)}",
            f"cannot be judged without {', '.join(named)}",
        )  # fmt: skip


def _finding(rule: str, severity: str, ja: str, en: str) -> Finding:
    return Finding("law", rule, severity, None, None, "", ja, en)
