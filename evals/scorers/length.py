"""The draft fits its channel, counted in the channel's own unit: segments, UTF-16 units, columns, lines or seconds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of
from policies.catalogue import HERE
from policies.channels import ChannelRules, Limit, load_channels, measure

VERSION = 1


def score(outcome: Outcome, case: Case) -> Score | None:
    """Fails over a hard limit, or outside ``at_least`` and ``at_most``; the measure is that of the body."""
    draft, expect = outcome.draft, case.file.expect.draft
    bounded = expect.at_most is not None or expect.at_least is not None
    if draft is None:
        return score_of(["there is no draft to measure"]) if bounded else None
    if not (outcome.leaves or bounded):
        return None
    rules, faults = _channels()[draft["channel"]], []
    for limit in rules.limits if outcome.leaves else ():
        most, size = limit.spans[draft["language"]].max, _size(limit, draft)
        if most is not None and size > most:
            faults.append(f"{limit.what['en']}: {size}, at most {most}")
    first = next(limit for limit in rules.limits if limit.part in ("body", "whole"))
    body = _size(first, draft)
    if expect.at_most is not None and body > expect.at_most:
        faults.append(f"{first.what['en']}: {body}, at most {expect.at_most} expected")
    if expect.at_least is not None and body < expect.at_least:
        faults.append(f"{first.what['en']}: {body}, at least {expect.at_least} expected")
    return score_of(faults, body)


@cache
def _channels() -> Mapping[str, ChannelRules]:
    return load_channels(HERE)


def _size(limit: Limit, draft: Mapping[str, Any]) -> int:
    head = draft["subject"] or draft["title"] or ""
    text = {"subject": head, "title": head, "alt_text": ""}.get(limit.part, draft["body"])
    return measure(text, limit.unit, draft["language"], head)
