"""The rows of a source as rows of our tables, values still as the source wrote them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import polars as pl

from retrieval import columns as kinds
from retrieval.errors import InputError, nearest
from retrieval.importing.mapping import NOUN_OF, Layout, Lookup, Mapping, Rule, Skip, Source, TableRule, needed
from retrieval.importing.parsing import missing, numbers, text_of
from retrieval.importing.report import LINE
from retrieval.importing.sources import Sheet

NESTED: dict[str, tuple[str, ...]] = {
    "owner": ("id", "name", "since", "previous"),
    "objection": ("scope", "at"),
    "registration": ("benefit", "required_within_days"),
}
"""Objects of the customer record that are flattened with an underscore."""

ITEM_FIELDS = ("sku", "qty", "unit_price", "line")
"""What an order's nested ``items`` may hold."""

Beside = Callable[[str], pl.DataFrame]
"""The rows of another file, found by name beside the one being read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Rows meant for one table.

    ``frame`` has our column names, raw values and LINE; ``labels`` says what the source calls them; ``layouts``,
    ``moneys`` and ``quantities`` how dates are written, what amounts are in and what line totals are divided by;
    ``rule`` is the mapping's, with ``order`` the raw column of its ``order_by``.
    """

    table: str
    frame: pl.DataFrame
    labels: dict[str, str]
    layouts: dict[str, Layout] = field(default_factory=dict)
    moneys: dict[str, str] = field(default_factory=dict)
    quantities: dict[str, pl.Series] = field(default_factory=dict)
    rule: TableRule | None = None
    order: pl.Series | None = None


def canonical(sheet: Sheet, table: str, source: Source | None = None) -> list[Draft]:
    """A file whose columns are ours; orders may bring their ``items``.  An unknown column is an error."""
    frame = sheet.frame
    if source is not None:
        _present(sheet, [*source.rename, *source.ignore])
        frame = frame.rename(source.rename).drop(source.ignore)
    frame = _flattened(sheet, frame)
    known = {column.name for column in kinds.columns(NOUN_OF[table])}
    labels = {name.replace(".", "_"): name for name in frame.columns if name != LINE}
    for name, label in labels.items():
        if name not in known and not (table == "orders" and name == "items"):
            raise InputError(f"unknown column '{label}'{nearest(name, known)}", file=sheet.path, line=1)
    if len(labels) < frame.width - 1:
        raise InputError("two columns mean the same once dots are read as underscores", file=sheet.path, line=1)
    for column in kinds.columns(NOUN_OF[table]):
        if column.name in needed(table) and column.name not in labels:
            raise InputError(f"the column '{column.name}' is missing", file=sheet.path, line=1)
    frame = frame.rename({label: name for name, label in labels.items()})
    if "items" not in labels or table != "orders":
        return [Draft(table=table, frame=frame, labels=labels)]
    items = _items(sheet, frame)
    orders = Draft(
        table=table,
        frame=frame.drop("items"),
        labels={name: label for name, label in labels.items() if name != "items"},
    )
    return [orders, Draft(table="order_items", frame=items, labels={name: f"items.{name}" for name in ITEM_FIELDS})]


def _present(sheet: Sheet, names: Sequence[str]) -> None:
    there = [name for name in sheet.frame.columns if name != LINE]
    for name in names:
        if name not in there:
            raise InputError(
                f"the mapping reads a column '{name}' that the file does not have{nearest(name, there)}",
                file=sheet.path,
                line=1,
            )


