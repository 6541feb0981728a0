"""Running a suite: every case replayed and scored, and what it was run with.  A run is a JSON document that says the same
bytes wherever it is made, so that two can be compared; how long it took is told apart from it.
"""

from __future__ import annotations

import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Literal

import orjson

from agent.enishi import Enishi
from evals.case import Case, Suite, load_case
from evals.cassette import Unmeasured
from evals.replay import DRAFTERS, Drafter, Outcome, replay
from evals.scorers import VERSIONS, check_controls, score
from policies.catalogue import digest_of
from retrieval.errors import InputError

SCHEMA = 1
Status = Literal["pass", "fail", "unscored"]
PACKAGES = (
    "enishi",
    "jinja2",
    "jpholiday",
    "numpy",
    "phonenumbers",
    "polars",
    "pydantic",
    "vcrpy",
    "openai",
    "langchain-core",
)
"""Packages whose version can change what comes out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One case of a run.  ``problem`` is why it is unscored; ``scores`` maps scorer → what it said."""

    case: str
    digest: str
    status: Status
    why: str = ""
    tags: tuple[str, ...] = ()
    scores: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outcome: Outcome | None = None
    problem: str = ""

    @property
    def faults(self) -> list[str]:
        """What is wrong, a sentence each."""
        failed = [f"{name}: {one['said']}" for name, one in self.scores.items() if not one["passed"]]
        return [*failed, *([self.problem] if self.problem else [])]

    def json(self) -> dict[str, Any]:
        """As it is written to a file."""
        told = {name: getattr(self, name) for name in ("case", "digest", "status", "why", "tags", "scores", "problem")}
        return {**told, "outcome": self.outcome.json() if self.outcome else None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A suite as it came out; ``header`` says under what."""

    suite: str
    header: Mapping[str, Any]
    results: tuple[Result, ...]

    def count(self, status: Status) -> int:
        """How many cases came out so."""
        return sum(result.status == status for result in self.results)

    def json(self) -> dict[str, Any]:
        """As it is written to a file."""
        return {
            "schema": SCHEMA, "suite": self.suite, "header": self.header,
            "cases": [result.json() for result in self.results],
        }  # fmt: skip

    def write(self, path: Path) -> None:
        """One JSON document, keys sorted."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(self.json()))
        except OSError as error:
            raise InputError(f"cannot be written: {error.strerror}", file=path) from None


def written(content: Any) -> bytes:
    """JSON that a person and ``git diff`` can read."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_run(path: Path) -> Run:
    """A run as it was written; raises InputError when the file is none."""
    try:
        content = orjson.loads(path.read_bytes())
        if content["schema"] != SCHEMA:
            raise InputError(
                f"was written by another version (schema {content['schema']}); run the suite again", file=path
            )
        results = tuple(
            Result(
                **{**one, "tags": tuple(one["tags"]), "outcome": Outcome.of(one["outcome"]) if one["outcome"] else None}
            )
            for one in content["cases"]
        )
        return Run(suite=content["suite"], header=content["header"], results=results)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}; 'enishi eval run' writes one", file=path) from None
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(f"is not a run of a suite ({type(error).__name__})", file=path) from None


def run_suite(
    suite: Suite, enishi: Enishi, *, drafters: Mapping[str, Drafter] = DRAFTERS, record: bool = False,
    watch: Callable[[Result, float], None] = lambda result, seconds: None,
) -> Run:  # fmt: skip
    """Replay and score every case; ``watch`` is told each result and its seconds, ``record`` asks models anew.

    Raises ScorerBroken when a scorer's controls agree, InputError when a case asks for something unknown.
    """
    check_controls()
    results = []
    for case in suite.cases:
        started = time.perf_counter()
        result = run_case(case, enishi, drafters, record=record)
        results.append(result)
        watch(result, time.perf_counter() - started)
    return Run(suite=suite.name, header=header(enishi, suite.folder), results=tuple(results))


def run_case(case: Case, enishi: Enishi, drafters: Mapping[str, Drafter] = DRAFTERS, *, record: bool = False) -> Result:
    """One case.  What could not be played, or what nobody has an opinion on, is unscored: neither passed nor failed."""
    told: dict[str, Any] = {"case": case.id, "why": case.file.why, "tags": case.file.tags}
    try:
        outcome = replay(case, enishi, drafters, record=record)
    except Unmeasured as error:
        return Result(**told, digest=case.digest, status="unscored", problem=str(error))
    # What was just recorded is part of the case from now on.
    told["digest"] = load_case(case.folder, case.id).digest if record else case.digest
    scores = score(outcome, case)
    if not scores:
        return Result(**told, status="unscored", outcome=outcome, problem="nothing is expected of this case")
    passed = all(one.passed for one in scores.values())
    return Result(
        **told, status="pass" if passed else "fail", outcome=outcome,
        scores={name: asdict(one) for name, one in scores.items()},
    )  # fmt: skip


def header(enishi: Enishi, folder: Path) -> dict[str, Any]:
    """What a run depends on besides its cases; a comparison shows every difference before the first flip."""
    world = enishi.world
    return {
        "policy_version": world.policy_version, "catalogue": digest_of(world.catalogue.files),
        "prompts": digest_of(world.templates.files), "model_version": world.propensity.version, "revision": _revision(folder),
        "python": platform.python_version(), "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "scorers": dict(VERSIONS),
    }  # fmt: skip


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _revision(folder: Path) -> str | None:
    """The commit that the suite stands in, with + where something is not committed; None outside a repository."""
    try:
        told = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"],
            capture_output=True, text=True, check=False, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip() or None
