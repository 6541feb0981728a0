"""Features of a customer × candidate product: what they bought, wait for, looked at, could use with what they own.

Expressions run over one row per candidate: its catalogue columns, ``now``, the instants at which something last
happened to it (``bought_at``, ``viewed_at`` …), and what :class:`~retrieval.features.purchases.Pairs` knows of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import orjson
import polars as pl

from retrieval.features.feature import Feature, settle
from retrieval.features.purchases import (
    CART,
    CART_REMOVAL,
    RESTOCK,
    RESTOCK_REQUEST,
    VIEW,
    Events,
    Purchases,
    pair,
    split,
)  # fmt: skip
from retrieval.frames import DEFAULT_ZONE, Frames
from retrieval.goods import DURABLE
from retrieval.grouped import (
    DAY,
    HOUR,
    NEVER,
    Array,
    Groups,
    Lookup,
    Words,
    among,
    customers,
    distinct,
    instants,
    matched,
    moments,
    places,
    series,
    truths,
)  # fmt: skip

FAMILY = "skus"

AVOIDED_KEYS = frozenset(
    {"avoid", "avoids", "do_not_mention", "dislikes", "dislike", "allergies", "allergy", "allergens"}
)
"""Keys of ``customer.preferences`` that hold words, SKUs or attributes the customer does not want."""
WISHED_KEYS = frozenset({"restock", "restock_wait"})
"""Keys of ``customer.preferences`` that hold SKUs the customer would like to have back."""
PRIOR_WEIGHT = 2
"""Intervals that the prior of a repeat cycle counts as."""
FOLLOWED_DAYS, LOOK_DAYS = 30, 7

_TOLD = Words(("browse_followup", "back_in_stock"))
_TOLD_OF = re.compile(f'"(?:{"|".join(sorted(WISHED_KEYS | AVOIDED_KEYS))})"')
_TOLD_AT = ("followed_at", "followed_here_at", "restock_told_at", "unnamed_told_at")


def _hours(since: str) -> pl.Expr:
    return (pl.col("now") - pl.col(since)) // HOUR


def _days(since: str) -> pl.Expr:
    return (pl.col("now") - pl.col(since)) // DAY


_consumable = pl.col("kind") == "consumable"
_prior = pl.coalesce("cycle_days", pl.when(_consumable).then("own_cycle"))
_intervals = pl.col("intervals")
_cycle = pl.col("quantity") * (
    pl.when(_intervals == 0).then(_prior)
    .when(_prior.is_not_null())
    .then((_intervals * pl.col("interval") + PRIOR_WEIGHT * _prior) / (_intervals + PRIOR_WEIGHT))
    .when(_intervals >= 2).then(pl.col("interval"))
)  # fmt: skip
_bought_days = (pl.col("now") - pl.col("bought_at")) / DAY
_answered = pl.max_horizontal("bought_at", "restock_told_at", "unnamed_told_at")

FEATURES: tuple[Feature, ...] = (
    Feature("s_stock", "number", "pieces", "Pieces in stock.", pl.col("stock")),
    Feature("s_price", "number", "minor units", "Tax-inclusive price in the catalogue.", pl.col("price_incl_tax")),
    Feature("s_recall", "bool", "", "The product is recalled.", pl.col("recall")),
    Feature("s_consumable", "bool", "", "The product is used up and bought again.", _consumable),
    Feature(
        "s_cycle_known", "bool", "", "The catalogue gives a repeat cycle for the product.",
        pl.col("cycle_days").is_not_null(), False,
    ),
    Feature(
        "s_orders", "number", "orders", "Completed orders that contain it: neither returned nor cancelled.",
        pl.col("purchases"),
    ),
    Feature(
        "s_owned", "bool", "", "Bought, on its way or delivered, and not sent back.",
        pl.col("kept") > 0,
    ),
    Feature(
        "s_days_since_bought", "number", "days", "Whole days since the last completed order that contains it.",
        _days("bought_at"),
    ),
    Feature("s_returned_days", "number", "days", "Whole days since it was last sent back.", _days("back_at")),
    Feature("s_sub_active", "bool", "", "An active subscription delivers it.", pl.col("subscribed")),
    Feature(
        "s_cycle_days", "number", "days",
        "Median interval between purchases (under 24 hours apart count as one), shrunk as (n × own + 2 × prior) ÷"
        " (n + 2) to the catalogue's cycle, else for a consumable the customer's own; without a prior the own median"
        " from two intervals on; times last ÷ usual quantity.",
        _cycle, fraction=True,
    ),
    Feature(
        "s_due_ratio", "number", "ratio", "Days since it was bought, with their fraction, ÷ s_cycle_days.",
        _bought_days / _cycle, fraction=True,
    ),
    Feature(
        "s_cycle_cv", "number", "ratio", "Standard deviation ÷ mean of the intervals; missing below two intervals.",
        pl.col("variation"), fraction=True,
    ),
    Feature(
        "s_fits_owned", "bool", "",
        "It fits, by SKU or family, a durable that was delivered to the customer and not sent back.",
        pl.col("fits_owned"),
    ),
    Feature(
        "s_upgrade_of_owned", "bool", "",
        "It is the higher tier, not yet bought, of something delivered and kept or covered by an active subscription.",
        pl.col("upgrade_of_owned") & (pl.col("kept") <= 0),
    ),
    Feature(
        "s_avoided", "bool", "",
        "Its SKU, name or an attribute is among the customer's stated allergies, dislikes and topics not to mention.",
        pl.col("avoided"),
    ),
    Feature(
        "s_hours_since_view", "number", "hours",
        "Whole hours since the customer last viewed it; missing without consent to behavioural tracking.",
        pl.when("track_ok").then(_hours("viewed_at")),
    ),
    Feature(
        "s_views_7d", "number", "views",
        "Views in the last 7 × 24 hours; missing without consent to behavioural tracking.",
        pl.when("track_ok").then(pl.col("views_7d")),
    ),
    Feature(
        "s_cart_age_h", "number", "hours",
        "Whole hours since it was last put or left in the cart, if neither bought nor taken out since; missing without"
        " consent to behavioural tracking.",
        pl.when(
            pl.col("track_ok")
            & (pl.max_horizontal("bought_at", "cart_removed_at") < pl.col("cart_at")).fill_null(True)
        ).then(_hours("cart_at")),
    ),
    Feature(
        "s_followed_up", "bool", "",
        "A browse_followup went out about it in the last 30 days, or about anything since the customer began to look at"
        " it (a look within 7 days continues the last); missing without consent to behavioural tracking.",
        pl.when("track_ok").then(
            (_days("followed_here_at") < FOLLOWED_DAYS).fill_null(False)
            | (pl.col("followed_at") >= pl.col("looked_from")).fill_null(False)
        ),
    ),
    Feature(
        "s_restock_wait", "bool", "",
        "The customer asked to hear of it and has neither bought it nor had a back_in_stock message since.",
        (pl.col("asked") & ~(_answered >= pl.coalesce("asked_at", "restocked_at")).fill_null(False)),
        False,
    ),
    Feature(
        "s_restocked_h", "number", "hours",
        "Whole hours since it came back into stock, if that was not before the customer asked.",
        pl.when((pl.col("restocked_at") >= pl.col("asked_at")).fill_null(True)).then(_hours("restocked_at")),
    ),
)  # fmt: skip

_COLUMNS = tuple(feature.expr.alias(feature.name) for feature in FEATURES if feature.expr is not None)


def compute(frames: Frames, bought: Purchases, track_ok: pl.Series) -> pl.DataFrame:
    """``i``, ``sku`` and the ``s_`` features of every candidate product, in the order of both.

    Candidates are what the customer ordered, waits for, looked at (with consent: ``track_ok``, one truth per
    customer), what fits something they own and what is an upgrade of it.
    """
    tracked = track_ok.to_numpy()
    seen = _seen(bought, tracked)
    wished, unwanted = _stated(frames, bought)
    subscribed = _subscribed(frames, bought)
    fits, upgrades = _linked(frames, bought, subscribed)
    key = distinct(np.concatenate((bought.pairs.key, seen.pair, wished, fits, upgrades)))
    (i, code), bought_of = split(key), Lookup(bought.pairs.key, key)

    def latest(rows: Array) -> Array:
        groups = Groups(seen.pair[rows])
        return matched(groups.most(seen.at[rows]), groups.keys, key, NEVER)

    recent, view = seen.at > bought.now - LOOK_DAYS * DAY, seen.meaning == VIEW
    looks = view | (seen.meaning == CART)
    looked, viewed = Groups(seen.pair[looks & recent]), Groups(seen.pair[view & recent])
    began = matched(-looked.most(-seen.at[looks & recent]), looked.keys, key, NEVER)
    asked_at, restocked_at = latest(seen.meaning == RESTOCK_REQUEST), latest(seen.meaning == RESTOCK)
    asked = (asked_at != NEVER) | among(key, wished)
    if asked.any():
        restocked_at = np.maximum(restocked_at, _announced(bought, code))
    happened = {
        "now": np.full(len(key), bought.now),
        "bought_at": bought_of(bought.pairs.bought_at, NEVER),
        "back_at": bought_of(bought.pairs.back_at, NEVER),
        "viewed_at": latest(view),
        "cart_at": latest(seen.meaning == CART),
        "cart_removed_at": latest(seen.meaning == CART_REMOVAL),
        "looked_from": np.where(began != NEVER, began, latest(looks)),
        "asked_at": asked_at,
        "restocked_at": restocked_at,
        **_told(frames, bought, key),
    }
    pairs = bought.goods.table[["sku", "kind", "stock", "recall", "cycle_days", "price_incl_tax"]][code].hstack(
        series(
            {
                "i": i.astype(np.uint32),
                **{name: moments(values) for name, values in happened.items()},
                **{
                    name: bought_of(getattr(bought.pairs, name), missing)
                    for name, missing in (
                        ("purchases", 0), ("kept", 0), ("quantity", 1.0), ("intervals", 0), ("interval", np.nan),
                        ("variation", np.nan),
                    )
                },
                "own_cycle": bought.cycle[i],
                "views_7d": matched(viewed.sizes, viewed.keys, key, 0),
                "track_ok": tracked[i],
                "asked": asked,
                "subscribed": among(key, subscribed),
                "fits_owned": among(key, fits),
                "upgrade_of_owned": among(key, upgrades),
                "avoided": _avoided(bought, unwanted, key),
            }
        )
    )  # fmt: skip
    return settle(pairs.select("i", "sku", *_COLUMNS), FEATURES)


def _subscribed(frames: Frames, bought: Purchases) -> Array:
    """Pairs of each customer with what an active subscription delivers."""
    pairs, rows = bought.named(frames.subscriptions)
    return pairs[truths(frames.subscriptions["status"] == "active")[rows]]


def _seen(bought: Purchases, tracked: Array) -> Events:
    """What happened around a product; of that, the customer's behaviour only with consent."""
    events = bought.events
    wish = (events.meaning == RESTOCK_REQUEST) | (events.meaning == RESTOCK)
    behaviour = (events.meaning <= CART_REMOVAL) & tracked[events.i]
    return events.where((events.pair >= 0) & (wish | behaviour))


