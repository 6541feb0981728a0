"""Putting right what is certain: a finding's ``fix`` stands where its text stood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from policies.guardrails.guard import FLAG, Finding, Message
from policies.places import stands_over


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
        if one.start is None
        or one.end is None
        or not any(
            stands_over(texts.get(one.part, ""), fact, one.start, one.end)
            for fact in message.grounded
            if one.text in fact
        )
    )


def apply_fixes(message: Message, findings: Iterable[Finding]) -> Message:
    """``message`` with every certain fix in it.

    A finding whose text no longer stands where it says is left alone.
    """
    texts = dict(message.parts)
    for part, fixes in groupby(certain(findings), key=lambda one: one.part):
        text, at = texts.get(part, ""), 0
        pieces: list[str] = []
        for one in fixes:
            if one.start is not None and one.end is not None and text[one.start : one.end] == one.text:
                pieces += (text[at : one.start], one.fix or "")
                at = one.end
        if pieces:
            texts[part] = "".join((*pieces, text[at:]))
    return replace(message, subject=texts.get("subject"), title=texts.get("title"), body=texts.get("body", ""))
