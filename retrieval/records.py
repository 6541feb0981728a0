"""One customer as one JSON record (CONTRACTS §2), in and out.

The shape of a record is derived from the nouns; what differs from a table is said here: ``catalog`` for products,
``items`` inside orders, and ``owner``, ``objection`` and ``registration`` as objects.  Amounts are in major units.
``extra`` is allowed in every object and kept where the noun has such a column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Annotated, Any, Literal, cast, get_args
from zoneinfo import ZoneInfo, available_timezones

import orjson
import polars as pl
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    create_model,
)

from retrieval import columns as kinds
from retrieval.columns import Column
from retrieval.customer import (
    MINOR_DIGITS,
    Consent,
    Contact,
    Customer,
    Event,
    Interaction,
    Offer,
    Order,
    OrderItem,
    Product,
    Subscription,
    Ticket,
)  # fmt: skip
from retrieval.errors import InputError, nearest
from retrieval.frames import DEFAULT_ZONE, DTYPES, INSTANT, Frames, schema

LISTS: Mapping[str, type] = {
    "consents": Consent, "subscriptions": Subscription, "orders": Order, "events": Event, "tickets": Ticket,
    "interactions": Interaction, "contacts": Contact, "catalog": Product, "offers": Offer,
}  # fmt: skip
"""Key of the record → noun of its rows."""

NESTED: Mapping[type, Mapping[str, tuple[str, ...]]] = {
    Customer: {"owner": ("id", "name", "since", "previous"), "objection": ("scope", "at")},
    Product: {"registration": ("benefit", "required_within_days")},
}
"""Noun → objects that are flattened with an underscore in its columns."""

_IDENTITY: Mapping[str, tuple[str, ...]] = {
    "consents": ("channel", "purpose", "at"), "subscriptions": ("id",), "orders": ("id",), "tickets": ("id",),
    "catalog": ("sku",), "offers": ("id",),
}  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LAST_YEAR = 9999
_LARGEST_MINOR = 9_000_000_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record read: ``frames`` maps table name → frame of the noun, ready for :func:`retrieval.frames.known_at`."""

    now: datetime
    customer_id: str
    sender: Mapping[str, Any]
    frames: Mapping[str, pl.DataFrame]


def parse(text: str | bytes | Mapping[str, Any], *, file: object = None, line: int | None = None) -> Record:
    """Read a record.

    A date where a time is expected is the start of that day in the customer's zone (Asia/Tokyo when unknown); a time
    where a date is expected is the calendar day there.  Raises :class:`~retrieval.errors.InputError` with ``file``,
    ``line`` and the path of the key.
    """
    try:
        text = orjson.loads(text if isinstance(text, str | bytes) else orjson.dumps(text))
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise InputError(f"not JSON: {error}", file=file, line=line) from None
    if not isinstance(text, Mapping):
        raise InputError("a record is one JSON object", file=file, line=line)
    try:
        read: Any = _shape().model_validate(text)
    except ValidationError as error:
        raise _explained(error, file, line) from None
    try:
        return _Reader(read, file, line).record()
    except OverflowError:
        raise InputError("a date lies outside the calendar", file=file, line=line) from None


