"""Who the customer is: state, age, dates worth a greeting, points, the named rep, and how well we know them.

Expressions run over the customers with these columns beside their own: ``first_order_days`` since, ``reachable``,
``bounced``, ``years`` of life, days ``to_birthday`` and ``to_anniversary``, ``script`` (language of what they wrote),
``score`` of the likeliest duplicate, and ``members``: the shop makes offers to members only.
"""

from __future__ import annotations

import re
from calendar import monthrange

import numpy as np
import orjson
import polars as pl

from retrieval.columns import columns
from retrieval.customer import LANGUAGES, Customer
from retrieval.features.feature import EMPTY, Feature, Wishes, age, constant, elapsed, last, named, placed
from retrieval.frames import Frames
from retrieval.grouped import DAY, Array, Words, customers, marked, places, series

FAMILY = "profile"
ADULT_YEARS, OLDEST_YEARS = 18, 110
LEAP_YEAR = 2000
BOUNCES = ("bounce", "bounced", "hard_bounce", "undeliverable")
BOUNCE_COUNTS_FOR = 90
"""Days."""
STATUSES = next(column.words for column in columns(Customer) if column.name == "status")

_today, _years = pl.col("today"), pl.col("years")


def _days_to(month: Array, day: Array, today: Array) -> Array:
    """Days to the next such day of a year, 0 on the day itself; 29 February is the 28th in a common year."""

    def in_year(year: Array) -> Array:
        begin, end = ((year.astype("M8[M]") + month + extra).astype("M8[D]") for extra in (-1, 0))
        return np.minimum(begin + (day - 1), end - 1)

    year = today.astype("M8[Y]")
    this, following = in_year(year), in_year(year + 1)
    return (np.where(this >= today, this, following) - today).astype(np.int64)


def _parts(days: Array) -> tuple[Array, Array, Array]:
    """Year, month and day of month of calendar days."""
    months, years = days.astype("M8[M]"), days.astype("M8[Y]")
    return (
        years.astype(np.int64) + 1970, (months - years.astype("M8[M]")).astype(np.int64) + 1,
        (days - months.astype("M8[D]")).astype(np.int64) + 1,
    )  # fmt: skip


_language_of_locale = pl.col("locale").str.slice(0, 2).str.to_lowercase()
_known = (
    pl.col("name").is_not_null(),
    pl.col("language").is_not_null() | pl.col("locale").is_not_null(),
    pl.col("timezone").is_not_null(),
    pl.col("reachable") | pl.col("email_hash").is_not_null() | pl.col("phone_hash").is_not_null(),
    ~pl.col("bounced"),
    _years.is_between(0, OLDEST_YEARS).fill_null(pl.col("kind") == "b2b"),
)

FEATURES = (
    Feature("status", "string", "", "State of the customer record.", pl.col("status"), words=STATUSES),
    Feature("tier", "string", "", "Loyalty or account tier; missing when not enrolled.", pl.col("tier")),
    Feature(
        "programme", "bool", "",
        "The shop has a loyalty programme: the customer has a tier or a points balance, or the shop has an offer "
        "for members.",
        pl.col("tier").is_not_null() | pl.col("points").is_not_null() | pl.col("members"), default=False,
    ),
    Feature(
        "is_minor", "bool", "", "Younger than 18 today; missing when the birthdate is not known.",
        pl.when(_years >= 0).then(_years < ADULT_YEARS),
    ),
    Feature(
        "guardian_consent", "bool", "", "A guardian's consent form is on file; not known is no.",
        pl.col("guardian_consent"), default=False,
    ),
    Feature(
        "celebration_days", "number", "days",
        "Days to the next birthday or to the anniversary the customer gave us, whichever is sooner; 29 February "
        "counts as the 28th in common years.",
        pl.min_horizontal("to_birthday", "to_anniversary"),
    ),
    Feature(
        "tenure_days", "number", "days", "Days since the first order or the registration, whichever is earlier.",
        pl.max_horizontal(
            pl.col("first_order_days"),
            pl.when(pl.col("registered") <= _today).then((_today - pl.col("registered")).dt.total_days())
        ),
    ),
    Feature("points", "number", "points", "Balance of loyalty points.", pl.col("points")),
    Feature(
        "days_to_points_expiry", "number", "days", "Days to the earliest expiry of points; missing once it has passed.",
        pl.when(pl.col("points_expire") >= _today).then((pl.col("points_expire") - _today).dt.total_days()),
    ),
    Feature(
        "has_owner", "bool", "", "A named person of the shop looks after the customer.",
        pl.col("owner_id").is_not_null() | pl.col("owner_name").is_not_null(), default=False,
    ),
    Feature(
        "days_since_owner_change", "number", "days", "Days since the present owner took over.",
    ),
    Feature(
        "dup_score", "number", "0–1",
        "Score of the record most likely to be the same person; missing without a candidate.",
        pl.col("score"), fraction=True,
    ),
    Feature(
        "data_quality", "number", "0–1",
        "Share true of: name known, language or locale known, time zone known, reachable on one channel, no bounce "
        "in 90 days, birthdate known and plausible (a business needs none).",
        pl.sum_horizontal(known.cast(pl.Int64) for known in _known) / len(_known), fraction=True,
    ),
    Feature(
        "language", "string", "",
        "Language stated, else that of the locale, else the script of what the customer wrote.",
        pl.coalesce(
            "language", pl.when(_language_of_locale.is_in(LANGUAGES)).then(_language_of_locale), "script"
        ), words=LANGUAGES,
    ),
    Feature("tz", "string", "", "Time zone of the customer; Asia/Tokyo when not known.", pl.col("zone")),
)  # fmt: skip
_MONTH_DAY = re.compile(r"(?:\d{4}\D)?(?P<month>\d{1,2})\D(?P<day>\d{1,2})\D?$")
_EXPRESSIONS = named(FEATURES)
_BOUNCES = Words(BOUNCES)
_FOR_MEMBERS = re.compile(r"(?:members?$|tier:)")
_JAPANESE = pl.col("text").str.count_matches(r"[\p{Hiragana}\p{Katakana}\p{Han}]").sum()
_LATIN = pl.col("text").str.count_matches("[A-Za-z]").sum()
# A kana or kanji says about as much as four Latin letters.
_SCRIPT = pl.when(_JAPANESE * 4 > _LATIN).then(pl.lit("ja")).when(_LATIN > 0).then(pl.lit("en")).alias("script")


