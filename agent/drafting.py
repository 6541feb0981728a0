"""Writing the message that was decided on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

import orjson

from agent.canonical import canonical, digest
from agent.decision import Decision
from agent.world import World
from policies.claims import Fact as Claimable
from policies.guardrails import Finding
from prompts.bundle import Gathering, Intent
from prompts.facts import Claims, Fact, print_fact
from prompts.render import Copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message for one customer, with the facts in it and what the guards said.

    ``facts_json`` are the facts it says, canonical: id, slot, text and source of each; ``said`` is slot → text of them;
    ``claims`` is what its text may claim: the facts it was written from, by their roles.  ``about`` is what the law asks about
    it, as it stands when it is judged; ``fixed`` what was put right in the drafter's words before they were judged.
    ``digest`` covers exactly what a reviewer sees: recipient, channel, text, facts, policy and consent version.
    """

    id: str
    decision: Decision
    intent: Intent
    copy: Copy
    facts_json: bytes
    said: Mapping[str, str]
    grounded: frozenset[str]
    claims: Sequence[Claimable]
    addressee: str | None
    surname: str | None
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    drafter: str = "template"
    verdict: str = "block"
    findings: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    digest: str = field(default="")

    @property
    def facts(self) -> list[dict[str, str]]:
        """The facts it says, in the order in which it says them."""
        return cast(list[dict[str, str]], orjson.loads(self.facts_json))


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
    said = {slot: copy.facts[fact.id] for slot, fact in facts.items() if fact.id in copy.facts}
    told = canonical([
        {"id": facts[slot].id, "slot": slot, "text": text, "source": facts[slot].source} for slot, text in said.items()
    ])  # fmt: skip
    names = {
        slot: print_fact(facts[slot], intent.language, intent.channel, today)
        for slot in ("addressee", "surname")
        if slot in facts
    }
    return Draft(
        id=f"m-{decision.id[2:]}", decision=decision, intent=intent, copy=copy, facts_json=told, said=said,
        grounded=frozenset(copy.facts.values()), claims=Claims([facts[slot] for slot in said], intent.language),
        addressee=names.get("addressee"), surname=names.get("surname"), drafter=drafter,
        digest=digest_of(decision, intent.channel, copy, told, policy_version),
    )  # fmt: skip


def digest_of(decision: Decision, channel: str, copy: Copy, facts: bytes, policy_version: str) -> str:
    """What an approval names: any change to it makes the approval stale."""
    seen: dict[str, Any] = {
        "customer_id": decision.customer_id, "channel": channel, "subject": copy.subject, "title": copy.title, "body": copy.body,
        "facts": orjson.Fragment(facts), "policy_version": policy_version, "consent_version": decision.consent_version,
    }  # fmt: skip
    return digest(canonical(seen))
