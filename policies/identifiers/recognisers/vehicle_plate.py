"""Vehicle plates: Japan (office, class, kana, number), United Kingdom (current style), others by label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, KANJI, LOOSE, SHAPED, Hit, Reading

TYPES = ("VEHICLE_PLATE",)
_JA = re.compile(
    rf"(?:[{KANJI}]{{1,4}}|いわき|つくば|とちぎ|なにわ|ふじ山|飛騨) ?[0-9]{{1,2}}[0-9A-Z] ?[ぁ-んA-Z] ?[・.]{{0,3}} ?[0-9・]{{1,2}}-?[0-9]{{1,2}}(?![0-9])"
)
_UK = re.compile(r"(?<![A-Za-z0-9-])[A-HJ-PR-Y][A-HJ-PR-Y][0-9]{2} ?[A-HJ-PR-Z]{3}(?![A-Za-z0-9-])")
_ANY = re.compile(r"(?<![A-Za-z0-9-])(?=[A-Z0-9 -]{0,8}[0-9])[A-Z0-9]{1,4}[ -]?[A-Z0-9]{2,5}(?![A-Za-z0-9-])")
_LABEL = re.compile(
    r"(?:licen[cs]e|number|vehicle|registration) plates?|vehicle reg(?:istration)?|(?<![A-Za-z])reg(?:istration)?\.?(?: number| no\.?)?|(?<![A-Za-z])plates?|車両番号|ナンバー(?:プレート)?|車のナンバー|登録番号",
    re.IGNORECASE,
)
_LABEL_SIGNS = ("plate", "reg", "車両番号", "ナンバー", "登録番号")
_OFFICE = re.compile(
    "札幌|函館|旭川|室蘭|苫小牧|釧路|知床|帯広|北見|青森|弘前|八戸|岩手|盛岡|平泉|宮城|仙台|秋田|山形|庄内|福島|会津|郡山|白河|いわき|水戸|土浦|つくば|宇都宮|那須|とちぎ|群馬|前橋|高崎|大宮|川口|所沢|川越|熊谷|春日部|越谷|"
    "千葉|成田|習志野|市川|船橋|袖ヶ浦|市原|野田|柏|松戸|品川|世田谷|練馬|杉並|板橋|足立|江東|葛飾|八王子|多摩|横浜|川崎|湘南|相模|山梨|富士山|新潟|長岡|上越|長野|松本|諏訪|富山|石川|金沢|福井|岐阜|飛騨|静岡|浜松|沼津|伊豆|"
    "名古屋|豊橋|三河|岡崎|豊田|尾張小牧|一宮|春日井|三重|鈴鹿|四日市|伊勢志摩|滋賀|京都|大阪|なにわ|和泉|堺|神戸|姫路|奈良|飛鳥|和歌山|鳥取|島根|出雲|岡山|倉敷|広島|福山|下関|山口|徳島|香川|高松|愛媛|高知|福岡|北九州|久留米|筑豊|"
    "佐賀|長崎|佐世保|熊本|大分|宮崎|鹿児島|奄美|沖縄"
)


def find(reading: Reading) -> Iterator[Hit]:
    """Japanese ones by a registration office's name, British ones by shape, any by label."""
    if not reading.digits:
        return
    text = reading.text
    if reading.japanese:
        for found in _JA.finditer(text):
            office = _OFFICE.search(found[0])
            if office:
                yield Hit(found.start() + office.start(), found.end(), "VEHICLE_PLATE", CHECKED)
    if reading.latin:
        for found in _UK.finditer(text):
            yield Hit(
                *found.span(),
                "VEHICLE_PLATE",
                SHAPED if " " in found[0] or reading.near(*found.span(), _LABEL) else LOOSE,
            )
        if reading.says(_LABEL_SIGNS) and _LABEL.search(text):
            for found in _ANY.finditer(text):
                if reading.labelled(found.start(), _LABEL):
                    yield Hit(*found.span(), "VEHICLE_PLATE", SHAPED)
