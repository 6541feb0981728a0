"""The fact bundle as other programs send it, read once into :class:`~policies.claims.fact.Facts`.

What follows from the bundle is worked out here, never taken from a text: the price after an offer, the amount saved, the
percentage a reduced price comes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.claims.fact import NOBODY, Fact, Facts, History, Moment, number
from retrieval.customer import MINOR_DIGITS
from retrieval.errors import InputError, nearest

Number = int | float | str
Named = str | Mapping[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    extra: Mapping[str, Any] = Field(default_factory=dict)


class _Offer(_Strict):
    id: str | None = None
    type: str
    value: Number | bool | Mapping[str, Any] | None = None
    skus: list[str] | None = None
    code: str | None = None
    starts: str | None = None
    ends: str | None = None
    min_spend: Number | None = None
    max_discount: Number | None = None
    name: str | None = None
    currency: str | None = None
    quantity: int | None = None
    unit: str | None = None
    per: str | None = None


class _Product(_Strict):
    sku: str | None = None
    name: str
    aliases: list[str] = []
    price: Number | None = None
    discounted_price: Number | None = None
    currency: str | None = None
    tax_included: bool | None = None
    tax: str | None = None
    unit: str | None = None
    per: str | None = None
    stock: int | None = None
    category: str | None = None
    url: str | None = None


class _Shipping(_Strict):
    fee: Number | None = None
    free_over: Number | None = None
    currency: str | None = None
    days: Number | None = None


class _Points(_Strict):
    balance: Number | None = None
    expires: str | None = None
    earned: Number | None = None
    rate: Number | None = None
    currency: str | None = None


class _Mention(_Strict):
    event: str | None = None
    sku: str | None = None
    date: str | None = None
    name: str | None = None


class _Bundle(_Strict):
    as_of: str | None = None
    timezone: str | None = None
    locale: str | None = None
    brand: str | Mapping[str, Any] | None = None
    offers: list[_Offer] = []
    products: list[_Product] = []
    catalogue_not_offered: list[Named] = []
    urls: list[Named] | Mapping[str, Any] = []
    contacts: list[Named] | Mapping[str, Any] = []
    shipping: _Shipping | None = None
    points: _Points | None = None
    events: list[Named] = []
    mentionable_history: list[_Mention | str] = []
    never_mention: list[str] = []
    approved_claims: list[Named] = []
    placeholders: list[str] = []
    allowed_text: list[str] = []
    must_mention: list[str] = []
    about_reader: list[str] = []


ABOUT = frozenset(
    "recipient consent suppression registries relationship sender message product offer transport processing".split()
)
"""Blocks of other guards that may travel in the same mapping."""
_ROUNDINGS = (ROUND_DOWN, ROUND_HALF_UP)


def read_bundle(content: Mapping[str, Any], sender: Mapping[str, Any], *, now: date | None = None) -> Facts:
    """The bundle (and what the sender says of themselves) as facts; ``now`` is the day the message arrives.

    Raises InputError naming the key: unknown, of the wrong type, or a date that is none.
    """
    try:
        read = _Bundle.model_validate({key: value for key, value in content.items() if key not in ABOUT})
    except ValidationError as error:
        raise _told(error) from None
    zone = _zone(read.timezone)
    as_of = _moment(read.as_of, zone, "as_of")
    stated = [
        *_of_products(read),
        *_of_offers(read, zone),
        *_of_service(read, zone),
        *_of_events(read, zone),
        *(Fact("url", "link", url) for url in _strings(read.urls)),
        *(Fact("contact", "contact", contact) for contact in _strings(read.contacts)),
        *(Fact("text", "approved", text) for text in _strings(read.approved_claims)),
        *(Fact("text", "allowed", text) for text in read.allowed_text),
        *(Fact("text", "brand", text) for text in _strings([read.brand] if read.brand else [])),
        *(_shaped(text) for text in _strings(sender)),
    ]
    history = [
        History(mention, None, None) if isinstance(mention, str)
        else History(mention.event or "", mention.sku, moment.day if (moment := _moment(mention.date, zone, "mentionable_history")) else None)
        for mention in read.mentionable_history
    ]  # fmt: skip
    stated += [Fact("day", "history", Moment(one.day)) for one in history if one.day]
    return Facts(
        stated=tuple(stated), not_offered=tuple(_strings(read.catalogue_not_offered, ("name", "aliases"))),
        withheld=tuple(read.never_mention), placeholders=frozenset(read.placeholders), history=tuple(history),
        today=now or (as_of.day if as_of else None), zone=zone, locale=read.locale or "", people_known=bool(read.placeholders),
    )  # fmt: skip


def _told(error: ValidationError) -> InputError:
    found = error.errors(include_url=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        places: Mapping[str, type[BaseModel]] = {
            "offers": _Offer,
            "products": _Product,
            "shipping": _Shipping,
            "points": _Points,
            "mentionable_history": _Mention,
        }
        model = places.get(str(first["loc"][0]), _Bundle) if len(first["loc"]) > 1 else _Bundle
        return InputError(f"unknown key{nearest(str(first['loc'][-1]), model.model_fields)}", key=f"facts.{where}")
    return InputError(f"{first['msg']} (is {first['input']!r})", key=f"facts.{where}")


def _strings(content: Any, keys: tuple[str, ...] = ()) -> Iterator[str]:
    """Every string in a value: itself, in its list, or under its keys (all of them, or those named)."""
    if isinstance(content, str):
        if content:
            yield content
    elif isinstance(content, Mapping):
        for key, value in content.items():
            if not keys or key in keys:
                yield from _strings(value)
    elif isinstance(content, Iterable):
        for value in content:
            yield from _strings(value, keys)


def _shaped(text: str) -> Fact:
    """A string of the sender's: a page, an address to write to or ring, or plain words."""
    if "://" in text:
        return Fact("url", "link", text)
    digits = sum(letter.isdigit() for letter in text)
    if "@" in text or (digits >= 9 and digits * 2 > len(text)):
        return Fact("contact", "contact", text)
    return Fact("text", "sender", text)


