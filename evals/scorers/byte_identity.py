"""What came out is byte for byte what a person last looked at and blessed (``blessed.json``)."""

from __future__ import annotations

from agent.canonical import canonical, first_difference
from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of

VERSION = 1


def score(outcome: Outcome, case: Case) -> Score | None:
    """Fails with the first field that differs."""
    if case.blessed is None:
        return None
    now = outcome.json()
    if canonical(now) == canonical(case.blessed):
        return score_of([])
    # The words first: they are what a person blessed.
    parts = ("draft", "chosen", "excluded", "decision", "decision_id")
    found = (first_difference(case.blessed.get(part), now[part], part) for part in parts)
    return score_of([next((one for one in found if one), "its fields differ")])
