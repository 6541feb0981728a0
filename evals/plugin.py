"""``pytest --enishi-suite DIR``: one test per case, with the sentence of what is wrong in place of a traceback.

It only collects and reports; a case is replayed and scored as ``enishi eval run`` does.  Without the option it does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from agent.enishi import Enishi
    from evals.case import Case
    from evals.run import Result

CASE = "case.yaml"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two options of the suite."""
    group = parser.getgroup("enishi", "recorded cases of Enishi")
    group.addoption(
        "--enishi-suite", action="append", default=[], metavar="DIR", help="A folder of cases, or the name of a shipped suite."
    )  # fmt: skip
    group.addoption(
        "--enishi-home", default=".enishi", metavar="DIR", help="The home whose policies and templates are tried."
    )


def pytest_configure(config: pytest.Config) -> None:
    """The suites are what is collected, unless paths were given besides."""
    config.addinivalue_line("markers", "enishi_eval: a recorded case of an evaluation suite")
    named = config.getoption("--enishi-suite")
    if named:
        suites = [str(folder) for folder in _suites(config)]
        given = config.args_source is pytest.Config.ArgsSource.ARGS
        config.args = [*config.args, *suites] if given else suites


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A case of one of the suites."""
    if file_path.name != CASE or not parent.config.getoption("--enishi-suite"):
        return None
    suite = next((folder for folder in _suites(parent.config) if folder in file_path.parents), None)
    return None if suite is None else CaseFolder.from_parent(parent, path=file_path, suite=suite)


def _suites(config: pytest.Config) -> list[Path]:
    from evals.case import find_suite
    from retrieval.errors import InputError

    try:
        home = Path(config.getoption("--enishi-home"))
        return [find_suite(name, home).resolve() for name in config.getoption("--enishi-suite")]
    except InputError as error:
        raise pytest.UsageError(str(error)) from None


class CaseFolder(pytest.File):
    """The folder of one case."""

    def __init__(self, *, suite: Path, **named: Any) -> None:
        super().__init__(**named)
        self.suite = suite

    def collect(self) -> Iterable[pytest.Item]:
        """The case, read with its neighbours; a file that is wrong is told in its own sentence."""
        from retrieval.errors import InputError

        try:
            cases = _cases(self.config, self.suite)
        except InputError as error:
            raise self.CollectError(str(error)) from None
        id = self.path.parent.relative_to(self.suite).as_posix()
        yield CaseItem.from_parent(self, name=id, case=cases[id])


class CaseItem(pytest.Item):
    """One case as a test."""

    def __init__(self, *, case: Case, **named: Any) -> None:
        super().__init__(**named)
        self.case = case
        self.add_marker("enishi_eval")
        for tag in case.file.tags:
            self.keywords[tag] = True

    def setup(self) -> None:
        """Replay it: what can't be played is an error, not a failure."""
        from evals.run import run_case

        self.result: Result = run_case(self.case, _enishi(self.config))
        if self.result.status == "unscored":
            _tell(self.result)

    def runtest(self) -> None:
        """It passes when every scorer does."""
        for name, score in self.result.scores.items():
            self.user_properties.append((name, score["measure"] if score["measure"] is not None else score["passed"]))
        if self.result.status == "fail":
            _tell(self.result)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the case stands."""
        return self.path, 0, self.name


def _tell(result: Result) -> None:
    """Fail with the case as a person reads it: why it matters, what is wrong, what came out."""
    lines = [f"{result.case}: {result.why}", *(f"  {fault}" for fault in result.faults)]
    if result.outcome:
        chosen, draft = result.outcome.chosen, result.outcome.draft
        lines.append(
            "  chosen: " + " · ".join(str(chosen[key]) for key in ("action", "channel", "sku", "offer") if chosen[key])
        )
        if draft:
            rules = ", ".join(finding["rule"] for finding in draft["findings"]) or "nothing found"
            lines.append(f"  verdict: {draft['verdict']} ({rules})")
            lines += [f"    {line}" for line in result.outcome.text.splitlines()]
    pytest.fail("\n".join(lines), pytrace=False)


_ENISHI = pytest.StashKey["Enishi"]()
_CASES = pytest.StashKey["dict[Path, dict[str, Case]]"]()


def _enishi(config: pytest.Config) -> Enishi:
    """The product, opened once; its scorers' controls are asked first."""
    if _ENISHI not in config.stash:
        from evals.cli import enishi_of
        from evals.scorers import check_controls

        check_controls()
        config.stash[_ENISHI] = enishi_of(Path(config.getoption("--enishi-home")))
    return config.stash[_ENISHI]


def _cases(config: pytest.Config, suite: Path) -> dict[str, Case]:
    from evals.case import load_suite

    read = config.stash.setdefault(_CASES, {})
    if suite not in read:
        read[suite] = {case.id: case for case in load_suite(suite).cases}
    return read[suite]
