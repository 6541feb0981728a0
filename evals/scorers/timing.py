"""The message may leave from the expected moment on: quiet hours and windows put it off, and never drop it."""

from __future__ import annotations

from datetime import datetime

from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of

VERSION = 1


def score(outcome: Outcome, case: Case) -> Score | None:
    """Instants are compared, whatever their offsets; the measure is the difference in minutes."""
    expected = case.file.expect.send_not_before
    if expected is None:
        return None
    found = datetime.fromisoformat(outcome.chosen["send_not_before"])
    faults = [] if found == expected else [f"it may leave from {found.isoformat()}, not from {expected.isoformat()}"]
    return score_of(faults, round((found - expected).total_seconds() / 60))