def _told(frames: Frames, bought: Purchases, key: Array) -> dict[str, Array]:
    """When we last wrote about looking at a product, or about its return, to the customer."""
    contacts = frames.contacts
    action = places(contacts["action"], _TOLD)
    if not (action >= 0).any():
        return dict.fromkeys(_TOLD_AT, np.full(len(key), NEVER))
    at, by = instants(contacts["at"]), customers(contacts)
    pairs, rows = bought.named(contacts)
    unnamed = np.ones(len(at), dtype=bool)
    unnamed[rows] = False

    def latest(keys: Array, moments_: Array, wanted: Array) -> Array:
        groups = Groups(keys)
        return matched(groups.most(moments_), groups.keys, wanted, NEVER)

    followed, returned = (action == place for place in range(2))
    i = split(key)[0]
    told = (
        latest(by[followed], at[followed], i),
        latest(pairs[followed[rows]], at[rows][followed[rows]], key),
        latest(pairs[returned[rows]], at[rows][returned[rows]], key),
        latest(by[returned & unnamed], at[returned & unnamed], i),
    )
    return dict(zip(_TOLD_AT, told, strict=True))


def _linked(frames: Frames, bought: Purchases, subscribed: Array) -> tuple[Array, Array]:
    """Pairs of each customer with what fits, and with what is an upgrade of, something they have."""
    held = bought.pairs.key[bought.owned]
    durable = held[bought.goods.kind[split(held)[1]] == DURABLE]
    fits, upgrades = bought.goods.links
    covered = distinct(np.concatenate((held, subscribed)))
    return _reached(frames, bought, durable, fits), _reached(frames, bought, covered, upgrades)


