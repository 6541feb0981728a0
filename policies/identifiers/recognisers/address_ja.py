"""Japanese addresses: prefecture and municipality, the town, then 丁目・番地・号 or hyphens, and a building if one follows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import KANJI, LOOSE, SHAPED, Hit, Reading

TYPES = ("ADDRESS",)
_PREFECTURES = (
    "北海道|東京都|(?:大阪|京都)府|(?:青森|岩手|宮城|秋田|山形|福島|茨城|栃木|群馬|埼玉|千葉|神奈川|新潟|富山|石川|福井|山梨|長野|岐阜|静岡|愛知|三重|滋賀|兵庫|"
    "奈良|和歌山|鳥取|島根|岡山|広島|山口|徳島|香川|愛媛|高知|福岡|佐賀|長崎|熊本|大分|宮崎|鹿児島|沖縄)県"
)
_TOWN = rf"[{KANJI}ヶケノァ-ヴーぁ-ん]"
_PLACE = rf"[{KANJI}ヶケノァ-ヴーぁ-ん]{{1,7}}?[市区町村郡]"
_NUMBERS = r"[0-9]{1,5} ?(?:丁目 ?|番地の? ?|番 ?|条(?:[西東南北])? ?|号(?!室|線|車) ?|線 ?|[-ノの] ?)(?:[0-9]{1,5} ?(?:丁目|番地の?|番町?|号(?!室)|条|[-ノの])? ?){0,4}(?<![ の])"
_ONE = r"(?:[0-9]{1,5}(?:番地|番|号)?)(?![0-9,.:%]| ?(?:年|月|日|時|円|万|億|人|名|個|点|本|枚|台|店|件|社|軒|校|世帯|歳|才|回|度|位|km|m|ｍ|分|%|倍|カ所|か所|ヶ所|箇所|つ|代|票|校|周年|階建))"
_BUILDING = (
    rf"(?:[ 　、,\n]?(?:[{KANJI}ァ-ヴA-Za-z][{KANJI}ァ-ヴーA-Za-zぁ-ん・&'’ ]{{0,24}}?(?:ハイツ|マンション|ビル(?:ディング)?|コーポ|アパート|荘|メゾン|レジデンス|タワー|パレス|ハイム|ハウス|コート|ヴィラ|"
    rf"プラザ|寮|団地|棟|ヒルズ|テラス|ガーデン|館|メント|苑|[Bb]uilding|[Bb]ldg\.?|Tower)[A-Z]?[ 　]?)?(?:[-A-Z]?[0-9]{{1,5}}(?:号室|号|[F階]|室)?|(?<=[^0-9])[0-9]{{2,4}}(?![0-9年月日時円人名個-]))?)"
    rf"|[ 　][{KANJI}ァ-ヴーA-Za-zぁ-ん・]{{2,20}} ?[0-9]{{1,5}}(?:号室?|[F階]|室)"
)
_FULL = re.compile(
    rf"(?:{_PREFECTURES}) ?(?:{_PLACE} ?){{1,3}}(?:大字)?{_TOWN}{{0,14}}? ?(?:{_NUMBERS}|{_ONE})(?:{_BUILDING}|[ 　]?[A-Z]?[0-9]{{1,4}}号室?)?"
)
_SHORT = re.compile(
    rf"(?<![{KANJI}])(?:{_PLACE} ?){{1,3}}(?:大字)?{_TOWN}{{0,12}}? ?(?:[0-9]{{1,4}}丁目(?:[0-9]{{1,5}}(?:番地?の?|号|-)?){{0,3}}|[0-9]{{1,5}}(?:-[0-9]{{1,5}}){{1,3}}|[0-9]{{1,5}}番地?(?:[0-9]{{1,5}}号?)?)(?![0-9,.:%年月日円])(?:{_BUILDING})?"
)
_LABELLED = re.compile(
    rf"(?:住所|所在地|お?届け先|お?送り先|配送先|転居先|本籍|実家)(?:は|が|[:：]|変更)[ \n]?({_TOWN}{{2,16}}? ?(?:{_NUMBERS}|{_ONE})(?:{_BUILDING})?)"
)
_SIGN = re.compile("[都道府県市区町村郡]|住所|所在地|先|本籍|実家")
_NOT_PLACES = re.compile(
    r"^(?:[はがをにでとのへもや]|から|まで|より)|(?:では|には|とは|から|まで|した|ます|です|った|って|という|として|を|国道|県道|都道|府道)|[市区町村]と|[市区町村郡]の$"
)
_LEAD = re.compile(
    r"^(?:現在|当時|かつて|昔|旧)の|^(?:住所|所在地|届け先|送り先|配送先|宛先|本籍|実家|自宅|勤務先|会社|転居先|新居)(?:は|が|の|へ|:|：)?"
)


def find(reading: Reading) -> Iterator[Hit]:
    """With a prefecture, or a municipality and a number in steps; a region alone is not an address."""
    text = reading.text
    if not (reading.japanese and reading.digits and _SIGN.search(text)):
        return
    for pattern, sure in ((_FULL, SHAPED), (_SHORT, LOOSE)):
        for found in pattern.finditer(text):
            lead = _LEAD.match(found[0])
            start = found.start() + (lead.end() if lead else 0)
            if not _NOT_PLACES.search(re.split("[0-9]", text[start : found.end()], maxsplit=1)[0]):
                yield Hit(start, found.start() + len(found[0].rstrip(" 　、,\n-")), "ADDRESS", sure)
    for found in _LABELLED.finditer(text):
        yield Hit(found.start(1), found.start(1) + len(found[1].rstrip(" 　、,\n-")), "ADDRESS", LOOSE)
