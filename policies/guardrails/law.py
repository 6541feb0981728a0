"""What the law of the recipient's country, of the sender's, and the platforms demand.  The rules are in ``policies/law``.

A rule about something that was not told, such as what kind of product it is, speaks only where the text gives a sign of it:
an approver who is asked about cosmetics in every mail soon reads none of the questions.  Everything else that a rule needs
and does not get is a finding of its own, as severe as the rule says.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from policies.catalogue import Catalogue
from policies.guardrails.guard import FLAG, Finding, Message, Scope
from policies.jurisdictions import LawRule, Under, jurisdictions_of
from policies.law_checks.asking import OF_ONE_READER, Circumstances, Lacking

SCOPE: Scope = "all"


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """What each rule that is about the message finds in it or lacks for judging it; the rule's id is that of its pack."""
    it = Circumstances(message)
    under = jurisdictions_of(it)
    yield from _doubts(under, catalogue)
    for rule in catalogue.law.rules_for(under.jurisdictions, it.channel, it.marketing):
        yield from _asked(rule, it)


class Remembered:
    """The law asked of message after message of known copies: what its rules read is remembered where they found nothing.

    A rule that reads the same answers in the same words says the same, so that it need not be asked twice.  Rules that read
    what is one reader's own (:attr:`Circumstances.personal`) are asked each time; the rest only of answers not seen before.
    """

    def __init__(self, most: int = 200_000) -> None:
        self._most = most
        self._courts: dict[tuple[LawRule, ...], _Court] = {}

    def check(self, message: Message, catalogue: Catalogue, copy: Hashable) -> Iterator[Finding]:
        """What :func:`check` yields; ``copy`` stands for the words: no rule tells the words of two messages with one ``copy`` apart."""
        it = Circumstances(message)
        under = jurisdictions_of(it)
        rules = catalogue.law.rules_for(under.jurisdictions, it.channel, it.marketing)
        court = self._courts.get(rules)
        if court is None:
            court = self._courts[rules] = _Court()
        found = list(_doubts(under, catalogue))
        if not found and court.knows(it, copy):
            for rule in court.personal:
                yield from _asked(rule, it)
            return
        clean = not found
        it.asked.clear()
        for rule in rules:
            it.personal = False
            said = list(_asked(rule, it))
            if it.personal:
                court.personal.setdefault(rule)
            else:
                clean = clean and not said
            found += said
        if clean:
            court.remember(it, copy, self._most)
        yield from found


class _Court:
    """What one set of rules asks for, and the answers to which those that are nobody's own found nothing."""

    def __init__(self) -> None:
        self.personal: dict[LawRule, None] = {}
        self._fields: tuple[str, ...] = ()
        self._clean: set[Hashable] = set()

    def knows(self, it: Circumstances, copy: Hashable) -> bool:
        """Whether nothing was found in these words with these answers."""
        try:
            return self._key(it, copy) in self._clean
        except TypeError:
            return False

    def remember(self, it: Circumstances, copy: Hashable, most: int) -> None:
        """That nothing was found.  A field not asked for before makes what was remembered without it worthless."""
        new = it.asked.difference(OF_ONE_READER, self._fields)
        if new or len(self._clean) >= most:
            self._fields += tuple(sorted(new))
            self._clean.clear()
        try:
            self._clean.add(self._key(it, copy))
        except TypeError:  # an answer that is a list or a mapping is not remembered
            return

    def _key(self, it: Circumstances, copy: Hashable) -> Hashable:
        answers = it.answers(self._fields)
        # 1 == True, and a rule tells them apart.
        return copy, it.day, answers, tuple(map(type, answers))


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
    about = rule.applies(it)
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
