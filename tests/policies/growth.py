"""How work grows with its input, told by the lines of Python it takes: the same on every machine, however busy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def lines_run(work: Callable[[], object]) -> int:
    """How many lines run, turns of a loop counted each; what a pattern or a search does inside itself is not seen."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def growth(work: Callable[[str], object], piece: str, letters: int = 1_000) -> float:
    """How many times as many lines four times as long a text takes: 4 where the work is in proportion, 16 where it is squared."""
    short, long = ((piece * size)[:size] for size in (letters, 4 * letters))
    work(long)  # so that what is worked out once is no part of either
    return lines_run(lambda: work(long)) / lines_run(lambda: work(short))
