"""Values of the right type in the right columns, each row once and each reference met; the rest is quarantined."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import polars as pl

from retrieval import columns as kinds
from retrieval.columns import Column
from retrieval.customer import MINOR_DIGITS, Customer, Offer, Product
from retrieval.frames import DTYPES
from retrieval.importing.mapping import NOUN_OF, TableRule, needed
from retrieval.importing.parsing import Reason, formatted, formatted_days, missing, parse, text_of, time_zones
from retrieval.importing.report import BATCH, FILE, LINE, Problems
from retrieval.importing.shaping import Draft

MOMENT: Map[str, str] = {
    "consents": "at", "orders": "at", "events": "at", "tickets": "opened", "interactions": "at", "contacts": "at",
    "outcomes": "at",
}  # fmt: skip
"""The column that says when a row happened; a row of the future is not history."""

_ORDER = "__order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a value needs beyond itself: ``zones`` (customer_id, timezone) and ``currencies`` (sku, currency)."""

    now: datetime
    zone: str
    currency: str
    zones: pl.DataFrame
    currencies: pl.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Rows of one draft with typed values; ``file`` is the source they come from, ``rule`` how they are grouped."""

    table: str
    file: int
    frame: pl.DataFrame
    labels: dict[str, str]
    rule: TableRule | None

    @property
    def derived(self) -> bool:
        """Whether the rows are gathered from lines that are about something else."""
        return self.rule is not None and bool(self.rule.per)


def typed(draft: Draft, file: int, name: str, around: Surroundings, problems: Problems) -> tuple[Typed, set[int]]:
    """The draft with its values read, and the lines that hold one that means nothing."""
    known = {column.name: column for column in kinds.columns(NOUN_OF[draft.table])}
    own_zones = _zones(draft, around)
    series: dict[str, pl.Series] = {}
    bad: set[int] = set()

    def wrong(target: str, mask: pl.Series, reason: Any) -> None:
        if not mask.any():
            return
        rows = draft.frame.filter(mask)
        problems.wrong(
            file=name, table=draft.table, column=draft.labels.get(target, target), lines=rows[LINE], reason=reason,
            values=text_of(rows[target]) if target in rows.columns else None,
        )  # fmt: skip
        bad.update(rows[LINE].to_list())

    # Amounts come last: they need the currency beside them.
    for target, column in sorted(known.items(), key=lambda pair: pair[1].kind == kinds.MONEY):
        if target not in draft.frame.columns:
            continue
        raw = draft.frame[target]
        values, reason = _read(draft, column, raw, around=around, own=own_zones, series=series)
        nothing = missing(raw)
        if values.null_count() > int(nothing.sum()):
            wrong(target, values.is_null() & ~nothing, reason)
        if target in _first_needed(draft) and nothing.any():
            wrong(target, nothing, _missing(target))
        series[target] = values.alias(target)
    moment = MOMENT.get(draft.table)
    if moment in series:
        future = (series[moment] > around.now.astimezone(UTC)).fill_null(False)
        wrong(
            moment,
            future,
            lambda word: f"'{word}' is in the future: it is now {around.now.isoformat(timespec='seconds')}",
        )
    frame = pl.DataFrame([draft.frame[LINE], *series.values()])
    if draft.order is not None:
        frame = frame.with_columns(draft.order.alias(_ORDER))
    return Typed(table=draft.table, file=file, frame=frame, labels=draft.labels, rule=draft.rule), bad


def _missing(name: str) -> Reason:
    return lambda _: f"{name} is missing"


def _first_needed(draft: Draft) -> set[str]:
    """Columns that every row of the source must fill: all that the table needs, or of a group its key."""
    if draft.rule is not None and draft.rule.per:
        return set(draft.rule.per)
    return set(needed(draft.table))


def _zones(draft: Draft, around: Surroundings) -> pl.Series | None:
    """Per row the zone in which a bare date of the customer begins; None where it is the same for all."""
    if draft.table == Customer.TABLE:
        return text_of(draft.frame["timezone"]) if "timezone" in draft.frame.columns else None
    if "customer_id" not in draft.frame.columns or around.zones.is_empty():
        return None
    return draft.frame.select(text_of(draft.frame["customer_id"]).alias("customer_id")).join(
        around.zones, on="customer_id", how="left", maintain_order="left"
    )["timezone"]


def _read(
    draft: Draft,
    column: Column,
    raw: pl.Series,
    *,
    around: Surroundings,
    own: pl.Series | None,
    series: Map[str, pl.Series],
) -> tuple[pl.Series, Any]:
    layout = draft.layouts.get(column.name)
    if layout is not None and column.kind in (kinds.INSTANT, kinds.DAY):
        _, reason = parse(column, raw.head(0), zone=around.zone)
        if layout.format is None:
            return parse(column, raw, zone=layout.zone or around.zone)
        if column.kind == kinds.DAY:
            return formatted_days(raw, layout.format), lambda word: f"'{word}' is not a date written as {layout.format}"
        values = formatted(raw, layout.format, layout.zone or around.zone)
        return values, lambda word: f"'{word}' is not a time written as {layout.format}"
    if column.kind == kinds.MONEY:
        values, reason = parse(column, raw, zone=around.zone, digits=_digits(draft, column, around, series))
        quantity = draft.quantities.get(column.name)
        if quantity is not None:
            pieces = quantity.abs().fill_null(1).clip(lower_bound=1)
            values = (values / pieces + 0.5).floor().cast(pl.Int64)
        return values, reason
    zones = None if own is None or column.kind != kinds.INSTANT else own.set(~own.is_in(_existing(own)), None)
    return parse(column, raw, zone=around.zone, zones=zones)


def _existing(zones: pl.Series) -> list[str]:
    every = set(time_zones())
    return [zone for zone in zones.unique().to_list() if zone in every]


def _digits(draft: Draft, column: Column, around: Surroundings, series: Map[str, pl.Series]) -> int | pl.Series:
    if column.name in draft.moneys:
        return MINOR_DIGITS[draft.moneys[column.name]]
    if draft.table in (Product.TABLE, Offer.TABLE):
        if "currency" not in series:
            return MINOR_DIGITS[cast(str, next(c.default for c in kinds.columns(Product) if c.name == "currency"))]
        return series["currency"].fill_null("JPY").replace_strict(MINOR_DIGITS, default=0, return_dtype=pl.Int64)
    if "sku" not in series or around.currencies.is_empty() or around.currencies["currency"].n_unique() == 1:
        return MINOR_DIGITS[around.currency]
    own = pl.DataFrame({"sku": series["sku"]}).join(around.currencies, on="sku", how="left", maintain_order="left")[
        "currency"
    ]
    return own.fill_null(around.currency).replace_strict(MINOR_DIGITS, default=0, return_dtype=pl.Int64)


def finished(rows: Typed, name: str, problems: Problems) -> tuple[pl.DataFrame, int]:
    """Rows grouped and completed to all columns of the noun, and how many of them lacked something required."""
    noun = NOUN_OF[rows.table]
    frame = rows.frame
    if rows.rule is not None and rows.derived:
        frame = _grouped(frame, rows.rule)
    if rows.table == "order_items":
        frame = _numbered(frame)
    lacking = pl.Series([False] * frame.height, dtype=pl.Boolean)
    made: list[pl.Series] = []
    for column in kinds.columns(noun):
        if column.name not in frame.columns:
            made.append(_constant(column, frame.height))
            values = made[-1]
        else:
            values = frame[column.name].cast(DTYPES[column.kind])
            if column.default is not None and values.null_count():
                values = pl.select(pl.coalesce(values, _constant(column, len(values)))).to_series()
            made.append(values.alias(column.name))
        spared = rows.table == "order_items" and column.name == "customer_id"
        if column.required and values.null_count() and not spared:
            problems.wrong(
                file=name, table=rows.table, column=rows.labels.get(column.name, column.name), values=None,
                lines=frame.filter(values.is_null())[LINE], reason=_missing(column.name),
            )  # fmt: skip
            lacking = lacking | values.is_null()
    whole = (
        pl.DataFrame([*made, frame[LINE]]).with_columns(pl.lit(rows.file, dtype=pl.UInt32).alias(FILE)).filter(~lacking)
    )
    return whole, int(lacking.sum())


def _constant(column: Column, height: int) -> pl.Series:
    default = column.default
    if column.kind == kinds.WORDS:
        return pl.Series(column.name, [list(default)], dtype=pl.List(pl.String)).new_from_index(0, height)
    if column.kind == kinds.STRUCTURE:
        default = "{}" if isinstance(default, dict) else "[]"
    return pl.Series(column.name, [default], dtype=DTYPES[column.kind]).new_from_index(0, height)


def _grouped(frame: pl.DataFrame, rule: TableRule) -> pl.DataFrame:
    """One row per combination of the key; each other column as its ``take`` says, nulls aside."""
    if _ORDER in frame.columns:
        frame = frame.sort(_ORDER, maintain_order=True, nulls_last=False)
    taken = {name: rule.columns[name].take if name in rule.columns else "first" for name in frame.columns}
    result = frame.group_by(rule.per, maintain_order=True).agg(
        pl.col(LINE).min(),
        *(
            _taken(name, take)
            for name, take in taken.items()
            if name not in (*rule.per, LINE, _ORDER) and take != "most"
        ),
    )
    for name, take in taken.items():
        if take == "most":
            counted = (
                frame.drop_nulls(name).group_by([*rule.per, name]).len().sort(["len", name], descending=[True, False])
            )
            result = result.join(
                counted.group_by(rule.per, maintain_order=True).agg(pl.col(name).first()),
                on=rule.per,
                how="left",
                maintain_order="left",
            )
    return result


def _taken(name: str, take: str) -> pl.Expr:
    values = pl.col(name).drop_nulls()
    match take:
        case "last":
            return values.last()
        case "min":
            return values.min()
        case "max":
            return values.max()
        case "median":
            return values.median().round()
        case "single":
            return pl.when(values.n_unique() == 1).then(values.first()).alias(name)
        case _:
            return values.first()


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Lines counted within the order, in the order of the file, where the source does not number them."""
    counted = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("order_id")
    if "line" not in frame.columns:
        return frame.with_columns(counted.alias("line"))
    return frame.with_columns(pl.col("line").fill_null(counted))


