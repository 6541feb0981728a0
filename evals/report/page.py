"""A run as one self-contained page: flips first, each draft beside its baseline, what the guards object to marked in the words."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from evals.case import PARTS
from evals.compare import KINDS, Comparison, Flip, compare
from evals.replay import Outcome
from evals.run import Result, Run

COLOUR = {
    "regressed": "bad", "missing": "bad", "unscored": "warn", "incomparable": "warn", "fixed": "good", "changed": "new", "new": "new",
    "still_failing": "bad", "still_passing": "good", "failed": "bad", "passed": "good",
}  # fmt: skip
_KANA = re.compile("[ぁ-んァ-ヶ]")
_FLIPS = ("regressed", "missing", "unscored", "incomparable", "fixed")


def report(run: Run, baseline: Run | None = None) -> str:
    """The page as HTML: no script, nothing loaded from elsewhere, everything that came out escaped."""
    comparison = compare(baseline, run) if baseline else None
    entries = list(_compared(comparison) if comparison else _alone(run))
    counts = Counter(entry["kind"] for entry in entries)
    first = {entry["kind"]: entry["case"] for entry in reversed(entries)}
    return _template().render(
        suite=run.suite, header=run.header, passed=run.count("pass"), total=len(run.results), beside=comparison is not None,
        counts=[(kind, counts[kind], first[kind]) for kind in (*KINDS, "failed", "passed") if counts[kind]], colour=COLOUR,
        kinds={**KINDS, "failed": "does not pass", "passed": "passes"}, setting=comparison.setting if comparison else (),
        sections=[(title, found) for title, found in _sections(entries) if found],
    )  # fmt: skip


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    return environment.get_template("page.html.j2")


def _sections(entries: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    named = (
        ("Flipped", (*_FLIPS, "failed")), ("Changed", ("changed",)), ("New", ("new",)), ("Failing as before", ("still_failing",)),
        ("Passing", ("still_passing", "passed")),
    )  # fmt: skip
    for title, kinds in named:
        yield title, [entry for entry in entries if entry["kind"] in kinds]


def _compared(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for flip in comparison.flips:
        yield _entry(flip.kind, flip.after or flip.before, flip.before if flip.after else None, _told(flip))


def _told(flip: Flip) -> str:
    parts = f" ({', '.join(flip.changed)})" if flip.changed else ""
    said = flip.said or KINDS[flip.kind]
    return "" if flip.kind == "still_passing" else f"{said}{parts}"


def _alone(run: Run) -> Iterator[dict[str, Any]]:
    kinds = {"pass": "passed", "fail": "failed", "unscored": "unscored"}
    for result in sorted(run.results, key=lambda result: (result.status == "pass", result.case)):
        yield _entry(kinds[result.status], result, None, "; ".join(result.faults))


def _entry(kind: str, result: Result | None, before: Result | None, said: str) -> dict[str, Any]:
    assert result is not None
    outcome = result.outcome
    return {
        "kind": kind, "case": result.case, "why": result.why, "language": "ja" if _KANA.search(result.why) else "en", "said": said, "scores": result.scores, "open": kind not in ("still_passing", "passed"),
        "chosen": _chosen(outcome) if outcome else "", "sides": list(_sides(before.outcome if before else None, outcome, before is not None)),
    }  # fmt: skip


def _chosen(outcome: Outcome) -> str:
    return " · ".join(str(outcome.chosen[key]) for key in ("action", "channel", "sku", "offer") if outcome.chosen[key])


def _sides(before: Outcome | None, after: Outcome | None, beside: bool) -> Iterator[dict[str, Any]]:
    """The draft as it was and as it is now; what differs is marked in both."""
    was, now = (outcome.draft if outcome else None for outcome in (before, after))
    if beside and (was or now):
        yield _side("baseline", was, now, "del")
    if now or (beside and was):
        yield _side("now", now, was if beside else now, "ins")


def _side(title: str, draft: Mapping[str, Any] | None, other: Mapping[str, Any] | None, sign: str) -> dict[str, Any]:
    if draft is None:
        return {"title": title, "verdict": "no draft", "language": "en", "parts": [], "findings": []}
    parts = [
        {"head": part != "body", "words": marked(draft[part], _spans(draft, part), (other or {}).get(part) or "", sign)}
        for part in PARTS
        if draft[part]
    ]
    return {
        "title": title,
        "verdict": draft["verdict"],
        "language": draft["language"],
        "parts": parts,
        "findings": draft["findings"],
    }


def _spans(draft: Mapping[str, Any], part: str) -> list[tuple[int, int, str, str]]:
    """(start, end, severity, rule) of what the guards object to in a part."""
    return [
        (one["start"], one["end"], one["severity"], one["rule"])
        for one in draft["findings"]
        if one["part"] == part and one["start"] is not None
    ]


def marked(text: str, spans: list[tuple[int, int, str, str]], other: str, sign: str) -> Markup:
    """``text`` escaped, with what differs from ``other`` in ``<ins>`` or ``<del>`` and the spans in ``<mark>``."""
    changed = _changed(text, other)
    told: list[tuple[bool, tuple[str, str] | None]] = []
    for place in range(len(text)):
        over = [(severity, rule) for start, end, severity, rule in spans if start <= place < end]
        worst = min(over, default=None, key=lambda one: (one[0] != "block", one[1]))
        told.append((place in changed, worst))
    pieces = []
    for mark, places in groupby(range(len(text)), key=lambda place: told[place][1]):
        inner = []
        for differs, run in groupby(places, key=lambda place: told[place][0]):
            said = escape("".join(text[place] for place in run))
            inner.append(Markup("<{0}>{1}</{0}>").format(Markup(sign), said) if differs else said)
        whole = Markup("").join(inner)
        if mark:
            severity, rule = mark
            whole = Markup('<mark class="{}" title="{}">{}</mark>').format(severity, rule, whole)
        pieces.append(whole)
    return Markup("").join(pieces)


def _changed(text: str, other: str) -> frozenset[int]:
    """Places of ``text`` that ``other`` does not have: by lines first, and within a line that changed by letters."""
    if text == other:
        return frozenset()
    lines, others = text.splitlines(keepends=True), other.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    places: set[int] = set()
    for tag, first, last, otherfirst, otherlast in difflib.SequenceMatcher(
        None, lines, others, autojunk=False
    ).get_opcodes():
        if tag == "equal":
            continue
        part, against = "".join(lines[first:last]), "".join(others[otherfirst:otherlast])
        letters = difflib.SequenceMatcher(None, part, against, autojunk=False)
        close = letters.ratio() >= 0.5
        for kind, start, end, *_ in letters.get_opcodes() if close else [("replace", 0, len(part))]:
            if kind != "equal":
                places.update(range(starts[first] + start, starts[first] + end))
    return frozenset(places)
