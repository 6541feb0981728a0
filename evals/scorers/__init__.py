"""What is held against an outcome.  One file in this folder is one scorer; ``controls/<scorer>.yaml`` shows it passing and failing.

A scorer is a pure function of what came out and the case, ``score(outcome, case)``; None where the case does not concern it.  A
scorer that can't fail proves nothing, so its two controls are asked before every run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from evals.case import Case, CaseFile, Expectation
from evals.replay import Outcome
from evals.scorers.score import Score
from policies.loading import Page
from retrieval.errors import EnishiError
from retrieval.rooms import modules_of

Scorer = Callable[[Outcome, Case], Score | None]
CONTROLS = Path(__file__).with_name("controls")

_MODULES = {name: module for name, module in modules_of(__name__, __path__).items() if name != "score"}
SCORERS: Mapping[str, Scorer] = {name: module.score for name, module in _MODULES.items()}
"""Scorer name → scorer, in the order of names."""
VERSIONS: Mapping[str, int] = {name: module.VERSION for name, module in _MODULES.items()}
"""Scorer name → version: raised whenever the same outcome could be scored otherwise."""


class ScorerBroken(EnishiError):
    """A scorer whose controls agree measures nothing (exit 3)."""

    exit_code = 3


class Control(BaseModel):
    """One control: a made-up outcome and what was expected of it."""

    model_config = ConfigDict(extra="forbid")
    customer: dict[str, Any] = {}
    catalog: list[dict[str, Any]] = []
    neighbours: list[tuple[str, str]] = []
    expect: Expectation = Expectation()
    chosen: dict[str, Any] = {}
    candidates: list[str] = []
    excluded: dict[str, dict[str, str]] = {}
    draft: dict[str, Any] | None = None
    blessed: dict[str, Any] | None = None


class Controls(BaseModel):
    """``controls/<scorer>.yaml``."""

    model_config = ConfigDict(extra="forbid")
    passes: Control
    fails: Control


def score(outcome: Outcome, case: Case) -> dict[str, Score]:
    """Scorer → its score, of those whom the case concerns."""
    found = {name: scorer(outcome, case) for name, scorer in SCORERS.items()}
    return {name: one for name, one in found.items() if one is not None}


def check_controls(scorers: Mapping[str, Scorer] = SCORERS, folder: Path = CONTROLS) -> None:
    """Ask each scorer about its two controls; raises ScorerBroken when one does not pass the one or fail the other."""
    for name, scorer in scorers.items():
        controls = Page(folder / f"{name}.yaml").read(Controls)
        for kind, control, wanted in (("passing", controls.passes, True), ("failing", controls.fails, False)):
            found = scorer(*control_of(control))
            if found is None or found.passed is not wanted:
                said = "says nothing of" if found is None else "passes" if found.passed else "fails"
                raise ScorerBroken(f"the scorer '{name}' {said} its {kind} control; what it scores proves nothing")


def control_of(control: Control) -> tuple[Outcome, Case]:
    """The outcome and the case of a control."""
    file = CaseFile(
        schema=1, why="a control of a scorer", clock=datetime(2026, 5, 14, tzinfo=UTC), policy_version="control",
        expect=control.expect,
    )  # fmt: skip
    chosen = {"action": "no_action", "channel": None, "sku": None, "offer": None, **control.chosen}
    draft = None
    if control.draft is not None:
        draft = {
            "subject": None, "title": None, "channel": chosen["channel"], "language": "ja", "verdict": "pass", "findings": [],
            "facts": [], "digest": "", **control.draft,
        }  # fmt: skip
    candidates = [[action, None, None, 0, 0, 0, 0] for action in control.candidates or [chosen["action"]]]
    outcome = Outcome(
        decision_id="d-control",
        decision={"candidates": candidates},
        chosen=chosen,
        excluded=control.excluded,
        draft=draft,
    )
    record = {
        "customer": {"id": "C-1", "language": (draft or {}).get("language", "ja"), **control.customer},
        "catalog": control.catalog,
    }
    return outcome, Case(
        id="control",
        folder=CONTROLS,
        file=file,
        record=record,
        blessed=control.blessed,
        neighbours=tuple(control.neighbours),
    )