def distinct(table: str, frame: pl.DataFrame, names: list[str], problems: Problems) -> tuple[pl.DataFrame, int, int]:
    """Each key once: the frame, the rows that repeat another word for word, and the rows that contradict one."""
    rest = [name for name in frame.columns if name not in (LINE, FILE, BATCH)]
    if "digest" in _key(NOUN_OF[table]):
        kept = frame.unique(rest, keep="first", maintain_order=True)
        return kept, frame.height - kept.height, 0
    key = list(identity(table))
    if not frame.height or frame.select(key).is_unique().all():
        return frame, 0, 0
    numbered = frame.with_row_index("__row")
    kept = numbered.unique(key, keep="first", maintain_order=True)
    different = numbered.unique(rest, keep="first", maintain_order=True)
    first = kept.select(*key, pl.col(LINE).alias("first_line"), pl.col(FILE).alias("first_file"))
    again = different.join(kept, on="__row", how="anti").join(first, on=key, how="left")
    place = pl.concat_str(
        pl.when(pl.col(FILE) == pl.col("first_file")).then(pl.lit("")).otherwise(_named("first_file", names) + " "),
        pl.lit("line "),
        pl.col("first_line"),
    )
    value = pl.concat_str([pl.col(name).cast(pl.String) for name in key], separator=", ")
    problems.add(
        again.select(
            _named(FILE, names).alias("file"), pl.col(LINE).alias("line"), pl.lit(table).alias("table"),
            pl.lit(", ".join(key)).alias("column"), value.alias("value"),
            pl.format("'{}' was already said differently in {}", value, place).alias("reason"),
        )
    )  # fmt: skip
    return kept.drop("__row"), frame.height - different.height, again.height


def _named(column: str, names: list[str]) -> pl.Expr:
    return pl.col(column).replace_strict(list(range(len(names))), names, return_dtype=pl.String)


def _key(noun: type) -> tuple[str, ...]:
    return cast(Any, noun).KEY


def identity(table: str) -> tuple[str, ...]:
    """What makes a row of an import the same row: a consent belongs to its customer, an id stands alone."""
    return ("customer_id", *_key(NOUN_OF[table])) if table == "consents" else _key(NOUN_OF[table])
