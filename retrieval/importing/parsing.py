"""Words to values, a column at a time, with a sentence about every value that means nothing.

Each function takes a series as it stands in the source (text, or the type a Parquet file gave it) and answers the
values in the type of the noun's frame, null where there was nothing or nothing readable.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import orjson
import polars as pl

from retrieval import columns as kinds
from retrieval.columns import Column
from retrieval.customer import MINOR_DIGITS
from retrieval.errors import nearest
from retrieval.frames import INSTANT

_MOMENT = r"^((?:19|[2-9]\d)\d{2}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)? ?(Z|[+-]\d{2}:?\d{2})?)?$"
_NUMBER = r"^[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?$"
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")
_LARGEST_MINOR = 9_000_000_000_000_000

Reason = Callable[[Any], str]


def text_of(raw: pl.Series) -> pl.Series:
    """The words of a column, trimmed; an empty word is nothing.  A whole float is written as the integer it is."""
    if raw.dtype == pl.String:
        trimmed = raw.str.strip_chars()
        return trimmed.set(trimmed == "", None)
    if raw.dtype.is_float():
        whole = raw.is_finite() & (raw == raw.round()) & (raw.abs() < 2**53)
        return (
            pl.select(
                pl.when(whole).then(raw.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(raw.cast(pl.String))
            )
            .to_series()
            .alias(raw.name)
        )
    if raw.dtype.is_nested():
        return pl.Series(
            raw.name,
            [None if v is None else orjson.dumps(_plain(v), default=str).decode() for v in raw.to_list()],
            dtype=pl.String,
        )
    return raw.cast(pl.String)


def _plain(value: Any) -> Any:
    return value.to_list() if isinstance(value, pl.Series) else value


def parse(
    column: Column, raw: pl.Series, *, zone: str, zones: pl.Series | None = None, digits: int | pl.Series = 0
) -> tuple[pl.Series, Reason]:
    """The values of ``raw`` as ``column`` wants them, and what to say about a word that gave none.

    ``zone`` reads times without offset; ``zones`` (a series, or None for ``zone`` throughout) says per row where a bare
    date begins; ``digits`` is the number of minor digits of money, per row or for all.
    """
    values: pl.Series
    reason: Reason
    match column.kind:
        case kinds.INSTANT:
            values, reason = instants(raw, zone, zones), _not_a_moment
        case kinds.DAY:
            values, reason = days(raw), _not_a_day
        case kinds.MONEY:
            values, reason = money(raw, digits), _not_an_amount
        case kinds.INTEGER:
            values, reason = integers(raw), _not_an_integer
        case kinds.NUMBER:
            values, reason = numbers(raw), _not_a_number
        case kinds.TRUTH:
            values, reason = truths(raw), _not_a_truth
        case kinds.WORDS:
            values, reason = words(raw), _not_a_list
        case kinds.STRUCTURE:
            values, reason = structures(raw, type(column.default)), _not_a_structure
        case _:
            values, reason = literals(raw, column)
    return values.alias(column.name), reason


def missing(raw: pl.Series) -> pl.Series:
    """True where the source says nothing."""
    return text_of(raw).is_null() if raw.dtype == pl.String else raw.is_null()


def instants(raw: pl.Series, zone: str, zones: pl.Series | None = None) -> pl.Series:
    """ISO 8601 times and dates as instants; a time in a gap of the clock moves one hour on, as clocks do."""
    if raw.dtype == pl.Date:
        return _localised(raw.cast(pl.Datetime("us")), zone, zones)
    if isinstance(raw.dtype, pl.Datetime):
        return _localised(raw.cast(pl.Datetime("us")), zone, None) if raw.dtype.time_zone is None else raw.cast(INSTANT)
    parts = text_of(raw).str.extract_groups(_MOMENT).struct.unnest()
    day, clock, seconds, offset = parts.get_columns()
    local = (
        parts.select(
            pl.concat_str(
                pl.col(day.name),
                pl.lit("T"),
                pl.col(clock.name).fill_null("00:00"),
                pl.col(seconds.name).fill_null(":00"),
            )
        )
        .to_series()
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    )
    naive = local.set(offset.is_not_null(), None)
    bare = clock.is_null()
    if zones is not None and bool((bare & naive.is_not_null()).any()):
        given = pl.select(pl.when(bare).then(zones).otherwise(pl.lit(zone))).to_series()
        result = _localised(naive, zone, given)
    else:
        result = _localised(naive, zone, None)
    if offset.null_count() == len(offset):
        return result
    signs = offset.str.starts_with("-").fill_null(False)
    figures = offset.str.replace("Z", "+00:00").str.replace(":", "").str.slice(1)
    minutes = figures.str.slice(0, 2).cast(pl.Int64) * 60 + figures.str.slice(2, 2).cast(pl.Int64)
    shift = pl.select(pl.duration(minutes=pl.when(signs).then(-minutes).otherwise(minutes))).to_series()
    return pl.select(pl.coalesce((local - shift).dt.replace_time_zone("UTC").cast(INSTANT), result)).to_series()


def formatted(raw: pl.Series, layout: str, zone: str) -> pl.Series:
    """Times or dates written as ``layout`` (strftime) says, as instants; without ``%z`` they are local to ``zone``."""
    if raw.dtype.is_temporal():
        return instants(raw, zone)
    parsed = text_of(raw).str.to_datetime(layout, time_unit="us", strict=False)
    return parsed.cast(INSTANT) if parsed.dtype.time_zone is not None else _localised(parsed, zone, None)  # type: ignore[attr-defined]


def formatted_days(raw: pl.Series, layout: str) -> pl.Series:
    """Calendar days written as ``layout`` (strftime) says."""
    return days(raw) if raw.dtype.is_temporal() else text_of(raw).str.to_date(layout, strict=False)


def _localised(local: pl.Series, zone: str, zones: pl.Series | None) -> pl.Series:
    """Naive local times as instants, each in its own zone."""
    if zones is None:
        return _in_zone(local, zone)
    zones = zones.fill_null(zone)
    result = pl.Series([None] * len(local), dtype=INSTANT)
    for name in zones.unique().to_list():
        result = pl.select(pl.when(zones == name).then(_in_zone(local, name)).otherwise(result)).to_series()
    return result


def _in_zone(local: pl.Series, zone: str) -> pl.Series:
    known = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    if known.null_count() > local.null_count():
        moved = local.dt.offset_by("1h").dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
        known = pl.select(pl.coalesce(known, moved)).to_series()
    return known.dt.convert_time_zone("UTC").cast(INSTANT)


def days(raw: pl.Series) -> pl.Series:
    """Calendar days; of a time its own calendar day, as written."""
    if raw.dtype == pl.Date:
        return raw
    if isinstance(raw.dtype, pl.Datetime):
        return raw.dt.date()
    day, *_ = text_of(raw).str.extract_groups(_MOMENT).struct.unnest().get_columns()
    return day.str.to_date("%Y-%m-%d", strict=False)


def money(raw: pl.Series, digits: int | pl.Series) -> pl.Series:
    """Amounts in major units as integer minor units, half up and away from zero, exactly as the decimal is written."""
    if isinstance(digits, int):
        return _money(raw, digits)
    result = pl.Series([None] * len(raw), dtype=pl.Int64)
    for count in digits.drop_nulls().unique().to_list():
        result = pl.select(pl.when(digits == count).then(_money(raw, count)).otherwise(result)).to_series()
    return result


def _money(raw: pl.Series, digits: int) -> pl.Series:
    if raw.dtype.is_integer():
        return (raw.cast(pl.Int64) * 10**digits).cast(pl.Int64)
    if raw.dtype.is_float():
        # Six places hide the binary error of a decimal (1.005 × 100) and keep every figure a shop writes.
        scaled = (raw.abs() * 10**digits).round(6)
        minor = (scaled + 0.5).floor().set(~scaled.is_finite() | (scaled > _LARGEST_MINOR), None).cast(pl.Int64)
        return pl.select(pl.when(raw < 0).then(-minor).otherwise(minor)).to_series()
    written = text_of(raw).str.replace(r"^([+-]?)[¥￥£$€]", "$1").str.replace("円$", "")
    plain = written.set(~written.str.contains(_NUMBER), None).str.replace_all(",", "", literal=True)
    whole = plain.str.extract(r"^[+-]?(\d+)").cast(pl.Int64, strict=False)
    fraction = (
        plain.str.extract(r"\.(\d+)$")
        .fill_null("0")
        .str.pad_end(digits + 1, "0")
        .str.slice(0, digits + 1)
        .cast(pl.Int64)
    )
    minor = whole * 10**digits + (fraction + 5) // 10
    minor = minor.set(whole > _LARGEST_MINOR // 10**digits, None)
    return pl.select(pl.when(plain.str.starts_with("-")).then(-minor).otherwise(minor)).to_series()


def integers(raw: pl.Series) -> pl.Series:
    """Whole numbers; ``3.0`` is one."""
    if raw.dtype.is_integer():
        return raw.cast(pl.Int64, strict=False)
    if raw.dtype == pl.Boolean:
        return pl.Series([None] * len(raw), dtype=pl.Int64)
    written = text_of(raw).str.replace(r"\.0+$", "")
    return (
        written.set(~written.str.contains(_NUMBER), None)
        .str.replace_all(",", "", literal=True)
        .cast(pl.Int64, strict=False)
    )


def numbers(raw: pl.Series) -> pl.Series:
    """Finite decimal numbers."""
    if raw.dtype.is_numeric():
        found = raw.cast(pl.Float64)
    else:
        written = text_of(raw)
        found = written.set(~written.str.contains(r"^[+-]?[\d,]*\.?\d+(?:[eE][+-]?\d+)?$"), None).str.replace_all(
            ",", "", literal=True
        )
        found = found.cast(pl.Float64, strict=False)
    return found.set(~found.is_finite(), None)


def truths(raw: pl.Series) -> pl.Series:
    """true/false, yes/no, 1/0 in any case."""
    if raw.dtype == pl.Boolean:
        return raw
    written = text_of(raw).str.to_lowercase()
    return pl.select(pl.when(written.is_in(_TRUE)).then(True).when(written.is_in(_FALSE)).then(False)).to_series()


def words(raw: pl.Series) -> pl.Series:
    """Lists: of a Parquet file, a JSON list, or words with ``|`` between them."""
    if isinstance(raw.dtype, pl.List):
        return raw.cast(pl.List(pl.String))
    written = text_of(raw)
    if not written.str.starts_with("[").any():
        return written.str.split("|").list.eval(pl.element().str.strip_chars()).cast(pl.List(pl.String))
    read = {word: _list_of(word) for word in written.drop_nulls().unique().to_list()}
    return pl.Series([None if word is None else read[word] for word in written.to_list()], dtype=pl.List(pl.String))


def _list_of(word: str) -> list[str] | None:
    if not word.startswith("["):
        return [part.strip() for part in word.split("|")]
    try:
        found = orjson.loads(word)
    except orjson.JSONDecodeError:
        return None
    return found if all(isinstance(part, str) for part in found) else None


def structures(raw: pl.Series, shape: type) -> pl.Series:
    """JSON objects (``shape`` dict) or lists of objects (tuple), as JSON text with sorted keys."""
    written = text_of(raw)
    read = {word: _structure_of(word, shape) for word in written.drop_nulls().unique().to_list()}
    return pl.Series([None if word is None else read[word] for word in written.to_list()], dtype=pl.String)


def _structure_of(word: str, shape: type) -> str | None:
    try:
        found = orjson.loads(word)
    except orjson.JSONDecodeError:
        return None
    right = (
        isinstance(found, dict)
        if shape is dict
        else isinstance(found, list) and all(isinstance(part, dict) for part in found)
    )
    return orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode() if right else None


def literals(raw: pl.Series, column: Column) -> tuple[pl.Series, Reason]:
    """Words of the column's Literal, known time zones and currencies, or any text a database can hold."""
    written = text_of(raw)
    name = column.name.replace("_", " ")
    if column.words:
        return _among(written, column.words, name)
    if column.name == "timezone":
        return _among(written, time_zones(), "time zone")
    if column.name == "currency":
        return _among(written, tuple(MINOR_DIGITS), name)
    return written.set(written.str.contains("\x00", literal=True), None), lambda _: "the text contains a NUL character"


