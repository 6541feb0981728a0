"""What a scorer says of one case."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """``passed`` asserts; ``measure`` is a number to look at (None: nothing is measured); ``said`` is the sentence behind it.

    ``driver`` is ``rule`` where the same input always gives the same score, ``judge`` where a model was asked.
    """

    passed: bool
    said: str = ""
    measure: int | None = None
    driver: str = "rule"


def score_of(faults: list[str], measure: int | None = None) -> Score:
    """Passed when nothing is wrong, else the sentences of what is."""
    return Score(passed=not faults, said="; ".join(faults), measure=measure)
