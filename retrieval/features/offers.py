"""Features of a customer × offer of their shop: whether it is valid, meant for them, new to them and in season."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from retrieval.features.feature import Feature, settle
from retrieval.features.purchases import Purchases
from retrieval.frames import Frames
from retrieval.grouped import (
    Array,
    Words,
    customers,
    numbers,
    places,
    series,
    truths,
)  # fmt: skip

FAMILY = "offers"

ALL, NEW, MEMBER, BIRTHDAY, WINBACK, SEASON = "all", "new", "member", "birthday", "winback", "season"
AUDIENCES = {
    **dict.fromkeys(("all", "any", "everyone", "everybody", "public", "全員"), ALL),
    **dict.fromkeys(("new", "newcomer", "newcomers", "new_customer", "new_customers", "first_order", "新規"), NEW),
    **dict.fromkeys(("member", "members", "会員"), MEMBER),
    **dict.fromkeys(("birthday", "celebration", "anniversary", "誕生日", "記念日"), BIRTHDAY),
    **dict.fromkeys(("winback", "win_back", "win-back", "lapsed", "dormant", "休眠"), WINBACK),
}
"""What the words that shops use for an audience mean here; any other is a tier, or b2c or b2b."""
REACTION_DAYS = 3
"""Days that a reader needs between getting a message and using what it offers."""
NEWCOMER_DAYS = 90
"""A customer with one order is new for so long."""
LAPSED_CYCLES, LAPSED_DAYS = 3, 122
SEASONS = {
    "new_year": (1210, 115), "coming_of_age": (101, 115), "valentine": (115, 214), "white_day": (215, 314),
    "hinamatsuri": (201, 303), "spring": (301, 531), "easter": (301, 430), "golden_week": (415, 506),
    "mothers_day": (415, 515), "fathers_day": (520, 621), "ochugen": (615, 815), "summer": (601, 831),
    "summer_holiday": (701, 831), "obon": (720, 816), "autumn": (901, 1130), "halloween": (1001, 1031),
    "black_friday": (1115, 1202), "oseibo": (1115, 1225), "christmas": (1115, 1225), "winter": (1201, 228),
}  # fmt: skip
"""Month × 100 + day on which a season opens and closes; one that is not listed is open while its offer is valid."""

_audience, _today, _valid_to = pl.col("audience"), pl.col("today"), pl.col("valid_to")
_started = (pl.col("valid_from") <= _today).fill_null(True)
_monthday = _today.dt.month().cast(pl.Int64) * 100 + _today.dt.day()
_opens, _closes = pl.col("opens"), pl.col("closes")
_in_season = (
    pl.when(_opens <= _closes).then(_monthday.is_between(_opens, _closes))
    .otherwise((_monthday >= _opens) | (_monthday <= _closes)).fill_null(True)
)  # fmt: skip
_newcomer = (pl.col("orders_n") == 0) | ((pl.col("orders_n") == 1) & (pl.col("days_since_order") <= NEWCOMER_DAYS))
_lapsed = pl.col("days_since_order") >= LAPSED_CYCLES * pl.col("cycle_days").fill_null(LAPSED_DAYS)

FEATURES: tuple[Feature, ...] = (
    Feature(
        "o_ok", "bool", "",
        f"Valid today and for the {REACTION_DAYS} days a reader needs to act (in the customer's calendar; delivery on"
        " slow channels comes on top), and its product, if it has one, is neither sold out nor recalled.",
        _started & (_valid_to >= _today + timedelta(days=REACTION_DAYS)).fill_null(True) & pl.col("on_sale"), False,
    ),
    Feature(
        "o_audience_ok", "bool", "",
        "The customer belongs to its audience: everyone, members (any tier), a tier, newcomers (no order, or one within"
        f" {NEWCOMER_DAYS} days), birthday or anniversary known, or lapsed (three cycles without an order); a season's"
        " offer is for everyone.",
        pl.when(_audience.is_in([ALL, SEASON])).then(True)
        .when(_audience == NEW).then(_newcomer)
        .when(_audience == BIRTHDAY).then(pl.col("celebrates"))
        .when(_audience == WINBACK).then(_lapsed)
        .when(_audience == MEMBER).then(pl.col("tier").is_not_null())
        .otherwise((_audience == pl.col("tier")) | (_audience == pl.col("kind"))),
        False,
    ),
    Feature(
        "o_shown", "bool", "", "A message showed it to the customer, or the customer used it or opened it.",
        pl.col("shown"), False,
    ),
    Feature("o_new", "bool", "", "Made for newcomers.", _audience == NEW, False),
    Feature(
        "o_lifecycle", "bool", "", "Tied to a birthday, an anniversary or a win-back.",
        _audience.is_in([BIRTHDAY, WINBACK]),
        False,
    ),
    Feature(
        "o_season", "bool", "", "A season's offer, within its validity and, if the calendar knows it, the season.",
        (_audience == SEASON) & _started & (_valid_to >= _today).fill_null(True) & _in_season,
        False,
    ),
)  # fmt: skip

_COLUMNS = tuple(feature.expr.alias(feature.name) for feature in FEATURES if feature.expr is not None)


def compute(frames: Frames, bought: Purchases, orders: pl.DataFrame) -> pl.DataFrame:
    """``i``, ``offer`` and the ``o_`` features of every offer of the customer's shop, in the order of both.

    ``orders`` holds ``orders_n``, ``days_since_order`` and ``cycle_days`` of every customer, in order.
    """
    offers = frames.offers
    home, shop = frames.customers["shop"].to_numpy(), offers["shop"].to_numpy()
    who, which = np.nonzero(home[:, None] == shop[None, :])
    if not len(who):
        return settle(pl.DataFrame(schema={"i": pl.UInt32, "offer": pl.String}), FEATURES)
    customers_ = frames.customers.select(
        "i", "kind", "today", pl.col("tier").str.to_lowercase(),
        (pl.col("birthdate").is_not_null() | pl.col("preferences").str.contains('"anniversary"', literal=True))
        .alias("celebrates"),
    ).hstack(orders[["orders_n", "days_since_order", "cycle_days"]])  # fmt: skip
    dates = offers["valid_from"], offers["valid_to"]
    terms = pl.DataFrame([offers["id"].alias("offer"), *dates, *_terms(offers, bought)])
    shown = series({"shown": _shown(frames, offers)[who, which]})
    pairs = customers_[who].hstack(terms[which]).hstack(shown)
    return settle(pairs.select("i", "offer", *_COLUMNS), FEATURES)


def _terms(offers: pl.DataFrame, bought: Purchases) -> list[pl.Series]:
    """Per offer: whom it is for, when its season opens and closes, and whether its product can be had."""
    audiences, opens, closes = [], [], []
    for audience in offers["audience"].to_list():
        word = ALL if audience is None else audience.strip().lower()
        kind, _, name = word.partition(":")
        season = SEASONS.get("_".join(name.replace("-", " ").split()), (None, None)) if kind == SEASON else (None, None)
        named = name.strip() if kind == "tier" else AUDIENCES.get(word, word or ALL)
        audiences.append(SEASON if kind == SEASON else named)
        opens.append(season[0])
        closes.append(season[1])
    code = places(offers["sku"], bought.goods.sku)
    sold_out = (numbers(bought.goods.table["stock"]) <= 0) | truths(bought.goods.table["recall"])
    on_sale = ~np.append(sold_out, False)[code]
    return [
        pl.Series("audience", audiences, dtype=pl.String), pl.Series("opens", opens, dtype=pl.Int64),
        pl.Series("closes", closes, dtype=pl.Int64), *series({"on_sale": on_sale}),
    ]  # fmt: skip


def _shown(frames: Frames, offers: pl.DataFrame) -> Array:
    """Customer × offer: whether a message, an event or a coupon of theirs names it, by id or by code."""
    shown = np.zeros((frames.size, offers.height), dtype=bool)
    ids, codes = offers["id"].to_list(), offers["code"].to_list()
    names = Words(dict.fromkeys([*ids, *filter(None, codes)]))
    called = np.zeros((len(names.words), offers.height), dtype=bool)
    for one in (offers["id"], offers["code"]):
        place = places(one, names)
        told = np.flatnonzero(place >= 0)
        called[place[told], told] = True
    for frame, column in ((frames.contacts, "offer"), (frames.events, "offer"), (frames.orders, "coupon")):
        if frame[column].null_count() < frame.height:
            name = places(frame[column], names)
            named = name >= 0
            np.logical_or.at(shown, customers(frame)[named], called[name[named]])
    return shown