def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputError(f"unknown time zone '{name}'", key="facts.timezone") from None


def _moment(text: str | None, zone: ZoneInfo | None, key: str) -> Moment | None:
    """A date, or a time on the clock of the bundle's zone."""
    if not text:
        return None
    try:
        if len(text) <= 10:
            return Moment(date.fromisoformat(text))
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is not an ISO 8601 date or time", key=f"facts.{key}") from None
    if at.tzinfo is None:
        return _at(at.date(), at.time(), zone)
    here = at.astimezone(zone) if zone else at
    return Moment(here.date(), here.time(), at)


def _at(day: date, clock: time, zone: ZoneInfo | None) -> Moment:
    return Moment(day, clock, datetime.combine(day, clock, zone) if zone else None)


def _money(value: Number | None, role: str, currency: str | None, **binding: Any) -> Iterator[Fact]:
    if value is not None:
        yield Fact("money", role, number(value), currency or "", **binding)


def _of_products(read: _Bundle) -> Iterator[Fact]:
    for product in read.products:
        skus = frozenset({product.sku or product.name})
        for name in (product.name, *product.aliases):
            yield Fact("product", "product", name, skus=skus)
        basis = {True: "taxed", False: "untaxed", None: ""}[product.tax_included] or {
            "included": "taxed",
            "excluded": "untaxed",
        }.get(product.tax or "", "")
        bound: dict[str, Any] = {"skus": skus, "basis": basis, "per": product.per or product.unit or ""}
        now = product.discounted_price
        yield from _money(product.price, "price" if now is None else "list_price", product.currency, **bound)
        yield from _money(now, "reduced_price", product.currency, **bound)
        if now is not None and product.price is not None and number(product.price) > number(now):
            saved = number(product.price) - number(now)
            yield Fact("money", "saved", saved, product.currency or "", skus=skus)
            if (percent := saved * 100 / number(product.price)) == percent.to_integral_value():
                yield Fact("percent", "off", percent, skus=skus)
        if product.stock is not None:
            yield Fact("count", "stock", Decimal(product.stock), skus=skus)
        if product.url:
            yield Fact("url", "link", product.url)


def _of_offers(read: _Bundle, zone: ZoneInfo | None) -> Iterator[Fact]:
    currencies = {product.currency for product in read.products if product.currency} or {_local(read.locale)}
    home = currencies.pop() if len(currencies) == 1 else ""
    for place, offer in enumerate(read.offers):
        skus = NOBODY if offer.skus is None or set(offer.skus) & {"*", "all", "ALL"} else frozenset(offer.skus)
        bound: dict[str, Any] = {"skus": skus, "offer": offer.id or f"offer {place + 1}"}
        currency = offer.currency or home
        yield from _advantage(offer, currency, bound)
        if offer.code:
            yield Fact("code", "code", offer.code, **bound)
        if offer.name:
            yield Fact("text", "offer", offer.name, **bound)
        for role, text in (("offer_starts", offer.starts), ("offer_ends", offer.ends)):
            if moment := _moment(text, zone, f"offers.{place}.{role[6:]}"):
                yield Fact("day", role, moment, **bound)
                if role == "offer_ends" and moment.at == time(0):
                    yield Fact("day", role, Moment(moment.day - timedelta(days=1)), **bound)
        yield from _money(offer.min_spend, "min_spend", currency, **bound)
        yield from _money(offer.max_discount, "max_discount", currency, **bound)
        if offer.quantity is not None:
            yield Fact("count", "stock", Decimal(offer.quantity), **bound)
        if (
            offer.type in ("percent_off", "amount_off")
            and isinstance(offer.value, Number)
            and not isinstance(offer.value, bool)
        ):
            yield from _after(read, offer, skus, bound)


def _local(locale: str | None) -> str:
    """The currency of a locale, for amounts that name none."""
    return {"ja": "JPY", "en-US": "USD", "en-GB": "GBP"}.get(
        locale or "", "JPY" if (locale or "").startswith("ja") else ""
    )


