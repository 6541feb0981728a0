"""Putting right what is certain: a finding's ``fix`` stands where its text stood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from policies.guardrails.guard import FLAG, Finding, Message


def certain(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings that may be put right without asking: none that blocks, none without a replacement, none inside another."""
    chosen: list[Finding] = []
    for found in sorted(
        (
            one
            for one in findings
            if one.severity == FLAG and one.fix is not None and one.start is not None and one.end is not None
        ),
        key=lambda one: (one.part, one.start, one.end, one.guard, one.rule),
    ):
        if not chosen or chosen[-1].part != found.part or (chosen[-1].end or 0) <= (found.start or 0):
            chosen.append(found)
    return tuple(chosen)


def wording(message: Message, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Those of ``findings`` that are not about the letters of a fact: a name is written as its owner writes it."""
    texts = dict(message.parts)
    return tuple(
        one
        for one in findings
        if not any(_within(one, texts.get(one.part, ""), fact) for fact in message.grounded if one.text in fact)
    )


def _within(found: Finding, text: str, fact: str) -> bool:
    if found.start is None or found.end is None:
        return False
    at = text.find(fact, max(0, found.end - len(fact)))
    return 0 <= at <= found.start


def apply_fixes(message: Message, findings: Iterable[Finding]) -> Message:
    """``message`` with every certain fix in it, from right to left, so that the places named stay right.

    A finding whose text no longer stands where it says is left alone.
    """
    texts = dict(message.parts)
    for found in reversed(certain(findings)):
        text = texts.get(found.part, "")
        if text[found.start : found.end] == found.text:
            texts[found.part] = text[: found.start] + (found.fix or "") + text[found.end :]
    return replace(message, subject=texts.get("subject"), title=texts.get("title"), body=texts.get("body", ""))