def _among(written: pl.Series, known: tuple[str, ...], name: str) -> tuple[pl.Series, Reason]:
    return written.set(~written.is_in(known), None), lambda word: f"unknown {name} '{word}'{nearest(word, known)}"


@cache
def time_zones() -> tuple[str, ...]:
    """Every IANA time zone."""
    return tuple(sorted(available_timezones()))


def _not_a_moment(word: str) -> str:
    if _looks_like_a_date(word):
        return f"'{word}' is not in the calendar"
    return f"'{word}' is not a time; write 2026-05-14T10:30:00+09:00 or 2026-05-14"


def _not_a_day(word: str) -> str:
    if _looks_like_a_date(word):
        return f"'{word}' is not in the calendar"
    return f"'{word}' is not a date; write 2026-05-14"


def _looks_like_a_date(word: str) -> bool:
    return bool(pl.Series([word]).str.contains(_MOMENT)[0])


def _not_an_amount(word: str) -> str:
    return f"'{word}' is not an amount; write major units with a decimal point, as 1296 or 12.96"


def _not_an_integer(word: str) -> str:
    return f"'{word}' is not a whole number"


def _not_a_number(word: str) -> str:
    return f"'{word}' is not a number"


def _not_a_truth(word: str) -> str:
    return f"'{word}' is neither true nor false"


def _not_a_list(word: str) -> str:
    return f'\'{word}\' is not a list of words; write a|b or ["a","b"]'


def _not_a_structure(word: str) -> str:
    return f"'{word}' is not the JSON expected here"
