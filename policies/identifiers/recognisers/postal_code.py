"""Postal codes: 〒ddd-dddd, United Kingdom (Royal Mail PAF), United States ZIP, Canada, others by label."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, LOOSE, SHAPED, Hit, Reading

TYPES = ("POSTAL_CODE",)
_MARKED = re.compile(r"〒 ?[0-9]{3}[- ]?[0-9]{4}(?![0-9]|-[0-9])")
_JA = re.compile(
    r"(?<![0-9A-Za-z.,#-])(?<![0-9][ ~〜/])[0-9]{3}-[0-9]{4}(?![0-9A-Za-z]|[-~〜./][0-9]| ?[~〜]| ?[円個名人件点枚本台年月日時分秒回歳倍ページ%号型番]|-)"
)
_JA_SEVEN = re.compile(r"(?<![0-9A-Za-z-])[0-9]{3}[- ]?[0-9]{4}(?!-?[0-9]|[A-Za-z])")
_UK = re.compile(
    r"(?<![A-Za-z0-9])(?:GIR ?0AA|(?:[A-PR-UWYZ][0-9][0-9A-HJKPSTUW]?|[A-PR-UWYZ][A-HK-Y][0-9][0-9ABEHMNPRVWXY]?) ?[0-9][ABD-HJLNP-UW-Z]{2})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_US = re.compile(
    r"(?<![A-Za-z])(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY])[ ,]{1,3}([0-9]{5}(?:-[0-9]{4})?)(?![0-9]|-[0-9])"
)
_ZIP = re.compile(r"(?<![0-9A-Za-z#$£€.,-])[0-9]{4,6}(?:-[0-9]{3,4})?(?![0-9A-Za-z]|[-.,][0-9])")
_PLUS_FOUR = re.compile(r"(?<![0-9A-Za-z.#-])[0-9]{5}-[0-9]{4}(?![0-9A-Za-z-])")
_LABEL = re.compile(r"zip(?:[ -]?code)?|postal ?code|post ?code|郵便番号|〒", re.IGNORECASE)
_LABEL_SIGNS = ("zip", "post", "郵便番号", "〒")
_DIGIT_LETTER, _FIVE = re.compile("[0-9][A-Za-zſ]"), re.compile("[0-9]{5}")
"""What British and Canadian codes have, and American ones."""
_CANADA = re.compile(
    r"(?<![A-Za-z0-9])[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] ?[0-9][ABCEGHJ-NPRSTV-Z][0-9](?![A-Za-z0-9])"
)


def find(reading: Reading) -> Iterator[Hit]:
    """With 〒 or a label; Japanese ones also by shape in Japanese text."""
    if reading.digits:
        if reading.japanese:
            yield from _japanese(reading)
        if reading.latin:
            yield from _western(reading)


def _japanese(reading: Reading) -> Iterator[Hit]:
    text = reading.text
    for found in _MARKED.finditer(text):
        yield Hit(*found.span(), "POSTAL_CODE", CHECKED)
    if "-" in text:
        for found in _JA.finditer(text):
            yield Hit(*found.span(), "POSTAL_CODE", LOOSE)
    if "郵便" in text or "post" in reading.lower or "zip" in reading.lower:
        for found in _JA_SEVEN.finditer(text):
            if reading.labelled(found.start(), _LABEL):
                yield Hit(*found.span(), "POSTAL_CODE", CHECKED)


def _western(reading: Reading) -> Iterator[Hit]:
    text = reading.text
    lettered, long = _DIGIT_LETTER.search(text) is not None, _FIVE.search(text) is not None
    for found in _UK.finditer(text) if lettered else ():
        if found[0].isupper() or (" " in found[0] and found[0].islower()):
            sure = SHAPED if " " in found[0] or reading.labelled(found.start(), _LABEL) else LOOSE
            yield Hit(*found.span(), "POSTAL_CODE", sure)
    for found in _CANADA.finditer(text) if lettered else ():
        yield Hit(*found.span(), "POSTAL_CODE", SHAPED)
    for found in _US.finditer(text) if long else ():
        yield Hit(*found.span(1), "POSTAL_CODE", SHAPED)
    if long and not reading.japanese:
        for found in _PLUS_FOUR.finditer(text):
            yield Hit(*found.span(), "POSTAL_CODE", LOOSE)
    if reading.says(_LABEL_SIGNS) and _LABEL.search(text):
        for found in _ZIP.finditer(text):
            if reading.labelled(found.start(), _LABEL):
                yield Hit(*found.span(), "POSTAL_CODE", CHECKED)
