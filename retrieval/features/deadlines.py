"""When something noted is due: 「5/16までに」, 「明日」, "by Friday", "within 3 days", from the day of the note."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from retrieval.frames import Frames
from retrieval.grouped import customers

END_OF_BUSINESS = 18
"""Hour at which a day without a time is over."""
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = (
    "月曜|monday", "火曜|tuesday", "水曜|wednesday", "木曜|thursday", "金曜|friday", "土曜|saturday", "日曜|sunday",
)  # fmt: skip
FRIDAY = 5
OPENING = r"^\s*(?:[0-9]{4}[-/])?([0-9]{1,2})[-/]([0-9]{1,2})[\s:]"
DAYS_AHEAD = (
    ("明後日|あさって|day after tomorrow", 2),
    ("明日|翌日|あした|tomorrow|next day", 1),
    ("本日|今日|today|end of day", 0),
)
_MONTH_NAMES = "|".join(f"{month}[a-z]*" for month in MONTHS)
_DASHED = r"([0-9]{4})[-/年]([0-9]{1,2})[-/月]([0-9]{1,2})"
_MONTH_DAY = r"(?:^|[^0-9/])([0-9]{1,2})[/月]([0-9]{1,2})(?:日|[^0-9/]|$)"
_BEFORE = rf"([0-9]{{1,2}})(?:st|nd|rd|th)? (?:of )?({_MONTH_NAMES})\b"
_AFTER = rf"\b({_MONTH_NAMES}) ([0-9]{{1,2}})\b"
PARTS = {
    "iso_year": (_DASHED, 1), "iso_month": (_DASHED, 2), "iso_day": (_DASHED, 3),
    "month": (_MONTH_DAY, 1), "day": (_MONTH_DAY, 2),
    "day_before": (_BEFORE, 1), "day_after": (_AFTER, 2),
    "japanese_days": (
        r"([0-9]{1,2}) ?(?:営業)?日(?:以内|後)|(?:within|in) ([0-9]{1,2}) (?:business |working )?days", 1,
    ),
    "english_days": (r"(?:within|in) ([0-9]{1,2}) (?:business |working )?days", 1),
    "hour": (r"([0-9]{1,2})(?:時|:[0-9][0-9])", 1),
}  # fmt: skip
"""Part of a date → pattern and the group of it that is the part."""

_text, _said = pl.col("text"), pl.col("said").dt.date()


def due(notes: pl.DataFrame, frames: Frames) -> pl.DataFrame:
    """``notes`` (``i``, ``at``, plain ``text``) that name a date, with ``due_h``, the hours from ``as_of`` to it."""
    home = frames.customers[["zone"]][customers(notes)]
    zones = sorted(set(home["zone"].to_list()))
    local = notes.hstack(home).with_columns(
        _local(pl.col("at"), zones).alias("said"), _local(pl.lit(frames.as_of), zones).alias("now"), *_OPENED
    )
    # Every pattern runs once, whatever number of expressions uses what it found.
    dated = local.with_columns(_WITHOUT_OPENING).with_columns(_PARTS).with_columns(_DUE)
    return dated.filter(pl.col("due_h").is_not_null()).select(*notes.columns, "due_h")


def _extracted(**patterns: tuple[str, int]) -> list[pl.Expr]:
    """What groups of patterns find in the text, by name."""
    return [_text.str.extract(pattern, group).alias(name) for name, (pattern, group) in patterns.items()]


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
    return _date(pl.col("iso_year"), pl.col("iso_month"), pl.col("iso_day"))


def _month_day() -> pl.Expr:
    return _nearest_year(pl.col("month"), pl.col("day"))


def _named_month() -> pl.Expr:
    return _nearest_year(pl.col("named_month"), pl.coalesce("day_before", "day_after"))


def _ahead() -> pl.Expr:
    return pl.coalesce(
        pl.when(_text.str.contains(words)).then(_said + timedelta(days=days)) for words, days in DAYS_AHEAD
    )


def _within() -> pl.Expr:
    return _said + pl.duration(days=pl.coalesce("japanese_days", "english_days").cast(pl.Int64))


def _weekday() -> pl.Expr:
    """The named weekday after the day of the note; of the following week where the note says so."""
    named = pl.col("weekday")
    ahead = (named - _said.dt.weekday()) % 7
    following = 8 - _said.dt.weekday() + named - 1
    days = pl.when("next_week").then(following).otherwise(pl.when(ahead == 0).then(7).otherwise(ahead))
    return _said + pl.duration(days=days)


def _week_or_month() -> pl.Expr:
    to_friday = FRIDAY - _said.dt.weekday().cast(pl.Int64)
    return (
        pl.when("next_week").then(_said + pl.duration(days=to_friday + 7))
        .when(_text.str.contains("今週|this week")).then(_said + pl.duration(days=pl.max_horizontal(to_friday, 0)))
        .when(_text.str.contains("月末|end of (the |this )?month")).then(_said.dt.month_end())
    )  # fmt: skip


def _due() -> pl.Expr:
    """Hours from ``now`` to the end of business, or the hour named, of the first kind of date that is there."""
    day = pl.coalesce(_iso(), _month_day(), _named_month(), _ahead(), _within(), _weekday(), _week_or_month())
    hour = pl.min_horizontal(pl.col("hour").cast(pl.Int64).fill_null(END_OF_BUSINESS), 24)
    return (day.cast(pl.Datetime("us")) + pl.duration(hours=hour) - pl.col("now")).dt.total_hours()


_OPENED = _extracted(opening_month=(OPENING, 1), opening_day=(OPENING, 2))
# A note often opens with its own date.
_WITHOUT_OPENING = (
    pl.when(_nearest_year(pl.col("opening_month"), pl.col("opening_day")) <= _said)
    .then(_text.str.replace(OPENING, ""))
    .otherwise(_text)
)
_PARTS = [
    *_extracted(**PARTS),
    pl.coalesce(_text.str.extract(_BEFORE, 2), _text.str.extract(_AFTER, 1))
    .str.slice(0, 3)
    .replace_strict(MONTHS, range(1, 13), default=None, return_dtype=pl.Int64)
    .alias("named_month"),
    _text.str.contains("来週|next week").alias("next_week"),
    pl.coalesce(
        pl.when(_text.str.contains(words)).then(pl.lit(number)) for number, words in enumerate(WEEKDAYS, start=1)
    ).alias("weekday"),
]
_DUE = _due().alias("due_h")
