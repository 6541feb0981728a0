"""The action, channel, product and offer that were expected were chosen, and none of those that must not be.

The measure is the rank of the expected action among the candidates, 1 when it was chosen, 0 when it was none of them.
"""

from __future__ import annotations

from evals.case import Case
from evals.replay import Outcome
from evals.scorers.score import Score, score_of

VERSION = 1


def score(outcome: Outcome, case: Case) -> Score | None:
    """Fails with what was chosen instead."""
    expect, chosen = case.file.expect, outcome.chosen
    wanted = (
        ("action", expect.action), ("channel", expect.channel), ("sku", (expect.sku,) if expect.sku else ()),
        ("offer", (expect.offer,) if expect.offer else ()),
    )  # fmt: skip
    unwanted = (("action", expect.not_action), ("channel", expect.not_channel))
    if not any(names for _, names in (*wanted, *unwanted)):
        return None
    faults = [
        f"{key} is {chosen[key]}, not {' or '.join(map(str, names))}"
        for key, names in wanted
        if names and chosen[key] not in names
    ]
    faults += [f"{key} is {chosen[key]}, which must not be" for key, names in unwanted if chosen[key] in names]
    ranks = [place for place, one in enumerate(_ranked(outcome), 1) if one in expect.action]
    return score_of(faults, (min(ranks) if ranks else 0) if expect.action else None)


def _ranked(outcome: Outcome) -> list[str]:
    """Actions of the candidates, the chosen one first."""
    return list(dict.fromkeys([outcome.chosen["action"], *(one[0] for one in outcome.decision["candidates"])]))
