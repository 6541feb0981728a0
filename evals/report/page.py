"""A run as one self-contained page."""

from __future__ import annotations

from evals.run import Run


def report(run: Run, baseline: Run | None = None) -> str:
    """The page as HTML."""
    raise NotImplementedError
