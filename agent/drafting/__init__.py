"""Writing the message that was decided on: what all drafters share.

A drafter takes orders and returns judged drafts, one for each, in their order.  ``template.py`` fills what is written by hand;
``model.py`` has a language model write copies, and falls back to the template where none of them may be used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import orjson

from agent.canonical import canonical, digest
from agent.decision import Decision
from agent.drafting.outcomes import sentence
from policies.claims import Fact as Claimable
from policies.guardrails import Finding
from prompts.bundle import Intent
from prompts.facts import Claims, Fact, print_fact
from prompts.render import Copy

if TYPE_CHECKING:
    from agent.world import World

TEMPLATE, MODEL = "template", "model"
DRAFTERS = (TEMPLATE, MODEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How a draft came to its words where a model was asked for them.

    ``outcome`` is one of :data:`agent.drafting.outcomes.OUTCOMES`, ``detail`` the rules or the provider's word for it; ``copy`` names
    the brief, which many drafts of a batch share; ``requests`` and tokens are what was spent on that copy.
    """

    outcome: str
    detail: str = ""
    copy: str = ""
    model: str = ""
    requests: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0

    def json(self) -> dict[str, Any]:
        """As other programs and people read it: with the sentence in both languages."""
        ja, en = sentence(self.outcome, self.detail)
        return {**asdict(self), "ja": ja, "en": en}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message for one customer, with the facts in it and what the guards said.

    ``facts_json`` are the facts it says, canonical: id, slot, text and source of each; ``said`` is slot → text of them;
    ``claims`` is what its text may claim: the facts it was written from, by their roles.  ``about`` is what the law asks about
    it, as it stands when it is judged; ``fixed`` what was put right in the drafter's words before they were judged;
    ``provenance`` what came of asking a model, None where none was asked.
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
    drafter: str = TEMPLATE
    provenance: Provenance | None = None
    verdict: str = "block"
    findings: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    digest: str = field(default="")

    @property
    def facts(self) -> list[dict[str, str]]:
        """The facts it says, in the order in which it says them."""
        return cast(list[dict[str, str]], orjson.loads(self.facts_json))


class Order(NamedTuple):
    """What is to be written for one customer: the decision, the bundle, and what the words depend on besides."""

    decision: Decision
    intent: Intent
    facts: Mapping[str, Fact]
    about: Mapping[str, Mapping[str, Any]]
    today: date
    formal: bool
    business: bool
    voice: str


Timed = Callable[[str], AbstractContextManager[None]]
"""Counts the time of a stage."""


class Drafter(Protocol):
    """Writes and judges a partition's drafts."""

    def __call__(self, orders: Sequence[Order], world: World, timed: Timed) -> tuple[Draft, ...]:
        """A judged draft for each order."""


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