class _Reader:
    """A validated record on its way into frames."""

    def __init__(self, read: Any, file: object, line: int | None) -> None:
        self.read, self.file, self.line = read, file, line
        self.zone = ZoneInfo(read.customer.timezone or DEFAULT_ZONE)
        self.currencies = {product.sku: product.currency or "JPY" for product in read.catalog or ()}
        self.currency = _usual(self.currencies.values())

    def record(self) -> Record:
        customer = self.read.customer
        frames = dict(_nothing())
        frames["customers"] = self.frame(Customer, [customer])
        for key, noun in LISTS.items():
            rows = getattr(self.read, key) or []
            if rows:
                self.once(rows, key, _IDENTITY.get(key, ()))
                frames[noun.TABLE] = self.frame(noun, rows, customer_id=[customer.id] * len(rows))  # type: ignore[attr-defined]
        items = [(order.id, item) for order in self.read.orders or () for item in order.items or ()]
        if items:
            frames["order_items"] = self.frame(
                OrderItem, [item for _, item in items],
                customer_id=[customer.id] * len(items), order_id=[order for order, _ in items], line=self.lines(),
            )  # fmt: skip
        sender = {} if self.read.sender is None else self.read.sender.model_dump(exclude_none=True)
        return Record(now=self.read.now, customer_id=customer.id, sender=sender, frames=frames)

    def frame(self, noun: type, rows: list[Any], **known: list[Any]) -> pl.DataFrame:
        """The rows of one list; ``known`` are columns that do not stand in the rows themselves."""
        given = set().union(*(row.model_fields_set for row in rows))
        made = []
        for place in _places(noun):
            column = place.column
            if column.name in known:
                made.append(_series(column, known[column.name]))
            elif given.isdisjoint(place.keys):
                made.append(place.nothing.new_from_index(0, len(rows)))
            else:
                made.append(_series(column, [self.value(column, _of(row, place), row) for row in rows]))
        return pl.DataFrame(made)

    def lines(self) -> list[int]:
        """The line of every item: its own, or its place within the order."""
        lines: list[int] = []
        for number, order in enumerate(self.read.orders or ()):
            own = [item.line or place for place, item in enumerate(order.items or (), 1)]
            if len(set(own)) < len(own):
                raise InputError(
                    "two items have the same line", file=self.file, line=self.line, key=f"orders[{number}].items"
                )
            lines += own
        return lines

    def value(self, column: Column, value: Any, row: Any) -> Any:
        """What the frame holds for a validated value."""
        if value is None or (column.name == "registered" and isinstance(value, list)):
            return _default(column)
        match column.kind:
            case kinds.INSTANT:
                moment = value if isinstance(value, datetime) else datetime.combine(value, time(), self.zone)
                return (moment - _EPOCH) // timedelta(microseconds=1)
            case kinds.DAY:
                return value.astimezone(self.zone).date() if isinstance(value, datetime) else value
            case kinds.MONEY:
                sku = getattr(row, "sku", None)
                return _minor(value, self.currencies.get(sku, self.currency))
            case kinds.STRUCTURE:
                return _json(value)
            case _:
                return value

    def once(self, rows: list[Any], key: str, identity: tuple[str, ...]) -> None:
        seen = set()
        for number, row in enumerate(rows) if identity else ():
            name = tuple(getattr(row, part) for part in identity)
            if name in seen:
                said = ", ".join(str(part) for part in name)
                raise InputError(
                    f"'{said}' is there twice", file=self.file, line=self.line, key=f"{key}[{number}].{identity[0]}"
                )
            seen.add(name)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a column stands in a record: its ``keys``, the object it is nested in, and the series of one default."""

    column: Column
    keys: frozenset[str]
    outer: str | None
    nothing: pl.Series


@cache
def _places(noun: type) -> tuple[_Place, ...]:
    outers = NESTED.get(noun, {})
    places = []
    for column in kinds.columns(noun):
        outer = next((name for name in outers if column.name.startswith(f"{name}_")), None)
        keys = {"registered", column.name} if column.name == "registered_skus" else {outer or column.name}
        default = None if column.required else _default(column)
        places.append(_Place(column, frozenset(keys), outer, _series(column, [default])))
    return tuple(places)


def _of(row: Any, place: _Place) -> Any:
    """The value of a column in a row of the record: its own, or inside the object it is nested in."""
    name = place.column.name
    if place.outer is not None:
        inner = getattr(row, place.outer)
        return None if inner is None else getattr(inner, name.removeprefix(f"{place.outer}_"))
    if name == "registered_skus":
        return row.registered if isinstance(row.registered, list) else row.registered_skus
    return getattr(row, name)


def _series(column: Column, values: list[Any]) -> pl.Series:
    if column.kind == kinds.INSTANT:
        return pl.Series(column.name, values, dtype=pl.Int64).cast(INSTANT)
    return pl.Series(column.name, values, dtype=DTYPES[column.kind])


def _default(column: Column) -> Any:
    if column.kind == kinds.WORDS:
        return list(column.default)
    return _json(column.default) if column.kind == kinds.STRUCTURE else column.default


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _minor(value: float, currency: str) -> int:
    amount = Decimal(str(value)).scaleb(MINOR_DIGITS[currency])
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _usual(currencies: Iterable[str]) -> str:
    """The currency that most products are in; it stands in where an amount names no product."""
    listed = sorted(currencies)
    return max(dict.fromkeys(listed), key=listed.count, default="JPY")


@cache
def _nothing() -> Mapping[str, pl.DataFrame]:
    nouns = (Customer, OrderItem, *LISTS.values())
    return {noun.TABLE: pl.DataFrame(schema=schema(noun)) for noun in nouns}  # type: ignore[attr-defined]


# The shape of a record, as pydantic models made from the nouns.


def _moment(value: Any) -> Any:
    """A time with offset, or a date; the zone that a date needs is known only once the customer is read."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if _DATE.fullmatch(value) else datetime.fromisoformat(value)
        except ValueError:
            said = "in the calendar" if _DATE.match(value) else "a time; write 2026-05-14T10:30:00+09:00 or 2026-05-14"
            raise ValueError(f"'{value}' is not {said}") from None
    if isinstance(value, datetime) and value.tzinfo is None:
        raise ValueError(f"'{value.isoformat()}' has no offset; write {value.isoformat()}+09:00")
    if not isinstance(value, date):
        raise ValueError(f"{_shown(value)} is not a time; write 2026-05-14T10:30:00+09:00 or 2026-05-14")
    if value.year < 1900:
        raise ValueError(f"'{value.isoformat()}' is before 1900")
    return value


