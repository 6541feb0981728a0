"""``enishi``: the command line of :mod:`agent.cli` with the evaluation suite's own commands.

It stands here because the suite may use the product and the product may not know of the suite.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli import HOME, AsOf, Folder, Json, app, main
from retrieval.errors import InputError

if TYPE_CHECKING:
    from agent.enishi import Enishi
    from evals.case import Suite
    from evals.gate import Ruling
    from evals.run import Run

__all__ = ["main"]

evaluation = typer.Typer(no_args_is_help=True, help="Recorded cases: run them, compare, let a gate decide.")
app.add_typer(evaluation, name="eval")

SuiteName = Annotated[
    str, typer.Argument(metavar="SUITE", help="A folder of cases, or the name of one in the home's evals/ or shipped.")
]
Results = Annotated[
    Path | None,
    typer.Option(
        "--results", metavar="FILE", help="A run that 'eval run' wrote. Default: the suite's last one in this home."
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option(
        "--baseline", metavar="FILE", help="A saved run. Default: the suite's baseline.json, if there is one."
    ),
]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML too.")]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one self-contained page too.")]
Only = Annotated[list[str], typer.Option("--case", metavar="CASE", help="Only this case; may be given several times.")]
STARTER = "starter"


def enishi_of(home: Path) -> Enishi:
    """The policies and templates of a home; a folder that is no home yet gives those that are shipped."""
    from agent.enishi import Enishi
    from agent.settings import SETTINGS, Home, Settings, open_home

    return Enishi(open_home(home) if (home / SETTINGS).is_file() else Home(home, Settings()))


def _suite(name: str, home: Path, only: tuple[str, ...] = ()) -> Suite:
    from evals.case import find_suite, load_suite

    return load_suite(find_suite(name, home), only)


def _results_of(suite: str, home: Path) -> Path:
    return home / "evals" / f"{Path(suite).resolve().name}.results.json"


def _run(suite: str, given: Path | None, home: Path) -> Run:
    """The run that is named, else the last one of the suite."""
    from evals.case import find_suite
    from evals.run import read_run

    if given is None:
        find_suite(suite, home)
    return read_run(given or _results_of(suite, home))


def _baseline(suite: str, given: Path | None, home: Path) -> Run | None:
    """The saved run that is named, else the one that was blessed for the suite."""
    from evals.bless import BASELINE
    from evals.case import find_suite
    from evals.run import read_run

    if given is not None:
        return read_run(given)
    path = find_suite(suite, home) / BASELINE
    return read_run(path) if path.is_file() else None


def _reports(run: Run, baseline: Run | None, junit: Path | None, html: Path | None) -> None:
    from evals.report import page, xml

    for path, write in ((junit, xml.report), (html, page.report)):
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(write(run, baseline), encoding="utf-8")
            except OSError as error:
                raise InputError(f"cannot be written: {error.strerror}", file=path) from None


@evaluation.command("run")
def eval_run(
    suite: SuiteName = STARTER, only: Only = [], out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where the run is written. Default: the home's evals/SUITE.results.json.")] = None,  # noqa: B006
    record: Annotated[bool, typer.Option("--record", help="Ask the models of drafters that call one anew, and keep their answers.")] = False,
    baseline: Baseline = None, junit: Junit = None, html: Html = None, home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """Replay and score every case, offline, and write what came out; 'eval gate' decides on it."""
    from evals.report import table
    from evals.run import run_suite

    before = _baseline(suite, baseline, home)
    with enishi_of(home) as enishi:
        cases = _suite(suite, home, tuple(only))
        with table.progress(len(cases.cases)) as watch:
            run = run_suite(cases, enishi, record=record, watch=watch)
    path = out or _results_of(suite, home)
    run.write(path)
    _reports(run, before, junit, html)
    if json:
        table.emit({**table.told(run), "results": str(path)})
    else:
        table.show(run, before, path, suite)
    raise typer.Exit(3 if run.count("unscored") else 0)


@evaluation.command("gate")
def eval_gate(
    suite: SuiteName = STARTER, results: Results = None, baseline: Baseline = None,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at cases that pass and came out differently, too.")] = False,
    junit: Junit = None, html: Html = None, home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """Decide on a run: exit 0 when it may pass, 1 when not, 3 when something could not be measured."""
    from evals.gate import decide
    from evals.report import table

    run = _run(suite, results, home)
    before = _baseline(suite, baseline, home)
    ruling: Ruling = decide(run, before, strict=strict)
    _reports(run, before, junit, html)
    table.emit(table.ruling_json(run, ruling)) if json else table.show_ruling(run, ruling, suite)
    raise typer.Exit(ruling.exit_code)


@evaluation.command("compare")
def eval_compare(
    suite: SuiteName = STARTER, results: Results = None, baseline: Baseline = None, junit: Junit = None, html: Html = None,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """A run beside the baseline (or any two saved runs), flips first; it decides nothing."""
    from evals.compare import compare
    from evals.report import table

    run = _run(suite, results, home)
    before = _baseline(suite, baseline, home)
    if before is None:
        raise InputError(f"the suite '{suite}' has no baseline; 'enishi eval bless' makes one", key="--baseline")
    found = compare(before, run)
    _reports(run, before, junit, html)
    table.emit(found.json()) if json else table.show_comparison(found)


@evaluation.command("bless")
def eval_bless(
    suite: SuiteName = STARTER, results: Results = None, only: Only = [],  # noqa: B006
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """Take a run as the suite's baseline, or with --case as that case's own snapshot."""
    from evals.bless import bless_cases, bless_run
    from evals.report import table

    run = _run(suite, results, home)
    cases = _suite(suite, home, tuple(only))
    paths = bless_cases(run, cases.cases) if only else [bless_run(run, cases)]
    table.emit({"blessed": [str(path) for path in paths]}) if json else print(
        *(f"blessed: {path}" for path in paths), sep="\n"
    )


@evaluation.command("show")
def eval_show(
    case: Annotated[str, typer.Argument(metavar="CASE")],
    suite: Annotated[str, typer.Option("--suite", metavar="SUITE")] = STARTER,
    baseline: Baseline = None, home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """One case, replayed now: why it must hold, what came out, what each scorer says, and what was there before."""
    from evals.report import table
    from evals.run import run_suite

    with enishi_of(home) as enishi:
        cases = _suite(suite, home, (case,))
        run = run_suite(cases, enishi)
    before = _baseline(suite, baseline, home)
    was = next((one for one in before.results if one.case == case), None) if before else None
    table.emit(run.results[0].json()) if json else table.show_case(cases.cases[0], run.results[0], was)
    raise typer.Exit({"pass": 0, "fail": 1}.get(run.results[0].status, 3))


@evaluation.command("record")
def eval_record(
    of: Annotated[str, typer.Argument(metavar="DECISION|DRAFT", help="A stored decision (d-…) or a draft in the queue (m-…).")],
    suite: Annotated[str, typer.Option("--suite", metavar="SUITE", help="The suite the case goes into, made if there is none: a folder, or a name in the home's evals/.")],
    why: Annotated[str, typer.Option("--why", help="Why this must hold, for whoever sees it fail.")],
    id: Annotated[str | None, typer.Option("--id", metavar="NAME", help="The name of the case.")] = None,
    home: Folder = HOME, json: Json = False, as_of: AsOf = None,
) -> None:  # fmt: skip
    """Make a case of a decision, or of a draft that was approved, edited or rejected; nobody's name goes into it."""
    from agent.enishi import Enishi
    from evals.record import record_case
    from evals.report import table
    from evals.run import run_case

    folder = Path(suite) if Path(suite).is_dir() or Path(suite).name != suite else home / "evals" / suite
    with Enishi.open(home) as enishi:
        case, _ = record_case(enishi, of, folder, why=why, id=id)
        result = run_case(case, enishi)
    if json:
        table.emit({"case": case.id, "folder": str(case.folder), "status": result.status, "faults": result.faults})
        return
    print(f"recorded: {case.folder} ({result.status} now{': ' + '; '.join(result.faults) if result.faults else ''})")
    print(f"next: read {case.folder / 'case.yaml'}, then 'enishi eval run {suite}'")


if __name__ == "__main__":
    main(sys.argv[1:])
