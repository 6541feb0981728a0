"""A price to a consumer is the total they pay, tax included (総額表示: 消費税法 第63条); speech is free of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J11", "block", ("ja",)
_DIGIT = "0-9０-９〇一二三四五六七八九十百千"
_AMOUNT = re.compile(
    rf"[{_DIGIT}](?:[,，.．]?[{_DIGIT}]){{0,11}}万?円|[¥￥]\s?[0-9０-９](?:[,，]?[0-9０-９]){{0,11}}(?!円)"
)
_INCLUDED_BEFORE = re.compile(r"(?:税込|内税|総額)(?:み|価格|金額)?[)）]?[はでが、:：]?\s?$")
_INCLUDED_AFTER = re.compile(r"[^\n、。]{0,6}?(?:税込|内税|総額)")
_NET_BEFORE = re.compile(r"(?:税抜|税別|本体|外税)[^\n。0-9０-９]{0,4}$")
_NET_AFTER = re.compile(r"\s?[(（]?\s?(?:税抜|税別|本体|外税|[+＋]\s?(?:消費)?税)")
_TOTAL_FOLLOWS = re.compile(r"[^\n。]{0,12}税込")
_BRACKETED_NET = re.compile(r"\s?[(（](?:税抜|本体)[^)）\n]{0,6}[0-9０-９]")
_NO_PRICE_AFTER = re.compile(
    r"\s?(?:分|相当|以上|以下|未満|引|OFF|オフ|ＯＦＦ|off|割|値引|値下げ|お?得|おトク|安く|還元|キャッシュバック|クーポン|商品券|ギフト券|ギフトカード|券|ポイント|"
    r"チケット|につき|ごと|毎に|を(?:プレゼント|進呈|お贈り|差し上げ)|玉|札|硬貨|の(?:クーポン|割引|お?値引|商品券|ギフト|ご?優待|還元|補助|募金|寄付))"
)
"""What makes an amount a discount, a voucher or a threshold instead of a price."""
_NO_PRICE_BEFORE = ("返金", "返金額", "お支払い済みの", "残高", "差額", "消費税額等", "消費税額", "消費税等", "消費税")
_ALL = re.compile(r"(?:価格|金額|料金)は、?(?:すべて|全て)?(?:消費)?税込")
_TO = re.compile(r"\s{0,2}(?:[〜～~・、/／-]|から)\s{0,2}")


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a sign of yen."""
    return any(yen in paragraph.text for yen in "円¥￥")


def check(reading: Reading) -> Iterator[Spot]:
    """A yen amount without 税込 beside it, or one that is given without tax alone.

    Right are 1,296円(税込), 税込1,296円, 1,178円(税込1,296円), 1,296円(税抜1,178円), 1,000〜2,000円(税込), and a message that says
    「価格はすべて税込です」.  A price in quotation marks is a price.
    """
    message = reading.message
    if message.channel == "phone" or message.about.get("recipient", {}).get("is_business") is True:
        return
    for part, text in message.parts:
        stated = _ALL.search(text) is not None
        follower: int | None = None
        for found in reversed(list(_AMOUNT.finditer(text))):
            start, end = found.span()
            line = text[text.rfind("\n", 0, start) + 1 : start][-120:]
            if _NO_PRICE_AFTER.match(text, end) or line.rstrip(" :：はが").endswith(_NO_PRICE_BEFORE):
                follower = None
                continue
            net = _NET_BEFORE.search(line) is not None or _NET_AFTER.match(text, end) is not None
            included = _INCLUDED_BEFORE.search(line[-8:]) or _INCLUDED_AFTER.match(text, end)
            if net and not _BRACKETED_NET.match(text, end):
                # Beside the total, in front of it or behind it, a net price may stand.
                right = bool(included or _AMOUNT.search(line) or _TOTAL_FOLLOWS.match(text, end))
            else:
                ranges = follower is not None and _TO.fullmatch(text, end, follower) is not None
                right = bool(included or net or stated or ranges)
            follower = start if right else None
            if not right:
                ja = "税抜きだけの価格です。支払う総額（税込）を示します" if net else "価格に「税込」がありません"
                en = "a price without tax alone: show the total" if net else "a price that does not say it includes tax"
                yield Spot(start, end, f"「{found[0]}」：{ja}", f"'{found[0]}': {en}", None, part)
