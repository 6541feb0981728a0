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
_PLUS = re.compile(
    rf"(?<![0-9A-Za-z+])(?:\(\+[1-9][0-9]{{0,2}}\)|\+ ?[1-9]|(?:00|010[- ])[1-9])(?:[-. ()]{{0,3}}[0-9]){{6,14}}{_AFTER}"
)
_US = re.compile(
    rf"{_BEFORE}(?:(?:\+|00)?1[-. ]{{1,2}})?(?:\([0-9]{{3}}\)[-. ]?|[0-9]{{3}}[-. ])[0-9]{{3}}[-. ][0-9]{{4}}(?:[ ,]{{0,2}}(?:x|ext\.?|#) ?[0-9]{{1,6}})?(?![0-9]|-[0-9]|\.[0-9])",
    re.IGNORECASE,
)
_UK = re.compile(
    rf"{_BEFORE}\(?0[1-9][0-9]{{1,4}}\)?[- ]?[0-9]{{2,4}}[- ]?[0-9]{{2,4}}(?:[- ][0-9]{{2,4}}){{0,2}}{_AFTER}"
)
_ANY = re.compile(
    rf"{_BEFORE}[(+]?[0-9](?:[-. ()/]{{0,2}}[0-9]){{5,14}}(?:[ ,]{{0,2}}(?:x|ext\.?) ?[0-9]{{1,6}})?(?![0-9])",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"電話(?:番号)?|でんわ|携帯(?:電話)?|ケータイ|TEL\.?|Tel\.?|FAX|ファックス|ファクス|☎|📞|連絡先|"
    r"(?:tele)?phones?|(?<![A-Za-z])cell(?:phone)?|mobile|(?<![A-Za-z])call(?:ing)?(?: (?:me|us|him|her|them))?(?: (?:at|on|back at))?|(?<![A-Za-z])text(?: me)? (?:at|on)|(?<![A-Za-z])fax|(?<![A-Za-z])(?:dial|ring)|whatsapp|answering at|(?<![a-z])desk|(?<![a-z])office|reach(?:ed)? (?:me|us|him|her) (?:at|on)",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"伝票|追跡|送り状|注文番号|受注番号|受付番号|型番|品番|製造番号|シリアル|会員番号|tracking|order|serial|invoice|model|SKU|part (?:no|number)",
    re.IGNORECASE,
)


def find(reading: Reading) -> Iterator[Hit]:
    """A real number of the country its form belongs to; or a label before six to fifteen digits."""
    if not reading.long:
        return
    text = reading.text
    for found in _JA.finditer(text):
        if _japanese(reading, found):
            yield _hit(reading, found, SHAPED)
    if "+" in text or "00" in text or "010" in text:
        for found in _PLUS.finditer(text):
            if _abroad(found[0]):
                yield _hit(reading, found, SHAPED)
    yield from _western(reading)
    if _LABEL.search(text):
        for found in _ANY.finditer(text):
            if (len(digits_of(found[0])) >= 9 or not reading.japanese) and reading.labelled(found.start(), _LABEL):
                yield _hit(reading, found, LOOSE)


def _western(reading: Reading) -> Iterator[Hit]:
    text = reading.text
    for found in _US.finditer(text):
        if not reading.japanese or real(digits_of(found[0])[:11], "US"):
            yield _hit(reading, found, SHAPED)
    if not reading.japanese:
        for found in _UK.finditer(text):
            digits = digits_of(found[0])
            if len(digits) in (10, 11) and (real(digits, "GB") or " " in found[0]):
                yield _hit(reading, found, SHAPED)


def _japanese(reading: Reading, found: re.Match[str]) -> bool:
    """A Japanese number; in an English text not one that is British as well; without hyphens not after a word for another number."""
    digits = digits_of(found[0])
    if len(digits) not in (10, 11) or not real(digits, "JP"):
        return False
    if not reading.japanese and real(digits, "GB"):
        return False
    return "-" in found[0] or not reading.near(found.start(), found.start(), _OTHER, 10)


def _abroad(said: str) -> bool:
    """A number with its country's code; the 0 in brackets is not dialled from abroad."""
    if "+" in said:
        digits = digits_of(said)
        return 9 <= len(digits) <= 15 or real(f"+{digits_of(said.replace('(0)', ''))}", None)
    return real(f"+{re.sub('^(?:010|00)', '', digits_of(said))}", None)


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
