"""Two runs side by side: which cases flipped, which words changed, what is new and what is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from agent.canonical import first_difference
from evals.replay import Outcome
from evals.run import Result, Run

Kind = Literal[
    "regressed", "missing", "unscored", "incomparable", "fixed", "changed", "new", "still_failing", "still_passing"
]
KINDS: Mapping[str, str] = {
    "regressed": "passed before, fails now",
    "missing": "was there before, is gone: lost coverage, not a pass",
    "unscored": "could not be measured",
    "incomparable": "is not the same case as before",
    "fixed": "failed before, passes now",
    "changed": "passes as before, and something came out differently",
    "new": "was not there before",
    "still_failing": "fails as before",
    "still_passing": "came out as before",
}
"""Kind → what it means, in the order in which they are shown: flips first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One case in two runs (None: it is not in that one).  ``changed`` are the parts that came out differently; ``driver`` is
    ``judge`` where only a model's opinion changed, else ``rule``.
    """

    case: str
    kind: Kind
    before: Result | None
    after: Result | None
    changed: tuple[str, ...] = ()
    said: str = ""
    driver: str = "rule"

    def json(self) -> dict[str, Any]:
        """As other programs read it."""
        return {
            "case": self.case, "kind": self.kind, "driver": self.driver, "changed": list(self.changed), "said": self.said,
            "before": self.before.status if self.before else None, "after": self.after.status if self.after else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every case of two runs; ``setting`` is what the runs themselves differ in: (name, before, after)."""

    suite: str
    flips: tuple[Flip, ...]
    setting: tuple[tuple[str, Any, Any], ...]

    def of(self, *kinds: str) -> list[Flip]:
        """The cases of these kinds."""
        return [flip for flip in self.flips if flip.kind in kinds]

    def json(self) -> dict[str, Any]:
        """As other programs read it; cases that came out as before are only counted."""
        counts: Counter[str] = Counter(flip.kind for flip in self.flips)
        return {
            "suite": self.suite, "counts": {kind: counts[kind] for kind in KINDS},
            "setting": [{"name": name, "before": before, "after": after} for name, before, after in self.setting],
            "cases": [flip.json() for flip in self.flips if flip.kind != "still_passing"],
        }  # fmt: skip


def compare(before: Run, after: Run) -> Comparison:
    """Flips first, then what changed, then the rest, each by case id."""
    was, now = ({result.case: result for result in run.results} for run in (before, after))
    flips = [_flip(case, was.get(case), now.get(case)) for case in was.keys() | now.keys()]
    order = list(KINDS)
    return Comparison(
        suite=after.suite, flips=tuple(sorted(flips, key=lambda flip: (order.index(flip.kind), flip.case))),
        setting=tuple(_setting(before.header, after.header)),
    )  # fmt: skip


def _flip(case: str, before: Result | None, after: Result | None) -> Flip:
    kind = _kind(before, after)
    changed: tuple[str, ...] = ()
    said = ""
    if before and after and before.outcome and after.outcome:
        changed = tuple(_changed(before.outcome, after.outcome))
        said = _told(before.outcome, after.outcome, changed)
    if after and after.status != "pass":
        said = "; ".join(after.faults)
    elif kind == "fixed" and before:
        said = "; ".join(before.faults)
    return Flip(
        case=case, kind=kind, before=before, after=after, changed=changed, said=said, driver=_driver(before, after)
    )


def _kind(before: Result | None, after: Result | None) -> Kind:
    if after is None:
        return "missing"
    if after.status == "unscored":
        return "unscored"
    if before is None:
        return "new"
    if before.digest != after.digest:
        return "incomparable"
    match before.status == "pass", after.status == "pass":
        case True, False:
            return "regressed"
        case False, True:
            return "fixed"
        case False, False:
            return "still_failing"
    differs = before.outcome and after.outcome and any(_changed(before.outcome, after.outcome))
    return "changed" if differs else "still_passing"


def _changed(before: Outcome, after: Outcome) -> Iterator[str]:
    """The parts that came out differently, those that a reader would notice first."""
    for part in ("action", "channel", "sku", "offer"):
        if before.chosen[part] != after.chosen[part]:
            yield part
    was, now = before.draft or {}, after.draft or {}
    for part, keys in (
        ("text", ("subject", "title", "body")),
        ("verdict", ("verdict",)),
        ("findings", ("findings",)),
        ("facts", ("facts",)),
    ):
        if any(was.get(key) != now.get(key) for key in keys):
            yield part
    if before.excluded != after.excluded:
        yield "excluded"
    if before.decision != after.decision:
        yield "decision"


def _told(before: Outcome, after: Outcome, changed: tuple[str, ...]) -> str:
    """The first difference in a sentence."""
    if not changed:
        return ""
    match changed[0]:
        case "action" | "channel" | "sku" | "offer" as part:
            return f"{part} {before.chosen[part]} → {after.chosen[part]}"
        case "text" | "verdict" | "findings" | "facts":
            lengths = [len((one.draft or {}).get("body", "")) for one in (before, after)]
            verdicts = [(one.draft or {}).get("verdict", "no draft") for one in (before, after)]
            verdict = (
                f"verdict {verdicts[0]} → {verdicts[1]}"
                if verdicts[0] != verdicts[1]
                else f"verdict {verdicts[1]} as before"
            )
            return f"body {lengths[0]} → {lengths[1]} letters, {verdict}"
        case "excluded":
            return str(first_difference(before.excluded, after.excluded, "excluded"))
        case _:
            return str(first_difference(before.decision, after.decision, "decision"))


def _driver(before: Result | None, after: Result | None) -> str:
    """Whose opinion changed: a rule's, unless only scores of a judge did."""
    if not (before and after):
        return "rule"
    names = before.scores.keys() | after.scores.keys()
    flipped = [
        (after.scores.get(name) or before.scores[name])["driver"]
        for name in names
        if (before.scores.get(name) or {}).get("passed") != (after.scores.get(name) or {}).get("passed")
    ]
    return "judge" if flipped and set(flipped) == {"judge"} else "rule"


def _setting(before: Mapping[str, Any], after: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any, Any]]:
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if isinstance(was, Mapping) and isinstance(now, Mapping):
            yield from _setting(was, now, f"{path}{key}.")
        elif was != now:
            yield f"{path}{key}", was, now
