"""Payment cards: issuer's range, its length, and Luhn's check digit (ISO/IEC 7812-1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, GAP, LOOSE, Hit, Reading, digits_of, luhn

TYPES = ("CREDIT_CARD",)
_SHAPE = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9][-.])(?:[2-6][0-9]{{3}}|1800)(?:[ .-]|-?\n)?[0-9]{{4,6}}(?:{GAP}|\.)[0-9]{{1,5}}(?:(?:{GAP}|\.)[0-9]{{1,5}}){{0,2}}(?![-.]?[0-9])(?![A-Za-z])"
)
_ISSUERS = (
    (re.compile(r"4"), (13, 16, 19)), (re.compile(r"5[1-5]|2(?:2(?:2[1-9]|[3-9])|[3-6]|7(?:[01]|20))"), (16,)),
    (re.compile(r"3[47]"), (15,)), (re.compile(r"3(?:0[0-59]|[689])"), (14, 16)),
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 17, 18, 19)), (re.compile(r"6(?:011|5|4[4-9])"), (16, 19)),
    (re.compile(r"62|81"), (16, 17, 18, 19)), (re.compile(r"5[0678]|6[0-9]"), (12, 13, 14, 15, 16, 17, 18, 19)),
    (re.compile(r"1800|2131"), (15,)),
)  # fmt: skip
_LABEL = re.compile(
    r"(?:クレジット|デビット|クレカ)?カード(?:番号)?|クレカ|(?:credit|debit|payment)? ?card|(?<![a-z])cc(?: on)?|visa|master ?card|amex|jcb",
    re.IGNORECASE,
)
_ARTICLE = re.compile(r"JAN|EAN|ISBN|UPC|バーコード|barcode|GTIN", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """Issuer, length and check digit right; or a label before 14 to 16 digits, whatever the check digit says."""
    if not reading.long:
        return
    for found in _SHAPE.finditer(reading.text):
        start, end = found.span()
        digits = digits_of(found[0])
        if len(digits) < 12 or len(set(digits)) == 1 or reading.near(start, start, _ARTICLE):
            continue
        if issued(digits) and luhn(digits):
            yield Hit(start, end, "CREDIT_CARD", CHECKED)
        elif 14 <= len(digits) <= 16 and reading.labelled(start, _LABEL):
            yield Hit(start, end, "CREDIT_CARD", LOOSE)


def issued(digits: str) -> bool:
    """Whether an issuer gives out numbers that begin so and are that long."""
    return any(prefix.match(digits) and len(digits) in lengths for prefix, lengths in _ISSUERS)
