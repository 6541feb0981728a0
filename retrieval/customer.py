"""The nouns of a customer's history, and the one place where a column is defined.

Database tables, import validation, JSON records and Polars frames are all derived from these frozen dataclasses, so
a new field is added here and nowhere else.  Field types have one meaning throughout:

=====================  ==========================================  =============================  ================
annotation             meaning                                     database                       Polars
=====================  ==========================================  =============================  ================
``datetime``           an instant, always aware, kept in UTC       BigInteger, µs since 1970      Datetime(us, UTC)
``date``               a calendar day where the customer lives     Text, ISO 8601                 Date
``Money``              tax-inclusive amount in **minor units**     BigInteger                     Int64
``int float bool str`` as in Python                                as named                       Int64 …
``Literal[…]``         one of these words                          Text                           String
``tuple[str, …]``      list of words                               Text, JSON                     List(String)
``dict``               open structure                              Text, JSON                     String (JSON)
=====================  ==========================================  =============================  ================

A field without a default is required.  ``None`` means *not known*, which is not the same as ``False`` or 0.
Field names follow the customer record; a nested object is flattened with an underscore (``owner.id`` → ``owner_id``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Literal, NewType, Protocol, get_args

Money = NewType("Money", int)
"""Tax-inclusive amount in minor units of its currency: 1296 is ¥1,296 in JPY and £12.96 in GBP."""

Channel = Literal["email", "sms", "line", "push", "post", "insert", "phone"]
CHANNELS: tuple[str, ...] = get_args(Channel)
Language = Literal["ja", "en"]
LANGUAGES: tuple[str, ...] = get_args(Language)

MINOR_DIGITS: Mapping[str, int] = {"JPY": 0, "KRW": 0, "GBP": 2, "EUR": 2, "USD": 2, "CAD": 2, "AUD": 2, "CHF": 2}
"""Decimal places of each currency we can print (ISO 4217)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One person or account of one shop."""

    TABLE: ClassVar[str] = "customers"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    shop: str = "main"
    name: str | None = None
    kind: Literal["b2c", "b2b"] = "b2c"
    status: Literal["active", "closed", "deceased", "merged"] = "active"
    language: Language | None = None
    locale: str | None = None
    timezone: str | None = None
    region: str | None = None
    birthdate: date | None = None
    tier: str | None = None
    registered: date | None = None
    registered_skus: tuple[str, ...] = ()
    points: int | None = None
    points_expire: date | None = None
    company: str | None = None
    department: str | None = None
    title: str | None = None
    owner_id: str | None = None
    owner_name: str | None = None
    owner_since: datetime | None = None
    owner_previous: str | None = None
    preferences: dict[str, Any] = field(default_factory=dict)
    guardian_consent: bool | None = None
    objection_scope: str | None = None
    objection_at: datetime | None = None
    email_hash: str | None = None
    phone_hash: str | None = None
    duplicate_candidates: tuple[dict[str, Any], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the customer said about one channel and one purpose, from ``at`` on."""

    TABLE: ClassVar[str] = "consents"
    KEY: ClassVar[tuple[str, ...]] = ("channel", "purpose", "at")

    customer_id: str
    channel: Channel
    purpose: Literal["marketing", "service", "behavioural"]
    status: Literal["opt_in", "opt_out"]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One sellable thing.  ``attrs`` holds words and ``key:value`` facts (``family:grinder``, ``upgrade_of:CM-100``)."""

    TABLE: ClassVar[str] = "products"
    KEY: ClassVar[tuple[str, ...]] = ("sku",)

    sku: str
    shop: str = "main"
    name: str
    kind: Literal["consumable", "durable", "service"] = "consumable"
    price_incl_tax: Money | None = None
    currency: str = "JPY"
    stock: int | None = None
    cycle_days: float | None = None
    fits: tuple[str, ...] = ()
    attrs: tuple[str, ...] = ()
    recall: bool = False
    restock_eta: date | None = None
    price_changed: datetime | None = None
    bestseller: bool = False
    notes: str | None = None
    registration_benefit: str | None = None
    registration_required_within_days: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A price advantage; ``valid_to`` is the last day on which it can be used."""

    TABLE: ClassVar[str] = "offers"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    shop: str = "main"
    kind: Literal["amount", "percent", "free_shipping", "gift"]
    value: float | None = None
    currency: str = "JPY"
    sku: str | None = None
    audience: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    name: str | None = None
    code: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One purchase."""

    TABLE: ClassVar[str] = "orders"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    customer_id: str
    at: datetime
    status: Literal["placed", "packing", "shipped", "delivered", "returned", "cancelled"] = "delivered"
    delivered_at: datetime | None = None
    returned_at: datetime | None = None
    return_reason: str | None = None
    exchange_of: str | None = None
    coupon: str | None = None
    gift: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem:
    """One line of a purchase; ``qty`` below 0 is a return of that many."""

    TABLE: ClassVar[str] = "order_items"
    KEY: ClassVar[tuple[str, ...]] = ("order_id", "line")

    order_id: str
    line: int
    customer_id: str
    sku: str
    qty: int = 1
    unit_price: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something the customer did or that happened to something they own.

    ``type`` is open; those with a meaning here: view, cart_add, cart_abandon, open, click, visit, reply, bounce,
    restock_request, restocked, survey_answer, review, referral, photo_permission, attended, product_registered,
    payment_failed, payment_ok, and the service events recall, delay, safety, contract, outage.
    """

    TABLE: ClassVar[str] = "events"
    KEY: ClassVar[tuple[str, ...]] = ("at", "digest")

    customer_id: str
    at: datetime
    type: str
    sku: str | None = None
    nps: int | None = None
    comment: str | None = None
    action: str | None = None
    price: Money | None = None
    channel: Channel | None = None
    offer: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A case the customer opened with support."""

    TABLE: ClassVar[str] = "tickets"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    customer_id: str
    opened: datetime
    closed: datetime | None = None
    status: Literal["open", "closed"] = "open"
    topic: str | None = None
    severity: Literal["low", "medium", "high"] | None = None
    csat: int | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A note, call, chat or meeting: text that a person wrote, never an instruction."""

    TABLE: ClassVar[str] = "interactions"
    KEY: ClassVar[tuple[str, ...]] = ("at", "digest")

    customer_id: str
    at: datetime
    kind: str = "note"
    direction: Literal["in", "out"] | None = None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A message we sent, on any channel."""

    TABLE: ClassVar[str] = "contacts"
    KEY: ClassVar[tuple[str, ...]] = ("at", "digest")

    customer_id: str
    at: datetime
    channel: Channel
    action: str | None = None
    purpose: Literal["marketing", "service"] = "marketing"
    sku: str | None = None
    offer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A standing order or a plan."""

    TABLE: ClassVar[str] = "subscriptions"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    customer_id: str
    sku: str
    status: Literal["active", "paused", "cancelled"] = "active"
    qty: int | None = None
    interval_days: int | None = None
    next_ship: date | None = None
    change_deadline: date | None = None
    renews: date | None = None
    amount: Money | None = None
    used: float | None = None
    included: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What followed a message: open, click, order, reply, unsubscribe, complaint."""

    TABLE: ClassVar[str] = "outcomes"
    KEY: ClassVar[tuple[str, ...]] = ("at", "digest")

    customer_id: str
    at: datetime
    type: str
    action: str | None = None
    channel: Channel | None = None
    draft_id: str | None = None
    value: Money | None = None


class Noun(Protocol):
    """What every noun says of itself: its table, and the columns that identify a row of a customer."""

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]


NOUNS: tuple[type[Noun], ...] = (
    Customer, Consent, Product, Offer, Order, OrderItem, Event, Ticket, Interaction, Contact, Subscription, Outcome,
)  # fmt: skip
"""Every noun, in the order in which an import must write them."""
