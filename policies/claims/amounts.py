"""How much: percentages, multiples, money, points, counts and spans of time, each in the role its neighbours give it."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from policies.claims import numerals
from policies.claims.fact import Fact
from policies.claims.holding import hold
from policies.claims.numerals import BEGIN, MIXED, NUMBER, SAID, WORDED
from policies.claims.reading import FLAG, Claim, Reading
from policies.claims.shape import shape

_OFF = r"(?:off(?![a-z])|オフ|引|ひき|の?割引|ディスカウント|の?値引|の?お?値下げ|お?得|お?安|discount|savings?|cheaper|less(?![a-z])|reduction|(?:の)?クーポン|coupon|voucher)"
_OFF_AFTER = re.compile(
    rf"^\)?\s?(?:\(?(?:税込|incl)[^)]{{0,12}}\)?\s?)?(?:分の?)?{_OFF}|^ (?:[a-z]+ ){{0,2}}(?:discount|coupon|voucher)|^ is taken off"
)
_OFF_BEFORE = re.compile(
    r"(?:discount of|save(?: up to| as much as)?|saves you|saving|savings of|knock|take|割引率[はが:]?|割引額?[はが:]?|値引き?額?[はが:]?)(?: an? extra| a further)?\s?$"
)
_BACK = re.compile(
    r"^\s?(?:の|分の?|を)?(?:ポイント)?(?:還元|バック|キャッシュバック|back(?![a-z])|cash ?back|in points|ポイント)|^ (?:of [a-z ]{1,20})?back"
)
_MORE = re.compile(r"^\s?(?:増量|増し?|アップ|more(?![a-z])|extra)")
_COMPLEMENT = re.compile(
    r"^\s?(?:の(?:お?値段|価格|お値打ち価格)|で(?:ご提供|販売|お求め)|of (?:the |its )?(?:regular |list |original |usual )?price)"
)
_UP_TO = re.compile(
    r"(?:最大で?|最高|up to|as much as|max(?:imum)?|no more than|上限[はが:]?|MAX)(?: of)?(?: an?)?\s?[(]?[¥$£€]?$"
)
_MAX_AFTER = re.compile(r"^(?:引き?)?(?:が|を)?(?:上限|限度)|^ (?:maximum|max|cap|limit)")
_AT_LEAST = re.compile(
    r"^\s?(?:\(?税[込抜]み?\)?)?\s?(?:以上|を?超え|or more|and over|and up|or over|minimum|\+(?!\s?(?:tax|vat|税)))"
)
_AT_LEAST_BEFORE = re.compile(
    r"(?:orders? (?:over|above|of)|spend(?:ing)?(?: over| at least)?|over|minimum (?:spend|order|purchase)(?: of| is|:)?|min\.? spend|at least|more than|above|合計)\s?$"
)
_SHIP_BEFORE = re.compile(r"(?:送料|配送料|shipping|delivery|postage)[^。、,\n0-9]{0,12}$")
_SHIP_AFTER = re.compile(r"^\s?(?:の送料|shipping|delivery|postage|for (?:shipping|delivery))")
_LIST_BEFORE = re.compile(
    r"(?:通常価?格?|定価|希望小売価格|参考価格|当店価格|普段|was|were|regularly|regular price|list price|usual(?:ly)?|normally|originally|rrp|from)[はがの:]?\s?(?:is |was )?$"
)
_LIST_AFTER = re.compile(r"^\s?(?:\(税込み?\))?\s?(?:のところ|のものを|から[^0-9]{0,4}$|→)")
_REDUCED_BEFORE = re.compile(
    r"(?:特別価格|割引価格|セール価格|割引後(?:価格)?|値引き?後|会員価格|ご優待価格|→|now(?: only| just)?|sale price|just|only|reduced to|down to|for only|today only)[はがの:]?\s?(?:is )?$"
)
_SAVED_AFTER = re.compile(r"^\s?(?:\(税込み?\))?\s?(?:も?お?得|の?節約|savings?)")
_CASH_AFTER = re.compile(r"^\s?(?:分の?)?(?:を)?(?:還元|キャッシュバック|cash ?back|back(?![a-z])|ポイント)")

_CURRENCIES = {
    "円": "JPY", "¥": "JPY", "yen": "JPY", "jpy": "JPY", "£": "GBP", "gbp": "GBP", "pounds": "GBP", "pound": "GBP", "quid": "GBP", "ポンド": "GBP", "€": "EUR",
    "eur": "EUR", "euros": "EUR", "euro": "EUR", "ユーロ": "EUR", "us$": "USD", "usd": "USD", "ca$": "CAD", "cad": "CAD", "c$": "CAD", "a$": "AUD", "aud": "AUD",
    "$": "$", "dollars": "$", "dollar": "$", "bucks": "$", "ドル": "$",
}  # fmt: skip
_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "$"})
_SIGN = r"(?:us\$|ca\$|c\$|a\$|[$£€¥]|(?:usd|gbp|eur|jpy|cad|aud)(?<![a-z].{3})\s?)"
_UNIT = r"(?:円(?!滑|満|盤|形|高|安|周|卓|熟)|ドル|ユーロ|ポンド|(?:yen|jpy|usd|gbp|eur|cad|aud|dollars?|pounds?|euros?|bucks|quid)(?![a-z]))"
_MONEY = shape(
    rf"(?:{BEGIN}|(?=[$£€¥uca]))(?:(?P<sign>{_SIGN})\s?(?P<n>{MIXED})(?P<k>k(?![a-z]))?|(?P<n2>{NUMBER})\s?(?P<unit>{_UNIT})|(?P<n3>{WORDED})[ -](?P<unit2>{_UNIT}))",
    "円 ドル ユーロ ポンド yen jpy usd gbp eur cad aud dollar pound euro bucks quid $ £ € ¥",
    48,
    32,
    needs=SAID,
)
_TAX = re.compile(
    r"\s?[(\[]?(?:(?P<taxed>税込み?|内税|(?:incl(?:\.|uding|usive of)?|inc\.?)\s?(?:vat|tax|gst)|(?:vat|tax|gst) (?:included|incl))|(?P<untaxed>税抜き?|税別|外税|[+]\s?税|本体価格|(?:excl(?:\.|uding)?|ex\.?|before|plus|[+])\s?(?:vat|tax|gst)))[)\]]?"
)
_PER = re.compile(
    r"\s?(?:(?:/|per |a |each |an )\s?(?P<en>user|seat|person|team|month|year|week|day|account|device|licen[cs]e|company|workspace|member|organi[sz]ation|bag|box|bottle|piece|unit)s?(?![a-z])|/\s?(?P<ja>人|名|月|年|袋|個|本|箱|杯|枚|台))"
)
_WHOLE = re.compile(
    r"[a-z ]{0,14} for (?:the|your|an?) (?:whole |entire )?(team|company|organi[sz]ation|household|family|office|school)(?![a-z])"
)
_PERCENT = shape(
    rf"(?P<wari>{NUMBER})割(?:\s?(?P<bu>[0-9一二三四五六七八九])分)?(?!り?当|れ|合|愛|安|高|烹|箸|増)|(?P<kake>[0-9一二三四五六七八九](?:\.[0-9])?)掛け|(?P<n>{NUMBER})\s?(?:%|パーセント|㌫|percent(?![a-z])|per cent(?![a-z])|pct(?![a-z]))"
    rf"|(?P<n2>{WORDED})[ -](?:percent|per cent)(?![a-z])|(?P<half>半額|半値|(?<![a-z])half[- ](?:price|off)(?![a-z])|(?<![a-z])half the (?:usual |regular |normal |original )?price|1/2 ?(?:price|off|の価格))"
    rf"|(?P<part>(?<![a-z])(?:a|one|three)[- ](?:quarters?|fifth|tenth|third)(?= (?:off|less|cheaper|discount|back))|(?P<of>{NUMBER})分の(?P<over>{NUMBER}))",
    "% 割 掛け パーセント ㌫ percent per\xa0cent pct half 半額 半値 1/2 quarter fifth tenth third 分の",
    32,
    32,
)
_SHARES = {"quarter": Decimal(25), "fifth": Decimal(20), "tenth": Decimal(10), "third": Decimal(100) / 3}
_MULTIPLE = shape(
    rf"(?P<n>{NUMBER})\s?倍|(?<![a-z0-9])(?P<x>[0-9]{{1,2}}(?:\.[0-9])?)\s?x(?![a-z0-9])|(?P<t>{WORDED}|[0-9]{{1,3}})\s?times (?=the |more|as |points)|(?<![a-z])(?P<w>double|triple|quadruple|twice)(?= (?:the |your |reward |bonus |loyalty )?(?:points|rewards|discount|savings|value|price))",
    "倍 0x 1x 2x 3x 4x 5x 6x 7x 8x 9x times double triple quadruple twice",
    32,
    32,
    signed=False,
)
_WORD_TIMES = {"double": 2, "twice": 2, "triple": 3, "quadruple": 4}
_POINTS = shape(
    rf"{BEGIN}(?:(?P<n>{NUMBER})\s?(?:ポイント|pts?(?![a-z])|p(?![a-z])|(?:bonus |loyalty |reward |extra )?points?(?![a-z]))|(?P<n2>{WORDED})[ -](?:bonus |extra )?points?(?![a-z]))",
    "ポイント pt point 0p 1p 2p 3p 4p 5p 6p 7p 8p 9p",
    32,
    24,
    needs=SAID,
    signed=False,
)
_GRANTED = re.compile(
    r"進呈|プレゼント|付与|もらえ|貯ま|たま[るり]|獲得|差し上げ|加算|(?<![a-z])(?:earn|bonus|extra|get|receive|award|on us|collect)"
)
_HELD = re.compile(r"お持ち|保有|残高|残って|お手元|(?<![a-z])(?:have|balance|account|remaining|yours)(?![a-z])")
_SPAN = shape(
    rf"{BEGIN}(?:(?P<n>{NUMBER})\s?(?P<u>日間|日以内|日後|日前|営業日|週間|[かヶカヵケ]月(?:間|分)?|年間|年保証|周年|時間(?:以内|限定)?|分間|分(?!の)|秒|泊|days?|weeks?|months?|years?|hours?|hrs?|minutes?|mins?)(?![a-z])"
    rf"|(?P<n2>{WORDED})[ -](?P<u2>days?|weeks?|months?|years?|hours?|minutes?)(?![a-z])|(?<![0-9a-z.])(?P<n3>[0-9]{{1,3}})-(?P<u3>day|week|month|year|hour|minute)(?![a-z]))",
    "日 週間 月 年 時間 分 秒 泊 周年 day week month year hour hr minute min",
    40,
    14,
    needs=SAID,
)
_LEFT_BEFORE, _LEFT_AFTER = (
    re.compile(r"(?:あと|残り|のこり|only|just|in|last|final)\s?$"),
    re.compile(r"^\s?(?:left|remaining|to go|で終了)"),
)
_COUNT = shape(
    rf"{BEGIN}(?:(?P<n>{NUMBER})\s?(?:点|個|本|枚|台|袋|箱|セット|名様?|人|社|件|杯|回|種類?|席|冊|足|着|(?:items?|pieces?|units?|bags?|boxes|people|customers|seats?|places|spots|left|remaining|copies|stores|reviews|stars?)(?![a-z]))"
    rf"|(?P<n2>{WORDED})[ -](?:left|remaining|items?|seats?|places|spots|customers|pieces|units)(?![a-z]))",
    "点 個 本 枚 台 袋 箱 セット 名 人 社 件 杯 回 種 席 冊 足 着 item piece unit bag box people customer seat place spot left remaining copies store review star",
    40,
    14,
    needs=SAID,
)
_KANJI_ONLY = re.compile(r"^[一二三四五六七八九十百千万億〇]+$")
_LOOSE_COUNTS = re.compile(r"(?:点|個|本|枚|台|袋|箱|セット|人|件|杯|回|種類?|席|冊|足|着|社|分|年間|日後|日前|日間)$")

_ORPHAN = re.compile(r"[\d%‰½¼¾⅓⅔⅕⅛⁄][\d,.:/%-]{0,30}")


def check_percents(reading: Reading) -> None:
    """Percentages in every writing: 20%, 二割, 3割5分, 8掛け (20 off), 半額 (50 off), 2割の価格 (80 off)."""
    for found in reading.found(_PERCENT):
        start, end = found.span()
        value = _percent(found)
        if value is None:
            continue
        before, after = reading.beside(start, end, 20)
        reading.take(start, end)
        role = _percent_role(found, before, after)
        if role == "of the price":
            value, role = 100 - value, "off"
        if role in ("", "off") and _UP_TO.search(before):
            role = "off_up_to"
        roles = frozenset({role} if role else {"off", "back", "more", "off_up_to"})
        if _AT_LEAST.match(after):
            roles = frozenset({"none"})
        percents = [fact for fact in reading.facts.of("percent") if fact.value == value]
        if role == "off_up_to":
            percents = [*percents, *_largest(reading, value)]
        hold(reading, Claim("percent", value, start, end, roles), percents)


def _percent(found: re.Match[str]) -> Decimal | None:
    """The percentage written; N掛け is what is left to pay, so its complement."""
    if found["half"]:
        return Decimal(50)
    if found["of"]:
        below, above = numerals.value(found["of"]), numerals.value(found["over"])
        return (above or 0) * 100 / below if below else None
    if found["part"]:
        times = 3 if found["part"].startswith("three") else 1
        return next(share * times for word, share in _SHARES.items() if word in found["part"])
    if found["kake"]:
        return Decimal(100) - (numerals.value(found["kake"]) or 0) * 10
    if found["wari"]:
        tens, ones = numerals.value(found["wari"]), numerals.value(found["bu"] or "0")
        return None if tens is None or tens > 10 else tens * 10 + (ones or 0)
    return numerals.value(found["n"]) if found["n"] else numerals.worded(found["n2"])


def _percent_role(found: re.Match[str], before: str, after: str) -> str:
    if _COMPLEMENT.match(after) and not found["half"] and not found["kake"]:
        return "of the price"
    if _BACK.match(after):
        return "back"
    if _MORE.match(after):
        return "more"
    written_off = found["half"] or found["kake"] or found["wari"]
    return "off" if written_off or _OFF_AFTER.match(after) or _OFF_BEFORE.search(before) else ""


def _largest(reading: Reading, value: Decimal) -> list[Fact]:
    """An honest "up to": the largest of several percentages off."""
    offs = [fact for fact in reading.facts.of("percent") if fact.role == "off"]
    if len({fact.value for fact in offs}) > 1 and max(fact.value for fact in offs) == value:
        return [
            Fact("percent", "off_up_to", value, skus=fact.skus, offer=fact.offer)
            for fact in offs
            if fact.value == value
        ]
    return []


def check_multiples(reading: Reading) -> None:
    """Multiples: ポイント5倍, 3x, double points."""
    for found in reading.found(_MULTIPLE):
        if found["w"]:
            value: Decimal | None = Decimal(_WORD_TIMES[found["w"]])
        else:
            said = found["n"] or found["x"] or found["t"]
            value = numerals.value(said) or numerals.worded(said)
        if value is None:
            continue
        start, end = found.span()
        reading.take(start, end)
        first, last = reading.sentence(start)
        about_points = "ポイント" in reading.low[first:last] or "point" in reading.low[first:last]
        same = [fact for fact in reading.facts.of("multiple") if fact.value == value and about_points]
        hold(reading, Claim("multiple", value, start, end), same)


def check_money(reading: Reading) -> None:
    """Money with its currency, its tax basis, and what it is per."""
    for found in reading.found(_MONEY):
        if found["sign"]:
            value, unit = numerals.value(found["n"]), found["sign"].strip()
            value = value * 1000 if value is not None and found["k"] else value
        elif found["n2"]:
            value, unit = numerals.value(found["n2"]), found["unit"]
        else:
            value, unit = numerals.worded(found["n3"]), found["unit2"]
        if value is None:
            continue
        start, end = found.span()
        basis = per = ""
        if tax := _TAX.match(reading.low, end):
            basis, end = ("taxed" if tax["taxed"] else "untaxed"), tax.end()
        if each := _PER.match(reading.low, end):
            per, end = each["en"] or each["ja"], each.end()
            if not any(fact.per for fact in reading.facts.of("money")) and each[0].lstrip().startswith("a"):
                per = ""
        reading.take(start, end)
        if whole := _WHOLE.match(reading.low, end):
            per = whole[1]
        currency = _CURRENCIES[unit]
        roles = _money_roles(reading, start, end)
        same = [
            fact for fact in reading.facts.of("money") if fact.value == value and _same_currency(currency, fact.unit)
        ]
        if value == 0 and not same:
            same, roles = _free_here(reading, start), frozenset()
        hold(reading, Claim("money", value, start, end, roles, currency, basis, per), same)


def _free_here(reading: Reading, start: int) -> list[Fact]:
    """What costs nothing, unconditionally or on a condition that the sentence has already named."""
    sentence = reading.sentence(start)
    named = {
        claim.value
        for claim, _ in reading.held[-8:]
        if claim.kind == "money" and reading.sentence(claim.start) == sentence
    }
    return [fact for fact in reading.facts.of("free") if fact.value == 0 or fact.value in named]


def _same_currency(said: str, stated: str) -> bool:
    return stated in ("", said) or (said == "$" and stated in _DOLLARS)


def _money_roles(reading: Reading, start: int, end: int) -> frozenset[str]:
    reduced = any(fact.role == "reduced_price" for fact in reading.facts.of("money"))
    return _roles_beside(*reading.beside(start, end, 24), reduced)


@lru_cache(maxsize=8192)
def _roles_beside(before: str, after: str, reduced: bool) -> frozenset[str]:
    """What an amount can be by what stands beside it; ``reduced`` where a reduced price is among the facts."""
    if _MAX_AFTER.match(after) or _UP_TO.search(before):
        return frozenset({"max_discount"})
    if _AT_LEAST.match(after) or (_AT_LEAST_BEFORE.search(before) and not _OFF_AFTER.match(after)):
        return frozenset({"min_spend", "free_over"})
    if _CASH_AFTER.match(after):
        return frozenset({"cashback"})
    if _OFF_AFTER.match(after) or _SAVED_AFTER.match(after) or _OFF_BEFORE.search(before):
        return frozenset({"amount_off", "saved"})
    if _SHIP_AFTER.match(after) or _SHIP_BEFORE.search(before):
        return frozenset({"shipping_fee"})
    if reduced and _REDUCED_BEFORE.search(before):
        return frozenset({"reduced_price"})
    if _LIST_BEFORE.search(before) or _LIST_AFTER.match(after):
        return frozenset({"list_price", "price"})
    return frozenset({"price", "list_price", "reduced_price"})


def check_points(reading: Reading) -> None:
    """Points held are not points to be given."""
    for found in reading.found(_POINTS):
        value = numerals.value(found["n"]) if found["n"] else numerals.worded(found["n2"])
        if value is None:
            continue
        start, end = found.span()
        reading.take(start, end)
        before, after = reading.beside(start, end, 14)
        roles = (
            frozenset({"granted"})
            if _GRANTED.search(before + "|" + after) and not _HELD.search(before + "|" + after)
            else frozenset[str]()
        )
        hold(
            reading,
            Claim("points", value, start, end, roles),
            [fact for fact in reading.facts.of("points") if fact.value == value],
        )


def check_spans(reading: Reading) -> None:
    """Spans of time and counts; what is left until an offer ends holds only on one day, and says so."""
    for found in reading.found(_SPAN):
        said, unit = found["n"] or found["n2"] or found["n3"], found["u"] or found["u2"] or found["u3"]
        value = numerals.worded(said) if found["n2"] else numerals.value(said)
        if value is None or _loose(said, found[0], value) or (found["n2"] and value == 1):
            continue
        start, end = found.span()
        before, after = reading.beside(start, end)
        reading.take(start, end)
        left = _LEFT_BEFORE.search(before) or _LEFT_AFTER.match(after)
        if left and unit[0] in "日d" and (today := reading.facts.today):
            ends = {
                (fact.value.day - today).days
                for fact in reading.facts.of("day")
                if fact.role not in ("history", "offer_starts")
            }
            if value in ends:
                told = reading.raw_text(start, end)
                reading.object(
                    "claims.relative",
                    start,
                    end,
                    f"「{told}」は送る日によって変わります",
                    f"'{told}' holds only on one day",
                    severity=FLAG,
                )
                continue
        hold(
            reading,
            Claim("days", value, start, end),
            [fact for fact in reading.facts.of("days", "count") if fact.value == value],
        )
    for found in reading.found(_COUNT):
        said = found["n"] or found["n2"]
        value = numerals.worded(said) if found["n2"] else numerals.value(said)
        start, end = found.span()
        counted = _LEFT_BEFORE.search(reading.beside(start, end)[0])
        if value is None or (not counted and _loose(said, found[0], value)):
            continue
        reading.take(start, end)
        hold(
            reading,
            Claim("count", value, start, end),
            [fact for fact in reading.facts.of("count") if fact.value == value],
        )


def _loose(said: str, whole: str, value: Decimal) -> bool:
    """十分, 一本, 数百人: kanji that do not count before a unit that also ends ordinary words."""
    return (
        bool(_KANJI_ONLY.match(said))
        and bool(_LOOSE_COUNTS.search(whole))
        and (value <= 1 or whole.endswith(("分", "点", "本", "回", "足", "着", "人")))
    )


def check_orphans(reading: Reading) -> None:
    """No digit, percent sign or amount unit is left over: a form nobody thought of blocks."""
    for found in _ORPHAN.finditer(reading.left_low):
        said = reading.raw_text(*found.span())
        reading.object("C03", *found.span(), f"「{said}」の根拠となる事実がありません", f"no fact supports '{said}'")
