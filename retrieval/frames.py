"""A partition of customers as Polars frames, as known at ``as_of``.

Everything downstream reads these frames and nothing else, so this is the one place that keeps the future out: a row dated
after ``as_of`` is dropped, and a state that was reached later (returned, closed, handed over) is put back to what it was.
One customer is a partition of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import polars as pl

from retrieval import columns as kinds
from retrieval.customer import (
    Consent,
    Contact,
    Event,
    Interaction,
    Noun,
    Offer,
    Order,
    OrderItem,
    Product,
    Subscription,
    Ticket,
)  # fmt: skip
from retrieval.goods import Shelves

INSTANT = pl.Datetime("us", "UTC")
DTYPES: Mapping[str, Any] = {
    kinds.INSTANT: INSTANT, kinds.DAY: pl.Date, kinds.MONEY: pl.Int64, kinds.INTEGER: pl.Int64, kinds.NUMBER: pl.Float64,
    kinds.TRUTH: pl.Boolean, kinds.TEXT: pl.String, kinds.WORDS: pl.List(pl.String), kinds.STRUCTURE: pl.String,
}  # fmt: skip
DEFAULT_ZONE = "Asia/Tokyo"
"""Zone of a customer whose own is not known (DESIGN: quiet hours are never "not enforced")."""

CUSTOMER_LEVEL: tuple[type[Noun], ...] = (Consent, Order, OrderItem, Event, Ticket, Interaction, Contact, Subscription)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """One partition.

    ``customers`` has one row per customer in the order of ``i`` = 0 … n − 1, all columns of
    :class:`~retrieval.customer.Customer`, ``zone`` (own or default) and ``today`` (their calendar day at ``as_of``).
    Every customer-level frame has ``i`` in place of ``customer_id``, the columns of its noun, and rows sorted by ``i``
    and time.  ``shelves`` are the whole catalogue.  Columns of kind *structure* are JSON text; instants
    are ``Datetime("us", "UTC")``; money is Int64 minor units.
    """

    as_of: datetime
    customers: pl.DataFrame
    consents: pl.DataFrame
    orders: pl.DataFrame
    order_items: pl.DataFrame
    events: pl.DataFrame
    tickets: pl.DataFrame
    interactions: pl.DataFrame
    contacts: pl.DataFrame
    subscriptions: pl.DataFrame
    shelves: Shelves

    @property
    def size(self) -> int:
        """Number of customers."""
        return self.customers.height

    @property
    def products(self) -> pl.DataFrame:
        """The products of all shops in SKU order."""
        return self.shelves.goods.table

    @property
    def offers(self) -> pl.DataFrame:
        """The offers of all shops in the order of their ids."""
        return self.shelves.offers


def schema(noun: type) -> dict[str, Any]:
    """Column name → Polars type of a noun's frame before ``i`` replaces the customer id."""
    return {column.name: DTYPES[column.kind] for column in kinds.columns(noun)}


def known_at(as_of: datetime, frames: Mapping[str, pl.DataFrame], shelves: Shelves | None = None) -> Frames:
    """Frames as they would have been at ``as_of``.

    ``frames`` maps table name → frame with the noun's columns (a missing table is empty); customer-level frames carry
    ``customer_id``; ``shelves`` stand in for its products and offers.  ``as_of`` must be aware.
    """
    if as_of.tzinfo is None:
        raise ValueError("as_of needs a time zone")
    now = pl.lit(as_of.astimezone(UTC)).cast(INSTANT)
    customers = _customers(frames["customers"], as_of, now)
    number = customers.select(pl.col("id").alias("customer_id"), "i")

    def of(noun: type, moment: str | None, order: Sequence[str]) -> pl.DataFrame:
        frame = frames.get(noun.TABLE)  # type: ignore[attr-defined]
        if frame is None or frame.is_empty():
            rest = {name: dtype for name, dtype in schema(noun).items() if name != "customer_id"}
            return pl.DataFrame(schema={"i": pl.UInt32, **rest})
        if moment is not None and (frame[moment].null_count() or _reaches_past(frame, moment, as_of)):
            frame = frame.filter(pl.col(moment) <= now)
        if customers.height == 1 and (frame["customer_id"] == customers["id"][0]).all():
            frame = frame[[name for name in frame.columns if name != "customer_id"]]
            frame.insert_column(0, customers["i"].new_from_index(0, frame.height))
        else:
            frame = frame.join(number, on="customer_id", how="inner").drop("customer_id")
            frame = frame.select("i", pl.exclude("i"))
        return frame.sort("i", *order) if frame.height > 1 else frame

    orders = of(Order, "at", ("at", "id"))
    if _reaches_past(orders, "delivered_at", as_of) or _reaches_past(orders, "returned_at", as_of):
        orders = orders.with_columns(
            pl.when(pl.col("returned_at") > now).then(None).otherwise(pl.col("returned_at")).alias("returned_at"),
            pl.when(pl.col("returned_at") > now).then(None).otherwise(pl.col("return_reason")).alias("return_reason"),
            pl.when(pl.col("delivered_at") > now).then(None).otherwise(pl.col("delivered_at")).alias("delivered_at"),
            pl.when(pl.col("delivered_at") > now).then(pl.lit("shipped"))
            .when(pl.col("returned_at") > now).then(pl.lit("delivered"))
            .otherwise(pl.col("status")).alias("status"),
        )  # fmt: skip
    items = of(OrderItem, None, ("order_id", "line"))
    placed = orders.select("i", pl.col("id").alias("order_id"), "at", "status", "delivered_at", "returned_at")
    tickets = of(Ticket, "opened", ("opened", "id"))
    if _reaches_past(tickets, "closed", as_of):
        closed_later = pl.col("closed") > now
        tickets = tickets.with_columns(
            pl.when(closed_later).then(None).otherwise(pl.col("closed")).alias("closed"),
            pl.when(closed_later).then(pl.lit("open")).otherwise(pl.col("status")).alias("status"),
            pl.when(closed_later).then(None).otherwise(pl.col("csat")).alias("csat"),
        )
    if shelves is None:
        shelves = Shelves(*(frames.get(noun.TABLE, pl.DataFrame(schema=schema(noun))) for noun in (Product, Offer)))
    if _reaches_past(shelves.goods.table, "price_changed", as_of):
        changed = pl.col("price_changed")
        known = shelves.goods.table.with_columns(
            pl.when(changed > now).then(None).otherwise(changed).alias("price_changed")
        )
        shelves = Shelves(known, shelves.offers)
    return Frames(
        as_of=as_of,
        customers=customers,
        consents=of(Consent, "at", ("at", "channel", "purpose")),
        orders=orders,
        order_items=items.join(placed, on=["i", "order_id"], how="inner", maintain_order="left"),
        events=of(Event, "at", ("at", "type", "sku")),
        tickets=tickets,
        interactions=of(Interaction, "at", ("at", "text")),
        contacts=of(Contact, "at", ("at", "channel", "action")),
        subscriptions=of(Subscription, None, ("id",)),
        shelves=shelves,
    )


