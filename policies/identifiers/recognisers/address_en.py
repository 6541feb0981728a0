"""Western addresses: house number and street, with flat, town, state and postcode around it; post-office boxes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import LOOSE, SHAPED, Hit, Reading

TYPES = ("ADDRESS",)
_STREET = (
    "Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Boulevard|Blvd|Way|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter|Close|Crescent|Cres|Gardens|Grove|"
    "Hill|Mews|Quay|Row|Parkway|Pkwy|Highway|Hwy|Circle|Cir|Trail|Trl|Walk|Wharf|Yard|Green|Rise|View|Park|Broadway|Turnpike|Pike|Loop|Alley|Plaza|Crossing|Bend|Vale|Parade|Embankment"
)
_UNIT = r"(?:Flat|Apt\.?|Apartment|Suite|Ste\.?|Unit|Room|Floor|#) ?#?[0-9A-Za-z-]{1,6}"
_WORD = r"[A-Z][A-Za-zÀ-ÿ'’.-]{0,20}"
_STATE = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY])"
_POST = r"(?:[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][A-Z]{2}|[0-9]{5}(?:-[0-9]{4})?)"
_TAIL = rf"(?:[ ,\n]{{1,3}}{_UNIT})?(?:[,\n] ?\n?{_WORD}(?![A-Za-z0-9])(?: {_WORD}(?![A-Za-z0-9])){{0,2}}){{0,2}}(?:[ ,\n]{{1,3}}{_STATE})?(?:[ ,\n]{{1,3}}{_POST})?(?![0-9])"
_HOUSE = re.compile(
    rf"(?<![0-9A-Za-z$£€#.,-])(?:{_UNIT},? )?[0-9]{{1,5}}(?:[A-Za-z]|-[0-9]{{1,5}}|/[0-9]{{1,3}})?,? (?:[NSEW]\.? |North |South |East |West |Old |Upper |The )?(?:(?:{_WORD}|[0-9]{{1,3}}(?:st|nd|rd|th)) ){{1,4}}?(?:{_STREET})(?![A-Za-z])\.?{_TAIL}"
)
_BOX = re.compile(rf"(?<![A-Za-z])P\.? ?O\.? ?Box [0-9]{{1,6}}{_TAIL}", re.IGNORECASE)
_EUROPE = re.compile(
    r"(?<![A-Za-z])(?:[A-ZÄÖÜ][a-zäöüß]{1,20}(?:straße|strasse|str\.|weg|platz|gasse|allee)|(?:Rue|rue|Via|Calle|Avenida|Piazza|Rua|Plaza) (?:[A-Za-zÀ-ÿ'’]{1,15} ){0,4}?[A-Za-zÀ-ÿ'’]{2,20}),? [0-9]{1,4}[a-z]?(?![0-9])|(?<![0-9])[0-9]{1,4},? rue (?:[A-Za-zÀ-ÿ'’]{1,15} ){0,4}[A-ZÀ-Þ][A-Za-zÀ-ÿ'’-]{2,20}"
)
_LABELLED = re.compile(
    r"(?:[Aa]ddress(?: is|:)|[Ll]ives? at|[Ss]hip(?:ped)? to|[Dd]eliver(?:ed)? to|[Mm]ov(?:ed|ing) to|[Rr]esid(?:es|ing) at) {0,2}([0-9]{1,5}[A-Za-z]? (?:[A-Z][A-Za-z'’.-]{1,20} ?){1,4}"
    + _TAIL
    + ")"
)
_EUROPEAN = tuple("stra str. weg platz gasse allee rue via calle avenida piazza rua plaza".split())
_LABELS = ("address", "live", "ship", "moved", "moving", "resid")
_SIGNS = ((_HOUSE, SHAPED, ()), (_BOX, SHAPED, ("box",)), (_EUROPE, SHAPED, _EUROPEAN), (_LABELLED, LOOSE, _LABELS))
"""Each shape, how sure it is, and what every place of that shape has."""


def find(reading: Reading) -> Iterator[Hit]:
    """A number, capitalised words and a word for street; or a number and words after a label."""
    text = reading.text
    if not (reading.digits and reading.latin):
        return
    for pattern, sure, signs in _SIGNS:
        if signs and not reading.says(signs):
            continue
        for found in pattern.finditer(text):
            start, end = found.span(1 if pattern is _LABELLED else 0)
            yield Hit(start, start + len(text[start:end].rstrip(" ,.\n")), "ADDRESS", sure)