def _instant(value: Any) -> Any:
    if not isinstance(value := _moment(value), datetime):
        raise ValueError(f"'{value.isoformat()}' has no time; write {value.isoformat()}T10:30:00+09:00")
    if value.year == _LAST_YEAR:
        raise ValueError(f"'{value.isoformat()}' is no time to decide at")
    return value


def _integer(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise ValueError(f"{_shown(value)} is not a whole number")
    return value


def _zone(value: Any) -> Any:
    if isinstance(value, str):
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            raise ValueError(f"unknown time zone '{value}'{nearest(value, available_timezones())}") from None
    return value


def _currency(value: Any) -> Any:
    if isinstance(value, str) and value not in MINOR_DIGITS:
        raise ValueError(f"unknown currency '{value}'{nearest(value, MINOR_DIGITS)}")
    return value


def _amount(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{_shown(value)} is not an amount; write a number in major units, as 1296 or 12.96")
    if not abs(value) < _LARGEST_MINOR // 100:
        raise ValueError(f"{_shown(value)} is too large for an amount")
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{_shown(value)} is not a number")
    return float(value)


def _registered(value: Any) -> Any:
    """The day of registration, or the products registered."""
    if isinstance(value, list) and all(isinstance(sku, str) for sku in value):
        return value
    try:
        return _moment(value)
    except ValueError:
        raise ValueError(f"{_shown(value)} is neither a date nor a list of SKUs") from None


def _shown(value: Any) -> str:
    text = orjson.dumps(value, default=str).decode()
    return f"'{value}'" if isinstance(value, str) else text if len(text) <= 60 else f"{text[:57]}…"


Moment = Annotated[Any, BeforeValidator(_moment)]
_TYPES: Mapping[str, Any] = {
    kinds.INSTANT: Moment, kinds.DAY: Moment, kinds.MONEY: Annotated[Any, BeforeValidator(_amount)],
    kinds.INTEGER: Annotated[Any, BeforeValidator(_integer)],
    kinds.NUMBER: Annotated[Any, BeforeValidator(_number)], kinds.TRUTH: StrictBool,
    kinds.TEXT: StrictStr,
    kinds.WORDS: list[StrictStr],
}  # fmt: skip


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Sender(_Closed):
    """Who writes: the ``sender`` fields of the policy facts, and what a message needs to sign and link."""

    brand: StrictStr | None = None
    signer: StrictStr | None = None
    role: StrictStr | None = None
    legal_name: StrictStr | None = None
    brand_name: StrictStr | None = None
    postal_address: StrictStr | None = None
    complaint_contact: StrictStr | None = None
    optout_url: StrictStr | None = None
    optout_email: StrictStr | None = None
    reply_email: StrictStr | None = None
    license_numbers: StrictStr | list[StrictStr] | None = None
    site_url: StrictStr | None = None
    country: StrictStr | None = None
    privacy_notice_purposes: list[StrictStr] | None = None
    phone: StrictStr | None = None
    links: dict[str, StrictStr] | None = None
    reply_days: StrictInt | None = None
    extra: dict[str, Any] | None = None


def _type_of(column: Column) -> Any:
    if column.words:
        return Literal[column.words]
    if column.name == "timezone":
        return Annotated[StrictStr, BeforeValidator(_zone)]
    if column.name == "currency":
        return Annotated[StrictStr, BeforeValidator(_currency)]
    if column.kind == kinds.STRUCTURE:
        return dict[str, Any] if isinstance(column.default, dict) else list[dict[str, Any]]
    return _TYPES[column.kind]


@cache
def _model(noun: type) -> type[BaseModel]:
    """The object of a record that a noun's row is."""
    nested = NESTED.get(noun, {})
    inner = {f"{outer}_{name}": (outer, name) for outer, names in nested.items() for name in names}
    fields: dict[str, Any] = {"extra": (dict[str, Any] | None, None)}
    objects: dict[str, dict[str, Any]] = {outer: {"extra": (dict[str, Any] | None, None)} for outer in nested}
    for column in kinds.columns(noun):
        if column.name in inner:
            outer, name = inner[column.name]
            objects[outer][name] = (_type_of(column) | None, None)
        elif column.name == "line" or not column.required:
            fields[column.name] = (_type_of(column) | None, None)
        elif column.name not in ("customer_id", "order_id"):
            fields[column.name] = (_type_of(column), ...)
    for outer, names in objects.items():
        fields[outer] = (create_model(f"{noun.__name__}_{outer}", __base__=_Closed, **names) | None, None)
    if noun is Customer:
        fields["registered"] = (Annotated[Any, BeforeValidator(_registered)] | None, None)
    if noun is Order:
        fields["items"] = (list[_model(OrderItem)] | None, None)  # type: ignore[misc]
    return create_model(noun.__name__, __base__=_Closed, **fields)


@cache
def _shape() -> type[BaseModel]:
    fields: dict[str, Any] = {
        "now": (Annotated[Any, BeforeValidator(_instant)], ...),
        "sender": (_Sender | None, None),
        "customer": (_model(Customer), ...),
        "extra": (dict[str, Any] | None, None),
    }
    fields |= {key: (list[_model(noun)] | None, None) for key, noun in LISTS.items()}  # type: ignore[misc]
    return create_model("Record", __base__=_Closed, **fields)


_EXPECTED: Mapping[str, str] = {
    "string_type": "text", "int_type": "a whole number", "bool_type": "true or false",
    "list_type": "a list", "dict_type": "an object", "model_type": "an object", "model_attributes_type": "an object",
}  # fmt: skip


def _explained(error: ValidationError, file: object, line: int | None) -> InputError:
    """The first complaint in one sentence with the path of its key."""
    errors = error.errors(include_url=False)
    # A misspelt key is also a missing one; the spelling is the better news.
    first = next((found for found in errors if found["type"] == "extra_forbidden"), errors[0])
    path, model = _walked(first["loc"])
    name = str(path[-1]) if path else ""
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    match first["type"]:
        case "extra_forbidden":
            message = f"unknown key '{name}'{nearest(name, model.model_fields)}"
        case "missing":
            message = f"'{name}' is missing"
        case "literal_error":
            words = re.findall(r"'([^']*)'", first["ctx"]["expected"])
            message = f"unknown {name.replace('_', ' ')} {_shown(first['input'])}{nearest(str(first['input']), words)}"
        case "value_error":
            message = first["msg"].removeprefix("Value error, ")
        case kind if kind in _EXPECTED:
            message = f"{_shown(first['input'])} is not {_EXPECTED[kind]}"
        case _:
            message = first["msg"][0].lower() + first["msg"][1:]
    return InputError(message, file=file, line=line, key=key)


def _walked(place: tuple[int | str, ...]) -> tuple[list[int | str], type[BaseModel]]:
    """The keys of an error's place without the names of alternatives that pydantic adds, and the innermost object."""
    path: list[int | str] = []
    model: type[BaseModel] = _shape()
    for number, part in enumerate(place):
        last = number == len(place) - 1
        if isinstance(part, int) or part in model.model_fields or (last and number == len(path)):
            path.append(part)
        if isinstance(part, str) and part in model.model_fields and not last:
            model = _inside(model.model_fields[part].annotation) or model
    return path, model


def _inside(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _inside(part)) is not None), None)


