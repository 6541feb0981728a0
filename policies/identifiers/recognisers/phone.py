"""Telephone numbers: Japan, North America, United Kingdom, any country with +; named by shape and by phonenumbers' metadata."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

import phonenumbers

from policies.identifiers.recognisers.reading import CHECKED, LOOSE, SHAPED, Hit, Reading, digits_of

TYPES = ("PHONE",)
_BEFORE = r"(?<![0-9A-Za-z])(?<![0-9][-.])"
_AFTER = r"(?![-.]?[0-9])(?![A-Za-z])"
_JOIN = r"(?:[-. ]|-?\n|\) ?| ?\()?"
_JA = re.compile(rf"{_BEFORE}\(?0[0-9]{{1,4}}{_JOIN}[0-9]{{1,4}}{_JOIN}[0-9]{{3,4}}{_AFTER}")
_PLUS = re.compile(rf"(?<![0-9A-Za-z+])(?:\(\+[1-9][0-9]{{0,2}}\)|\+ ?[1-9]|(?:00|010[- ])[1-9])(?:[-. ()]{{0,3}}[0-9]){{6,14}}{_AFTER}")
_US = re.compile(
    rf"{_BEFORE}(?:(?:\+|00)?1[-. ]{{1,2}})?(?:\([0-9]{{3}}\)[-. ]?|[0-9]{{3}}[-. ])[0-9]{{3}}[-. ][0-9]{{4}}(?:[ ,]{{0,2}}(?:x|ext\.?|#) ?[0-9]{{1,6}})?(?![0-9]|-[0-9]|\.[0-9])",
    re.IGNORECASE,
)
_UK = re.compile(rf"{_BEFORE}\(?0[1-9][0-9]{{1,4}}\)?[- ]?[0-9]{{2,4}}[- ]?[0-9]{{2,4}}(?:[- ][0-9]{{2,4}}){{0,2}}{_AFTER}")
_ANY = re.compile(rf"{_BEFORE}[(+]?[0-9](?:[-. ()/]{{0,2}}[0-9]){{5,14}}(?:[ ,]{{0,2}}(?:x|ext\.?) ?[0-9]{{1,6}})?(?![0-9])", re.IGNORECASE)
_LABEL = re.compile(
    r"電話(?:番号)?|でんわ|携帯(?:電話)?|ケータイ|TEL\.?|Tel\.?|FAX|ファックス|ファクス|☎|📞|連絡先|"
    r"(?:tele)?phones?|(?<![A-Za-z])cell(?:phone)?|mobile|(?<![A-Za-z])call(?:ing)?(?: (?:me|us|him|her|them))?(?: (?:at|on|back at))?|(?<![A-Za-z])text(?: me)? (?:at|on)|(?<![A-Za-z])fax|(?<![A-Za-z])(?:dial|ring)|whatsapp|answering at|(?<![a-z])desk|(?<![a-z])office|reach(?:ed)? (?:me|us|him|her) (?:at|on)",
    re.IGNORECASE,
)
_OTHER = re.compile(r"伝票|追跡|送り状|注文番号|受注番号|受付番号|型番|品番|製造番号|シリアル|会員番号|tracking|order|serial|invoice|model|SKU|part (?:no|number)", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """A real number of the country its form belongs to; or a label before six to fifteen digits."""
    if not reading.long:
        return
    text = reading.text
    for found in _JA.finditer(text):
        digits = digits_of(found[0])
        if len(digits) in (10, 11) and real(digits, "JP") and (reading.japanese or real(digits, "JP") and not real(digits, "GB")):
            if not reading.near(found.start(), found.start(), _OTHER, 10) or "-" in found[0]:
                yield _hit(reading, found, SHAPED)
    if "+" in text or "00" in text or "010" in text:
        for found in _PLUS.finditer(text):
            digits = re.sub(r"^(?:010|00)", "", digits_of(found[0])) if "+" not in found[0] else digits_of(found[0])
            trunk = re.sub(r"\(0\)", "", found[0])
            if real("+" + (digits_of(trunk) if "(0)" in found[0] and "+" in found[0] else digits), None) or "+" in found[0] and 9 <= len(digits) <= 15:
                yield _hit(reading, found, SHAPED)
    for found in _US.finditer(text):
        if not reading.japanese or real(digits_of(found[0])[:11], "US"):
            yield _hit(reading, found, SHAPED)
    if not reading.japanese:
        for found in _UK.finditer(text):
            digits = digits_of(found[0])
            if len(digits) in (10, 11) and (real(digits, "GB") or " " in found[0]):
                yield _hit(reading, found, SHAPED)
    if _LABEL.search(text):
        for found in _ANY.finditer(text):
            digits = digits_of(found[0])
            if reading.labelled(found.start(), _LABEL) and (len(digits) >= 9 or not reading.japanese):
                yield _hit(reading, found, LOOSE)


def _hit(reading: Reading, found: re.Match[str], sure: int) -> Hit:
    """Without a bracket that is not closed inside; surer with a label."""
    start, said = found.start(), found[0]
    if said.startswith("(") and ")" not in said:
        start += 1
    return Hit(start, found.end(), "PHONE", CHECKED if sure == SHAPED and reading.labelled(start, _LABEL) else sure)


@lru_cache(maxsize=65536)
def real(digits: str, region: str | None) -> bool:
    """Whether such a number can exist in the region (None: as its country code says)."""
    try:
        number = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)
