"""Features of a customer's purchases: how often, how recently, how much, what arrived and what is left to do.

Expressions run over one row per customer: ``now``, the instants at which something last happened
(``ordered_at``, ``back_at`` …), their orders and lines counted, and money in minor units.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from retrieval.features.feature import Feature
from retrieval.features.purchases import PACKING, REGISTRATION, REVIEW, STATUS, Purchases, pair, split
from retrieval.frames import Frames
from retrieval.goods import CONSUMABLE, DURABLE, SERVICE
from retrieval.grouped import (
    DAY,
    NEVER,
    Array,
    Groups,
    Lookup,
    Words,
    among,
    customers,
    distinct,
    instants,
    marked,
    matched,
    moments,
    numbers,
    places,
    present,
    series,
    truths,
)  # fmt: skip

FAMILY = "orders"

RECENCY_DAYS = {"replenished": (30, 90, 180, 365), "occasional": (30, 180, 365, 730)}
"""R is 5 up to the first number of days and 1 beyond the last, for goods that are used up and for others."""
FREQUENCY_ORDERS = {"replenished": (2, 3, 6, 12), "occasional": (2, 3, 4, 5)}
"""F is 1 below the first number of orders and 5 from the last."""
MONEY_STEP = {
    "JPY": 5_000, "KRW": 45_000, "GBP": 2_500, "EUR": 3_000, "USD": 3_500, "CAD": 4_500, "AUD": 5_000, "CHF": 3_000,
}  # fmt: skip
"""M is 1 up to one step (minor units) and 5 above four; ¥5,000 as published, the others about as much."""
_CURRENCY = Words(MONEY_STEP)
LAPSED_DAYS = 122
"""Stands for the customer's own cycle where there is none, as in the win-back rule."""
LAPSED, SLIPPING, LOYAL_F = 3, 1.6, 4

STAGES = ("prospect", "first_order", "second_order", "regular", "loyal", "slipping", "lapsed", "returned")


def _days(since: str) -> pl.Expr:
    return (pl.col("now") - pl.col(since)) // DAY


_ordered = pl.col("orders") > 0
_ordered_365d, _priced_365d = pl.col("orders_365d") > 0, pl.col("priced_365d") > 0
_mean_365d = pl.col("spent_365d") / pl.col("orders_365d")
_r = pl.when(_ordered).then(5 - pl.col("recency_marks_passed"))
_f = pl.when(_ordered).then(1 + pl.col("frequency_marks_reached"))
_m = pl.when(_ordered, pl.col("money_step") > 0).then(
    (pl.col("spent") / pl.col("money_step")).ceil().clip(1, 5).cast(pl.Int64)
)
_late = pl.coalesce("max_due_ratio", _days("ordered_at") / pl.col("cycle_days").fill_null(LAPSED_DAYS))
_came_back = (pl.col("last_interval") > LAPSED * pl.coalesce("cycle_days", pl.lit(LAPSED_DAYS))).fill_null(False)