def _flattened(sheet: Sheet, frame: pl.DataFrame) -> pl.DataFrame:
    """Nested objects as columns ``owner.id``."""
    for name, fields in NESTED.items():
        if name not in frame.columns:
            continue
        texts = text_of(frame[name]).to_list()
        parts = [
            None if text is None else _object(sheet, name, text, line)
            for text, line in zip(texts, frame[LINE], strict=True)
        ]
        for line, part in zip(frame[LINE], parts, strict=True):
            for key in part or ():
                if key not in fields:
                    raise InputError(f"unknown key '{name}.{key}'{nearest(key, fields)}", file=sheet.path, line=line)
        frame = frame.drop(name).with_columns(
            pl.Series(
                f"{name}.{key}", [None if part is None else _said(part.get(key)) for part in parts], dtype=pl.String
            )
            for key in fields
        )
    return frame


def _object(sheet: Sheet, name: str, text: str, line: int) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise InputError(f"'{text[:40]}' is not an object", file=sheet.path, line=line, key=name)
    return found


def _said(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _items(sheet: Sheet, orders: pl.DataFrame) -> pl.DataFrame:
    """The nested items of orders, one row each, numbered within their order."""
    outer = [name for name in ("id", "customer_id") if name in orders.columns]
    texts = text_of(orders["items"])
    fields = pl.List(pl.Struct(dict.fromkeys(ITEM_FIELDS, pl.String)))
    for text, line in zip(texts, orders[LINE], strict=True):
        _known_fields(sheet, text, line)
    return (
        orders.select(*outer, LINE, texts.str.json_decode(fields).alias("items"))
        .explode("items")
        .filter(pl.col("items").is_not_null())
        .unnest("items")
        .with_columns(pl.col("line").fill_null(pl.int_range(1, pl.len() + 1).over(LINE).cast(pl.String)))
        .rename({"id": "order_id"} if "id" in outer else {})
    )


def _known_fields(sheet: Sheet, text: str | None, line: int) -> None:
    if text is None:
        return
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise InputError("items must be a list of objects", file=sheet.path, line=line, key="items")
    for item in found:
        for key in item:
            if key not in ITEM_FIELDS:
                raise InputError(f"unknown key 'items.{key}'{nearest(key, ITEM_FIELDS)}", file=sheet.path, line=line)


def mapped(sheet: Sheet, source: Source, mapping: Mapping, beside: Beside) -> tuple[list[Draft], dict[str, int]]:
    """A shop's file through its mapping, and the rows left out on purpose by reason."""
    skips = [skip.column for skip in source.skip if skip.column is not None]
    rules = [
        rule
        for table in source.tables.values()
        for rule in (*table.columns.values(), table.order_by)
        if rule is not None
    ]
    renamed = Sheet(sheet.path, sheet.name, sheet.frame.rename(source.rename), sheet.read)
    _present(renamed, [*skips, *(name for rule in rules for name in rule.sources())])
    frame = renamed.frame
    skipped: dict[str, int] = {}
    for skip in source.skip:
        out = _skipped(frame, skip, beside)
        skipped[skip.reason] = skipped.get(skip.reason, 0) + int(out.sum())
        frame = frame.filter(~out)
    drafts = [_draft(frame, name, table, mapping, beside) for name, table in source.tables.items()]
    return drafts, {reason: count for reason, count in skipped.items() if count}


def _skipped(frame: pl.DataFrame, skip: Skip, beside: Beside) -> pl.Series:
    raw = frame[skip.column] if skip.column is not None else _looked_up(frame, skip.lookup, beside)  # type: ignore[arg-type]
    return missing(raw) if skip.empty else text_of(raw).is_in(skip.values).fill_null(False)


def _draft(frame: pl.DataFrame, name: str, table: TableRule, mapping: Mapping, beside: Beside) -> Draft:
    columns = dict(table.columns)
    known = {column.name for column in kinds.columns(NOUN_OF[name])}
    if "shop" in known and "shop" not in columns:
        columns["shop"] = Rule(constant=mapping.shop)
    if "currency" in known and "currency" not in columns and mapping.currency is not None:
        columns["currency"] = Rule(constant=mapping.currency)
    shaped = frame.select(LINE, *(_values(frame, rule, beside).alias(target) for target, rule in columns.items()))
    return Draft(
        table=name,
        frame=shaped,
        labels={target: ", ".join(rule.sources()) or target for target, rule in columns.items()},
        layouts={target: rule.parse for target, rule in columns.items() if rule.parse is not None},
        moneys={target: rule.money for target, rule in columns.items() if rule.money is not None},
        quantities={target: numbers(frame[rule.per]) for target, rule in columns.items() if rule.per is not None},
        rule=table,
        order=None if table.order_by is None else _values(frame, table.order_by, beside),
    )


def _values(frame: pl.DataFrame, rule: Rule, beside: Beside) -> pl.Series:
    """The raw values of one column of ours."""
    raw = _origin(frame, rule, beside)
    if rule.starts is not None:
        text, chosen = text_of(raw), pl.lit(None, dtype=pl.String)
        for start, word in reversed(rule.starts.items()):
            chosen = pl.when(text.str.starts_with(start)).then(pl.lit(word)).otherwise(chosen)
        raw = pl.select(chosen).to_series()
    if rule.map is not None:
        # An unmapped word stays as it is, so that it is refused with its own name unless a default stands in for it.
        text = text_of(raw)
        raw = text.replace_strict(
            list(rule.map),
            list(rule.map.values()),
            default=None if rule.default is not None else text,
            return_dtype=pl.String,
        )
    if rule.prefix is not None:
        raw = rule.prefix + text_of(raw)
    if rule.default is not None:
        nothing = missing(raw)
        if nothing.any():
            default = (
                rule.default if raw.dtype.is_numeric() and not isinstance(rule.default, str) else _said(rule.default)
            )
            raw = pl.select(
                pl.when(nothing).then(pl.lit(default)).otherwise(raw if raw.dtype.is_numeric() else text_of(raw))
            ).to_series()
    if rule.where is not None:
        raw = pl.select(
            pl.when(text_of(frame[rule.where.column]).str.starts_with(rule.where.starts)).then(raw)
        ).to_series()
    return raw


def _origin(frame: pl.DataFrame, rule: Rule, beside: Beside) -> pl.Series:
    if isinstance(rule.column, str):
        return frame[rule.column]
    if rule.column is not None:
        return frame.select(pl.coalesce([text_of(frame[name]) for name in rule.column])).to_series()
    if rule.join is not None:
        return frame.select(
            pl.concat_str([text_of(frame[name]) for name in rule.join], separator=rule.separator)
        ).to_series()
    if rule.lookup is not None:
        return _looked_up(frame, rule.lookup, beside)
    if rule.words is not None:
        facts = [pl.lit(f"{key}:") + text_of(frame[name]) for key, name in rule.words.items()]
        return frame.select(pl.concat_list(facts).list.drop_nulls()).to_series()
    if rule.structure is not None:
        keys = list(rule.structure)
        rows = zip(*(text_of(frame[name]).to_list() for name in rule.structure.values()), strict=True)
        said = [
            orjson.dumps({key: value for key, value in zip(keys, row, strict=True) if value is not None}).decode()
            for row in rows
        ]
        return pl.Series(said, dtype=pl.String)
    return pl.Series([_said(rule.constant)], dtype=pl.String).new_from_index(0, frame.height)


def _looked_up(frame: pl.DataFrame, lookup: Lookup, beside: Beside) -> pl.Series:
    other = beside(lookup.file)
    there = [name for name in other.columns if name != LINE]
    for name in (lookup.on, lookup.column):
        if name not in there:
            raise InputError(
                f"the mapping reads a column '{name}' that the file does not have{nearest(name, there)}",
                file=lookup.file,
                line=1,
            )
    pairs = pl.DataFrame({"on": text_of(other[lookup.on]), "value": other[lookup.column]}).unique("on", keep="first")
    return pl.DataFrame({"on": text_of(frame[lookup.by or lookup.on])}).join(
        pairs, on="on", how="left", maintain_order="left"
    )["value"]
