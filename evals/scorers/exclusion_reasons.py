"""Every action that must be excluded was, and by that rule: held back for another reason is held back by luck."""

from __future__ import annotations

from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of

VERSION = 1


def score(outcome: Outcome, case: Case) -> Score | None:
    """``action/channel`` names one channel; an action by itself must be a candidate on none, and the rule one of its reasons."""
    wanted = case.file.expect.excluded
    if not wanted:
        return None
    possible = {(one[0], one[1]) for one in outcome.decision["candidates"]}
    faults = []
    for place, rule in wanted.items():
        action, _, channel = place.partition("/")
        reasons = outcome.excluded.get(action, {})
        found = {reasons.get(channel, reasons.get("*"))} if channel else set(reasons.values())
        if any(one == action and channel in ("", by) for one, by in possible):
            faults.append(f"{place} is possible")
        elif rule not in found:
            said = ", ".join(sorted(one for one in found if one)) or "nothing"
            faults.append(f"{place} is excluded by {said}, not {rule}")
    return score_of(faults)
