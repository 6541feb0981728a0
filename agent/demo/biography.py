"""The pen that writes one customer's history into the rows of a chunk."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

from agent.demo.shops import Row, Shop, people

TABLES = (
    "customers", "consents", "products", "offers", "orders", "order_items", "events", "tickets", "interactions",
    "contacts", "subscriptions",
)  # fmt: skip
"""Every table of the sample, in import order."""

CLOCKS = tuple(f"{minute // 60:02d}:{minute % 60:02d}:00" for minute in range(9 * 60, 22 * 60, 7))
"""Times of day at which things happen, 9:00 to 21:59."""
_CLOCKS = len(CLOCKS)
TO_DOOR = 2
"""Days from an order to its delivery."""
MARKETING = ("email", "line", "push", "post", "insert", "sms", "phone")


Thing = TypeVar("Thing")


class Dice(Random):
    """Randomness with the two throws that the sample lives on, at a third of the standard library's price."""

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both possible."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, things: Sequence[Thing]) -> Thing:
        """One of ``things``."""
        return things[int(self.random() * len(things))]


class Biography:
    """One customer being written: the row in ``customers`` and methods that add rows to the other tables.

    All days are days ago.  A method takes what matters to a story; times of day come from ``rng``.
    """

    __slots__ = ("calendar", "id", "language", "number", "orders", "rng", "row", "rows", "shop", "words")

    def __init__(self, number: int, shop: Shop, language: str, rng: Dice, rows: dict[str, list[Row]]) -> None:
        self.number, self.shop, self.language, self.rng, self.rows = number, shop, language, rng, rows
        self.id = f"C{number}"
        self.calendar = shop.calendar
        self.words = people()[language]
        self.orders = 0
        self.row: Row = {
            "id": self.id,
            "shop": shop.id,
            "name": self._name(),
            "language": language,
            "locale": f"{language}-{shop.country}",
            "timezone": shop.timezone,
            "region": rng.pick(people()[shop.language]["regions"]),
            "email_hash": f"{rng.getrandbits(128):032x}",
            "phone_hash": f"{rng.getrandbits(128):032x}",
        }
        rows["customers"].append(self.row)

    def _name(self) -> str:
        surname, given = self.rng.pick(self.words["surnames"]), self.rng.pick(self.words["given"])
        return f"{surname} {given}" if self.language == "ja" else f"{given} {surname}"

    def clock(self) -> str:
        """A time of day."""
        return CLOCKS[int(self.rng.random() * _CLOCKS)]

    def consent(self, ago: int, channels: Sequence[str], purpose: str = "marketing", status: str = "opt_in") -> None:
        """One row per channel, all given at the same moment."""
        at = self.calendar.instant(ago, self.clock())
        for channel in channels:
            row = {"customer_id": self.id, "channel": channel, "purpose": purpose, "status": status, "at": at}
            self.rows["consents"].append(row)

    def order(self, ago: int, *products: Row, qty: int = 1, status: str | None = None, **more: Any) -> str:
        """An order of one line per product, delivered if it is old enough; returns its id."""
        self.orders += 1
        order_id = f"O{self.number}-{self.orders}"
        clock = self.clock()
        row = {"id": order_id, "customer_id": self.id, "at": self.calendar.instant(ago, clock)}
        if status:
            row["status"] = status
        elif ago > TO_DOOR:
            row["status"] = "delivered"
            row["delivered_at"] = self.calendar.instant(ago - TO_DOOR, clock)
        else:
            row["status"] = "shipped"
        if more:
            row.update(more)
        self.rows["orders"].append(row)
        items = self.rows["order_items"]
        for line, product in enumerate(products, start=1):
            items.append(
                {
                    "order_id": order_id,
                    "line": line,
                    "customer_id": self.id,
                    "sku": product["sku"],
                    "qty": qty if line == 1 else 1,
                    "unit_price": product["price_incl_tax"],
                }
            )
        return order_id

    def delivered(self, ago: int, *products: Row, **more: Any) -> str:
        """An order that arrived ``ago`` days ago."""
        return self.order(ago + TO_DOOR, *products, **more)

    def event(self, ago: int, kind: str, **more: Any) -> None:
        """Something the customer did, or that happened to something they own."""
        at = self.calendar.instant(ago, self.clock())
        self.rows["events"].append({"customer_id": self.id, "at": at, "type": kind, **more})

    def event_hours(self, ago: float, kind: str, **more: Any) -> None:
        """The same, told in hours ago."""
        self.rows["events"].append({"customer_id": self.id, "at": self.calendar.hours(ago), "type": kind, **more})

    def contact(self, ago: int, channel: str, action: str, *, engaged: bool = False, **more: Any) -> None:
        """A message of ours; ``engaged`` customers opened it and clicked the same day."""
        clock = self.clock()
        at = self.calendar.instant(ago, clock)
        row = {"customer_id": self.id, "at": at, "channel": channel, "action": action, "purpose": "marketing", **more}
        self.rows["contacts"].append(row)
        if engaged:
            later = f"{clock[:5]}:40"
            for kind in ("open", "click"):
                self.rows["events"].append(
                    {
                        "customer_id": self.id,
                        "at": self.calendar.instant(ago, later),
                        "type": kind,
                        "action": action,
                        "channel": channel,
                    }
                )

    def ticket(self, opened: int, closed: int | None, topic: str, severity: str, **more: Any) -> None:
        """The one case with support; open while ``closed`` is None."""
        row = {
            "id": f"T{self.number}",
            "customer_id": self.id,
            "opened": self.calendar.instant(opened, self.clock()),
            "status": "open" if closed is None else "closed",
            "topic": topic,
            "severity": severity,
        }
        if closed is not None:
            row["closed"] = self.calendar.instant(closed, self.clock())
        self.rows["tickets"].append(row | more)

    def note(self, ago: int, theme: str, *, kind: str = "call", direction: str = "in", **facts: str) -> None:
        """Words of the customer or of our staff on a theme of ``people.yaml``."""
        text = self.rng.pick(self.words[theme])
        if "{" in text:
            text = text.format(**facts)
        self.rows["interactions"].append(
            {
                "customer_id": self.id,
                "at": self.calendar.instant(ago, self.clock()),
                "kind": kind,
                "direction": direction,
                "text": text,
            }
        )

    def subscription(self, product: Row, *, ships: int | None = None, renews: int | None = None, **more: Any) -> None:
        """The one standing order that ships, or plan that renews, in so many days."""
        row = {"id": f"S{self.number}", "customer_id": self.id, "sku": product["sku"], "status": "active", "qty": 1}
        row["amount"] = product["price_incl_tax"]
        if ships is not None:
            next_ship, deadline = self.calendar.day(-ships), self.calendar.day(5 - ships)
            row |= {"interval_days": 30, "next_ship": next_ship, "change_deadline": deadline}
        if renews is not None:
            row["renews"] = self.calendar.day(-renews)
        self.rows["subscriptions"].append(row | more)

    def business(self, tier: str, *, owner_since: int = 500) -> None:
        """Make the customer an account of a company, looked after by one of our staff."""
        rng, staff = self.rng, self.shop.staff
        number = int(rng.random() * len(staff))
        self.row |= {
            "kind": "b2b",
            "company": rng.pick(self.words["companies"]),
            "department": rng.pick(self.words["departments"]),
            "title": rng.pick(self.words["titles"]),
            "tier": tier,
            "owner_id": f"{self.shop.id}-{number + 1}",
            "owner_name": staff[number],
            "owner_since": self.calendar.instant(owner_since, "09:00:00"),
        }
        for private in ("points", "points_expire", "birthdate"):
            self.row.pop(private, None)
