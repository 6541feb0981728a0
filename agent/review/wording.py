"""A draft in a person's own words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date

from agent.decision import Decision
from agent.drafting import Draft, draft_of
from prompts.bundle import Intent
from prompts.facts import Claims, Fact, print_fact
from prompts.render import Copy


def reworded(
    decision: Decision, intent: Intent, words: Mapping[str, str | None], facts: Mapping[str, Fact], said: Iterable[str], today: date,
    policy_version: str, *, drafter: str,
) -> Draft:  # fmt: skip
    """The draft that has these ``words`` (subject, title, body) in place of its own; it is judged like any other.

    It must still say the slots that were ``said`` before, and may say every fact of the bundle, as any channel prints it.
    """
    texts = {
        facts[slot].id: print_fact(facts[slot], intent.language, intent.channel, today)
        for slot in said
        if slot in facts
    }
    copy = Copy(subject=words["subject"], title=words["title"], body=words["body"] or "", facts=texts)
    draft = draft_of(decision, intent, copy, facts, today, policy_version, drafter=drafter)
    prints = {
        print_fact(fact, intent.language, channel, today) for fact in facts.values() for channel in ("email", "sms")
    }
    return replace(draft, grounded=frozenset(prints), claims=Claims(facts.values(), intent.language))
