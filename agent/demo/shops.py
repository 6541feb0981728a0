"""The three shops as they stand on one day: catalogue, offers, people, and a calendar that counts backwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

import yaml

Row = dict[str, Any]
AHEAD, BACK = 800, 4000
"""Days a calendar reaches forward and back from its day."""


class Calendar:
    """Days and instants of one time zone as ISO 8601 text, told by how many days ago they were.

    A day ago of 0 is the day of ``as_of`` where the shop is; negative days are to come.  Text is made once per day
    because a million customers have thirty million instants.
    """

    def __init__(self, as_of: datetime, timezone: str) -> None:
        self.now = as_of.astimezone(ZoneInfo(timezone))
        self.today = self.now.date()
        noon = datetime(self.today.year, self.today.month, self.today.day, 12, tzinfo=self.now.tzinfo)
        moments = [noon - timedelta(days=ago) for ago in range(-AHEAD, BACK)]
        self._days = [moment.date().isoformat() for moment in moments]
        self._dawns = [f"{day}T" for day in self._days]
        self._offsets = [moment.isoformat()[-6:] for moment in moments]

    def day(self, ago: int) -> str:
        """The day ``ago`` days before ``as_of``, as YYYY-MM-DD."""
        return self._days[ago + AHEAD]

    def instant(self, ago: int, clock: str = "12:00:00") -> str:
        """``clock`` (HH:MM:SS, never in the hour of a clock change) on the day ``ago`` days before ``as_of``."""
        index = ago + AHEAD
        return self._dawns[index] + clock + self._offsets[index]

    def hours(self, ago: float) -> str:
        """The instant ``ago`` hours before ``as_of``, to the second."""
        moment = self.now.astimezone(UTC) - timedelta(hours=ago)
        return moment.astimezone(self.now.tzinfo).isoformat(timespec="seconds")

    def birthdate(self, age: int, within: int) -> str:
        """Birthdate of somebody who turns ``age`` in ``within`` days; 29 February becomes the 28th."""
        birthday = self.today + timedelta(days=within)
        return f"{birthday.year - age}-{birthday.month:02d}-{min(birthday.day, 28 if birthday.month == 2 else 31):02d}"


@dataclass(frozen=True)
class Shop:
    """One shop on the day of the sample; ``products`` and ``offers`` are rows ready to import."""

    id: str
    currency: str
    timezone: str
    language: str
    country: str
    sender: Row
    staff: tuple[str, ...]
    cases: tuple[str, ...]
    complaints: tuple[str, ...]
    products: tuple[Row, ...]
    offers: tuple[Row, ...]
    calendar: Calendar

    @cached_property
    def product(self) -> dict[str, Row]:
        """SKU → product."""
        return {row["sku"]: row for row in self.products}

    @cached_property
    def staples(self) -> tuple[Row, ...]:
        """Consumables in stock with a cycle, bestsellers first: what regular customers live on."""
        regular = [row for row in self.products if row.get("cycle_days") and "limited" not in row["attrs"]]
        return tuple(sorted((row for row in regular if row["stock"]), key=lambda row: not row.get("bestseller")))

    @cached_property
    def sold_out(self) -> tuple[Row, ...]:
        """Consumables without stock."""
        return tuple(row for row in self.products if row.get("cycle_days") and not row["stock"])

    @cached_property
    def durables(self) -> tuple[Row, ...]:
        """Durables in stock."""
        return tuple(row for row in self.products if row.get("kind") == "durable" and row["stock"])

    @cached_property
    def registrable(self) -> tuple[Row, ...]:
        """Durables in stock that bring a benefit when registered."""
        return tuple(row for row in self.durables if row.get("registration_benefit"))

    @cached_property
    def accessories(self) -> tuple[Row, ...]:
        """What fits something else and is in stock."""
        return tuple(row for row in self.products if row.get("fits") and row["stock"])

    @cached_property
    def upgrades(self) -> tuple[tuple[Row, Row], ...]:
        """Pairs of a durable and the better one that replaces it."""
        better = [row for row in self.durables if any(attr.startswith("upgrade_of:") for attr in row["attrs"])]
        return tuple((self.product[fact(row, "upgrade_of")], row) for row in better)

    @cached_property
    def recalled(self) -> Row:
        """The product called back."""
        return next(row for row in self.products if row.get("recall"))

    @cached_property
    def limited(self) -> Row:
        """The product that was sold out and has just come back."""
        return self.having("limited")

    @cached_property
    def season(self) -> Row:
        """The offer of the season."""
        return next(row for row in self.offers if row["audience"].startswith("season:"))

    @cached_property
    def lapsed_offer(self) -> Row:
        """An offer that can no longer be used."""
        return next(row for row in self.offers if row["valid_to"] < self.calendar.day(0))

    @cached_property
    def event_region(self) -> str:
        """Where the next gathering takes place."""
        return fact(self.having("event"), "region")

    def having(self, attr: str) -> Row:
        """The first product with an attribute."""
        return next(row for row in self.products if attr in row["attrs"])

    def of_category(self, category: str) -> tuple[Row, ...]:
        """Staples of a category."""
        return tuple(row for row in self.staples if f"category:{category}" in row["attrs"])


def fact(product: Row, key: str) -> str:
    """The value of an attribute ``key:value`` of a product that has it."""
    return next(attr for attr in product["attrs"] if attr.startswith(f"{key}:")).removeprefix(f"{key}:")


@cache
def shops(as_of: datetime) -> tuple[Shop, ...]:
    """The shops of ``shops.yaml`` with every relative day counted from ``as_of`` in the shop's zone."""
    return tuple(_shop(entry, as_of) for entry in _load("shops.yaml"))


