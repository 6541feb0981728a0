"""What a message may say: typed facts, each with an id and a source, printed by the language and the channel.

A template never sees a raw value.  It sees **slots**, each bound to a fact; the fact decides how a date, a price or a
benefit reads in this language on this channel, and notes that it was used.  A slot without a fact is false in
``{% if %}`` and prints as ``{{name}}``, which the verdict blocks (copy check C01).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, overload

from policies import claims
from policies.claims.fact import Moment
from retrieval.customer import MINOR_DIGITS

WORD, DAY, MONEY, COUNT, BENEFIT, LINK, PERSON = "word", "day", "money", "count", "benefit", "link", "person"

SLOTS: Mapping[str, tuple[str, str]] = {
    # who is addressed
    "addressee": (PERSON, "ja: full name without 様; en: first name, or Mr/Ms and surname where the account is formal"),
    "surname": (PERSON, "ja: family name without 様; en: as addressee"),
    "company": (WORD, "company of a business customer"),
    "department": (WORD, "their department"),
    "title": (WORD, "their job title"),
    # who speaks
    "brand": (WORD, "shop or brand as customers know it"),
    "legal_name": (WORD, "registered name of the sender"),
    "signer": (PERSON, "the person who signs"),
    "role": (WORD, "what the signer is: 店主, サポート担当, Customer Care"),
    "postal_address": (WORD, "postal address of the sender"),
    "contact": (WORD, "e-mail or telephone for questions"),
    "optout": (LINK, "page or address where all advertising on this channel can be stopped"),
    "link": (LINK, "the one page where the customer can do what the message proposes"),
    "reply_by": (DAY, "day until which the shop promises to take up an answer"),
    # the thing
    "product": (WORD, "name of the product the action is bound to"),
    "price": (MONEY, "its tax-inclusive price"),
    "last_delivered": (DAY, "day on which this product last reached the customer, where deliveries are recorded"),
    "last_bought": (DAY, "day on which they last received it or, where deliveries are not recorded, ordered it"),
    "owned": (WORD, "name of the product the customer owns that this message is about"),
    "delivered": (DAY, "day on which it reached the customer"),
    "content": (WORD, "title of a useful article or video"),
    # the advantage
    "offer": (
        BENEFIT,
        "ja: 500円クーポン, 10%割引クーポン, 送料無料クーポン or the gift's name; en: £5 off, 10% off, free delivery …",
    ),
    "offer_ends": (DAY, "last day on which it can be used"),
    "offer_code": (WORD, "code to enter, if any"),
    "points": (COUNT, "points in the balance"),
    "points_expire": (DAY, "last day before they lapse"),
    # the moment
    "occasion": (WORD, "what is celebrated; ja: お誕生日 or 記念日, en: birthday or anniversary"),
    "ticket_topic": (WORD, "the case in the customer's words"),
    "ticket_closed": (DAY, "day on which support closed it"),
    "service_event": (WORD, "what happened: recall, delay, contract change … as a short noun"),
    "next_ship": (DAY, "next delivery of the subscription"),
    "change_deadline": (DAY, "last day to change that delivery"),
    "renews": (DAY, "day on which the contract renews"),
    "promise_due": (DAY, "day until which we promised something"),
    "owner": (PERSON, "the customer's named contact at our side"),
    "owner_previous": (PERSON, "who looked after the customer before"),
    "registration_benefit": (WORD, "what registering the product brings"),
    "register_by": (DAY, "last day to register"),
    "event_name": (WORD, "name of the gathering"),
    "event_day": (DAY, "its day"),
    "event_place": (WORD, "its place"),
}
"""Slot → (kind, what it holds).  The whole vocabulary of templates; a template using another name does not load."""

IDS: Mapping[str, str] = {slot: f"F{number}" for number, slot in enumerate(SLOTS, 1)}
"""A fact's id is its slot's place in the vocabulary, so the same fact has the same id in every bundle."""

SHORT_CHANNELS = frozenset({"sms", "push", "line"})
"""Channels on which dates and prices are printed in their short form (LINE keeps the weekday but drops 2026年)."""

_WEEKDAYS_JA = "月火水木金土日"
_MONTHS = "January February March April May June July August September October November December".split()
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_SIGNS = {"JPY": "¥", "GBP": "£", "USD": "$", "EUR": "€", "CAD": "CA$", "AUD": "A$"}
_TAX_WORDS = {
    "GBP": ("including VAT", "incl. VAT"),
    "EUR": ("including VAT", "incl. VAT"),
    "JPY": ("including tax", "incl. tax"),
}


_ROLES: Mapping[str, str] = {
    "offer_ends": "offer_ends", "points_expire": "points_expires", "event_day": "event", "last_delivered": "history",
    "last_bought": "history", "delivered": "history", "ticket_closed": "history", "points": "balance",
}  # fmt: skip
"""Slot → the role a claims check knows it by, where that is not the slot's own name."""


@dataclass(frozen=True, slots=True)
class Amount:
    """Minor units of a currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Benefit:
    """An offer's advantage; ``value`` is an :class:`Amount` for money off, a number for percent, else None."""

    kind: str
    value: Amount | float | None = None
    name: str | None = None


class Fact(NamedTuple):
    """One thing a message may mention.

    ``id`` is unique in its bundle (F1, F2 …), ``slot`` one of :data:`SLOTS`, ``source`` names the row it came from
    (``orders:O-17.delivered_at``).
    """

    id: str
    slot: str
    value: Any
    source: str


def plain_number(value: float, currency: str | None = None) -> str:
    """``1296`` → ``1,296``; ``960`` in GBP → ``9.60``."""
    digits = MINOR_DIGITS.get(currency, 2) if currency else 0
    return f"{value / 10**digits:,.{digits}f}"


