"""What the message says still holds when it is read: stock, recall, price, offer and points at sending plus the channel's delay.

Judged again at approval and release, it is what keeps a coupon that lapses in the post, or a price that changed since the
draft was written, from going out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from policies.guardrails.copy.reading import Reading, Spot, moment_of, rows

RULE = "C14"
LEVEL = "block"
LANGUAGES = ("ja", "en")
EACH = True
_PRICE = re.compile(
    r"(?:([0-9,]{1,15})円\(税込\)|[^0-9\s]{1,4} ?([0-9,]{1,15}(?:\.[0-9]{2})?)(?: incl[a-z.]{0,10} (?:VAT|tax))?)"
)


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks what is stale by then."""
    message, row = reading.message, reading.message.row
    if message.action and message.action.binds == "sku" and row is not None and row.get("s_price") is not None:
        yield from _product(reading, row["s_price"])
    for product in rows(message.bundle, "products"):
        name = product.get("name")
        if isinstance(name, str) and name in message.whole:
            yield from _shelf(reading, product, name)
    offers, own, points = rows(message.bundle, "offers"), reading.about("offer"), message.bundle.get("points")
    if not (offers or own or points) or (moment := reading.moment) is None:
        return
    read = moment + timedelta(days=reading.channel.lag_days)
    for offer in (*offers, *((own,) if own else ())):
        code = offer.get("code")
        if offer in offers and not (len(offers) == 1 if not code else isinstance(code, str) and code in message.whole):
            continue
        if _before(moment_of(offer.get("ends") or offer.get("ends_at")), read):
            yield Spot(None, None, "届く頃には特典の期限が過ぎています", "the offer is over by the time this is read")
        elif _before(read, moment_of(offer.get("starts") or offer.get("starts_at"))):
            yield Spot(
                None, None, "届く時点では特典がまだ始まっていません", "the offer has not begun when this is read"
            )
    lapse = moment_of(points.get("expires")) if isinstance(points, Mapping) else None
    if _before(lapse, read) and ("ポイント" in message.whole or "points" in message.whole):
        yield Spot(
            None, None, "届く頃にはポイントの期限が過ぎています", "the points have lapsed by the time this is read"
        )


def _product(reading: Reading, now: float) -> Iterator[Spot]:
    """The bound product as it is now: the facts of a draft are those of its decision."""
    for text in reading.message.grounded:
        said = _price(text)
        if said is not None and said != int(now) and (at := reading.body.find(text)) >= 0:
            yield Spot(
                at, at + len(text), f"「{text}」は現在の価格と違います", f"'{text}' is no longer the price"
            )  # fmt: skip


@lru_cache(maxsize=4096)
def _price(text: str) -> int | None:
    """The digits of a price that a fact prints."""
    found = _PRICE.fullmatch(text)
    return int(re.sub(r"[,.]", "", found[1] or found[2]) or 0) if found else None


def _shelf(reading: Reading, product: Mapping[str, Any], name: str) -> Iterator[Spot]:
    if product.get("recall") is True and reading.message.purpose == "marketing":
        yield Spot(None, None, f"「{name}」は回収の対象です", f"{name} is recalled")
    if isinstance(stock := product.get("stock"), (int, float)) and stock <= 0:
        yield Spot(None, None, f"「{name}」は在庫がありません", f"{name} is out of stock")


def _before(first: datetime | None, then: datetime | None) -> bool:
    """Whether ``first`` lies before ``then``; a day lasts until midnight and a time without zone is the reader's."""
    if first is None or then is None:
        return False
    if (first.tzinfo is None) is not (then.tzinfo is None):
        first, then = first.replace(tzinfo=None), then.replace(tzinfo=None)
    if (first.hour, first.minute, first.second) == (0, 0, 0):
        return first.date() < then.date()
    return first < then
