"""What a feature is: a name that rules may use, a sentence that defines it and the expression that computes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import orjson
import polars as pl

from retrieval.customer import CHANNELS
from retrieval.frames import INSTANT, Frames
from retrieval.grouped import NEVER, Array, customers, instants

Grain = Literal["customer", "channel", "action", "sku", "offer"]
Wishes = Mapping[str, list[tuple[int, str]]]
"""Preference key → (customer number, value) of everybody who stated it, by customer."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
EMPTY = (None, "", "{}", "[]", "null")
"""How an empty structure can be stored."""


@dataclass(frozen=True, eq=False)
class Feature:
    """One named column of the vocabulary in which conditions are written.

    ``expr`` runs over the frame its family module documents; it is None where several columns come out of one array.
    ``default`` replaces a missing value; None keeps it missing, and a comparison with null is False.  ``fraction``
    numbers are Float64 rounded to 6 decimals, all other numbers Int64.  ``words`` are the values that a string of a
    closed set can take.
    """

    name: str
    kind: Literal["number", "bool", "string"]
    unit: str
    definition: str
    expr: pl.Expr | None = None
    default: Any = None
    words: tuple[str, ...] = ()
    fraction: bool = False
    per_action: bool = False

    @property
    def grain(self) -> Grain:
        """What one value belongs to; the name says it, except for the few features that every action has its own of."""
        if self.name.startswith("s_"):
            return "sku"
        if self.name.startswith("o_"):
            return "offer"
        if self.name.endswith("_ch"):
            return "channel"
        return "action" if self.per_action else "customer"

    @property
    def dtype(self) -> Any:
        """Polars type of the column."""
        if self.kind == "number":
            return pl.Float64 if self.fraction else pl.Int64
        return pl.Boolean if self.kind == "bool" else pl.String

    def columns(self, actions: Iterable[str] = ()) -> list[str]:
        """Names of the columns it fills: ``ok_ch`` → ``ok.email`` …, ``topic_avoided`` → ``topic_avoided.winback`` …"""
        if self.grain == "channel":
            return [f"{self.name.removesuffix('_ch')}.{channel}" for channel in CHANNELS]
        if self.grain == "action":
            return [f"{self.name}.{action}" for action in actions]
        return [self.name]


def named(features: Iterable[Feature]) -> list[pl.Expr]:
    """The expressions of ``features`` under their names."""
    return [feature.expr.alias(feature.name) for feature in features if feature.expr is not None]


@lru_cache(maxsize=8)
def _instant(as_of: datetime) -> pl.Expr:
    return pl.lit(as_of.astimezone(UTC)).cast(INSTANT)


def age(as_of: datetime, moment: str = "at") -> pl.Expr:
    """Time from an instant column to ``as_of`` as a Duration; negative for the future."""
    return _instant(as_of) - pl.col(moment)


def micros(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def elapsed(as_of: datetime, moments: pl.Series) -> Array:
    """Microseconds from each instant, none of them null, to ``as_of``."""
    return micros(as_of) - instants(moments)


def placed(frame: pl.DataFrame, size: int) -> list[pl.Series]:
    """The columns of ``frame`` but ``i``, by customer 0 … ``size`` − 1: the last row of each, null without one."""
    if frame.is_empty():
        return [constant(name, None, dtype, size) for name, dtype in frame.schema.items() if name != "i"]
    slots = customers(frame)
    if frame.height != size or not np.array_equal(slots, np.arange(size)):
        rows = np.full(size, frame.height)
        rows[slots] = np.arange(frame.height)
        frame = frame.select(pl.all().gather(pl.Series(rows), null_on_oob=True))
    return [column for column in frame.iter_columns() if column.name != "i"]


def last(values: Array, slots: Array, size: int) -> Array:
    """The last of ``values``, whole numbers, in each of ``size`` slots; missing in a slot without one."""
    found = np.full(size, NEVER)
    found[slots] = values
    # NEVER is the missing value of a time span, which ``series`` makes a null.
    return found.view("m8[us]")


@lru_cache(maxsize=1024)
def constant(name: str, value: Any, dtype: Any, size: int) -> pl.Series:
    """``size`` times the same value; one series for all who ask, since a series does not change."""
    return pl.Series(name, [value], dtype=dtype).new_from_index(0, size)


def stated(frames: Frames) -> Wishes:
    """What the customers' preferences say, as text; a list is as many values."""
    wishes: dict[str, list[tuple[int, str]]] = {}
    for i, text in enumerate(frames.customers["preferences"].to_list()):
        if text in EMPTY:
            continue
        for key, value in orjson.loads(text).items():
            for entry in value if isinstance(value, list) else (value,):
                if entry is not None:
                    wishes.setdefault(key, []).append((i, str(entry)))
    return wishes


def settle(frame: pl.DataFrame, features: Sequence[Feature], actions: Iterable[str] = ()) -> pl.DataFrame:
    """The columns that are no features, then every column of ``features`` in its type: missing columns added, defaults
    filled, fractions rounded, never NaN."""
    have = {column.name: column for column in frame.iter_columns()}
    made = settled(have, features, frame.height, actions)
    own = {column.name for column in made}
    return pl.DataFrame([*(column for name, column in have.items() if name not in own), *made])


def settled(
    have: Mapping[str, pl.Series], features: Sequence[Feature], size: int, actions: Iterable[str] = ()
) -> list[pl.Series]:
    """Every column of ``features`` in its type and order, from what there is of it."""
    return [
        _settled(have.get(name), name, feature, dtype, size)
        for name, feature, dtype in _layout(tuple(features), tuple(actions))
    ]


def _settled(column: pl.Series | None, name: str, feature: Feature, dtype: Any, size: int) -> pl.Series:
    missing = size if column is None else column.null_count()
    if column is None or missing == size:
        return constant(name, feature.default, dtype, size)
    if feature.fraction:
        values = np.round(column.cast(pl.Float64).to_numpy(), 6)
        if feature.default is not None:
            values = np.where(np.isnan(values), feature.default, values)
        return pl.Series(name, values, nan_to_null=True)
    column = column if column.dtype is dtype else column.cast(dtype)
    return column if feature.default is None or not missing else column.fill_null(feature.default)


@lru_cache(maxsize=64)
def _layout(features: tuple[Feature, ...], actions: tuple[str, ...]) -> tuple[tuple[str, Feature, Any], ...]:
    return tuple((name, feature, feature.dtype) for feature in features for name in feature.columns(actions))