FEATURES: tuple[Feature, ...] = (
    Feature(
        "orders_n", "number", "orders",
        "Completed orders: not returned, cancelled, or a replacement for one that counts.", pl.col("orders"), 0,
    ),
    Feature("days_since_order", "number", "days", "Whole days since the last completed order.", _days("ordered_at")),
    Feature(
        "trend_180", "number", "ratio",
        "(Orders 0–180 days old + 0.5) ÷ (orders 181–360 days old + 0.5); missing before the first order.",
        pl.when(_ordered).then((pl.col("orders_180d") + 0.5) / (pl.col("orders_360d") + 0.5)), fraction=True,
    ),
    Feature(
        "spend_365d", "number", "minor units",
        "Tax-inclusive amount of completed orders up to 365 days old, less what was sent back; missing if no price is"
        " known.",
        pl.when(_ordered_365d & ~_priced_365d).then(None).otherwise(pl.col("spent_365d").fill_null(0)),
    ),
    Feature(
        "aov_365d", "number", "minor units", "spend_365d ÷ completed orders up to 365 days old.",
        pl.when(_ordered_365d & _priced_365d).then(_mean_365d),
        fraction=True,
    ),
    Feature(
        "order_value", "number", "minor units", "aov_365d, else the median price of what the shop sells.",
        pl.when(_ordered_365d & _priced_365d).then(_mean_365d).otherwise("usual_price"),
        fraction=True,
    ),
    Feature(
        "ltv_to_date", "number", "minor units",
        "Amount paid for completed orders, net of returns and so of price incentives, × the product's margin"
        " (`extra.margin`, 0–1); missing unless every product bought has one. Contact costs are taken off in ranking.",
        pl.when(pl.col("margins_unknown") == 0).then(pl.col("margin").round(0)),
    ),
    Feature(
        "r", "number", "1–5",
        "Recency: 5 up to 30 days, 1 beyond 365 (steps 90, 180); for those who buy nothing that is used up, 1 beyond"
        " 730 (steps 180, 365).",
        _r,
    ),
    Feature(
        "f", "number", "1–5",
        "Frequency: 1 below 2 completed orders, 5 from 12 (steps 3, 6); for those who buy nothing that is used up, 5"
        " from 5 (steps 3, 4).", _f,
    ),
    Feature(
        "m", "number", "1–5",
        "Money: total spent net of returns, 1 up to ¥5,000, 5 above ¥20,000; about as much in other currencies.",
        _m,
    ),
    Feature(
        "rfm_cell", "string", "", "The three scores as r-f-m.", pl.concat_str([_r, _f, _m], separator="-"),
    ),
    Feature(
        "cycle_days", "number", "days",
        "Median interval between completed orders (under 24 hours apart count as one); missing before the second.",
        pl.col("cycle_days"), fraction=True,
    ),
    Feature(
        "max_due_ratio", "number", "ratio",
        "Largest s_due_ratio among products that are used up and were bought twice or have a cycle in the catalogue.",
        pl.col("max_due_ratio"), fraction=True,
    ),
    Feature(
        "days_since_delivery", "number", "days", "Whole days since the last delivery that was not returned as a whole.",
        _days("delivered_at"),
    ),
    Feature("packing_order", "bool", "", "An order is being packed.", pl.col("packing"), False),
    Feature("gift_order", "bool", "", "The order being packed goes to a third person.", pl.col("gift"), False),
    Feature("days_since_return", "number", "days", "Whole days since anything was last sent back.", _days("back_at")),
    Feature(
        "family_bought_days", "number", "days",
        "Whole days since the last purchase in the product family of an upgrade that is open to the customer.",
        _days("family_at"),
    ),
    Feature(
        "acc_gap_n", "number", "products",
        "Products in stock that fit an owned item and are neither owned, avoided nor recalled.", pl.col("acc_gap_n"), 0,
    ),
    Feature(
        "unregistered", "bool", "", "A durable that was delivered and kept is not registered.",
        pl.col("unregistered"), False,
    ),
    Feature(
        "reg_window_days", "number", "days",
        "Days after delivery within which the last delivered unregistered durable has to be registered.",
        pl.col("reg_window_days"),
    ),
    Feature(
        "reg_benefit", "bool", "", "Registering the last delivered unregistered durable brings a benefit.",
        pl.col("reg_benefit"), False,
    ),
    Feature(
        "last_delivered_durable", "bool", "", "The last delivery that was kept holds a durable.",
        pl.col("durable_delivered"), False,
    ),
    Feature(
        "first_of_family", "bool", "",
        "A durable in the last delivery is the first the customer bought in its family (its SKU, if it has none).",
        pl.col("first_of_family"), False,
    ),
    Feature(
        "kept_unreviewed", "bool", "",
        "Something delivered and kept has no review by the customer.", pl.col("kept_unreviewed"), False,
    ),
    Feature(
        "coupon_share", "number", "0–1", "Completed orders with a coupon ÷ completed orders; 0 before the first.",
        pl.when(_ordered).then(pl.col("coupons") / pl.col("orders")), 0.0, fraction=True,
    ),
    Feature("p_alive", "number", "0–1", "Probability that they still buy; missing without a model.", fraction=True),
    Feature("ltv_12m_pred", "number", "minor units", "Expected margin of the next 12 months; missing without a model."),
    Feature(
        "stage", "string", "",
        "Place in the journey: lapsed when the largest due ratio (else days since order ÷ own cycle, else"
        f" {LAPSED_DAYS} days) is above {LAPSED}, slipping above {SLIPPING}, returned when the last order ended a gap"
        f" of more than {LAPSED} cycles, else by orders; loyal from f = {LOYAL_F}.",
        pl.when(~_ordered.fill_null(False)).then(pl.lit("prospect"))
        .when(_late > LAPSED).then(pl.lit("lapsed"))
        .when(_late > SLIPPING).then(pl.lit("slipping"))
        .when(_came_back).then(pl.lit("returned"))
        .when(_f >= LOYAL_F).then(pl.lit("loyal"))
        .when(pl.col("orders") == 1).then(pl.lit("first_order"))
        .when(pl.col("orders") == 2).then(pl.lit("second_order"))
        .otherwise(pl.lit("regular")),
        "prospect", STAGES,
    ),
)  # fmt: skip


_COLUMNS = tuple(feature.expr.alias(feature.name) for feature in FEATURES if feature.expr is not None)