@cache
def people() -> dict[str, dict[str, list[Any]]]:
    """Language → names, places and notes of ``people.yaml``."""
    return _load("people.yaml")


def senders() -> dict[str, Row]:
    """Shop id → who its messages come from; ``shops`` of the settings of a sample home."""
    kept = ("currency", "timezone", "language", "country", "sender")
    return {entry["id"]: {key: entry[key] for key in kept} for entry in _load("shops.yaml")}


@cache
def _load(name: str) -> Any:
    return yaml.load((files(__package__) / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def _shop(entry: Row, as_of: datetime) -> Shop:
    calendar = Calendar(as_of, entry["timezone"])
    offers = [offer for offer in entry["offers"] if calendar.today.month in offer.get("months", range(1, 13))]
    return Shop(
        **{key: entry[key] for key in ("id", "currency", "timezone", "language", "country", "sender")},
        staff=tuple(entry["staff"]),
        cases=tuple(entry["cases"]),
        complaints=tuple(entry["complaints"]),
        products=tuple(_product(entry, product, calendar) for product in entry["products"]),
        offers=tuple(_offer(entry, offer, calendar) for offer in offers),
        calendar=calendar,
    )


def _product(entry: Row, product: Row, calendar: Calendar) -> Row:
    row = {**product, "shop": entry["id"], "currency": entry["currency"]}
    if "price_incl_tax" in row:
        row["extra"] = {"margin": entry["margin"]}
    row["attrs"] = [_attr(attr, calendar.today) for attr in product["attrs"]]
    if "restock_eta" in row:
        row["restock_eta"] = calendar.day(-row["restock_eta"])
    if "price_changed" in row:
        row["price_changed"] = calendar.instant(-row["price_changed"], "00:00:00")
    return row


def _offer(entry: Row, offer: Row, calendar: Calendar) -> Row:
    row = {key: value for key, value in offer.items() if key != "months"}
    days = {key: calendar.day(-offer[key]) for key in ("valid_from", "valid_to")}
    return row | days | {"shop": entry["id"], "currency": entry["currency"]}


def _attr(attr: str, today: date) -> str:
    if not attr.startswith("day:"):
        return attr
    return f"day:{today + timedelta(days=int(attr.removeprefix('day:')))}"