def _reaches_past(frame: pl.DataFrame, moment: str, as_of: datetime) -> bool:
    """Whether any row is dated later, so that a frame of the past is left as it is."""
    latest = frame[moment].max()
    return latest is not None and cast(datetime, latest) > as_of


def _customers(frame: pl.DataFrame, as_of: datetime, now: pl.Expr) -> pl.DataFrame:
    """The customers in id order, with number, zone and calendar day; owner and objection as they stood."""
    days = {zone: as_of.astimezone(ZoneInfo(zone)).date() for zone in {DEFAULT_ZONE, *frame["timezone"].drop_nulls()}}
    zone = pl.col("timezone").fill_null(DEFAULT_ZONE)
    people = (frame.sort("id") if frame.height > 1 else frame).with_row_index("i")
    people = people.with_columns(
        zone.alias("zone"), zone.replace_strict(list(days), list(days.values()), return_dtype=pl.Date).alias("today")
    )
    if not (_reaches_past(frame, "owner_since", as_of) or _reaches_past(frame, "objection_at", as_of)):
        return people
    later_owner, later_objection = pl.col("owner_since") > now, pl.col("objection_at") > now
    return people.with_columns(
        pl.when(later_owner).then(None).otherwise(pl.col("owner_id")).alias("owner_id"),
        pl.when(later_owner).then(pl.col("owner_previous")).otherwise(pl.col("owner_name")).alias("owner_name"),
        pl.when(later_owner).then(None).otherwise(pl.col("owner_since")).alias("owner_since"),
        pl.when(later_objection).then(None).otherwise(pl.col("objection_at")).alias("objection_at"),
        pl.when(later_objection).then(None).otherwise(pl.col("objection_scope")).alias("objection_scope"),
    )


def from_rows(noun: type, rows: Sequence[Sequence[Any]]) -> pl.DataFrame:
    """Database rows in the order of the noun's columns → its frame (instants are integers there, days ISO text)."""
    columns = kinds.columns(noun)
    read_as: Mapping[str, Any] = {
        **DTYPES,
        kinds.INSTANT: pl.Int64,
        kinds.DAY: pl.String,
        kinds.WORDS: pl.String,
        kinds.TRUTH: None,
    }
    values = zip(*rows, strict=True) if rows else [()] * len(columns)
    frame = pl.DataFrame(
        [pl.Series(column.name, told, read_as[column.kind]) for column, told in zip(columns, values, strict=True)]
    )
    return frame.with_columns(
        *[
            pl.col(column.name).cast(DTYPES[column.kind])
            for column in columns
            if column.kind in (kinds.INSTANT, kinds.TRUTH)
        ],
        *[pl.col(column.name).str.to_date("%Y-%m-%d") for column in columns if column.kind == kinds.DAY],
        *[pl.col(column.name).str.json_decode(pl.List(pl.String)) for column in columns if column.kind == kinds.WORDS],
    )


def one(frames: Frames, i: int) -> Frames:
    """The partition of one that holds customer ``i`` of a larger one."""
    narrowed = {
        name: getattr(frames, name).filter(pl.col("i") == i).with_columns(pl.lit(0, dtype=pl.UInt32).alias("i"))
        for name in (
            "customers",
            "consents",
            "orders",
            "order_items",
            "events",
            "tickets",
            "interactions",
            "contacts",
            "subscriptions",
        )
    }
    return replace(frames, **narrowed)
