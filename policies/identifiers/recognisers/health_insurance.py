"""健康保険: 保険者番号 (six or eight digits, check digit as Luhn's) and 記号・番号(枝番), both known by their label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, SHAPED, Hit, Reading

TYPES = ("HEALTH_INSURANCE",)
_INSURER = re.compile(r"(?<![0-9A-Za-z-])(?:[0-9]{2} ?[0-9]{2} ?[0-9]{3} ?[0-9]|[0-9]{6})(?!-?[0-9]|[A-Za-z])")
_LABEL = re.compile(
    r"保険者(?:等)?番号|保険証|被保険者(?:証)?(?:等)?(?:記号)?(?:番号)?|資格確認書|公費負担者番号|insurer number|health insurance",
    re.IGNORECASE,
)
_MARKED = re.compile(
    r"記号[ :：は]{0,3}([0-9]{1,8})[ 、,，・/\n]{0,3}(?:の)?番号[ :：は]{0,3}([0-9]{1,8})(?![0-9])(?:[ 、,，・/(（]{0,3}枝番[ :：は]{0,3}[0-9]{1,2})?"
)
_POSTAL = re.compile(r"1[0-9]{3}[0-9]")


def find(reading: Reading) -> Iterator[Hit]:
    """By label; a wrong check digit is a slip of the pen, not another thing.  記号 1dddd with 番号 alone is a ゆうちょ account."""
    if not reading.digits:
        return
    text = reading.text
    if "保険" in text or "公費" in text or "資格" in text or "nsur" in text:
        for found in _INSURER.finditer(text):
            if reading.labelled(found.start(), _LABEL):
                yield Hit(*found.span(), "HEALTH_INSURANCE", CHECKED)
    if "記号" in text:
        for found in _MARKED.finditer(text):
            account = _POSTAL.fullmatch(found[1]) and "枝番" not in found[0]
            if not account or "保険" in text[max(0, found.start() - 30) : found.start()]:
                yield Hit(*found.span(), "HEALTH_INSURANCE", SHAPED)
