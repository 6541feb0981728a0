"""A run as a person sees it in a terminal, and its JSON twin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from agent.showing import VERDICT_COLOUR, emit, out
from agent.showing import told as aside
from evals.case import Case
from evals.compare import KINDS, Comparison, compare
from evals.gate import Ruling
from evals.report.sides import sides
from evals.run import Result, Run

__all__ = ["emit", "progress", "ruling_json", "show", "show_case", "show_comparison", "show_ruling", "told"]

STATUS_COLOUR = {"pass": "green", "fail": "red", "unscored": "yellow"}
KIND_MARK = {
    "regressed": "[red]![/red]", "missing": "[red]-[/red]", "unscored": "[yellow]?[/yellow]", "incomparable": "[yellow]≠[/yellow]",
    "fixed": "[green]+[/green]", "changed": "[cyan]~[/cyan]", "new": "*", "still_failing": "[red]x[/red]", "still_passing": " ",
}  # fmt: skip


@contextmanager
def progress(cases: int) -> Iterator[Callable[[Result, float], None]]:
    """A bar on standard error, then how long it took."""
    spent: list[float] = []
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=aside, transient=True, disable=not aside.is_terminal
    )  # fmt: skip
    with bar:
        task = bar.add_task("replaying", total=cases)

        def watch(result: Result, seconds: float) -> None:
            spent.append(seconds)
            bar.update(task, advance=1)

        yield watch
    aside.print(f"[dim]{len(spent)} cases in {sum(spent):.1f} s[/dim]")


def told(run: Run) -> dict[str, Any]:
    """A run in short, as other programs read it."""
    return {
        "suite": run.suite, "header": run.header, "cases": len(run.results),
        **{f"{status}ed" if status != "unscored" else status: run.count(status) for status in ("pass", "fail", "unscored")},
        "scorers": {name: {"passed": passed, "of": of} for name, passed, of in _scorers(run)},
        "results_by_case": [
            {"case": one.case, "status": one.status, "faults": one.faults, "action": one.outcome.chosen["action"] if one.outcome else None}
            for one in run.results
        ],
    }  # fmt: skip


def _scorers(run: Run) -> Iterator[tuple[str, int, int]]:
    """(scorer, cases it passed, cases it concerned)."""
    of: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for result in run.results:
        for name, one in result.scores.items():
            of[name] += 1
            passed[name] += one["passed"]
    for name in sorted(of):
        yield name, passed[name], of[name]


def show(run: Run, baseline: Run | None, path: Path, named: str) -> None:
    """Flips first where there is a baseline, then what does not pass, then a line per scorer."""
    header = run.header
    out.print(
        f"[bold]{escape(run.suite)}[/bold]  {run.count('pass')} of {len(run.results)} pass"
        f"   policies {header['policy_version']}   {header['model_version']}"
    )
    if baseline:
        show_comparison(compare(baseline, run))
    for result in run.results:
        if result.status != "pass" and baseline is None:
            _line(f"[{STATUS_COLOUR[result.status]}]{result.status:8}[/]", result.case, "; ".join(result.faults))
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("scorer")
    table.add_column("passes", justify="right")
    for name, passed, of in _scorers(run):
        table.add_row(name, f"{passed} of {of}")
    out.print(table)
    out.print(
        f"[dim]written to {escape(str(path))}; 'enishi eval gate {escape(named)}' decides on it[/dim]",
        soft_wrap=True,
    )


def _line(mark: str, case: str, said: str) -> None:
    out.print(f"{mark} [bold]{escape(case)}[/bold]  {escape(said)}", soft_wrap=True)


def show_comparison(found: Comparison) -> None:
    """What the runs differ in, then the flips, then the counts."""
    for name, before, after in found.setting:
        out.print(f"[dim]{escape(name)}: {escape(str(before))} → {escape(str(after))}[/dim]", soft_wrap=True)
    for flip in found.flips:
        if flip.kind in ("still_passing", "new") and not (flip.after and flip.after.status == "fail"):
            continue
        parts = f" ({', '.join(flip.changed)})" if flip.changed else ""
        _line(f"{KIND_MARK[flip.kind]} {flip.kind:13} {flip.driver:5}", flip.case, f"{flip.said}{parts}")
    counts: Counter[str] = Counter(flip.kind for flip in found.flips)
    out.print("   ".join(f"{kind} {counts[kind]}" for kind in KINDS if counts[kind]))


def ruling_json(run: Run, ruling: Ruling) -> dict[str, Any]:
    """A gate's ruling as other programs read it."""
    return {
        "suite": run.suite, "passed": ruling.passed, "exit_code": ruling.exit_code,
        "reasons": [{"kind": kind, "case": case, "said": said} for kind, case, said in ruling.reasons],
        "comparison": ruling.comparison.json() if ruling.comparison else None,
    }  # fmt: skip


