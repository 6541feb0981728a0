"""Every claim in the finished text traces to a fact of the same role and binding (copy check C03 and its kin).

A message composed elsewhere brings a fact bundle; our own drafts bring typed facts.  Either way the text is read on its own,
and nobody who writes a text can add a fact to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from policies.catalogue import Catalogue
from policies.claims import read
from policies.claims.bundle import read_bundle
from policies.claims.fact import Fact, Facts
from policies.guardrails.guard import Finding, Message, Scope

SCOPE: Scope = "text"


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks what no fact bears out; flags what a person has to decide."""
    facts = facts_of(message)
    for part, text in message.parts:
        for one in read(text, facts, catalogue.lexicon, message.language):
            yield Finding(
                "claims",
                one.rule,
                one.severity,
                one.start,
                one.end,
                text[one.start : one.end],
                one.ja,
                one.en,
                part,
                one.fix,
            )


def facts_of(message: Message) -> Facts:
    """What may be said: the typed facts of a draft, or the bundle with what sender and recipient say of themselves."""
    named = [
        name for name in (message.addressee, message.surname, message.about.get("recipient", {}).get("name")) if name
    ]
    people = tuple(map(_person, named))
    now = message.send_at.date() if message.send_at else None
    if message.facts or not message.bundle:
        return Facts(stated=(*message.facts, *people), today=now, people_known=bool(message.facts), locale="")
    found = read_bundle(message.bundle, message.about.get("sender", {}), now=now)
    return replace(found, stated=(*found.stated, *people), people_known=found.people_known or bool(people))


@lru_cache(maxsize=8192)
def _person(name: str) -> Fact:
    return Fact("person", "person", name)