def _reached(frames: Frames, bought: Purchases, owned: Array, links: tuple[tuple[str, int], ...]) -> Array:
    """Pairs that ``links`` (what a product names, its code) lead to from ``owned`` ones, within the customer's shop."""
    if not links or not len(owned):
        return np.array([], dtype=np.int64)
    i, code = split(owned)
    called = bought.goods.called(code)
    edges = {(base, target) for name, target in links for base in called.get(name, ()) if base != target}
    if not edges:
        return np.array([], dtype=np.int64)
    bases, targets = np.array(sorted(edges)).T
    first, end = np.searchsorted(bases, code), np.searchsorted(bases, code, side="right")
    times = end - first
    who = np.repeat(i, times)
    # Positions first … end − 1 of every owned row, one after the other.
    reached = targets[np.repeat(first - np.cumsum(times) + times, times) + np.arange(times.sum())]
    home, shelf = frames.customers["shop"].to_numpy(), bought.goods.table["shop"].to_numpy()
    return distinct(pair(who, reached)[home[who] == shelf[reached]])


def _announced(bought: Purchases, code: Array) -> Array:
    """When the catalogue itself says each product came back: ``restocked`` in its attributes or extra fields, if past."""
    text = pl.coalesce(
        pl.col("attrs").list.join("\n").str.extract(r"(?m)^restocked:(.+)$"),
        pl.col("extra").str.json_path_match("$.restocked"),
    )
    instant = text.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
    day = text.str.to_datetime("%Y-%m-%d", time_unit="us", time_zone=DEFAULT_ZONE, strict=False)
    codes, which = np.unique(code, return_inverse=True)
    listed = bought.goods.table.select("attrs", "extra")[codes]
    at = instants(listed.select(pl.coalesce(instant, day.dt.convert_time_zone("UTC"))).to_series())
    return np.where(at <= bought.now, at, NEVER)[which]


