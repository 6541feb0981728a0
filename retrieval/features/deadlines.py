"""When something noted is due: 「5/16までに」, 「明日」, "by Friday", "within 3 days", from the day of the note."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from retrieval.frames import Frames

END_OF_BUSINESS = 18
"""Hour at which a day without a time is over."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = (
    "月曜|monday", "火曜|tuesday", "水曜|wednesday", "木曜|thursday", "金曜|friday", "土曜|saturday", "日曜|sunday",
)  # fmt: skip
FRIDAY = 5
OPENING = r"^\s*(?:\d{4}[-/])?(\d{1,2})[-/](\d{1,2})[\s:]"
DAYS_AHEAD = (
    ("明後日|あさって|day after tomorrow", 2),
    ("明日|翌日|あした|tomorrow|next day", 1),
    ("本日|今日|today|end of day", 0),
)
_MONTH_NAMES = "|".join(f"{month}[a-z]*" for month in MONTHS)

_text, _said = pl.col("text"), pl.col("said").dt.date()


def due(notes: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """``notes`` (``i``, ``at``, plain ``text``) that name a date, with ``due_h``, the hours from ``as_of`` to it."""
    zones = frames.customers["zone"].unique().to_list()
    local = notes.join(frames.customers.select("i", "zone"), on="i", how="left", maintain_order="left").with_columns(
        _local(pl.col("at"), zones).alias("said"), _local(pl.lit(frames.as_of), zones).alias("now"),
    )  # fmt: skip
    # A note often opens with its own date.
    opening = _nearest_year(*(_text.str.extract(OPENING, group) for group in (1, 2)))
    local = local.with_columns(pl.when(opening <= _said).then(_text.str.replace(OPENING, "")).otherwise(_text))
    day = pl.coalesce(_iso(), _month_day(), _named_month(), _ahead(), _within(), _weekday(), _week_or_month())
    hour = pl.col("text").str.extract(r"(\d{1,2})(?:時|:\d\d)").cast(pl.Int64).fill_null(END_OF_BUSINESS)
    at = day.cast(pl.Datetime("us")) + pl.duration(hours=pl.min_horizontal(hour, 24))
    dated = local.with_columns((at - pl.col("now")).dt.total_hours().alias("due_h"))
    return dated.filter(pl.col("due_h").is_not_null()).drop("zone", "said", "now")


def _local(moment: pl.Expr, zones: Sequence[str]) -> pl.Expr:
    """Wall-clock time of an instant where the customer lives."""
    return pl.coalesce(
        pl.when(pl.col("zone") == zone).then(moment.dt.convert_time_zone(zone).dt.replace_time_zone(None))
        for zone in zones
    )


def _date(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    text = pl.format("{}-{}-{}", year, month.cast(pl.String).str.zfill(2), day.cast(pl.String).str.zfill(2))
    return text.str.to_date("%Y-%m-%d", strict=False)


def _nearest_year(month: pl.Expr, day: pl.Expr) -> pl.Expr:
    """The day in the year of the note, or in the next when that lies more than half a year back."""
    this, following = (_date(_said.dt.year() + years, month, day) for years in (0, 1))
    return pl.when(this < _said - timedelta(days=182)).then(following).otherwise(this)


def _iso() -> pl.Expr:
    parts = [_text.str.extract(r"(\d{4})[-/年](\d{1,2})[-/月](\d{1,2})", group) for group in (1, 2, 3)]
    return _date(*parts)


def _month_day() -> pl.Expr:
    month, day = (_text.str.extract(r"(?:^|[^\d/])(\d{1,2})[/月](\d{1,2})(?:日|[^\d/]|$)", group) for group in (1, 2))
    return _nearest_year(month, day)


def _named_month() -> pl.Expr:
    before = rf"(\d{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH_NAMES})\b"
    after = rf"\b({_MONTH_NAMES}) (\d{{1,2}})\b"
    day = pl.coalesce(_text.str.extract(before, 1), _text.str.extract(after, 2))
    name = pl.coalesce(_text.str.extract(before, 2), _text.str.extract(after, 1)).str.slice(0, 3)
    return _nearest_year(name.replace_strict(MONTHS, range(1, 13), default=None, return_dtype=pl.Int64), day)


def _ahead() -> pl.Expr:
    return pl.coalesce(
        pl.when(_text.str.contains(words)).then(_said + timedelta(days=days)) for words, days in DAYS_AHEAD
    )


def _within() -> pl.Expr:
    count = _text.str.extract(r"(\d{1,2}) ?(?:営業)?日(?:以内|後)|(?:within|in) (\d{1,2}) (?:business |working )?days")
    english = _text.str.extract(r"(?:within|in) (\d{1,2}) (?:business |working )?days")
    return _said + pl.duration(days=pl.coalesce(count, english).cast(pl.Int64))


def _weekday() -> pl.Expr:
    """The named weekday after the day of the note; of the following week where the note says so."""
    named = pl.coalesce(
        pl.when(_text.str.contains(words)).then(pl.lit(number)) for number, words in enumerate(WEEKDAYS, start=1)
    )
    ahead = (named - _said.dt.weekday()) % 7
    following = 8 - _said.dt.weekday() + named - 1
    days = (
        pl.when(_text.str.contains("来週|next week"))
        .then(following)
        .otherwise(pl.when(ahead == 0).then(7).otherwise(ahead))
    )
    return _said + pl.duration(days=days)


def _week_or_month() -> pl.Expr:
    to_friday = FRIDAY - _said.dt.weekday().cast(pl.Int64)
    return (
        pl.when(_text.str.contains("来週|next week")).then(_said + pl.duration(days=to_friday + 7))
        .when(_text.str.contains("今週|this week")).then(_said + pl.duration(days=pl.max_horizontal(to_friday, 0)))
        .when(_text.str.contains("月末|end of (the |this )?month")).then(_said.dt.month_end())
    )  # fmt: skip
