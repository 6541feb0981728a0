"""Rows gathered by an integer key, on NumPy arrays.

A call on a frame costs as much as a hundred on a small array, and a partition of one customer needs as many calls as
one of thousands.  An instant is its microseconds since 1970 here, and ``NEVER`` one that is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

DAY, HOUR = 86_400_000_000, 3_600_000_000
"""Microseconds."""
FEW = 300
"""Up to so many texts are looked up faster one by one than by a cast, which costs as much for one as for hundreds."""
NEVER = np.iinfo(np.int64).min
"""What an unknown instant is as an integer; earlier than every other, so that ``most`` passes over it."""

Array = np.ndarray[Any, np.dtype[Any]]


class Words:
    """A list of distinct words that a column is read against."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words = list(words)
        self.place = {word: place for place, word in enumerate(self.words)}

    @cached_property
    def enum(self) -> pl.Enum:
        """The words as a Polars type."""
        return pl.Enum(self.words)


class Groups:
    """Rows that share a key: ``keys`` are the distinct ones in order, and each method gives one value for each."""

    def __init__(self, keys: Array) -> None:
        self.order = np.argsort(keys, kind="stable")
        self.rows = keys[self.order]
        self.starts = np.flatnonzero(np.concatenate(([True], self.rows[1:] != self.rows[:-1]))[: len(keys)])
        self.keys = self.rows[self.starts]
        self.sizes = np.diff(self.starts, append=len(keys))

    def total(self, values: Array) -> Array:
        """Sum; of truths, how many."""
        counted = values.astype(np.int64) if values.dtype == bool else values
        return np.add.reduceat(counted[self.order], self.starts) if len(self.keys) else counted

    def most(self, values: Array) -> Array:
        """Largest; of instants, the latest known; of truths, whether any."""
        return np.maximum.reduceat(values[self.order], self.starts) if len(self.keys) else values

    def last(self, values: Array) -> Array:
        """Value of the last row."""
        return values[self.order][self.starts + self.sizes - 1]

    def median(self, values: Array) -> Array:
        """Middle value, or the mean of the two in the middle."""
        ordered = values[self.order]
        ordered = ordered[np.lexsort((ordered, self.rows))]
        return (ordered[self.starts + (self.sizes - 1) // 2] + ordered[self.starts + self.sizes // 2]) / 2

    def variation(self, values: Array) -> Array:
        """Standard deviation of a sample ÷ mean; NaN for a single value."""
        mean = self.total(values) / self.sizes
        apart = (values[self.order] - np.repeat(mean, self.sizes)) ** 2
        squares = np.add.reduceat(apart, self.starts) if len(self.keys) else apart
        return np.sqrt(squares / np.where(self.sizes > 1, self.sizes - 1, np.nan)) / mean


class Lookup:
    """Finds, for each of ``wanted``, the row of a column whose ``keys`` (distinct, in order) it belongs to."""

    def __init__(self, keys: Array, wanted: Array) -> None:
        at = np.searchsorted(keys, wanted)
        at[at == len(keys)] = 0
        self.found = keys[at] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)
        self.at = at

    def __call__(self, values: Array, missing: Any) -> Array:
        """The wanted values; ``missing`` where a key is not among them."""
        if not len(values):
            return np.full(len(self.found), missing, dtype=values.dtype)
        return np.where(self.found, values[self.at], missing)


def matched(values: Array, keys: Array, wanted: Array, missing: Any) -> Array:
    """One column of a :class:`Lookup`."""
    return Lookup(keys, wanted)(values, missing)


def distinct(keys: Array) -> Array:
    """Each key once, in order."""
    ordered = np.sort(keys)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))[: len(keys)]]


def among(wanted: Array, keys: Array) -> Array:
    """Whether each of ``wanted`` is one of ``keys``."""
    return Lookup(distinct(keys), wanted).found


def marked(customers_: Array, size: int) -> Array:
    """For each of ``size`` customers, whether the number is among ``customers_``."""
    mask = np.zeros(size, dtype=bool)
    mask[customers_] = True
    return mask


def instants(column: pl.Series) -> Array:
    """Microseconds since 1970; null is ``NEVER``."""
    return column.to_numpy().astype(np.int64)


def numbers(column: pl.Series) -> Array:
    """Float64; null is NaN."""
    return column.cast(pl.Float64).to_numpy()


def truths(column: pl.Series) -> Array:
    """True where the column is; null is not."""
    return numbers(column) == 1 if column.null_count() else column.to_numpy()


def present(column: pl.Series) -> Array:
    """Whether each value is known."""
    missing = column.null_count()
    if missing in (0, len(column)):
        return np.full(len(column), not missing)
    return column.is_not_null().to_numpy()


def runs(column: pl.Series) -> Array:
    """Number of the run of equal values that each row belongs to."""
    return np.concatenate(([0], np.cumsum((column[1:] != column[:-1]).to_numpy())))[: len(column)]


def places(column: pl.Series, words: Words) -> Array:
    """Position of each text among ``words``; −1 for null and for any other text."""
    if len(column) <= FEW:
        return np.array([words.place.get(word, -1) for word in column.to_list()], dtype=np.int64)
    found = column.cast(words.enum, strict=False).to_physical()
    return (np.nan_to_num(found.to_numpy(), nan=-1) if found.null_count() else found.to_numpy()).astype(np.int64)


def customers(frame: pl.DataFrame) -> Array:
    """Customer number of each row."""
    return frame["i"].to_numpy().astype(np.int64)


def moments(values: Array) -> Array:
    """Instants as Float64, which holds microseconds exactly until 2255 and has a NaN to become null in a frame."""
    return np.where(values == NEVER, np.nan, values)


def series(columns: Mapping[str, Array]) -> list[pl.Series]:
    """Arrays of one length as columns: NaN becomes null, and a time span whole microseconds, null without one."""
    # One conversion for all arrays of a type, because a conversion costs as much as thousands of rows.
    names: dict[Any, list[str]] = {}
    for name, values in columns.items():
        names.setdefault(values.dtype, []).append(name)
    made = []
    for dtype, alike in names.items():
        flat = pl.Series(np.concatenate([columns[name] for name in alike]), nan_to_null=True)
        made += sliced(flat.cast(pl.Int64) if dtype.kind == "m" else flat, alike)
    return made


def sliced(flat: pl.Series, names: Sequence[str]) -> list[pl.Series]:
    """``flat`` cut into equal columns."""
    size = len(flat) // len(names) if names else 0
    return [flat.slice(position * size, size).alias(name) for position, name in enumerate(names)]
