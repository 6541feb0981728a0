"""No pressure, no superlative, no promise of health: words that a good shop does not need and the law often forbids.

Superlatives and guarantees: 景品表示法5条; cosmetic and health effects: 薬機法66・68条, 健康増進法65条; pressure: the FTC's and the
CMA's guidance on false urgency.  A safety notice may well say *now*, so urgency is only asked of marketing; a health claim
counts in a product's name too, any other name is quoted and not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Part, Reading, Spot, blanked, outside_words

RULE = "C05"
LEVEL = "block"
LANGUAGES = ("ja", "en")
_URGENT_JA = re.compile(
    r"今すぐ|いますぐ|急いで|お急ぎ(?:ください|を|下さい|!|!)|お見逃し(?:なく|な)|見逃すと|見逃せない|最後のチャンス|ラストチャンス|もう二度と"
    r"|残りわずか|残りあとわずか|残り僅か|本日限り|本日終了|本日最終|早い者勝ち|知らないと損|損します|買わなきゃ損|後悔(?:し|させ)"
)
_CLAIM_JA = re.compile(
    r"驚愕|衝撃(?!吸収|に強|にも強|を(?:吸収|和|やわ|受|緩))|激安|爆安|最安(?!定)|業界(?:初|最|no)|日本一(?!周|時)|世界一(?!周)"
    r"|no\.? ?1(?![0-9])|ナンバーワン|第1位|第一位|絶対(?:に|[、!]|[^値音零的王])|必ず(?:効|痩|やせ|治|儲|もうか|成功|満足|ご?満足)"
    r"|100% ?(?:安心|安全|満足|効果|保証)|完全(?:無料|保証)|永久(?:保証|無料|に)|万能(?!ね|葱|包丁|調理|ばさみ)|誰でも簡単|当選(?:しました|おめでとう|されました)"
    r"|無料プレゼント|特別にあなただけ|あなただけに|あなた様だけ|奇跡の|史上(?:最|初)|完璧な"
)
_HEALTH_JA = re.compile(
    "|".join(
        f"{ailment}(?:が|に|を|も|の)?(?:治|消え|消す|改善|効く|効き|効果|解消|予防)"
        for ailment in "シミ しみ シワ しわ アトピー ニキビ にきび がん 癌 糖尿病 高血圧 肩こり 肩凝り 腰痛 不眠 便秘 花粉症 認知症".split()
    )
    + r"|痩せる|痩せられ|痩せます|やせる|飲むだけで|若返|アンチエイジング|免疫力|デトックス|医師(?:も|が)?(?:推薦|推奨|愛用)|副作用(?:なし|がな|ゼロ|の心配)|血液サラサラ|脂肪燃焼|疲労回復"
    r"|血圧を下げ|血糖値を下げ|病気が治|細胞を活性|発毛|育毛効果"
)
_URGENT_EN = re.compile(
    r"act now|act fast|hurry|last chance|don['’]?t miss|do not miss|once in a lifetime|while (?:supplies|stocks?) lasts?|limited time only"
    r"|urgent|buy now|click here|selling fast|going fast|only [0-9]{1,4} left|almost gone|before it['’]?s (?:too late|gone)|final notice|ends tonight"
    r"|you['’]ll regret|now or never"
)
_CLAIM_EN = re.compile(
    r"risk[- ]free|guaranteed|100 ?% (?:free|safe|satisfaction|guarantee[a-z]*|effective)|no catch|winner|congratulations[,!]? you|best ever"
    r"|# ?1|number one|no\. ?1|lowest prices?|miracle|exclusive deal|world['’]s best|best in the world|unbeatable|incredible|revolutionary"
)
_HEALTH_EN = re.compile(
    "|".join(
        f"{verb}s? (?:[a-z]{{1,20}} )?(?:acne|eczema|cancer|diabetes|insomnia|arthritis|wrinkles|ageing|aging|pain|anxiety|disease|dementia)"
        for verb in "cure heal treat reverse prevent".split()
    )
    + r"|clinically proven|doctor[- ]recommended|recommended by doctors|anti[- ]?ag(?:e)?ing effect|boosts? (?:your )?(?:immune|immunity)|detox|lose (?:weight|[0-9]{1,3} ?(?:lbs?|kg|pounds))"
    r"|burns? fat|melts? fat|no side effects|fda[- ]approved cure"
)
_PRESSURE = ("急かす表現です", "this presses the reader")
_CLAIM = ("言い過ぎ、または根拠の要る表現です", "this is hype, or a claim that needs evidence")
_HEALTH = ("効能・効果をうたう表現です", "this claims an effect on health or body")
_LISTS = {
    "ja": ((_URGENT_JA, _PRESSURE), (_CLAIM_JA, _CLAIM), (_HEALTH_JA, _HEALTH)),
    "en": ((_URGENT_EN, _PRESSURE), (_CLAIM_EN, _CLAIM), (_HEALTH_EN, _HEALTH)),
}


def sign(paragraph: Paragraph) -> bool:
    """Whether it has any such phrase."""
    text = paragraph.folded
    return text is None or any(pattern.search(text) for pattern, _ in _LISTS[paragraph.language])


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks every such phrase."""
    for part, text in reading.everything:
        for pattern, (ja, en) in _LISTS[reading.language]:
            if ja == _PRESSURE[0] and reading.message.purpose != "marketing":
                continue
            for found in outside_words(pattern, text):
                start, end = found.span()
                if ja != _HEALTH[0] and _unquoted(reading, part, text)[start:end] != found[0]:
                    continue
                said = reading.text(part)[start:end]
                yield Spot(start, end, f"「{said}」は{ja}", f"'{said}': {en}", part=part)


def _unquoted(reading: Reading, part: Part, text: str) -> str:
    """The folded text without quoted names, which are somebody else's words."""
    quoted = blanked(reading.text(part), (name for name in reading.names if len(name) > 2))
    return "".join(" " if new == " " else old for old, new in zip(text, quoted, strict=True))
