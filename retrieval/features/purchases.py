"""What each customer bought, kept and sent back: the ground on which the order, product and offer features stand."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import get_args, get_type_hints

import numpy as np
import polars as pl

from retrieval.customer import Order
from retrieval.features.feature import micros
from retrieval.frames import Frames
from retrieval.goods import Goods
from retrieval.grouped import (
    DAY,
    NEVER,
    Array,
    Groups,
    Lookup,
    Words,
    customers,
    instants,
    matched,
    numbers,
    places,
    present,
    runs,
)  # fmt: skip

SKU_BITS = 24
STATUS = Words(get_args(get_type_hints(Order)["status"]))
CANCELLED, RETURNED, DELIVERED, PACKING = (
    STATUS.place[word] for word in ("cancelled", "returned", "delivered", "packing")
)

VIEW, CART, CART_REMOVAL, RESTOCK_REQUEST, RESTOCK, REVIEW, REGISTRATION = range(7)
EVENTS = {
    **dict.fromkeys(("view", "viewed", "product_view", "item_view"), VIEW),
    **dict.fromkeys(("cart_add", "cart_abandon", "cart", "add_to_cart", "abandoned_cart"), CART),
    **dict.fromkeys(("cart_remove", "cart_removed", "remove_from_cart"), CART_REMOVAL),
    **dict.fromkeys(("restock_request", "back_in_stock_request", "notify_me", "waitlist"), RESTOCK_REQUEST),
    **dict.fromkeys(("restocked", "restock", "back_in_stock"), RESTOCK),
    **dict.fromkeys(("review", "reviewed", "review_posted"), REVIEW),
    **dict.fromkeys(("product_registered", "product_registration"), REGISTRATION),
}
"""What the words that shops use for an event mean here."""
_EVENT, _MEANING = Words(EVENTS), np.array([*EVENTS.values(), -1])


@dataclass(frozen=True, slots=True)
class Events:
    """The events with a meaning here; ``pair`` is −1 where no product is named."""

    i: Array
    pair: Array
    meaning: Array
    at: Array

    def where(self, rows: Array) -> Events:
        """The events that a mask selects."""
        return Events(self.i[rows], self.pair[rows], self.meaning[rows], self.at[rows])


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of orders that were not cancelled, by pair and time.

    ``order`` numbers the orders; ``bought`` are completed purchases, ``delivered`` those that arrived (``arrived``, the
    time of order where that of delivery is not known), ``back_at`` is when the line was sent back.
    """

    i: Array
    code: Array
    pair: Array
    order: Array
    at: Array
    qty: Array
    price: Array
    bought: Array
    delivered: Array
    arrived: Array
    back_at: Array

    def where(self, rows: Array) -> Lines:
        """The lines that a mask or a list of positions selects."""
        return Lines(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Pairs:
    """One row per customer × SKU in the lines, in order of ``key``.

    ``kept`` is what was bought less what came back, ``held`` the same of what was delivered; ``quantity`` is last ÷
    usual quantity; ``interval`` and ``variation`` describe the ``intervals`` between purchases, in days.
    """

    key: Array
    kept: Array
    held: Array
    arrived: Array
    back_at: Array
    purchases: Array
    bought_at: Array
    quantity: Array
    intervals: Array
    interval: Array
    variation: Array


@dataclass(frozen=True)
class Purchases:
    """One partition's purchases.

    ``now`` is in microseconds.  ``goods`` has every SKU that anything names, and a SKU's ``code`` is that of its row there.
    ``orders`` are the completed orders by customer and time, ``cycle`` each customer's median interval in days (NaN: none),
    ``events`` what happened around products.
    """

    now: int
    goods: Goods
    orders: pl.DataFrame
    rows: Lines
    pairs: Pairs
    cycle: Array
    events: Events

    @cached_property
    def owned(self) -> Array:
        """Mask of the pairs of which something was delivered and not sent back."""
        return (self.pairs.held > 0) & (self.pairs.arrived != NEVER)

    def named(self, frame: pl.DataFrame) -> tuple[Array, Array]:
        """Pair of each row that names a SKU (``i``, ``sku``), and the positions of these rows."""
        code = places(frame["sku"], self.goods.sku)
        rows = np.flatnonzero(code >= 0)
        return pair(customers(frame)[rows], code[rows]), rows


def pair(i: Array, code: Array) -> Array:
    """Customer number and SKU code as one key."""
    return (i << SKU_BITS) | code


def split(pairs: Array) -> tuple[Array, Array]:
    """Customer numbers and SKU codes of pair keys."""
    return pairs >> SKU_BITS, pairs & ((1 << SKU_BITS) - 1)


def purchases(frames: Frames) -> Purchases:
    """The purchases in ``frames``; the same for a customer alone and for the same customer among others."""
    goods = _goods(frames)
    rows, orders = _rows(frames, goods.sku), _completed(frames)
    i, days = customers(orders), np.diff(instants(orders["at"])) / DAY
    gaps = (i[1:] == i[:-1]) & (days >= 1)
    groups = Groups(i[1:][gaps])
    cycle = matched(groups.median(days[gaps]), groups.keys, np.arange(frames.size), np.nan)
    return Purchases(micros(frames.as_of), goods, orders, rows, _pairs(rows), cycle, _events(frames, goods.sku))


def _events(frames: Frames, sku: Words) -> Events:
    meaning = _MEANING[places(frames.events["type"], _EVENT)]
    i, code = customers(frames.events), places(frames.events["sku"], sku)
    events = Events(i, np.where(code >= 0, pair(i, code), -1), meaning, instants(frames.events["at"]))
    return events.where(meaning >= 0)


def _goods(frames: Frames) -> Goods:
    """The shop's products and whatever else is named."""
    listed = frames.shelves.goods
    named = [frame["sku"] for frame in (frames.order_items, frames.events, frames.subscriptions, frames.contacts)]
    if all((places(column, listed.sku) < 0).sum() == column.null_count() for column in named):
        return listed
    every = pl.concat([listed.table["sku"], *named]).drop_nulls().unique().sort().to_frame()
    return Goods(every.join(listed.table, on="sku", how="left", maintain_order="left"))


def _completed(frames: Frames) -> pl.DataFrame:
    """Orders that count as a purchase, by customer and time."""
    orders, qty = frames.orders, frames.order_items["qty"].to_numpy()
    counts = _counting(orders)
    counts[_replacements(orders, counts)] = False
    if (qty < 0).any():
        of_order = Groups(runs(frames.order_items["order_id"]))
        credit = frames.order_items["order_id"].gather(of_order.starts[of_order.most(qty) < 0])
        counts &= ~orders["id"].is_in(credit.implode()).to_numpy()
    return orders if counts.all() else orders.filter(pl.Series(counts))


def _counting(orders: pl.DataFrame) -> Array:
    status = places(orders["status"], STATUS)
    return (status != RETURNED) & (status != CANCELLED)


def _replacements(orders: pl.DataFrame, counts: Array) -> Array:
    """Positions of orders that replace one that still counts: the same purchase, sent again."""
    named = np.flatnonzero(present(orders["exchange_of"]))
    if not len(named):
        return named
    original = orders["id"].filter(pl.Series(counts)).implode()
    return named[orders["exchange_of"][named].is_in(original).to_numpy()]


def _rows(frames: Frames, sku: Words) -> Lines:
    items = frames.order_items
    i, code, at, qty = customers(items), places(items["sku"], sku), instants(items["at"]), items["qty"].to_numpy()
    status, delivered_at, returned_at = (
        places(items["status"], STATUS), instants(items["delivered_at"]), instants(items["returned_at"])
    )  # fmt: skip
    key, order, known = pair(i, code), runs(items["order_id"]), delivered_at != NEVER
    bought = (qty > 0) & (status != RETURNED)
    again = _replacements(frames.orders, _counting(frames.orders))
    if len(again):
        bought &= ~items["order_id"].is_in(frames.orders["id"][again].implode()).to_numpy()
    arrived = np.where(known, delivered_at, at)
    sent_back = np.where(returned_at != NEVER, returned_at, arrived)
    back_at = np.where(qty < 0, at, np.where(status == RETURNED, sent_back, NEVER))
    lines = Lines(
        i, code, key, order, at, qty, numbers(items["unit_price"]), bought,
        bought & (known | (status == DELIVERED)), arrived, back_at,
    )  # fmt: skip
    rows = np.lexsort((order, at, key))
    return lines.where(rows[((status != CANCELLED) & (qty != 0))[rows]])


def _pairs(lines: Lines) -> Pairs:
    of_pair, back = Groups(lines.pair), lines.qty < 0
    bought = lines.where(lines.bought)
    first = np.concatenate(
        ([True], (bought.pair[1:] != bought.pair[:-1]) | (bought.order[1:] != bought.order[:-1]))
    )[: len(bought.pair)]  # fmt: skip
    starts = np.flatnonzero(first)
    key, at = bought.pair[starts], bought.at[starts]
    qty = np.add.reduceat(bought.qty, starts) if len(starts) else bought.qty
    purchase = Groups(key)
    days = np.diff(at) / DAY
    # Two orders within 24 hours are one purchase that came in two parts.
    gap = (key[1:] == key[:-1]) & (days >= 1)
    gaps = Groups(key[1:][gap])

    of_purchase, of_gap = Lookup(purchase.keys, of_pair.keys), Lookup(gaps.keys, of_pair.keys)
    return Pairs(
        key=of_pair.keys,
        kept=of_pair.total(np.where(lines.bought | back, lines.qty, 0)),
        held=of_pair.total(np.where(lines.delivered | back, lines.qty, 0)),
        arrived=of_pair.most(np.where(lines.delivered, lines.arrived, NEVER)),
        back_at=of_pair.most(lines.back_at),
        purchases=of_purchase(purchase.sizes, 0),
        bought_at=of_purchase(purchase.last(at), NEVER),
        quantity=of_purchase(purchase.last(qty) / purchase.median(qty), 1.0),
        intervals=of_gap(gaps.sizes, 0),
        interval=of_gap(gaps.median(days[gap]), np.nan),
        variation=of_gap(gaps.variation(days[gap]), np.nan),
    )