def compute(frames: Frames, bought: Purchases, skus: pl.DataFrame) -> pl.DataFrame:
    """``i`` and the order features of every customer; ``skus`` are the product features of the same partition."""
    size = frames.size
    columns = {
        "now": moments(np.full(size, bought.now)),
        "cycle_days": bought.cycle,
        **_ordered_by(bought, size),
        **_packed(frames),
        **_paid(bought, size),
        **_due(skus, size),
        **_unpacked(bought, size),
        **_unregistered(frames, bought),
        "usual_price": _usual_price(frames),
        "family_at": _upgraded(bought, skus, size),
        "kept_unreviewed": _unreviewed(bought, size),
    }
    history = pl.DataFrame([frames.customers["i"], *series({**columns, **_marks(columns)})])
    return history.select("i", *_COLUMNS)


def _marks(columns: Mapping[str, Array]) -> dict[str, Array]:
    """How many limits of the customer's scale recency has passed and frequency has reached."""
    days = (columns["now"] - columns["ordered_at"]) // DAY
    used_up, orders = columns["replenishes"], columns["orders"]
    passed = {scale: np.searchsorted(limits, days) for scale, limits in RECENCY_DAYS.items()}
    reached = {scale: np.searchsorted(limits, orders, side="right") for scale, limits in FREQUENCY_ORDERS.items()}
    return {
        "recency_marks_passed": np.where(used_up, passed["replenished"], passed["occasional"]),
        "frequency_marks_reached": np.where(used_up, reached["replenished"], reached["occasional"]),
    }


def _usual_price(frames: Frames) -> Array:
    """Median price of the goods of each customer's shop, in minor units."""
    usual = frames.shelves.goods.usual_price
    return np.array([usual.get(shop, np.nan) for shop in frames.customers["shop"].to_list()])


def _ordered_by(bought: Purchases, size: int) -> dict[str, Array]:
    orders = bought.orders
    at, coupon = instants(orders["at"]), truths(orders["coupon"] != "")
    groups, days = Groups(customers(orders)), (bought.now - at) // DAY
    of_customer = Lookup(groups.keys, np.arange(size))
    before = np.where(groups.sizes > 1, at[groups.starts + groups.sizes - 2], NEVER)
    last_interval = np.where(before == NEVER, np.nan, (groups.last(at) - before) / DAY)
    columns = {
        "orders": groups.sizes,
        "orders_180d": groups.total(days <= 180),
        "orders_360d": groups.total((days > 180) & (days <= 360)),
        "orders_365d": groups.total(days <= 365),
        "coupons": groups.total(coupon),
    }
    return {
        **{name: of_customer(values, 0) for name, values in columns.items()},
        "last_interval": of_customer(last_interval, np.nan),
        "ordered_at": moments(of_customer(groups.last(at), NEVER)),
        "delivered_at": moments(
            of_customer(groups.most(instants(orders["delivered_at"])), NEVER)
        ),
    }  # fmt: skip


def _packed(frames: Frames) -> dict[str, Array]:
    packing = places(frames.orders["status"], STATUS) == PACKING
    i, gift = customers(frames.orders), frames.orders["gift"].to_numpy().astype(bool)
    return {"packing": marked(i[packing], frames.size), "gift": marked(i[packing & gift], frames.size)}


