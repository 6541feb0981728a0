"""Writing the message that was decided on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from agent.canonical import canonical, digest
from agent.decision import Decision
from agent.world import World
from policies.claims import Fact as Claimable
from policies.guardrails import Finding
from prompts.bundle import Gathering, Intent
from prompts.facts import Fact, claim_of, print_fact
from prompts.render import Copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message for one customer, with the facts in it and what the guards said.

    ``grounded`` is what its text may claim: the facts it was written from, by their roles.

    ``digest`` covers exactly what a reviewer sees: recipient, channel, text, facts, policy and consent version.
    """

    id: str
    decision: Decision
    intent: Intent
    copy: Copy
    facts: tuple[Mapping[str, str], ...]
    grounded: tuple[Claimable, ...]
    addressee: str | None
    surname: str | None
    drafter: str = "template"
    verdict: str = "block"
    findings: tuple[Finding, ...] = ()
    digest: str = field(default="")


def write(decision: Decision, intent: Intent, facts: Mapping[str, Fact], gathering: Gathering, world: World) -> Draft:
    """The template draft of a decision; an unfilled slot stays visible in it."""
    today = gathering.today(intent.i)
    copy = world.templates.render(
        intent.action.id, intent.channel, intent.language, facts, today=today, seed=decision.seed,
        formal=gathering.formal(intent.i), business=gathering.business(intent.i),
    )  # fmt: skip
    return draft_of(decision, intent, copy, facts, today, world.policy_version, drafter="template")


def draft_of(
    decision: Decision,
    intent: Intent,
    copy: Copy,
    facts: Mapping[str, Fact],
    today: date,
    policy_version: str,
    *,
    drafter: str,
) -> Draft:
    """A draft from words and the bundle they were written from."""
    said = tuple(
        {"id": fact.id, "slot": slot, "text": copy.facts[fact.id], "source": fact.source}
        for slot, fact in facts.items()
        if fact.id in copy.facts
    )
    names = {
        slot: print_fact(facts[slot], intent.language, intent.channel, today)
        for slot in ("addressee", "surname")
        if slot in facts
    }
    return Draft(
        id=f"m-{decision.id[2:]}", decision=decision, intent=intent, copy=copy, facts=said,
        grounded=tuple(claim_of(fact, intent.language) for fact in facts.values() if fact.id in copy.facts),
        addressee=names.get("addressee"), surname=names.get("surname"), drafter=drafter,
        digest=digest_of(decision, intent.channel, copy, said, policy_version),
    )  # fmt: skip


def digest_of(
    decision: Decision, channel: str, copy: Copy, facts: tuple[Mapping[str, str], ...], policy_version: str
) -> str:
    """What an approval names: any change to it makes the approval stale."""
    seen: dict[str, Any] = {
        "customer_id": decision.customer_id, "channel": channel, "subject": copy.subject, "title": copy.title, "body": copy.body,
        "facts": list(facts), "policy_version": policy_version, "consent_version": decision.consent_version,
    }  # fmt: skip
    return digest(canonical(seen))