def to_record(frames: Frames, i: int, sender: Mapping[str, Any]) -> dict[str, Any]:
    """The record of customer ``i`` of a partition, as known at its ``as_of``; the catalogue is the whole one.

    ``parse`` of the answer gives the same frames again.
    """
    currencies = dict(frames.products.select("sku", "currency").iter_rows())
    usual = _usual(code or "JPY" for code in currencies.values())

    def rows(noun: type, frame: pl.DataFrame) -> list[dict[str, Any]]:
        columns = [column for column in kinds.columns(noun) if column.name in frame.columns]
        said = []
        for row in frame.iter_rows(named=True):
            currency = currencies.get(row.get("sku"), usual)
            said.append(_said(noun, {column.name: _written(column, row[column.name], currency) for column in columns}))
        return said

    def own(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("i") == i)

    customer = rows(Customer, own(frames.customers))[0]
    items: dict[str, list[dict[str, Any]]] = {}
    for item in rows(OrderItem, own(frames.order_items).sort("order_id", "line")):
        listed = items.setdefault(item.pop("order_id"), [])
        if item["line"] == len(listed) + 1:
            del item["line"]
        listed.append(item)
    record: dict[str, Any] = {"now": frames.as_of.isoformat(), "sender": dict(sender), "customer": customer}
    for key, noun in LISTS.items():
        frame = cast(pl.DataFrame, getattr(frames, noun.TABLE))  # type: ignore[attr-defined]
        record[key] = rows(noun, frame if noun in (Product, Offer) else own(frame))
    for order in record["orders"]:
        order["items"] = items.get(order["id"], [])
    return record


def _written(column: Column, value: Any, currency: str | None) -> Any:
    if value is None:
        return None
    match column.kind:
        case kinds.INSTANT | kinds.DAY:
            return value.isoformat()
        case kinds.MONEY:
            digits = MINOR_DIGITS[currency or "JPY"]
            return value / 10**digits if digits else value
        case kinds.STRUCTURE:
            return orjson.loads(value)
        case _:
            return value


def _said(noun: type, row: dict[str, Any]) -> dict[str, Any]:
    """A row as the record nests it, without what is not known."""
    said = {name: value for name, value in row.items() if value is not None}
    for outer, names in NESTED.get(noun, {}).items():
        inner = {name: said.pop(f"{outer}_{name}") for name in names if f"{outer}_{name}" in said}
        if inner:
            said[outer] = inner
    return said
