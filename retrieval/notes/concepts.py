"""Concept tags: which of a fixed list of subjects a note speaks about, in Japanese and English alike.

The tags turn free text into closed values.  They may hold a message back or steer it to another topic; the text itself
never travels further.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import polars as pl
import yaml

from retrieval.errors import InputError, nearest

SOURCE = Path(__file__).with_name("concepts.yaml")
FEW = 20
"""Up to so many texts are read faster one by one: Polars compiles every pattern again at each call."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One subject: ``pattern`` finds it, ``unless`` is taken out of the text first (None: nothing is)."""

    name: str
    pattern: str
    unless: str | None = None


@cache
def load(path: Path = SOURCE) -> Mapping[str, Concept]:
    """Concept name → concept, in file order.  :class:`InputError` names the concept and the key that is wrong."""
    concepts = {}
    for name, entry in yaml.safe_load(path.read_text(encoding="utf-8")).items():
        for key, patterns in entry.items():
            if key not in ("ja", "en", "unless"):
                raise InputError(f"unknown key{nearest(key, ('ja', 'en', 'unless'))}", file=path, key=f"{name}.{key}")
            _compile(patterns, path, f"{name}.{key}")
        unless = "|".join(entry.get("unless", ())) or None
        concepts[name] = Concept(name, "|".join((*entry.get("ja", ()), *entry.get("en", ()))), unless)
    return concepts


def _compile(patterns: object, path: Path, key: str) -> None:
    if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
        raise InputError("must be a list of patterns", file=path, key=key)
    try:
        pl.Series([""]).str.contains("|".join(patterns))
    except pl.exceptions.ComputeError as problem:
        raise InputError(f"is not a pattern: {problem}", file=path, key=key) from problem


def plain(text: pl.Expr) -> pl.Expr:
    """The form patterns are written for: NFKC (full-width letters and half-width kana unified), lower case."""
    return text.str.normalize("NFKC").str.to_lowercase()


def tag(text: pl.Series, names: Iterable[str] | None = None) -> pl.DataFrame:
    """One Boolean column per concept, all by default, for texts in :func:`plain` form; a null text has no concept."""
    concepts = load()
    chosen = []
    for name in concepts if names is None else names:
        if name not in concepts:
            raise InputError(f"no such concept{nearest(name, concepts)}", file=SOURCE.name, key=name)
        chosen.append(concepts[name])
    if len(text) <= FEW:
        texts = [written or "" for written in text.to_list()]
        return pl.DataFrame(
            {concept.name: [_speaks(written, concept.name) for written in texts] for concept in chosen},
            schema={concept.name: pl.Boolean for concept in chosen},
        )
    written = pl.col(text.name)
    found = text.to_frame().select(
        written.str.contains(concept.pattern).fill_null(False).alias(concept.name) for concept in chosen
    )
    return found.with_columns(
        _without_exceptions(text, found[c.name], c.name)
        for c in chosen
        if c.unless is not None and found[c.name].to_numpy().any()
    )


@lru_cache(maxsize=4096)
def of(text: str) -> frozenset[str]:
    """The concepts of one short text, such as an entry of a do-not-mention list or the name of a topic."""
    return among(text, load())


def among(text: str, names: Iterable[str]) -> frozenset[str]:
    """Those of the concepts ``names`` that one text speaks about."""
    written = unicodedata.normalize("NFKC", text).lower()
    return frozenset(name for name in names if _speaks(written, name))


def _speaks(written: str, name: str) -> bool:
    pattern, unless = _compiled()[name]
    return bool(pattern.search(written) and pattern.search(unless.sub("", written)))


@cache
def _compiled() -> Mapping[str, tuple[re.Pattern[str], re.Pattern[str]]]:
    # A pattern that matches nothing stands for "no exceptions".
    return {name: (re.compile(c.pattern), re.compile(c.unless or r"(?!)")) for name, c in load().items()}


def _without_exceptions(text: pl.Series, found: pl.Series, name: str) -> pl.Series:
    """``found`` minus the texts that no longer match once the exceptions are taken out."""
    rows = found.arg_true()
    # One by one: few texts are left, and Polars compiles a pattern anew each time more than a few dozen are in use.
    return found.scatter(rows, [_speaks(written, name) for written in text.gather(rows).to_list()])
