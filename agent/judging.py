"""Holding a draft against every guard."""

from __future__ import annotations

from dataclasses import replace

from agent.drafting import Draft
from agent.world import World
from policies.guardrails import Message, judge, verdict_of


def judge_draft(draft: Draft, world: World) -> Draft:
    """The draft with its findings and verdict."""
    findings = judge(message_of(draft), world.catalogue)
    return replace(draft, findings=findings, verdict=verdict_of(findings))


def message_of(draft: Draft) -> Message:
    """The draft as the guards read it."""
    intent = draft.intent
    return Message(
        channel=intent.channel, language=intent.language, purpose=intent.action.purpose, subject=draft.copy.subject,
        title=draft.copy.title, body=draft.copy.body, action=intent.action, addressee=draft.addressee, surname=draft.surname,
        grounded=draft.grounded, row=draft.decision.row, about=draft.about, send_at=draft.decision.send_not_before,
    )  # fmt: skip