def _stated(frames: Frames, bought: Purchases) -> tuple[Array, pl.DataFrame]:
    """Pairs the customers would like back, and the words (``i``, ``word``) of what they do not want."""
    told = [
        (i, text) for i, text in enumerate(frames.customers["preferences"].to_list()) if text and _TOLD_OF.search(text)
    ]
    if not told:
        return np.array([], dtype=np.int64), pl.DataFrame(schema={"i": pl.UInt32, "word": pl.String})
    wished, unwanted = [], []
    for i, text in told:
        said = orjson.loads(text)
        wished += [(i, word) for key in said.keys() & WISHED_KEYS for word in _words(said[key])]
        unwanted += [(i, word.lower()) for key in said.keys() & AVOIDED_KEYS for word in _words(said[key])]
    asked = pl.DataFrame(wished, schema={"i": pl.UInt32, "sku": pl.String}, orient="row")
    words = pl.DataFrame(unwanted, schema={"i": pl.UInt32, "word": pl.String}, orient="row")
    return bought.named(asked)[0], words


def _words(said: Any) -> Iterator[str]:
    """Every text in a preference, whether it stands alone, in a list or deeper."""
    if isinstance(said, str) and said.strip():
        yield said.strip()
    elif isinstance(said, Mapping):
        yield from chain.from_iterable(map(_words, said.values()))
    elif isinstance(said, Sequence) and not isinstance(said, str):
        yield from chain.from_iterable(map(_words, said))


def _avoided(bought: Purchases, unwanted: pl.DataFrame, key: Array) -> Array:
    """Whether the customer said no to the product itself, to a word of its name or to one of its attributes."""
    i, code = split(key)
    rows = np.flatnonzero(among(i, customers(unwanted)))
    if not len(rows):
        return np.zeros(len(key), dtype=bool)
    name = pl.col("name").fill_null("").str.to_lowercase()
    # "free_of:nuts" says the opposite of "contains:nuts".
    attrs = (
        pl.col("attrs").list.join("\n").fill_null("").str.to_lowercase()
        .str.replace_all(r"(?m)^(?:free_of|free|without|no):.*$", "")
    )  # fmt: skip
    said = [
        pl.col("sku").str.to_lowercase(), name, name.str.replace_all(r"[^\p{L}\p{N}]+", "\n"),
        attrs, attrs.str.replace_all(r"(?m)^[^:\n]*:", ""),
    ]  # fmt: skip
    codes = distinct(code[rows])
    texts = bought.goods.table.select("sku", "name", "attrs")[codes].select(
        pl.Series("code", codes), name, pl.format("\n{}\n", pl.concat_str(said, separator="\n")).alias("text")
    )
    asked = pl.DataFrame({"i": i[rows].astype(np.uint32), "code": code[rows], "row": rows})
    word = pl.col("word")
    # Japanese writes no spaces: there a word may stand anywhere in the name.
    within = word.str.contains(r"[^\x00-\x7F]") & pl.col("name").str.contains(word, literal=True)
    stands = pl.col("text").str.contains(pl.format("\n{}\n", word), literal=True)
    clashes = asked.join(unwanted, on="i").join(texts, on="code").filter(stands | within)
    avoided = np.zeros(len(key), dtype=bool)
    avoided[clashes["row"].to_numpy()] = True
    return avoided
