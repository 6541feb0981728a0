"""Bank accounts: Japanese by kind of account, ゆうちょ 記号番号, British sort code and account, American routing and account."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, SHAPED, Hit, Reading

TYPES = ("BANK_ACCOUNT",)
_JA = re.compile(
    r"(?:[0-9]{4}[- ][0-9]{3}[ -]?)?(?:(?:普通|当座|貯蓄|定期)(?:預金|貯金|口座)?|\(?[普当]\))[ :：は]{0,2}(?:口座)?(?:番号)?[ :：はNo.No．・)]{0,6}[0-9]{7}(?!-?[0-9]|[円名人件個点])"
)
_POST = re.compile(
    r"記号[ :：は]{0,3}1[0-9]{4}(?:-[0-9])?[ 、,，・/\n]{0,3}(?:の)?番号[ :：は]{0,3}[0-9]{1,8}(?![0-9])(?![^\n]{0,4}枝番)"
)
_POST_SHORT = re.compile(r"(?:ゆうちょ|郵便貯金)[^0-9\n]{0,12}(1[0-9]{4}-(?:[0-9]-)?[0-9]{2,8})(?![0-9])")
_LABELLED = re.compile(r"(?<![0-9A-Za-z.,-])[0-9]{4}[ -]?[0-9]{3,4}(?:[ -]?[0-9]{1,6})?(?!-?[0-9]|[A-Za-z円])")
_LABEL = re.compile(
    r"口座(?:番号)?|振込先|(?:bank |checking |savings |deposit )?(?:account|acct\.?|a/c)|aba|routing", re.IGNORECASE
)
_UK = re.compile(
    r"(?<![0-9-])[0-9]{2}-[0-9]{2}-[0-9]{2}[ ,;]{1,3}(?:(?:and )?(?:account|acc(?:t|ount)?\.?|a/c)(?: (?:number|no\.?))?[ :]{0,3})?[0-9]{8}(?![0-9])",
    re.IGNORECASE,
)
_SORT = re.compile(r"(?<=sort code)[ :is]{0,5}[0-9]{2}[- ]?[0-9]{2}[- ]?[0-9]{2}(?![0-9-])", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """The kind of account or a label must stand before the number: seven digits alone are anything."""
    if reading.long:
        if reading.japanese:
            yield from _japanese(reading.text)
        if _LABEL.search(reading.text) or "sort code" in reading.lower:
            yield from _labelled(reading)


def _japanese(text: str) -> Iterator[Hit]:
    if "普" in text or "当" in text or "貯" in text or "定期" in text:
        for found in _JA.finditer(text):
            yield Hit(*found.span(), "BANK_ACCOUNT", CHECKED)
    if "ゆうちょ" in text or "貯金" in text:
        for found in _POST_SHORT.finditer(text):
            yield Hit(*found.span(1), "BANK_ACCOUNT", SHAPED)
    if "記号" in text and "保険" not in text:
        for found in _POST.finditer(text):
            yield Hit(*found.span(), "BANK_ACCOUNT", SHAPED)


def _labelled(reading: Reading) -> Iterator[Hit]:
    for found in _LABELLED.finditer(reading.text):
        if reading.labelled(found.start(), _LABEL):
            yield Hit(*found.span(), "BANK_ACCOUNT", CHECKED)
    for found in _UK.finditer(reading.text):
        yield Hit(*found.span(), "BANK_ACCOUNT", CHECKED)
    for found in _SORT.finditer(reading.text):
        start = found.end() - len(found[0].lstrip(" :is"))
        yield Hit(start, found.end(), "BANK_ACCOUNT", SHAPED)
