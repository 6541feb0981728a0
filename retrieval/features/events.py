"""What happened: surveys, milestones, service events, and events or reading that might interest the customer.

Expressions run over one row per customer, with the columns that the functions below put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from retrieval.features.feature import Feature, Wishes, age, constant, elapsed, last, named, placed
from retrieval.features.purchases import VIEW, Purchases, split
from retrieval.frames import Frames
from retrieval.grouped import (
    DAY,
    Array,
    Words,
    customers,
    distinct,
    instants,
    marked,
    numbers,
    places,
    series,
    truths,
)  # fmt: skip

FAMILY = "events"
SURVEYS = ("survey_answer", "survey_response", "survey", "nps")
THANKED = ("survey_thanks", "survey_reply", "survey_thanked")
RECOMMENDING = ("referral", "referred", "photo_permission", "ugc_permission")
ATTENDED = ("attended", "event_attended", "attendance", "participated")
READ = ("view", "viewed", "page_view", "read", "open", "opened", "click", "clicked")
SERVICE = {
    "recall": "recall", "product_recall": "recall", "delay": "delay", "delayed": "delay", "delivery_delay": "delay",
    "shipping_delay": "delay", "safety": "safety", "safety_notice": "safety", "contract": "contract",
    "contract_change": "contract", "contract_notice": "contract", "outage": "outage",
}  # fmt: skip
"""Event type → kind of service event."""
SERVICE_WORDS = tuple(dict.fromkeys(SERVICE.values()))
INVITE_FROM, INVITE_TO = 10, 30
"""Days ahead at which an event is announced."""
MILESTONE_ORDERS = (1, 5)
DELIVERED_FOR, CLOSED_FOR, ANNIVERSARY_FOR, YEAR = 30, 14, 14, 365
"""Days for which a delivery, a closed case and a yearly return of the first order count as a milestone."""
VIEW_WEIGHT = 0.3
ATTENDED_FOR = 365
NOTICE = "service_notice"
ANYWHERE = ("online", "オンライン")

LIKING = ("likes", "interests", "topics")
"""Preferences that list what the customer likes to read about."""

_WORDS = Words(dict.fromkeys((*SURVEYS, *THANKED, *RECOMMENDING, *ATTENDED, *READ, *SERVICE)))


def _places(words: Iterable[str]) -> list[int]:
    return [_WORDS.place[word] for word in words]


_SURVEYS, _THANKED, _RECOMMENDING, _ATTENDED, _READ, _SERVICE = map(
    _places, (SURVEYS, THANKED, RECOMMENDING, ATTENDED, READ, SERVICE)
)
_kept = ~pl.col("status").is_in(["returned", "cancelled"]) & (pl.col("qty") > 0)
_n, _delivered, _first = pl.col("orders_n"), pl.col("days_since_delivery"), pl.col("first_order_days")

FEATURES = (
    Feature(
        "survey_unthanked", "bool", "", "The last survey answer has not been thanked for.",
        pl.col("survey_at") > pl.col("thanked_at"), default=False,
    ),
    Feature("survey_days", "number", "days", "Days since the last survey answer.", pl.col("survey_days")),
    Feature("nps_last", "number", "0–10", "Likelihood to recommend, as answered last.", pl.col("nps_last")),
    Feature(
        "milestone", "bool", "",
        "The 1st or 5th completed order arrived in the last 30 days, a case was closed in the last 14, or the first "
        "order was a whole number of years and at most 14 days ago.",
        (_n.is_in(MILESTONE_ORDERS) & (_delivered <= DELIVERED_FOR))
        | (pl.col("ticket_closed_days") <= CLOSED_FOR)
        | ((_first >= YEAR) & (_first % YEAR <= ANNIVERSARY_FOR)),
        default=False,
    ),
    Feature(
        "advocate", "bool", "",
        "Would recommend us (9 or 10 of 10), has referred someone or allowed a photo, and no complaint is open or "
        "was opened in 180 days.",
        ((pl.col("nps_last") >= 9).fill_null(False) | pl.col("recommends"))
        & ~pl.col("complained").fill_null(False), default=False,
    ),
    Feature(
        "attended", "bool", "", "Came to an event of ours in the last 365 days.", pl.col("attended"), default=False,
    ),
    Feature(
        "service_event", "string", "",
        "Kind of the last recall, delay, safety, contract or outage notice that affects something the customer has "
        "or is waiting for and about which no service notice went out since; missing without one.",
        pl.col("service_event"), words=SERVICE_WORDS,
    ),
    Feature("service_event_days", "number", "days", "Days since that notice.", pl.col("service_event_days")),
    Feature(
        "event_open", "bool", "", "An event of the shop takes place in 10 to 30 days and has places left.",
        pl.col("event_open"), default=False,
    ),
    Feature(
        "region_fits", "bool", "", "Such an event is online, bound to no region, or in the customer's.",
        pl.col("region_fits"), default=False,
    ),
    Feature(
        "interest_cat", "number", "0–1",
        "Share of purchased lines in the category of such an event or of a seasonal offer (the largest share where "
        "none names a category) + 0.3 × its share of views made with consent, at most 1.",
        pl.col("interest").clip(upper_bound=1.0), default=0.0, fraction=True,
    ),
    Feature(
        "content_match", "bool", "", "There is reading they have not opened on a topic they own something of or like.",
        pl.col("content_match"), default=False,
    ),
)  # fmt: skip


_EXPRESSIONS = named(FEATURES)
_KNOWN = ("orders_n", "days_since_delivery", "first_order_days", "ticket_closed_days", "complained")


def compute(frames: Frames, bought: Purchases, wishes: Wishes, known: Mapping[str, pl.Series]) -> pl.DataFrame:
    """One row per customer, in order.

    ``wishes``: stated preferences.  ``known``: by customer ``orders_n``, ``days_since_delivery``,
    ``first_order_days``, ``ticket_closed_days``, ``complained`` and ``track_ok``.
    """
    events, size = frames.events, frames.size
    kind = places(events["type"], _WORDS)
    listed = _listed(bought)
    themes = _themes(frames, bought, listed)
    found = {
        **_marks(frames, kind),
        **_invited(themes, size),
        "interest": _interest(bought, themes, known["track_ok"].to_numpy(), size),
        "content_match": _readers(frames, bought, wishes, listed, kind),
    }
    history = pl.DataFrame(
        [frames.customers["i"], *(known[name] for name in _KNOWN), *series(found), *_served(frames, kind)]
    )
    return history.select("i", *_EXPRESSIONS)


@dataclass(frozen=True, slots=True)
class _Listed:
    """An event or something to read, as the catalogue describes it."""

    shop: str
    sku: str
    stock: int | None
    words: frozenset[str]
    facts: Mapping[str, str]

    @property
    def topics(self) -> set[str]:
        return {value.lower() for word in self.words if (value := _topic(word)) is not None}

    @property
    def opening(self) -> tuple[date, date] | None:
        """First and last day on which to invite; None if there is no day or no place left."""
        room = self.facts.get("places", self.stock)
        try:
            day, full = date.fromisoformat(self.facts.get("day", "")), room is not None and int(room) <= 0
        except ValueError:
            return None
        if full:
            return None
        return day - timedelta(days=INVITE_TO), day - timedelta(days=INVITE_FROM)


def _listed(bought: Purchases) -> list[_Listed]:
    """The events and the reading in the catalogue."""
    return [
        _Listed(
            row["shop"], row["sku"], row["stock"], frozenset(row["attrs"]),
            dict(word.split(":", 1) for word in row["attrs"] if ":" in word),
        )
        for row in bought.goods.entries
    ]  # fmt: skip


def _topic(word: str) -> str | None:
    """The value of a ``topic:``, ``category:`` or ``family:`` fact."""
    key, colon, value = word.partition(":")
    return value if colon and key in ("topic", "category", "family") else None


def _category(attrs: Iterable[str]) -> str | None:
    facts = dict(word.split(":", 1) for word in attrs if ":" in word)
    return facts.get("category", facts.get("family"))


def _marks(frames: Frames, kind: Array) -> dict[str, Array]:
    """What events say about surveys, recommending and attending; an instant of 0 means never."""
    events, size = frames.events, frames.size
    i, at = customers(events), instants(events["at"])
    nps, sent = numbers(events["nps"]), truths(frames.contacts["action"] == THANKED[0])
    scored = ~np.isnan(nps)
    answered, attended = np.isin(kind, _SURVEYS) | scored, np.isin(kind, _ATTENDED)
    past = elapsed(frames.as_of, events["at"])
    survey_at, thanked_at = np.zeros((2, size), dtype=np.int64)
    survey_at[i[answered]] = at[answered]
    thanks = np.isin(kind, _THANKED)
    np.maximum.at(thanked_at, i[thanks], at[thanks])
    np.maximum.at(thanked_at, customers(frames.contacts)[sent], instants(frames.contacts["at"])[sent])
    return {
        "survey_at": survey_at,
        "thanked_at": thanked_at,
        "survey_days": last(past[answered] // DAY, i[answered], size),
        "nps_last": last(nps[scored].astype(np.int64), i[scored], size),
        "recommends": marked(i[np.isin(kind, _RECOMMENDING)], size),
        "attended": marked(i[attended & (past < ATTENDED_FOR * DAY)], size),
    }


def _served(frames: Frames, kind: Array) -> list[pl.Series]:
    """The last service event of each customer that affects them and that nobody told them about yet."""
    served = np.isin(kind, _SERVICE)
    if not served.any():
        return [
            constant("service_event", None, pl.String, frames.size),
            constant("service_event_days", None, pl.Int64, frames.size),
        ]
    notices = frames.events.filter(pl.Series(served))
    running = frames.subscriptions.filter(pl.col("status") != "cancelled")
    theirs = pl.concat([frames.order_items.filter(_kept).select("i", "sku"), running.select("i", "sku")])
    affecting = pl.concat(
        [notices.filter(pl.col("sku").is_null()), notices.join(theirs, on=["i", "sku"], how="semi")]
    ).sort("i", "at", "type")
    told = frames.contacts.filter(pl.col("action") == NOTICE).group_by("i").agg(pl.col("at").max().alias("told"))
    untold = affecting.join(told, on="i", how="left", maintain_order="left").filter(
        pl.col("told").is_null() | (pl.col("told") < pl.col("at"))
    )
    meaning = pl.col("type").replace_strict(SERVICE, return_dtype=pl.String).alias("service_event")
    days = age(frames.as_of).dt.total_days().alias("service_event_days")
    return placed(untold.select("i", meaning, days), frames.size)


@dataclass(frozen=True, slots=True)
class _Theme:
    """What a shop is about to do: an event to invite to now, or a seasonal offer that can be used today.

    ``at`` are the customers it is open to, ``near`` those of them who live where it takes place.
    """

    event: bool
    category: str | None
    at: Array
    near: Array


def _themes(frames: Frames, bought: Purchases, listed: Sequence[_Listed]) -> list[_Theme]:
    people = frames.customers
    home, today, region = people["shop"].to_numpy(), people["today"].to_numpy(), people["region"].to_list()

    def at(shop: str, opens: date | None, closes: date | None) -> Array:
        open_ = home == shop
        if opens is not None:
            open_ &= today >= np.datetime64(opens)
        return open_ if closes is None else open_ & (today <= np.datetime64(closes))

    themes = []
    for event in listed:
        if "event" not in event.words or (opening := event.opening) is None:
            continue
        mask = at(event.shop, *opening)
        place = event.facts.get("region", event.facts.get("place", "online")).lower()
        near = {
            name: place in ANYWHERE or (name is not None and _same_place(place, name.lower())) for name in set(region)
        }
        anywhere = "online" in event.words
        themes.append(
            _Theme(
                True,
                _category(event.words),
                mask,
                mask & np.array([anywhere or near[name] for name in region], dtype=bool),
            )
        )
    offers = (frames.offers[name].to_list() for name in ("shop", "audience", "sku", "valid_from", "valid_to"))
    for shop, audience, sku, opens, closes in zip(*offers, strict=True):
        if sku is not None and (audience or "").startswith("season"):
            mask, code = at(shop, opens, closes), bought.goods.sku.place.get(sku)
            themes.append(_Theme(False, None if code is None else _category(bought.goods.attrs[code]), mask, mask))
    return [theme for theme in themes if theme.at.any()]


def _same_place(one: str, other: str) -> bool:
    """「東京」 and 「東京都」 are the same place."""
    return one in other or other in one


def _invited(themes: Sequence[_Theme], size: int) -> dict[str, Array]:
    at, near = np.zeros((2, size), dtype=bool)
    for theme in themes:
        if theme.event:
            at, near = at | theme.at, near | theme.near
    return {"event_open": at, "region_fits": near}


def _interest(bought: Purchases, themes: Sequence[_Theme], tracked: Array, size: int) -> Array:
    """The customer's interest in what is about to happen, or their strongest where nothing with a category is."""
    rows, views = bought.rows.where(bought.rows.bought), bought.events
    views = views.where((views.meaning == VIEW) & (views.pair >= 0) & tracked[views.i])
    viewed = split(views.pair)[1]
    used = distinct(np.concatenate((rows.code, viewed)))
    names = [_category(bought.goods.attrs[code]) for code in used.tolist()]
    category = {name: place for place, name in enumerate(dict.fromkeys(name for name in names if name is not None))}
    if not category:
        return np.full(size, np.nan)
    # One place more than there are categories, for products without one.
    of_code = np.array([category.get(name, len(category)) if name is not None else len(category) for name in names])

    def share(i: Array, code: Array) -> Array:
        cells = of_code[np.searchsorted(used, code)] * size + i
        counts = np.bincount(cells, minlength=(len(category) + 1) * size).reshape(-1, size)
        return counts[:-1] / np.maximum(counts.sum(axis=0), 1)

    interest = share(rows.i, rows.code) + VIEW_WEIGHT * share(views.i, viewed)
    strongest, themed, best = interest.max(axis=0), np.zeros(size, dtype=bool), np.zeros(size)
    for theme in themes:
        if theme.category is not None:
            themed |= theme.at
            if theme.category in category:
                best = np.where(theme.at, np.maximum(best, interest[category[theme.category]]), best)
    return np.where(themed, best, strongest)


def _readers(frames: Frames, bought: Purchases, wishes: Wishes, listed: Sequence[_Listed], kind: Array) -> Array:
    """The customers for whom there is reading they have not opened on something they own or like."""
    matched = np.zeros(frames.size, dtype=bool)
    home, read = frames.customers["shop"].to_numpy(), np.isin(kind, _READ)
    about = places(frames.events["sku"], bought.goods.sku)
    i, code = split(bought.pairs.key[bought.owned])
    topics = {
        held: {value.lower() for word in bought.goods.attrs[held] if (value := _topic(word)) is not None}
        for held in set(code.tolist())
    }
    for reading in listed:
        if "content" in reading.words:
            suited = [held for held, values in topics.items() if not values.isdisjoint(reading.topics)]
            wanted = marked(i[np.isin(code, suited)], frames.size)
            wanted[[i for key in LIKING for i, value in wishes.get(key, ()) if value.lower() in reading.topics]] = True
            opened = read & (about == bought.goods.sku.place[reading.sku])
            matched |= wanted & (home == reading.shop) & ~marked(customers(frames.events)[opened], frames.size)
    return matched