def show_ruling(run: Run, ruling: Ruling, named: str) -> None:
    """The flips, the reasons, and the ruling last."""
    if ruling.comparison:
        show_comparison(ruling.comparison)
    else:
        out.print(f"[bold]{escape(run.suite)}[/bold]  {run.count('pass')} of {len(run.results)} pass, no baseline")
        for kind, case, said in ruling.reasons:
            _line(f"[red]{kind:8}[/red]", case, said)
    if ruling.passed:
        out.print("gate: [green]passed[/green]")
        return
    counts = Counter(kind for kind, _, _ in ruling.reasons)
    out.print(f"gate: [red]FAILED[/red] ({', '.join(f'{count} {kind}' for kind, count in counts.items())})")
    out.print(f"[dim]enishi eval show {escape(ruling.reasons[0][1])} --suite {escape(named)}[/dim]", soft_wrap=True)


def show_case(case: Case, result: Result, before: Result | None) -> None:
    """One case whole."""
    out.print(
        f"[bold]{escape(case.id)}[/bold]  [{STATUS_COLOUR[result.status]}]{result.status}[/]   {escape(' '.join(result.tags))}"
    )
    out.print(escape(case.file.why), soft_wrap=True)
    for name, one in result.scores.items():
        measure = "" if one["measure"] is None else f"  [dim]{one['measure']}[/dim]"
        mark = "[green]pass[/green]" if one["passed"] else "[red]fail[/red]"
        out.print(f"  {mark} {name}{measure}  {escape(one['said'])}", soft_wrap=True)
    if result.problem:
        out.print(f"  [yellow]{escape(result.problem)}[/yellow]", soft_wrap=True)
    if result.outcome is None:
        return
    chosen = result.outcome.chosen
    place = " · ".join(str(chosen[key]) for key in ("action", "channel", "sku", "offer") if chosen[key])
    out.print(f"\n[bold green]{escape(place)}[/bold green]")
    _show_draft(result.outcome.draft)
    if before and before.outcome:
        for part, was, now in sides(before.outcome.draft, result.outcome.draft):
            out.print(f"\n[bold]{part}[/bold] before → now")
            for sign, text in (("-", was), ("+", now)):
                out.print(f"[{'red' if sign == '-' else 'green'}]{sign} {escape(text)}[/]", soft_wrap=True)


def _show_draft(draft: Mapping[str, Any] | None) -> None:
    if draft is None:
        return
    colour = VERDICT_COLOUR[draft["verdict"]]
    out.print(f"[{colour}]{draft['verdict']}[/]  {draft['language']}  {draft['drafter']}")
    for part in ("subject", "title", "body"):
        if draft[part]:
            out.print(escape(draft[part]), soft_wrap=True)
    for one in draft["findings"]:
        place = "" if one["start"] is None else f" 「{escape(one['text'])}」"
        out.print(
            f"  [{VERDICT_COLOUR[one['severity']]}]{one['severity']:5}[/] {one['rule']}{place} {escape(one['ja'])}",
            soft_wrap=True,
        )
        out.print(f"        [dim]{escape(one['en'])}[/dim]", soft_wrap=True)
