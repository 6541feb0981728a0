"""Eligibility → applicability → suitability: which action, on which channel, bound to which product or offer, may be taken.

Every distinct clause of the catalogue is compiled once and evaluated once per partition as a column; the masks are then
combined per action.  A clause about the customer settles all channels at once, a clause about the channel one of them, a
clause about a product or offer one pair.  Who is excluded is counted by the rule that took away the last possibility.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from policies.catalogue import NAMES, Action, Catalogue, Rule
from policies.explanation import Explanation
from policies.expressions import Expression
from retrieval.customer import CHANNELS
from retrieval.features import FeatureFrames

FEW = 24
"""Up to so many rows the closures are faster than starting Polars; both give the same answers (tested)."""
BOUND_KEPT = 3
"""How many products or offers an action is considered with; the rest prefer less by the action's own ``prefer``."""

Mask = NDArray[np.bool_]
Explain = Callable[[Mapping[str, Any]], Explanation | None]
Told = dict[tuple[str, str | None, str], Explanation | None]
"""What was explained of one customer already: many actions share a gate."""
Exclusions = Counter[tuple[str, str, str]]
"""(action, stage, rule) → number of customers."""


@dataclass(frozen=True, slots=True)
class Screening:
    """What is left for a partition, one row per candidate.

    ``customer``, ``action`` (position in the catalogue), ``channel`` (position in CHANNELS, −1 for none) and ``bound`` (row
    in the action's product or offer frame, −1 for none) have shape (candidates,).  ``frames`` are the bound frames with the
    customer columns that rules read.
    """

    customer: NDArray[np.int64]
    action: NDArray[np.int64]
    channel: NDArray[np.int64]
    bound: NDArray[np.int64]
    excluded: Exclusions


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Why one action on one channel (and one product or offer) is not a candidate for one customer."""

    action: str
    channel: str | None
    bound: str | None
    stage: str
    rule: str
    clause: str
    explanation: Explanation | None


def column_of(name: str, *, action: str, channel: str | None) -> str:
    """The feature column a name stands for: ``ok_ch`` on email → ``ok.email``, ``topic_avoided`` → that of the action."""
    grain = NAMES[name].grain
    if grain == "channel":
        return f"{name.removesuffix('_ch')}.{channel}"
    return f"{name}.{action}" if grain == "action" else name


def binding(action: str, channel: str | None) -> tuple[Callable[[str], str], Mapping[str, object]]:
    """Columns and constants under which a rule of ``action`` is read on ``channel``."""
    return lambda name: column_of(name, action=action, channel=channel), {"ch": channel}


@dataclass(frozen=True, slots=True)
class _Column:
    """A clause in both compiled forms, and the name of its column."""

    name: str
    expression: pl.Expr
    closure: Callable[[Mapping[str, Any]], bool]


def evaluate(
    expression: Expression, frame: pl.DataFrame, rows: NDArray[np.int64], action: str, *, missing: float
) -> NDArray[np.float64]:
    """The value of a number expression for each of the numbered ``rows`` of ``frame``, ``missing`` where it is null."""
    columns, constants = binding(action, None)
    read = sorted({columns(name) for name in expression.names} & set(frame.columns))
    if not read:
        always = expression.closure(columns, constants)({})
        return np.full(rows.size, missing if always is None else always, dtype=np.float64)
    told = frame.select(read)[rows]
    if rows.size <= FEW:
        value = expression.closure(columns, constants)
        return np.array(
            [missing if (found := value(row)) is None else found for row in told.iter_rows(named=True)],
            dtype=np.float64,
        )
    return told.select(expression.polars(columns, constants).cast(pl.Float64).fill_null(missing)).to_series().to_numpy()


class Screen:
    """The compiled catalogue; build it once, apply it to every partition."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._columns: dict[str, dict[tuple[str, ...], _Column]] = {"customer": {}, "sku": {}, "offer": {}}
        self._tests: dict[
            tuple[str, str | None, str], list[tuple[Rule, Callable[[Mapping[str, Any]], Any], Explain, str]]
        ] = {}
        self._gates: dict[str, dict[str, list[Callable[[Mapping[str, Any]], Any]]]] = {}
        self._plans = [self._plan(action) for action in catalogue.actions]

    def _plan(
        self, action: Action
    ) -> tuple[list[tuple[Rule, str]], list[tuple[Rule, dict[str, str]]], list[tuple[Rule, str]]]:
        """The action's rules as column names: about the customer, about a channel, about what it binds."""
        plain: list[tuple[Rule, str]] = []
        by_channel: list[tuple[Rule, dict[str, str]]] = []
        bound: list[tuple[Rule, str]] = []
        for rule in action.rules:
            if reads_binding(rule.clause):
                bound.append((rule, self._column(action.binds or "", rule.clause, action.id, None)))
            elif reads_channel(rule.clause):
                by_channel.append(
                    (rule, {name: self._column("customer", rule.clause, action.id, name) for name in action.channels})
                )
            else:
                plain.append((rule, self._column("customer", rule.clause, action.id, None)))
        return plain, by_channel, bound

    def _column(self, frame: str, clause: Expression, action: str, channel: str | None) -> str:
        """The column holding this clause, shared by every action that reads it in the same way."""
        own = any(NAMES[name].grain == "action" for name in clause.names)
        key = (clause.text, channel or "", action if own else "")
        made = self._columns[frame]
        if key not in made:
            columns, constants = binding(action, channel)
            made[key] = _Column(
                f"{frame[0]}{len(made)}", clause.polars(columns, constants), clause.closure(columns, constants)
            )
        return made[key].name

    @cached_property
    def _reads(self) -> dict[str, list[str]]:
        """Customer columns that clauses, preferences and values about a product or offer read."""
        names: dict[str, set[str]] = {"sku": set(), "offer": set()}
        for action in self.catalogue.actions:
            if action.binds is None:
                continue
            expressions = [rule.clause for rule in action.rules if reads_binding(rule.clause)]
            for expression in (*expressions, action.value, *([action.prefer] if action.prefer else [])):
                names[action.binds] |= {
                    column_of(name, action=action.id, channel=None)
                    for name in expression.names
                    if NAMES[name].grain in ("customer", "action")
                }
        return {frame: sorted(found) for frame, found in names.items()}

    def frames(self, features: FeatureFrames) -> Mapping[str, pl.DataFrame]:
        """Product and offer frames with the customer columns that rules about them read, sorted by customer and id."""
        made = {}
        for frame, pairs in (("sku", features.skus), ("offer", features.offers)):
            made[frame] = pairs
            if pairs.height:
                wanted = features.customers[["i", *self._reads[frame]]]
                # Joining costs as much for one customer as for hundreds.
                beside = wanted[[0] * pairs.height] if wanted.height == 1 else wanted[pairs["i"].to_numpy()]
                made[frame] = pairs.hstack(beside.drop("i")).sort("i", frame)
        return made

    def _masks(self, frame: str, rows: pl.DataFrame) -> dict[str, Mask]:
        if rows.is_empty():
            return {}
        columns = self._columns[frame].values()
        if rows.height <= FEW:
            told = rows.to_dicts()
            return {column.name: np.array([column.closure(row) for row in told]) for column in columns}
        found = rows.select(column.expression.alias(column.name) for column in columns)
        return {name: found[name].to_numpy() for name in found.columns}

    def __call__(self, features: FeatureFrames, frames: Mapping[str, pl.DataFrame]) -> Screening:
        """Screen a partition; ``frames`` as made by :meth:`frames`."""
        size = features.customers.height
        masks = self._masks("customer", features.customers)
        pairs = {frame: self._masks(frame, rows) for frame, rows in frames.items()}
        owner = {frame: rows["i"].to_numpy().astype(np.int64) for frame, rows in frames.items()}
        excluded: Exclusions = Counter()
        parts: list[tuple[NDArray[np.int64], int, int, NDArray[np.int64]]] = []
        for position, (action, plan) in enumerate(zip(self.catalogue.actions, self._plans, strict=True)):
            plain, by_channel, bound = plan
            alive = np.ones(size, dtype=np.bool_)
            for rule, column in plain:
                alive = _narrow(alive, alive & masks[column], action.id, rule, excluded)
            if action.internal:
                who = np.flatnonzero(alive)
                parts.append((who, position, -1, np.full(who.size, -1)))
                continue
            open_on = dict.fromkeys(action.channels, alive)
            for rule, columns in by_channel:
                open_on = {name: mask & masks[columns[name]] for name, mask in open_on.items()}
                alive = _narrow(alive, np.logical_or.reduce(list(open_on.values())), action.id, rule, excluded)
            if action.binds is None:
                parts += [
                    (who := np.flatnonzero(mask), position, CHANNELS.index(name), np.full(who.size, -1))
                    for name, mask in open_on.items()
                ]
                continue
            rows = self._bound(
                action, alive, bound, frames[action.binds], pairs[action.binds], owner[action.binds], excluded
            )
            for name, mask in open_on.items():
                kept = rows[mask[owner[action.binds][rows]]]
                parts.append((owner[action.binds][kept], position, CHANNELS.index(name), kept))
        sizes = [part[0].size for part in parts]
        return Screening(
            customer=np.concatenate([part[0] for part in parts]).astype(np.int64),
            action=np.repeat([part[1] for part in parts], sizes),
            channel=np.repeat([part[2] for part in parts], sizes),
            bound=np.concatenate([part[3] for part in parts]).astype(np.int64),
            excluded=excluded,
        )

    def _bound(
        self, action: Action, alive: Mask, rules: list[tuple[Rule, str]], rows: pl.DataFrame, masks: Mapping[str, Mask],
        owner: NDArray[np.int64], excluded: Exclusions,
    ) -> NDArray[np.int64]:  # fmt: skip
        """Rows of the bound frame that pass, the preferred ones of each customer first, at most BOUND_KEPT of them."""
        mask = alive[owner]
        alive = _count_left(alive, mask, owner, action.id, "eligibility", f"{action.id}.{action.binds}", excluded)
        for rule, column in rules:
            mask = mask & masks[column] if masks else mask
            alive = _count_left(alive, mask, owner, action.id, rule.stage, rule.rule, excluded)
        passed = np.flatnonzero(mask)
        if passed.size == 0 or action.prefer is None:
            return passed
        liking = evaluate(action.prefer, rows, passed, action.id, missing=float("-inf"))
        order = np.lexsort((passed, -np.round(liking, 6), owner[passed]))
        passed = passed[order]
        who = owner[passed]
        first = np.concatenate(([True], who[1:] != who[:-1]))
        place = np.arange(who.size) - np.maximum.accumulate(np.where(first, np.arange(who.size), 0))
        return passed[place < BOUND_KEPT]

    def explain(self, features: FeatureFrames, frames: Mapping[str, pl.DataFrame], i: int) -> Iterator[Exclusion]:
        """For one customer, every action × channel that is excluded, with the first clause that failed.

        Where the products or offers are what fails, the one that came furthest speaks for the action.
        """
        row = features.customers.row(i, named=True)
        pairs = {frame: _of_customer(rows, i) for frame, rows in frames.items()}
        told: Told = {}
        for action in self.catalogue.actions:
            settled = self._first_failure(action, None, "customer", row, told)
            bound = self._explain_bound(action, row, pairs) if settled is None else None
            for channel in action.channels or (None,):
                found = settled or self._first_failure(action, channel, "channel", row, told) or bound
                if found is not None:
                    yield replace(found, channel=channel)

    def explain_pairs(
        self, features: FeatureFrames, frames: Mapping[str, pl.DataFrame], i: int, action: Action
    ) -> Iterator[Exclusion]:
        """For one customer and one action, every product or offer that it cannot be bound to, and why."""
        row = features.customers.row(i, named=True)
        for pair in _of_customer(frames[action.binds], i) if action.binds else []:
            found = self._first_failure(action, None, "binding", {**row, **pair}, {})
            if found is not None:
                yield replace(found, bound=pair[action.binds or ""])

    def _explain_bound(
        self, action: Action, row: Mapping[str, Any], pairs: Mapping[str, list[dict[str, Any]]]
    ) -> Exclusion | None:
        if action.binds is None:
            return None
        rule = f"{action.id}.{action.binds}"
        furthest, best = (
            -1,
            Exclusion(action.id, None, None, "eligibility", rule, f"has a candidate {action.binds}", None),
        )
        clauses = [one.clause.text for one in action.rules]
        for pair in pairs[action.binds]:
            found = self._first_failure(action, None, "binding", {**row, **pair}, {})
            if found is None:
                return None
            if clauses.index(found.clause) > furthest:
                furthest, best = clauses.index(found.clause), replace(found, bound=pair[action.binds])
        return best

    def _first_failure(
        self, action: Action, channel: str | None, about: str, row: Mapping[str, Any], told: Told
    ) -> Exclusion | None:
        """The first of the action's rules about the customer, the channel or the binding that ``row`` does not pass."""
        key = (action.id, channel, about)
        if key not in self._tests:
            columns, constants = binding(action.id, channel)
            rules = [rule for rule in action.rules if _about(rule.clause) == about]
            self._tests[key] = [
                (
                    rule,
                    rule.clause.closure(columns, constants),
                    rule.clause.explainer(columns, constants),
                    action.id
                    if about == "binding" or any(NAMES[name].grain == "action" for name in rule.clause.names)
                    else "",
                )
                for rule in rules
            ]
        for rule, holds, explain, own in self._tests[key]:
            if not holds(row):
                said = (rule.clause.text, channel, own)
                if about == "binding" or said not in told:
                    told[said] = explain(row)
                return Exclusion(action.id, channel, None, rule.stage, rule.rule, rule.clause.text, told[said])
        return None

    def shut_gates(self, row: Mapping[str, Any]) -> list[str]:
        """Gates about the customer or the channel that ``row`` does not pass on any channel, in the order of their file."""
        if not self._gates:
            for action in self.catalogue.actions:
                for rule in action.rules:
                    if rule.rule in self.catalogue.gates and not reads_binding(rule.clause):
                        tests = self._gates.setdefault(rule.rule, {})
                        tests[rule.clause.text] = [rule.clause.closure(*binding(action.id, name)) for name in CHANNELS]
        return [
            gate
            for gate in self.catalogue.gates
            if gate in self._gates
            and not any(
                all(tests[place](row) for tests in self._gates[gate].values()) for place in range(len(CHANNELS))
            )
        ]


