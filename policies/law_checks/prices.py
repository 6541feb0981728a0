"""Prices held against other prices, limits held against their end, prizes held against their caps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from policies.law_checks.asking import (
    UNKNOWN,
    Answers,
    Breach,
    Circumstances,
    Lacking,
    Parameters,
    day_of,
    kind,
    number,
)

_FROM, _TO = ("from", "starts", "starts_at", "start", "date", "at", "day"), ("to", "ends", "ends_at", "end", "until")


class PastPrice(Parameters):
    """Days looked back, share of them, days in total and days since the price was last charged."""

    lookback_days: int = Field(gt=0)
    share_min: float = Field(gt=0, lt=1)
    min_days_total: int = Field(gt=0)
    max_gap_days: int = Field(gt=0)


@kind(PastPrice)
def jp_reference_price(it: Circumstances, given: PastPrice) -> Answers:
    """The price compared with was really charged, for long enough and until recently (価格表示ガイドライン)."""
    lacking, compared, charged, start = _compared(it, given.lookback_days)
    yield from lacking
    if it.known("offer.compare_type") is UNKNOWN:
        yield Lacking("offer.compare_type")
    if lacking or compared is None or start is None:
        return
    at_price = [day for day, price in charged.items() if price >= compared]
    if len(at_price) <= given.share_min * len(charged):
        yield Breach(
            f"比較対照価格で販売した日は、直近{given.lookback_days}日の販売日{len(charged)}日のうち{len(at_price)}日で、過半数に足りません",
            f"the price compared with was charged on {len(at_price)} of the {len(charged)} days on sale in the last {given.lookback_days}; more than half is needed",
        )  # fmt: skip
    elif len(at_price) < given.min_days_total:
        yield Breach(
            f"比較対照価格で販売した日は通算{len(at_price)}日で、{given.min_days_total}日に足りません",
            f"the price compared with was charged on {len(at_price)} days in all; {given.min_days_total} are needed",
        )
    elif (start - max(at_price)).days > given.max_gap_days:
        yield Breach(
            f"比較対照価格で最後に販売してから{given.max_gap_days}日を過ぎています",
            f"more than {given.max_gap_days} days since the price compared with was last charged",
        )


class Lowest(Parameters):
    """Days of which the lowest price counts."""

    lookback_days: int = Field(ge=30)


@kind(Lowest)
def eu_reference_price(it: Circumstances, given: Lowest) -> Answers:
    """A reduction is counted from the lowest price of the last days (Directive 98/6/EC Art. 6a, CJEU C-330/23)."""
    lacking, compared, charged, _ = _compared(it, given.lookback_days)
    yield from lacking
    if not lacking and compared is not None and compared > min(charged.values()):
        yield Breach(
            f"比較価格{compared:g}は、直近{given.lookback_days}日の最低価格{min(charged.values()):g}より高い額です",
            f"the reference {compared:g} is above the lowest price of the last {given.lookback_days} days, {min(charged.values()):g}",
        )


def _compared(it: Circumstances, lookback: int) -> tuple[list[Lacking], float | None, dict[date, float], date | None]:
    """(what is missing, price compared with, price by day on sale before the offer, first day of the offer)."""
    compared = number(it.value("offer.compare_price"))
    start = day_of(it.value("offer.starts_at")) or it.day
    charged = _by_day(it.value("offer.price_history"), start, lookback) if start else {}
    lacking = [
        Lacking(name)
        for name, there in (("offer.compare_price", compared is not None), ("offer.price_history", bool(charged)))
        if not there
    ]
    return lacking, compared, charged, start


def _by_day(history: Any, start: date, lookback: int) -> dict[date, float]:
    """Price on each of the days before ``start``; an entry without an end holds until the next one."""
    entries = []
    for one in history if isinstance(history, list | tuple) else ():
        if not isinstance(one, Mapping) or (price := number(one.get("price"))) is None:
            continue
        since = next((day for key in _FROM if (day := day_of(one.get(key)))), None)
        until = next((day for key in _TO if (day := day_of(one.get(key)))), None)
        if since:
            entries.append((since, until, price))
    entries.sort(key=lambda entry: entry[0])
    first, charged = start - timedelta(days=lookback), {}
    for place, (since, until, price) in enumerate(entries):
        last = until or (
            entries[place + 1][0] - timedelta(days=1) if place + 1 < len(entries) else start - timedelta(days=1)
        )
        day = max(since, first)
        while day <= min(last, start - timedelta(days=1)):
            charged[day] = price
            day += timedelta(days=1)
    return charged


class Plan(Parameters):
    """Days for which the future price must be charged."""

    min_days: int = Field(gt=0)


@kind(Plan)
def jp_future_price_plan(it: Circumstances, given: Plan) -> Answers:
    """The price announced for later is planned, right after the offer and for long enough."""
    ends = day_of(it.value("offer.ends_at"))
    if ends is None:
        yield Lacking("offer.ends_at")
        return
    planned = _by_day(it.value("offer.price_history"), ends + timedelta(days=given.min_days + 1), given.min_days)
    compared = number(it.value("offer.compare_price"))
    if compared is None or len(planned) < given.min_days or any(price < compared for price in planned.values()):
        yield Breach(
            f"セール終了の翌日から{given.min_days}日間、将来価格で販売する計画が記録されていません",
            f"no plan on record to charge the later price for {given.min_days} days from the day after the offer",
        )


_TODAY_ONLY = (
    "本日限り",
    "本日終了",
    "本日まで",
    "今日だけ",
    "todayonly",
    "endstoday",
    "endstonight",
    "lastday",
    "最終日",
)


@kind()
def limited_offer_true(it: Circumstances, given: Parameters) -> Answers:
    """What is said to be limited has an end or a number on record, and it has not passed."""
    ends, amount = day_of(it.value("offer.ends_at")), number(it.value("offer.quantity"))
    if it.value("offer.extended") is True:
        yield Breach("期限の延長・繰り返しがわかっている特典です", "the offer is known to be extended or repeated")
    elif ends is None and amount is None:
        yield Lacking("offer.ends_at")
    elif amount is not None and amount <= 0:
        yield Breach("残りの数がありません", "nothing is left")
    elif ends and it.day and ends < it.day:
        yield Breach(f"特典は{ends}に終わっています", f"the offer ended on {ends}")
    elif ends and it.day and ends > it.day and any(word in it.squeezed for word in _TODAY_ONLY):
        yield Breach(f"「本日限り」ですが、実際の期限は{ends}です", f"it says today only, but the offer ends on {ends}")


class _Rate(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    below: int = Field(gt=0)
    flat: int = Field(default=0, ge=0)
    rate: float = Field(default=0, ge=0)
    times: int = Field(default=0, ge=0)
    cap: int = Field(default=0, ge=0)
    total_rate: float = Field(default=0, ge=0)


class _Joint(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    cap: int = Field(gt=0)
    total_rate: float = Field(gt=0)


class Caps(Parameters):
    """Highest values of gifts to all, of prizes drawn, and of prizes drawn jointly, in yen."""

    to_all: _Rate
    draw: _Rate
    joint: _Joint


@kind(Caps)
def jp_premium_caps(it: Circumstances, given: Caps) -> Answers:
    """The prize stays under its cap (景品表示法4条, 懸賞・総付の告示)."""
    how = it.known("offer.prize_kind")
    if how is UNKNOWN:
        yield Lacking("offer.prize_kind")
    elif how not in ("to_all", "draw", "joint", "open"):
        yield Breach(f"景品の種類「{how}」は規則にありません", f"the rule knows no prize of kind '{how}'")
    elif how != "open":
        yield from _each_prize(it, str(how), given)
        if how != "to_all":
            yield from _all_prizes(it, (given.draw if how == "draw" else given.joint).total_rate)


def _each_prize(it: Circumstances, how: str, given: Caps) -> Answers:
    worth, spent = number(it.value("offer.prize_value")), number(it.value("offer.purchase_value"))
    if how == "joint":
        most: float | None = given.joint.cap
    elif spent is None:
        yield Lacking("offer.purchase_value")
        most = None
    elif how == "to_all":
        most = given.to_all.flat if spent < given.to_all.below else given.to_all.rate * spent
    else:
        most = given.draw.times * spent if spent < given.draw.below else given.draw.cap
    if worth is None:
        yield Lacking("offer.prize_value")
    elif most is not None and worth > most:
        yield Breach(
            f"景品の価額{worth:,.0f}円が上限の{most:,.0f}円を超えています",
            f"the prize of {worth:,.0f} yen is above the cap of {most:,.0f}",
        )


def _all_prizes(it: Circumstances, rate: float) -> Answers:
    total, sales = number(it.value("offer.prize_total")), number(it.value("offer.expected_sales"))
    if total is None:
        yield Lacking("offer.prize_total")
    if sales is None:
        yield Lacking("offer.expected_sales")
    elif total is not None and total > rate * sales:
        yield Breach(
            f"景品の総額{total:,.0f}円が、売上予定総額の{rate:.0%}({rate * sales:,.0f}円)を超えています",
            f"prizes of {total:,.0f} yen in all are above {rate:.0%} of the expected sales ({rate * sales:,.0f})",
        )


_PRICE = re.compile(r"[0-9０-９][0-9０-９,，.]{0,14}\s?円|[¥￥]\s?[0-9０-９]")
_ON_REQUEST = ("請求", "お問い合わせ", "お問合せ", "までお知らせ", "で承ります", "ask", "onrequest")


@kind()
def landing_page_has_legal_notice(it: Circumstances, given: Parameters) -> Answers:
    """Terms of sale stand on a page that the ad links to, as every push does, or are sent on request and the ad says so."""
    if it.channel == "push" or (number(it.value("offer.price")) is None and not _PRICE.search(it.message.whole)):
        return
    if not it.links and not any(word in it.squeezed for word in _ON_REQUEST):
        yield Breach(
            "価格を示していますが、販売条件の載るページや請求先の案内がありません",
            "it states a price, but names neither a page with the terms of sale nor where to ask for them",
        )


_RECURRING = (
    (("定期", "継続", "自動更新", "subscription", "recurring", "everymonth"), "定期購入であること", "that the contract recurs"),
    (("回", "いつでも解約", "期間の定め", "deliveries", "cancelanytime", "noterm"), "回数または期間", "the number of deliveries"),
    (("総額", "合計", "毎回", "2回目以降", "intotal", "eachtime", "thereafter"), "支払いの総額", "the total to pay"),
    (("解約", "停止", "休止", "cancel"), "解約の条件", "how and when to cancel"),
)  # fmt: skip


@kind()
def contains_terms_near_price(it: Circumstances, given: Parameters) -> Answers:
    """Beside the first-time price of a subscription stand its terms."""
    if not it.known("offer.recurring_terms"):
        yield Lacking("offer.recurring_terms")
    missing = [(ja, en) for words, ja, en in _RECURRING if not any(word in it.squeezed for word in words)]
    if missing:
        yield Breach(
            f"初回価格のそばに、{'・'.join(ja for ja, _ in missing)}がありません",
            f"beside the first price it does not say {', '.join(en for _, en in missing)}",
        )
