"""A place in a text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """``text[start:end]`` in code points of the raw text is an identifier of ``type``."""

    start: int
    end: int
    type: str