def compute(frames: Frames, wishes: Wishes) -> pl.DataFrame:
    """One row per customer, in order, with ``first_order_days`` beside the features; ``wishes``: stated preferences."""
    size, people = frames.size, frames.customers
    bounced = (places(frames.events["type"], _BOUNCES) >= 0) & (
        elapsed(frames.as_of, frames.events["at"]) < BOUNCE_COUNTS_FOR * DAY
    )
    opted_in = (frames.consents["status"] == "opt_in").to_numpy()
    found = {
        "first_order_days": _first_order(frames),
        "members": _members(frames),
        **_dates(people, wishes),
        "reachable": marked(customers(frames.consents)[opted_in], size),
        "bounced": marked(customers(frames.events)[bounced], size),
    }
    beside = people.hstack([*series(found), _scripts(frames), _scores(people["duplicate_candidates"])])
    return beside.select(
        "i",
        "first_order_days",
        age(frames.as_of, "owner_since").dt.total_days().alias("days_since_owner_change"),
        *_EXPRESSIONS,
    )


def _first_order(frames: Frames) -> Array:
    """Days since the first order of each customer that was not cancelled."""
    # Orders are sorted by time, so the first of each customer is the last one read backwards.
    days, i = elapsed(frames.as_of, frames.orders["at"]) // DAY, customers(frames.orders)
    kept = (frames.orders["status"] != "cancelled").to_numpy()
    return last(days[kept][::-1], i[kept][::-1], frames.size)


def _dates(people: pl.DataFrame, wishes: Wishes) -> dict[str, Array]:
    """Years of life, and days to the birthday and the stated anniversary."""
    today = people["today"].to_numpy()
    born = people["birthdate"].to_numpy()
    has = np.flatnonzero(~np.isnat(born))
    (year, month, day), (this, now, today_) = _parts(born[has]), _parts(today[has])
    had = (now > month) | ((now == month) & (today_ >= day))
    size = people.height
    stated = [(i, *parts) for i, value in wishes.get("anniversary", ()) if (parts := _month_day(value))]
    at, stated_month, stated_day = np.array(stated, dtype=np.int64).reshape(-1, 3).T
    return {
        "years": last(this - year - ~had, has, size),
        "to_birthday": last(_days_to(month, day, today[has]), has, size),
        "to_anniversary": last(_days_to(stated_month, stated_day, today[at]), at, size),
    }


def _month_day(text: str) -> tuple[int, int] | None:
    """Month and day of ``05-20``, ``2015-05-20``, ``5/20`` or ``5月20日``; None if it is no date."""
    found = _MONTH_DAY.match(text.strip())
    if found is None:
        return None
    month, day = int(found["month"]), int(found["day"])
    return (month, day) if 1 <= month <= 12 and 1 <= day <= monthrange(LEAP_YEAR, month)[1] else None


def _members(frames: Frames) -> Array:
    """Whether each customer's shop makes an offer to members."""
    audiences = zip(frames.offers["shop"].to_list(), frames.offers["audience"].to_list(), strict=True)
    shops = {shop for shop, audience in audiences if audience is not None and _FOR_MEMBERS.match(audience)}
    return np.array([shop in shops for shop in frames.customers["shop"].to_list()], dtype=bool)


def _scripts(frames: Frames) -> pl.Series:
    """The language of a customer's own words where neither language nor locale says it."""
    people = frames.customers
    if not (people["language"].null_count() and people["locale"].null_count() and frames.interactions.height):
        return constant("script", None, pl.String, frames.size)
    unknown = people.filter(pl.col("language").is_null() & pl.col("locale").is_null()).select("i")
    written = frames.interactions.filter(pl.col("direction") == "in").join(unknown, on="i", how="semi")
    return placed(written.group_by("i").agg(_SCRIPT), frames.size)[0]


def _scores(candidates: pl.Series) -> pl.Series:
    """The highest score among the duplicate candidates of each customer."""

    def highest(text: str) -> float | None:
        scores = (one.get("score") for one in orjson.loads(text))
        return max((score for score in scores if isinstance(score, int | float)), default=None)

    scores = [None if text in EMPTY else highest(text) for text in candidates.to_list()]
    return pl.Series("score", scores, dtype=pl.Float64)
