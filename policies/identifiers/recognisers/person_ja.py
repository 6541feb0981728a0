"""Japanese names by what stands around them: an honorific after, a label before, a common surname at their head.

Whose name it is no rule knows; for that there is the index of known identifiers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.kana import romaji
from policies.identifiers.names import ROMAJI_SURNAMES, SURNAMES
from policies.identifiers.normal import fold_names
from policies.identifiers.recognisers.reading import KANJI, LOOSE, SHAPED, Hit, Reading

TYPES = ("PERSON",)
_KANA = "ァ-ヴー"
_NAME = (
    rf"[{KANJI}]{{1,6}}(?: ?[{KANJI}]{{1,4}})?|[{KANJI}]{{1,4}} ?[ぁ-ん]{{2,5}}|[{KANJI}]{{1,4}} ?[{_KANA}]{{2,8}}|[{_KANA}]{{2,10}}(?:[ ・=][{_KANA}]{{2,12}}){{0,2}}|"
    rf"[ぁ-ん]{{2,6}} [ぁ-ん]{{2,6}}|[A-Z][A-Za-z'’-]{{1,15}}(?: [A-Z][A-Za-z'’.-]{{0,15}}){{0,3}}"
)
_BEFORE = re.compile(rf"(?:{_NAME}) ?\Z")
_HONORIFIC = re.compile(
    r"様(?![々子式相態変方似])|さま(?!ざま|まで)|さん(?![ざまごかし]|付け|づけ)|氏(?![名族神素])|殿(?![堂様下内])|先生|ちゃん|くん(?![れ])|君(?![がはの主臨])"
)
_STRICT = frozenset(("様", "さま", "殿", "氏"))
_KANJI_ONLY = re.compile(rf"[{KANJI}]{{1,6}} ?[{KANJI}]{{0,4}}")
_KANA_ONLY = re.compile(rf"[{_KANA}]+")
_NOBODY = re.compile(
    "^(?:お|ご|御)|^(?:皆|皆々|貴|同|仕|模|多|異|一|各|他|神|王|仏|客|奥|旦那|殿|姫|若|別|両|何|有|無|右|左|上|下|左右|今|先|当|弊|本|外国|俺|女王|諸|旧|次|毎|某|全|某某|摂|華|彼|源|平|宮|神社|御|拝|"
    "客|沢山|赤|坊|娘|息子|孫|嫁|婿|兄|姉|弟|妹|父|母|祖父|祖母|主人|夫|妻|友人|友達|学生|生徒|児童|患者|女将|大将|親方|親|住職|医者|看護師|大工|職人|農家|漁師|巫女|八百屋|魚屋|本屋|花屋|床屋|"
    "宛|宛名|以下|参加|利用|来店|来場|購入|予約|登録|会員|顧客|法人|個人|企業|団体|業者|店舗|全員|複数|初|新規|既存|対象|該当)$"
    "|(?:仕|同|有|多|模|異|左|神|王|貴|奥|皆|客|御|一|王子|姫|団|社|者|員|店|先|主|業|客|族|長|屋|組|団|会|院|所|校|園|部|課|係|師|士|役|官|類|達|方|御中|家|庁|省|局|館|誌|紙|株式会社|銀行|夫婦|夫妻|姉妹|兄弟|親子|家族|関係|本人|代理|男性|女性|紳士|淑女|"
    "スタッフ|オーナー|ユーザー|ゲスト|ドライバー|メーカー|ホテル|リーダー|マネージャー|シェフ|カップル|ファミリー|ママ|パパ|サンタ|フロント|コンシェルジュ|ガイド|オペレーター|クライアント|パートナー|ナース|ワン|ニャン|ネコ|イヌ|"
    "インストラクター|サポーター|ファン|メンバー|ショップ|バイト|アルバイト|コーチ|トレーナー|モデル|ライター|デザイナー|エンジニア|マスター|タクシー|パン|ラーメン|ケーキ|カフェ|ソムリエ|バーテンダー|オヤジ|オジ|オバ|ジイ|バア|ボーイ|キャスト|クマ|ウサギ|ゾウ|サル|リス|パンダ|アヒル)$"
)
_TITLE = re.compile(
    "(?:[^ ]{0,4}(?:会長|社長|部長|次長|課長|係長|室長|所長|局長|支店長|店長|工場長|院長|園長|校長|館長|理事|役員|顧問|取締役|主任|主査|主事|専務|常務)|代表|担当|参事|主幹) (?=[^ ])"
)
"""A post before the name of who holds it."""
_LABEL = re.compile(
    rf"(?:氏名|お名前|ご芳名|名前|名義人?|宛名|契約者名?|受取人名?|受取人|お届け先|届け先|送り主|依頼主|担当者?名?|申込者名?|予約者?名|ご予約名|会員名|顧客名|患者名|フリガナ|ふりがな|カナ|保護者名?|本人|代表者名?)"
    rf"(?:様)?[」』)）]?(?P<mark>[ ]?[:：=][ ]?|[はが]、?|[ \n])(?P<name>{_NAME})"
)
_SIGN = re.compile("[様氏殿]|さま|さん|先生|ちゃん|くん|君|名|宛|者|先|主|カナ|がな|本人")
_NOT_GIVEN = frozenset(
    "県市区町村駅店産発着線州島湾港橋川山城寺社園館型式様氏殿君家室課部係円年月日時分行通号番丁店長会"
)
_PLACES = frozenset("石川 福井 宮崎 山口 千葉 福島 川崎 長野 富山 岡山 中野 上野 青山 松本 高山 金沢 市川 大野 新宿 熊谷 成田 川口 長島 宮古 大島 小田原 三島 大津 津 泉 堺 東 西 南 北 上 下 関 谷 堤 岡 堀 辻 森 林".split())  # fmt: skip
_SPACED = re.compile(
    rf"(?<![{KANJI}])([{KANJI}々]{{1,4}}) ([{KANJI}]{{1,3}}|[ぁ-ん]{{2,4}}|[{_KANA}]{{2,6}})(?![{KANJI}{_KANA}ー])"
)
_ENDING = "子美香奈恵江代枝里織菜花咲郎太介助彦男夫雄司治朗樹也哉斗翔平志一二三輝希莉紀幸弘博浩隆健誠大悠蓮陽結愛葵凛翼"
_JOINED = re.compile(rf"(?<![{KANJI}])([{KANJI}]{{2,3}}?)([{KANJI}]{{0,2}}[{_ENDING}])(?![{KANJI}])")


def find(reading: Reading) -> Iterator[Hit]:
    """SHAPED where an honorific or a label stands by a name; LOOSE where only a surname says so."""
    if not reading.japanese:
        return
    text = reading.text
    if _SIGN.search(text):
        yield from _honoured(text)
        for found in _LABEL.finditer(text):
            name = found["name"].removesuffix("様").strip()
            plain = found["mark"].strip() in ("", "は", "が", "は、", "が、")
            said = _begins(name) if plain else name
            if said and not _nobody(said, text[: found.start("name")]) and len(said) > 1:
                start = found.start("name") + found["name"].index(said)
                yield Hit(start, start + len(said), "PERSON", SHAPED)
    for found in _SPACED.finditer(text) if " " in text else ():
        family = fold_names(found[1])
        if family in SURNAMES and family not in _PLACES and found[2][0] not in _NOT_GIVEN:
            yield Hit(*found.span(), "PERSON", LOOSE)
    folded = fold_names(text)
    for found in _JOINED.finditer(folded):
        name = found[0]
        for length in (3, 2):
            if len(name) - length in (1, 2, 3) and name[:length] in SURNAMES and name[:length] not in _PLACES:
                yield Hit(*found.span(), "PERSON", LOOSE)
                break


def _honoured(text: str) -> Iterator[Hit]:
    for honorific in _HONORIFIC.finditer(text):
        at = honorific.start()
        if text[at - 1 : at] in ("", "様", "皆", "客", "仕", "同", "多"):
            continue
        before = text[max(0, at - 18) : at]
        found = _BEFORE.search(before)
        if found is None:
            continue
        title = _TITLE.match(found[0])
        name = found[0][title.end() if title else 0 :].rstrip()
        start = at - len(before) + found.start() + (title.end() if title else 0)
        firm = honorific[0] in _STRICT
        known = _begins(name)
        if known:
            start += name.index(known)
            name = known
        elif not firm or not (
            (2 <= len(name) <= 7 and _KANJI_ONLY.fullmatch(name)) or (len(name) >= 3 and _KANA_ONLY.fullmatch(name))
        ):
            continue
        if not _nobody(name, text[:start]):
            yield Hit(start, start + len(name), "PERSON", SHAPED)


def _begins(name: str) -> str | None:
    """The name from its surname on, when one is found in it; kana and Latin names as they are."""
    if not "一" <= name[0] <= "鿿":
        kana = _KANA_ONLY.fullmatch(name) and romaji([name])[0][0] in ROMAJI_SURNAMES
        return name if " " in name or "・" in name or kana else None
    folded = fold_names(name)
    for start in range(max(1, len(name) - 1)):
        for length in (4, 3, 2, 1):
            if folded[start : start + length] in SURNAMES and (
                length > 1 or ((start == 0 and len(name) > 1) or len(name) == 1)
            ):
                return name[start:]
    return None


def _nobody(name: str, before: str) -> bool:
    return bool(_NOBODY.search(name)) or "様" in name or (before.endswith(("お", "ご", "御")) and len(name) <= 2)