def _of_customer(rows: pl.DataFrame, i: int) -> list[dict[str, Any]]:
    return rows.filter(pl.col("i") == i).to_dicts() if rows.height else []


def _about(clause: Expression) -> str:
    """What a clause is about: the binding, else the channel, else the customer."""
    return "binding" if reads_binding(clause) else "channel" if reads_channel(clause) else "customer"


def reads_channel(clause: Expression) -> bool:
    """Whether the clause has another answer on another channel."""
    return any(name == "ch" or NAMES[name].grain == "channel" for name in clause.names)


def reads_binding(clause: Expression) -> bool:
    """Whether the clause is about the product or offer the action is bound to."""
    return any(NAMES[name].grain in ("sku", "offer") for name in clause.names)


def _narrow(before: Mask, after: Mask, action: str, rule: Rule, excluded: Exclusions) -> Mask:
    if lost := int(np.count_nonzero(before & ~after)):
        excluded[action, rule.stage, rule.rule] += lost
    return after


def _count_left(
    alive: Mask, pairs: Mask, owner: NDArray[np.int64], action: str, stage: str, rule: str, excluded: Exclusions
) -> Mask:
    left = np.zeros_like(alive)
    left[owner[pairs]] = True
    if lost := int(np.count_nonzero(alive & ~left)):
        excluded[action, stage, rule] += lost
    return left