def _paid(bought: Purchases, size: int) -> dict[str, Array]:
    """Money, when goods came back, and whether what they buy is used up, which decides the scale of R and F."""
    rows = bought.rows
    counts = rows.bought | (rows.qty < 0)
    recent = counts & ((bought.now - rows.at) // DAY <= 365)
    amount, priced = np.nan_to_num(rows.qty * rows.price), ~np.isnan(rows.price)
    margin = amount * bought.goods.margin[rows.code]
    groups = Groups(rows.i)
    of_customer = Lookup(groups.keys, np.arange(size))
    money = {
        "spent_365d": groups.total(np.where(recent, amount, 0)),
        "spent": groups.total(np.where(counts, amount, 0)),
        "margin": groups.total(np.where(counts, np.nan_to_num(margin), 0)),
    }
    counted = {
        "priced_365d": groups.total(recent & priced),
        "margins_unknown": groups.total(counts & (np.isnan(margin) | ~priced)),
    }
    used_up = groups.most(bought.goods.kind[rows.code] == CONSUMABLE)
    steps = np.array([*MONEY_STEP.values(), 0])[places(bought.goods.table["currency"], _CURRENCY)]
    return {
        **{name: of_customer(values, 0.0) for name, values in money.items()},
        **{name: of_customer(values, 0) for name, values in counted.items()},
        "replenishes": of_customer(used_up, False),
        "money_step": of_customer(groups.most(steps[rows.code]), 0),
        "back_at": moments(of_customer(groups.most(rows.back_at), NEVER)),
    }


def _due(skus: pl.DataFrame, size: int) -> dict[str, Array]:
    due = numbers(skus["s_due_ratio"])
    regular = truths(skus["s_consumable"]) & ((skus["s_orders"].to_numpy() >= 2) | truths(skus["s_cycle_known"]))
    rows = np.flatnonzero(regular & ~np.isnan(due))
    groups = Groups(customers(skus)[rows])
    clash = truths(skus["s_owned"]) | truths(skus["s_avoided"]) | truths(skus["s_recall"])
    gap = truths(skus["s_fits_owned"]) & (numbers(skus["s_stock"]) > 0) & ~clash
    return {
        "max_due_ratio": matched(groups.most(due[rows]), groups.keys, np.arange(size), np.nan),
        "acc_gap_n": np.bincount(customers(skus)[gap], minlength=size),
    }


def _upgraded(bought: Purchases, skus: pl.DataFrame, size: int) -> Array:
    """When the customer last bought an upgrade open to them, what it upgrades or something of its family."""
    latest = np.full(size, NEVER)
    upgrades = skus["s_upgrade_of_owned"]
    if not upgrades.any():
        return moments(latest)
    i, code = split(bought.named(skus.filter(upgrades))[0])
    whose, had = split(bought.pairs.key)
    theirs = np.flatnonzero(among(whose, i))
    whose, had, at = whose[theirs], had[theirs], bought.pairs.bought_at[theirs]
    called = bought.goods.called(had)
    for upgrade in distinct(code).tolist():
        kin = np.array([code for name in bought.goods.kin(upgrade) for code in called.get(name, ())], dtype=np.int64)
        rows = among(had, kin) & among(whose, i[code == upgrade])
        np.maximum.at(latest, whose[rows], at[rows])
    return moments(latest)


def _unpacked(bought: Purchases, size: int) -> dict[str, Array]:
    """What the last delivery brought."""
    rows = bought.rows
    mine = Groups(split(bought.pairs.key[bought.owned])[0])
    last = matched(mine.most(bought.pairs.arrived[bought.owned]), mine.keys, np.arange(size), NEVER)
    durables = rows.where(rows.bought & (bought.goods.kind[rows.code] == DURABLE))
    durables = durables.where(among(durables.pair, bought.pairs.key[bought.owned]))
    family = pair(durables.i, bought.goods.families[durables.code])
    firsts = Groups(family)
    first = durables.at == matched(-firsts.most(-durables.at), firsts.keys, family, NEVER)
    latest = durables.delivered & (durables.arrived == last[durables.i])
    return {
        "durable_delivered": marked(durables.i[latest], size),
        "first_of_family": marked(durables.i[latest & first], size),
    }


def _unregistered(frames: Frames, bought: Purchases) -> dict[str, Array]:
    """The last delivered durable that is not registered; of several, one whose registration brings something."""
    key = bought.pairs.key
    open_ = bought.owned & (bought.goods.kind[split(key)[1]] == DURABLE)
    if open_.any():
        listed = [
            (i, bought.goods.sku.place[name])
            for i, names in enumerate(frames.customers["registered_skus"].to_list())
            for name in names or ()
            if name in bought.goods.sku.place
        ]
        said = bought.events.pair[bought.events.meaning == REGISTRATION]
        open_ &= ~among(key, np.concatenate((said, pair(*np.array(listed, dtype=np.int64).reshape(-1, 2).T))))
    i, code = split(key[open_])
    benefit = present(bought.goods.table["registration_benefit"])[code]
    window = numbers(bought.goods.table["registration_required_within_days"])[code]
    order = np.lexsort((code, benefit, bought.pairs.arrived[open_], i))
    groups = Groups(i[order])
    of_customer = Lookup(groups.keys, np.arange(frames.size))
    return {
        "unregistered": marked(i, frames.size),
        "reg_benefit": of_customer(groups.last(benefit[order]), False),
        "reg_window_days": of_customer(groups.last(window[order]), np.nan),
    }


def _unreviewed(bought: Purchases, size: int) -> Array:
    """Whether something kept has no review; one that names no product covers everything that had arrived by then."""
    reviews = bought.events.where(bought.events.meaning == REVIEW)
    general = reviews.where(reviews.pair < 0)
    groups = Groups(general.i)
    key = bought.pairs.key[bought.owned & (bought.goods.kind[split(bought.pairs.key)[1]] != SERVICE)]
    arrived = matched(bought.pairs.arrived, bought.pairs.key, key, NEVER)
    covered = arrived <= matched(groups.most(general.at), groups.keys, split(key)[0], NEVER)
    open_ = ~covered & ~among(key, reviews.pair)
    return marked(split(key[open_])[0], size)
