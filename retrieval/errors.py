"""Every exception that reaches a user, and the exit code it ends with.

EnishiError               anything Enishi says no to in one sentence
├── InputError     exit 2  a file, a record, a setting or a command is wrong; names file, line, key
└── Unreachable    exit 3  a database, provider or index did not answer; nothing was changed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EnishiError(Exception):
    """Base of all; ``exit_code`` is what the command line ends with."""

    exit_code = 1


class InputError(EnishiError):
    """Something a person wrote is wrong.

    ``file``, ``line`` (1-based) and ``key`` say where; the message says what is wrong and what would be right.
    """

    exit_code = 2

    def __init__(self, message: str, *, file: object = None, line: int | None = None, key: str | None = None) -> None:
        self.message, self.file, self.line, self.key = message, file, line, key
        super().__init__(str(self))

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        where = ": ".join(part for part in (place, self.key) if part)
        return f"{where}: {self.message}" if where else self.message


class Unreachable(EnishiError):
    """A database, provider or index is out of reach."""

    exit_code = 3


def nearest(name: str, known: Iterable[str]) -> str:
    """`` — did you mean 'x'?`` for the closest known name, or the known names if they are few, else nothing."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f" — did you mean '{close[0]}'?"
    return f" — one of: {', '.join(names)}" if 0 < len(names) <= 12 else ""
