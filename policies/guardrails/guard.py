"""What a guard reads and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from policies.catalogue import Action

BLOCK, FLAG = "block", "flag"


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection.  ``start`` and ``end`` are code points in the body, None when it is not about a place in it."""

    guard: str
    rule: str
    severity: str
    start: int | None
    end: int | None
    text: str
    ja: str
    en: str

    def place(self) -> tuple[Any, ...]:
        """Total order: by guard, rule, then place."""
        return (self.guard, self.rule, -1 if self.start is None else self.start, self.text)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A finished message and what it must be held against.

    ``grounded`` are literal strings that facts print as; ``row`` is the customer's features, with those of the bound
    product or offer, at the time of judging (None: unknown, and every guard that needs it blocks); ``addressee`` and
    ``surname`` as written in a salutation.
    """

    channel: str
    language: str
    purpose: str
    body: str
    subject: str | None = None
    title: str | None = None
    action: Action | None = None
    addressee: str | None = None
    surname: str | None = None
    grounded: frozenset[str] = frozenset()
    row: Mapping[str, Any] | None = None

    @cached_property
    def head(self) -> str | None:
        """Subject of an email, title of a push."""
        return self.subject or self.title

    @cached_property
    def whole(self) -> str:
        """Everything the reader sees, head first."""
        return f"{self.head}\n{self.body}" if self.head else self.body
