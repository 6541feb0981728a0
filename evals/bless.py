"""Taking a run as what shall be: as the baseline that later runs are held against, or case by case as its own snapshot.

Nothing blesses itself: a baseline that follows the code proves nothing.
"""

from __future__ import annotations

from pathlib import Path

from evals.case import BLESSED, Case, Suite
from evals.invented import traces
from evals.run import Run, written
from retrieval.errors import InputError

BASELINE = "baseline.json"


def bless_run(run: Run, suite: Suite) -> Path:
    """Write the run as the suite's baseline.

    Raises InputError when it is of other cases than those that stand there now.
    """
    _same(run, suite.cases)
    path = suite.folder / BASELINE
    run.write(path)
    return path


def bless_cases(run: Run, cases: tuple[Case, ...]) -> list[Path]:
    """Write what came out of each case beside it; from then on it must come out byte for byte.

    Raises InputError, before anything is written, when a case changed since the run or its outcome names somebody.
    """
    _same(run, cases)
    outcomes = {result.case: result.outcome for result in run.results}
    told = []
    for case in cases:
        outcome = outcomes[case.id]
        if outcome is None:
            raise InputError("nothing came out of it that could be blessed", file=case.folder)
        content = outcome.json()
        found = next(traces(content, case.language), None)
        if found:
            raise InputError(f"{found}; that may not be kept", file=case.folder / BLESSED)
        told.append((case.folder / BLESSED, written(content)))
    for path, whole in told:
        path.write_bytes(whole)
    return [path for path, _ in told]


def _same(run: Run, cases: tuple[Case, ...]) -> None:
    digests = {result.case: result.digest for result in run.results}
    for case in cases:
        if digests.get(case.id) != case.digest:
            said = "changed since this run" if case.id in digests else "is not in this run"
            raise InputError(f"the case {said}; run the suite again, then bless it", file=case.folder)