@lru_cache(maxsize=65536)
def print_day(day: date, language: str, *, today: date, short: bool) -> str:
    """A past day without weekday, a coming one with it; the year only when more than half a year away."""
    far = abs((day - today).days) > 183
    if language == "ja":
        weekday = f"({_WEEKDAYS_JA[day.weekday()]})" if day >= today else ""
        if short:
            return f"{day.year}/{day.month}/{day.day}{weekday}" if far else f"{day.month}/{day.day}{weekday}"
        return f"{f'{day.year}年' if far else ''}{day.month}月{day.day}日{weekday}"
    weekday = _WEEKDAYS[day.weekday()] if day >= today else ""
    text = f"{weekday[:3] if short else weekday} {day.day} {_MONTHS[day.month - 1]}".strip()
    return f"{text} {day.year}" if far else text


@lru_cache(maxsize=65536)
def print_money(amount: Amount, language: str, *, short: bool) -> str:
    """Tax-inclusive total, said to be so: 総額表示 (消費税法63条) in Japanese, VAT wording where the currency expects it."""
    number = plain_number(amount.minor, amount.currency)
    if language == "ja":
        return f"{number}円(税込)" if amount.currency == "JPY" else f"{_SIGNS.get(amount.currency, '')}{number}(税込)"
    tax = _TAX_WORDS.get(amount.currency, ("", ""))[short]
    return f"{_SIGNS.get(amount.currency, amount.currency + ' ')}{number} {tax}".strip()


def print_benefit(benefit: Benefit, language: str) -> str:
    """The advantage as a noun phrase that fits ``{{ offer }}をお贈りします`` and ``Here is {{ offer }}``."""
    if benefit.kind == "gift" or (benefit.value is None and benefit.name and benefit.kind != "free_shipping"):
        return benefit.name or ""
    if benefit.kind == "free_shipping":
        return "送料無料クーポン" if language == "ja" else "free delivery"
    if isinstance(benefit.value, Amount):
        number = plain_number(benefit.value.minor, benefit.value.currency)
        if language == "ja":
            return (
                f"{number}円クーポン"
                if benefit.value.currency == "JPY"
                else f"{_SIGNS.get(benefit.value.currency, '')}{number}クーポン"
            )
        number = number.removesuffix(".00")
        return f"{_SIGNS.get(benefit.value.currency, '')}{number} off"
    percent = f"{benefit.value:g}%"
    return f"{percent}割引クーポン" if language == "ja" else f"{percent} off"


def print_fact(fact: Fact, language: str, channel: str, today: date) -> str:
    """The text of a fact in one language on one channel."""
    if isinstance(fact.value, str):
        return fact.value
    short = channel in SHORT_CHANNELS
    match fact.value:
        case date():
            return print_day(fact.value, language, today=today, short=short)
        case Amount():
            return print_money(fact.value, language, short=short)
        case Benefit():
            return print_benefit(fact.value, language)
        case int() | float():
            return plain_number(fact.value)
        case _:
            return str(fact.value)


class Claims(Sequence[claims.Fact]):
    """What a text written from ``facts`` may claim, worked out when first asked: most copies are known to be true to their facts."""

    __slots__ = ("_facts", "_language", "_worked_out")

    def __init__(self, facts: Iterable[Fact], language: str) -> None:
        self._facts, self._language = facts, language
        self._worked_out: tuple[claims.Fact, ...] | None = None

    @property
    def _claims(self) -> tuple[claims.Fact, ...]:
        if self._worked_out is None:
            self._worked_out = tuple([claim_of(fact, self._language) for fact in self._facts])
        return self._worked_out

    @overload
    def __getitem__(self, place: int) -> claims.Fact: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[claims.Fact, ...]: ...
    def __getitem__(self, place: int | slice) -> claims.Fact | tuple[claims.Fact, ...]:
        return self._claims[place]

    def __iter__(self) -> Iterator[claims.Fact]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)


def claim_of(fact: Fact, language: str) -> claims.Fact:
    """The fact as a text may claim it, however it is worded: its value, with the role of its slot."""
    slot, value = fact.slot, fact.value
    kind, role, bound = SLOTS[slot][0], _ROLES.get(slot, slot), frozenset({slot})
    match value:
        case date():
            return claims.Fact("day", role, Moment(value))
        case Amount():
            return claims.Fact(
                "money", "price", _major(value), value.currency, skus=frozenset({"product"}), basis="taxed"
            )
        case Benefit():
            return _benefit(value, language)
        case int() | float():
            return claims.Fact("points" if kind == COUNT else "count", role, Decimal(str(value)))
    if kind == LINK or "://" in value:
        return claims.Fact("url" if "://" in value else "contact", role, value)
    if slot in ("product", "owned"):
        return claims.Fact("product", role, value, skus=bound)
    if slot == "offer_code":
        return claims.Fact("code", "code", value, offer="offer")
    return claims.Fact("contact" if slot == "contact" else "person" if kind == PERSON else "text", role, str(value))


def _major(amount: Amount) -> Decimal:
    return Decimal(amount.minor).scaleb(-MINOR_DIGITS.get(amount.currency, 2))


def _benefit(benefit: Benefit, language: str) -> claims.Fact:
    if benefit.kind == "free_shipping":
        return claims.Fact("free", "shipping", Decimal(0), offer="offer")
    if isinstance(benefit.value, Amount):
        return claims.Fact("money", "amount_off", _major(benefit.value), benefit.value.currency, offer="offer")
    if benefit.value is not None and benefit.kind != "gift":
        return claims.Fact("percent", "off", Decimal(str(benefit.value)), offer="offer")
    return claims.Fact("text", "gift", print_benefit(benefit, language), offer="offer")
