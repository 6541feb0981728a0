"""What the law of the recipient's country, of the sender's, and the platforms demand.  The rules are in ``policies/law``.

A rule about something that was not told, such as what kind of product it is, speaks only where the text gives a sign of it:
an approver who is asked about cosmetics in every mail soon reads none of the questions.  Everything else that a rule needs
and does not get is a finding of its own, as severe as the rule says.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.catalogue import Catalogue
from policies.guardrails.guard import FLAG, Finding, Message, Scope
from policies.jurisdictions import LawRule, jurisdictions_of
from policies.law_checks.asking import Circumstances, Lacking

SCOPE: Scope = "all"


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """What each rule that is about the message finds in it or lacks for judging it; the rule's id is that of its pack."""
    it = Circumstances(message)
    under = jurisdictions_of(it)
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
    for rule in catalogue.law.rules_for(under.jurisdictions, it.channel, it.marketing):
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
