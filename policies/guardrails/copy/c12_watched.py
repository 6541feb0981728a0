"""A message says the need and never the trace: no word of views, searches, opens, places, scores or segments.

What a customer did on a page is used to decide and never quoted to them; a product they asked to hear about is their own
words and may be named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.reading import Reading, Spot, outside_words

RULE = "C12"
LEVEL = "block"
LANGUAGES = ("ja", "en")
_JA = re.compile(
    "|".join(
        [
            *(
                f"{act}(?:に|して|され|いただ)[^。\n]{{0,12}}(?:記録|履歴|検知|把握|分析|確認(?:し|でき|いたし))"
                for act in "ご覧 閲覧 検索 クリック チェック 訪問 開封".split()
            ),
            *(
                f"{when}[^。\n]{{0,16}}(?:ご覧(?:いただ|にな|くださ)|閲覧|検索(?:され|して)|見てい|アクセス)"
                for when in "さきほど 先ほど 昨日 昨晩 昨夜 今朝 深夜 先日 回も".split()
            ),
        ]
    )
    + r"|閲覧履歴|検索履歴|行動(?:履歴|データ)|位置情報|お住まいの(?:近く|エリア)を|分析(?:した|の)結果|ai(?:が|の)(?:予測|分析|判断)|予測(?:スコア|では)"
    r"|開封(?:されていない|されて|がない|いただけ)|離脱(?:し|の|リスク)|休眠|ランクが[高低下上]|スコアが[高低下上]|セグメントが[高低下上]"
    r"|家族構成(?:から|に|を)|年収(?:から|に|を)|購買力|ご年齢から|しばらく(?:ログイン|アクセス|ご来店)(?:が|を|されて)|最近(?:ログイン|アクセス|ご来店)(?:が|を|されて)"
    r"|カートに(?:入れたまま|残って|残した)|お気づきですか[^。\n]{0,10}閲覧"
)
_EN = re.compile(
    r"we(?:['’]ve)? (?:noticed|saw|see|know|observed|tracked|detected)(?: that)? you(?:['’]ve|['’]re| have| were| are)? ?(?:been )?(?:brows|look|view|search|visit|click|open|live|recent|just|haven|did|left|leav)[a-z]*"
    r"|you(?:['’]ve| have)? (?:viewed|looked at|browsed|clicked|searched)[^.\n]{0,40}(?:times|last night|yesterday|minutes ago|this morning|recently|on our site)"
    r"|your (?:browsing|search|location|viewing|purchase) (?:history|data|behaviou?r|patterns?)|based on your (?:behaviou?r|profile|data|activity|income|age|location|browsing)"
    r"|our (?:ai|algorithm|model|data) (?:predict|think|flag|show|suggest)[a-z]*|churn(?:ing|ed)?|at risk of leaving|lapsed (?:customer|member|account)"
    r"|inactive (?:segment|customer|member)|you haven['’]?t (?:opened|logged in|visited)|left (?:something )?in your (?:cart|basket)|we['’]ve been watching"
)


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks every phrase that lets the reader feel watched."""
    pattern = _JA if reading.language == "ja" else _EN
    for part, text in reading.everything:
        for found in outside_words(pattern, text):
            said = reading.text(part)[found.start() : found.end()]
            yield Spot(
                *found.span(),
                f"「{said}」は見られていると感じさせます",
                f"'{said}' tells the reader that they are watched",
                part=part,
            )
