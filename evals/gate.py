"""Whether a run may pass: it was written first and is decided on afterwards, as often as anybody likes."""

from __future__ import annotations

from dataclasses import dataclass

from evals.compare import Comparison, Flip, compare
from evals.run import Result, Run

STOPS = ("regressed", "missing", "unscored", "incomparable")
"""Kinds of case that a gate with a baseline stops at; there is no tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """``reasons``: (what it is, case, sentence).  ``comparison`` is None where there was no baseline."""

    reasons: tuple[tuple[str, str, str], ...]
    measured: bool
    comparison: Comparison | None = None

    @property
    def passed(self) -> bool:
        """Nothing stands against it."""
        return not self.reasons

    @property
    def exit_code(self) -> int:
        """0 passed · 1 failed · 3 nothing failed, but something could not be measured."""
        return 0 if self.passed else 1 if self.measured else 3


def decide(run: Run, baseline: Run | None = None, *, strict: bool = False) -> Ruling:
    """Without a baseline every case must pass.  With one, no case may be worse than it was: what failed before may fail.

    ``strict`` also stops at cases that pass and came out differently.
    """
    if baseline is None:
        reasons = [_unpassed(result) for result in run.results if result.status != "pass"]
        return _ruling(reasons, None)
    comparison = compare(baseline, run)
    stops = (*STOPS, "changed") if strict else STOPS
    reasons = [_stopped(flip) for flip in comparison.of(*stops)]
    reasons += [
        ("new", flip.case, flip.said) for flip in comparison.of("new") if flip.after and flip.after.status == "fail"
    ]
    return _ruling(reasons, comparison)


def _ruling(reasons: list[tuple[str, str, str]], comparison: Comparison | None) -> Ruling:
    unmeasured = {"unscored", "incomparable"}
    measured = any(kind not in unmeasured for kind, _, _ in reasons)
    return Ruling(reasons=tuple(reasons), measured=measured or not reasons, comparison=comparison)


def _unpassed(result: Result) -> tuple[str, str, str]:
    return ("failed" if result.status == "fail" else "unscored", result.case, "; ".join(result.faults))


def _stopped(flip: Flip) -> tuple[str, str, str]:
    said = {
        "missing": "the case is gone",
        "incomparable": "the case itself was changed; bless the run to take it as the new baseline",
    }
    return (flip.kind, flip.case, said.get(flip.kind, flip.said))
