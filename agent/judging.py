"""Holding a draft against every guard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from agent.drafting import Draft, digest_of
from agent.world import World
from policies.guardrails import Finding, Message, judge, verdict_of
from policies.guardrails.copy.fixing import apply_fixes, certain, wording
from prompts.bundle import ALWAYS

OF_NO_READER = frozenset(ALWAYS) | frozenset(
    "link price content offer offer_ends offer_code event_name event_day event_place registration_benefit register_by".split()
)
"""Slots whose facts say nothing about the one reader."""


def judge_draft(draft: Draft, world: World) -> Draft:
    """The draft with its findings and verdict."""
    findings = judge(message_of(draft), world.catalogue)
    return replace(draft, findings=findings, verdict=verdict_of(findings))


def judge_written(drafts: Iterable[Draft], world: World) -> tuple[Draft, ...]:
    """A drafter's words judged, and where a fault has a certain remedy, put right first; a person's words are only judged."""
    written = [(draft, message_of(draft)) for draft in drafts]
    said = world.shared.judge_all(written, world.catalogue)
    return tuple(
        _put_right(draft, message, found, world) for (draft, message), found in zip(written, said, strict=True)
    )


def _put_right(draft: Draft, message: Message, findings: tuple[Finding, ...], world: World) -> Draft:
    if not (fixed := certain(wording(message, findings))):
        return replace(draft, findings=findings, verdict=verdict_of(findings))
    message = apply_fixes(message, fixed)
    copy = replace(draft.copy, subject=message.subject, title=message.title, body=message.body, shape=None)
    digest = digest_of(draft.decision, draft.intent.channel, copy, draft.facts_json, world.policy_version)
    return judge_draft(replace(draft, copy=copy, fixed=fixed, digest=digest), world)


def message_of(draft: Draft) -> Message:
    """The draft as the guards read it."""
    intent, said = draft.intent, draft.said
    required = intent.action.required
    bundle = {
        "must_mention": [said[slot] for slot in said if slot in required],
        "about_reader": [said[slot] for slot in said if slot not in OF_NO_READER],
    }
    return Message(
        channel=intent.channel, language=intent.language, purpose=intent.action.purpose, subject=draft.copy.subject,
        title=draft.copy.title, body=draft.copy.body, action=intent.action, addressee=draft.addressee, surname=draft.surname,
        grounded=draft.grounded, facts=draft.claims, row=draft.decision.row, bundle=bundle, about=draft.about,
        send_at=draft.decision.send_not_before.astimezone(ZoneInfo(draft.decision.zone)),
    )  # fmt: skip
