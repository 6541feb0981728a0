"""Runs of digits that no name is put to: in a draft, seven digits that no fact prints are somebody's number until proven otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator

_RUN = re.compile(r"(?<![0-9])[0-9](?:(?:[ \-./()·]{1,2}|-?\n)?[0-9]){6,40}")


def digit_runs(text: str) -> Iterator[tuple[int, int]]:
    """(start, end) of every run of at least seven digits, separators inside, in normalised text."""
    for found in _RUN.finditer(text):
        yield found.span()
