"""A draft beside the one it was before, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evals.case import PARTS


def sides(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Iterator[tuple[str, str, str]]:
    """(part, before, after) of every part of the words that differs."""
    for part in PARTS:
        was, now = ((draft or {}).get(part) or "" for draft in (before, after))
        if was != now:
            yield part, was, now
