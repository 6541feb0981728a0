"""A draft that could leave names its own reader and the shop, and nobody else: no other customer of the suite, no stray number."""

from __future__ import annotations

from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of
from policies.identifiers.scan import scan
from policies.identifiers.types import NAMES

VERSION = 1


def score(outcome: Outcome, case: Case) -> Score | None:
    """The measure is how many identifiers belong to somebody else; they are told by their type alone."""
    if not outcome.leaves or outcome.draft is None:
        return None
    allowed = {
        "facts": [fact["text"] for fact in outcome.draft["facts"]],
        "reader": [value for _, value in case.people],
        "sender": case.record.get("sender") or {},
    }
    spans = scan(outcome.text, outcome.draft["language"], allowed, case.neighbours)
    faults = [f"holds {NAMES[span.type][1]} that is not its reader's" for span in spans]
    return score_of(list(dict.fromkeys(faults)), len(spans))