_KINDS: Mapping[str, tuple[str, str]] = {
    "percent_off": ("percent", "off"), "up_to_percent_off": ("percent", "off_up_to"), "percent_off_up_to": ("percent", "off_up_to"),
    "amount_off": ("money", "amount_off"), "cashback": ("money", "cashback"), "cashback_percent": ("percent", "back"), "points_percent": ("percent", "back"),
    "points_back": ("percent", "back"), "points_rate": ("percent", "back"), "percent_more": ("percent", "more"),
    "points_multiplier": ("multiple", "points"), "points": ("points", "granted"), "points_bonus": ("points", "granted"), "bonus_points": ("points", "granted"),
    "free_trial": ("days", "trial"), "trial_days": ("days", "trial"), "fixed_price": ("money", "reduced_price"),
}  # fmt: skip


def _advantage(offer: _Offer, currency: str, bound: Mapping[str, Any]) -> Iterator[Fact]:
    """What the offer gives, by its type; a type we do not know grounds nothing but its name, code and dates."""
    value = offer.value
    if isinstance(value, str) and not value.replace(".", "", 1).isdigit():
        yield Fact("text", "gift", value, **bound)
    elif offer.type in _KINDS and isinstance(value, Number) and not isinstance(value, bool):
        kind, role = _KINDS[offer.type]
        yield Fact(kind, role, number(value), currency if kind == "money" else "", **bound)  # type: ignore[arg-type]
    if "free_shipping" in offer.type or offer.type == "free_delivery":
        yield Fact("free", "shipping", number(offer.min_spend or 0), currency, **bound)
    elif any(word in offer.type for word in ("gift", "free", "sample", "bogo", "trial", "get_")):
        yield Fact(
            "free",
            "bogo" if "bogo" in offer.type or "get_" in offer.type else "gift",
            number(offer.min_spend or 0),
            currency,
            **bound,
        )


def _after(read: _Bundle, offer: _Offer, skus: frozenset[str], bound: Mapping[str, Any]) -> Iterator[Fact]:
    """The price and the saving that the offer makes on each product it covers, capped by ``max_discount``."""
    for product in read.products:
        sku = product.sku or product.name
        if product.price is None or product.discounted_price is not None or (skus and sku not in skus):
            continue
        price, worth = number(product.price), number(offer.value)
        saved = price * worth / 100 if offer.type == "percent_off" else worth
        if offer.max_discount is not None:
            saved = min(saved, number(offer.max_discount))
        least = Decimal(1).scaleb(-MINOR_DIGITS.get(product.currency or offer.currency or "", 2))
        here = {**bound, "skus": frozenset({sku}), "basis": "taxed" if product.tax_included else ""}
        for way in _ROUNDINGS:
            yield Fact("money", "reduced_price", (price - saved).quantize(least, way), product.currency or "", **here)
            yield Fact("money", "saved", saved.quantize(least, way), product.currency or "", **here)


def _of_service(read: _Bundle, zone: ZoneInfo | None) -> Iterator[Fact]:
    if (ship := read.shipping) is not None:
        home = ship.currency or next((product.currency for product in read.products if product.currency), None)
        yield from _money(ship.fee, "shipping_fee", home)
        yield from _money(ship.free_over, "free_over", home)
        if ship.free_over is not None or (ship.fee is not None and number(ship.fee) == 0):
            yield Fact("free", "shipping", number(ship.free_over or 0), home or "")
        if ship.days is not None:
            yield Fact("days", "shipping", number(ship.days))
    if (points := read.points) is not None:
        for role, value in (("balance", points.balance), ("granted", points.earned)):
            if value is not None:
                yield Fact("points", role, number(value))
        if points.rate is not None:
            yield Fact("percent", "back", number(points.rate))
        if moment := _moment(points.expires, zone, "points.expires"):
            yield Fact("day", "points_expires", moment)


def _of_events(read: _Bundle, zone: ZoneInfo | None) -> Iterator[Fact]:
    """An event's strings are words that may be said, and those that are dates are its days."""
    for event in read.events:
        for text in _strings(event):
            try:
                moment = _moment(text, zone, "events")
            except InputError:
                moment = None
            if moment:
                yield Fact("day", "event", moment)
            elif "://" in text:
                yield Fact("url", "link", text)
            elif len(text) == 5 and text[2] == ":" and text.replace(":", "").isdigit():
                for moment in filter(None, (_day_of(one, zone) for one in _strings(event))):
                    yield Fact("day", "event", _at(moment.day, time.fromisoformat(text), zone))
            else:
                yield Fact("text", "event", text)
        if isinstance(event, Mapping):
            for key, value in event.items():
                if isinstance(value, (int, float)) and not isinstance(value, bool):
                    yield Fact("count", key, number(value))


def _day_of(text: str, zone: ZoneInfo | None) -> Moment | None:
    try:
        return _moment(text, zone, "events") if len(text) >= 10 else None
    except InputError:
        return None
