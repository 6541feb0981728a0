"""The guards said what they must: the verdict, and the rules of their findings as a sorted list, not merely that something blocked."""

from __future__ import annotations

from collections import Counter

from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of

VERSION = 1


def score(outcome: Outcome, case: Case) -> Score | None:
    """``findings`` must be all there are; ``found`` must be among them; the measure is how many there are."""
    expect = case.file.expect.draft
    if expect.verdict is None and expect.findings is None and not expect.found:
        return None
    if outcome.draft is None:
        return score_of([f"there is no draft to judge: the action is {outcome.chosen['action']}"])
    rules = sorted(finding["rule"] for finding in outcome.draft["findings"])
    faults = []
    if expect.verdict not in (None, outcome.draft["verdict"]):
        faults.append(f"the verdict is {outcome.draft['verdict']}, not {expect.verdict}")
    if expect.findings is not None and rules != sorted(expect.findings):
        faults.append(f"found {_listed(rules)}, expected {_listed(sorted(expect.findings))}")
    missing = Counter(expect.found) - Counter(rules)
    if missing:
        faults.append(f"{_listed(sorted(missing))} was not found, only {_listed(rules)}")
    return score_of(faults, len(rules))


def _listed(rules: list[str]) -> str:
    return ", ".join(rules) or "nothing"
