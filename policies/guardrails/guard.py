"""What a guard reads and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from policies.catalogue import Action
from policies.claims.fact import Fact
from policies.identifiers.index import KnownIdentifiers

BLOCK, FLAG = "block", "flag"
Scope = Literal["all", "text", "copy"]
Part = Literal["subject", "title", "body"]
SCOPES: tuple[Scope, ...] = ("copy", "text", "all")
"""How much is judged, the widest last: the wording and the channel; claims and identifiers too; consent, identity and law too."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One objection.

    ``start`` and ``end`` are code points in ``part`` (subject, title or body), None when it is not about a place in it;
    ``fix`` is what would stand there instead, None when only a person can say.
    """

    guard: str
    rule: str
    severity: str
    start: int | None
    end: int | None
    text: str
    ja: str
    en: str
    part: Part = "body"
    fix: str | None = None

    @property
    def full_rule(self) -> str:
        """The rule with its guard in front, which some ids have already."""
        return self.rule if self.rule.startswith(f"{self.guard}.") else f"{self.guard}.{self.rule}"

    def place(self) -> tuple[Any, ...]:
        """Total order: by guard, rule, then place."""
        return (self.guard, self.rule, self.part, -1 if self.start is None else self.start, self.text)


@dataclass(frozen=True, kw_only=True)
class Message:
    """A finished message and what it must be held against.

    ``grounded`` are literal strings that facts print as, ``facts`` the typed facts it was written from; ``row`` is the customer's features, with those of the bound
    product or offer, at the time of judging (None: unknown, and every guard that needs it blocks); ``addressee`` and
    ``surname`` as written in a salutation.

    ``bundle`` is the fact bundle and ``about`` the blocks recipient, consent, suppression, registries, relationship, sender,
    message, product, offer, transport and processing, both as other programs send them: a missing key is not known.
    ``send_at`` is when it would arrive, on the recipient's clock; ``scope`` how much of it is judged; ``jurisdiction`` the
    country whose law is asked besides that of the recipient.

    ``known`` is the index of what identifies every customer, ``recipient_id`` the one among them who reads this; ``index_fault``
    is why the index may not be relied on, in Japanese and English (:func:`policies.identifiers.index.fault`), None when nobody
    asked for one or it may.
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
    facts: Sequence[Fact] = ()
    row: Mapping[str, Any] | None = None
    bundle: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    send_at: datetime | None = None
    scope: Scope = "all"
    jurisdiction: str | None = None
    known: KnownIdentifiers | None = None
    index_fault: tuple[str, str] | None = None
    recipient_id: str | None = None

    @property
    def parts(self) -> tuple[tuple[Part, str], ...]:
        """What there is of subject, title and body, in that order."""
        told: tuple[tuple[Part, str | None], ...] = (
            ("subject", self.subject), ("title", self.title), ("body", self.body),
        )  # fmt: skip
        return tuple((part, text) for part, text in told if text)

    @cached_property
    def head(self) -> str | None:
        """Subject of an email, title of a push."""
        return self.subject or self.title

    @cached_property
    def whole(self) -> str:
        """Everything the reader sees, head first."""
        return f"{self.head}\n{self.body}" if self.head else self.body
