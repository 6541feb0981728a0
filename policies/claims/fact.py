"""What may be said: facts with a kind, a role and a binding, however they come to be printed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from policies.claims.normal import folded

Kind = Literal[
    "money", "percent", "multiple", "points", "count", "days", "day", "url", "contact", "code", "product", "person", "free", "text",
]  # fmt: skip
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, its time where one is fixed, and that instant where its zone is known."""

    day: date
    at: time | None = None
    instant: datetime | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that may be said.

    ``kind`` is what is measured and ``role`` what it is: 500 yen off is not a price of 500 yen.  ``value`` is a Decimal (money
    in major units), a :class:`Moment` or a string; ``unit`` the currency, or what is counted; ``skus`` the products it
    holds for (empty: all) and ``offer`` the offer it belongs to; ``basis`` is ``taxed`` or ``untaxed`` for a price,
    ``per`` what the price is for (user, month).
    """

    kind: Kind
    role: str
    value: Any
    unit: str = ""
    skus: frozenset[str] = NOBODY
    offer: str | None = None
    basis: str = ""
    per: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """Something that happened and may be mentioned; ``event`` as the shop calls it (purchase, delivery, view)."""

    event: str
    sku: str | None = None
    day: date | None = None


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything one message may say, and what it must not.

    ``withheld`` are words that must not appear, ``not_offered`` names of products that are not for sale in it, ``placeholders``
    the only ``{{…}}`` that may stand in it.  ``history`` is what of the past may be mentioned, None where that is settled
    elsewhere.  ``today`` is the day it speaks, None if unknown.  ``people_known`` says whether every name that may appear
    is among the facts.
    """

    stated: tuple[Fact, ...]
    not_offered: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    placeholders: frozenset[str] = frozenset()
    history: tuple[History, ...] | None = None
    today: date | None = None
    zone: ZoneInfo | None = None
    locale: str = ""
    people_known: bool = False

    @cached_property
    def by_kind(self) -> Mapping[str, list[Fact]]:
        """Kind → its facts."""
        found: dict[str, list[Fact]] = {}
        for fact in self.stated:
            found.setdefault(fact.kind, []).append(fact)
        return found

    def of(self, *kinds: Kind) -> Iterable[Fact]:
        """The facts of these kinds."""
        if len(kinds) == 1:
            return self.by_kind.get(kinds[0], ())
        found: list[Fact] = []
        for kind in kinds:
            found += self.by_kind.get(kind, ())
        return found

    @cached_property
    def wordings(self) -> list[str]:
        """What may be said word for word, as it is looked for, longest first: what is vouched for, names of people, contacts."""
        texts = dict.fromkeys([folded(fact.value) for fact in self.of("text", "person", "contact")])
        return sorted([one for one in texts if len(one) > 1], key=len, reverse=True)

    @cached_property
    def product_names(self) -> list[tuple[str, Fact | None]]:
        """Every name of a product as it is looked for, longest first, with its fact; None where it is not for sale here."""
        named = [(name, fact) for fact in self.of("product") for name in _spelt(folded(fact.value)) if name]
        others = [(name, None) for name in map(folded, self.not_offered) if name]
        return sorted((*named, *others), key=lambda one: -len(one[0])) if named or others else []

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Product names and aliases that may be named."""
        return tuple(fact.value for fact in self.of("product"))

    @cached_property
    def sitewide(self) -> bool:
        """Whether an offer holds for everything."""
        return any(not fact.skus and fact.offer for fact in self.of("percent", "money"))


@lru_cache(maxsize=65536)
def _spelt(name: str) -> tuple[str, ...]:
    """A product's name, and with its size or model in brackets: 煎茶 100g, 煎茶(100g)."""
    first, _, last = name.rpartition(" ")
    return (name, f"{first}({last})", f"{first} ({last})") if first and any(map(str.isdigit, last)) else (name,)


def number(value: Any) -> Decimal:
    """An exact decimal of a JSON number: 0.1 is a tenth."""
    return value if isinstance(value, Decimal) else Decimal(str(value))
