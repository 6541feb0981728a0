"""Rows gathered by an integer key, on NumPy arrays.

A call on a frame costs as much as a hundred on a small array, and a partition of one customer needs as many calls as
one of thousands.  An instant is its microseconds since 1970 here, and ``NEVER`` one that is not known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

DAY, HOUR = 86_400_000_000, 3_600_000_000
"""Microseconds."""
NEVER = np.iinfo(np.int64).min
"""What an unknown instant is as an integer; earlier than every other, so that ``most`` passes over it."""

Array = np.ndarray[Any, np.dtype[Any]]


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
    return (column.fill_null(False) if column.null_count() else column).to_numpy()


def places(column: pl.Series, words: pl.Enum) -> Array:
    """Position of each text among ``words``; −1 for null and for any other text."""
    found = column.cast(words, strict=False).to_physical()
    return (np.nan_to_num(found.to_numpy(), nan=-1) if found.null_count() else found.to_numpy()).astype(np.int64)


def customers(frame: pl.DataFrame) -> Array:
    """Customer number of each row."""
    return frame["i"].to_numpy().astype(np.int64)


def moments(values: Array) -> Array:
    """Instants as Float64, which holds microseconds exactly until 2255 and has a NaN to become null in a frame."""
    return np.where(values == NEVER, np.nan, values)
