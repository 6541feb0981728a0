"""Dates of birth: a date that is one, Western or by era, with a word of being born beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from policies.identifiers.recognisers.reading import CHECKED, Hit, Reading

TYPES = ("DOB",)
_ERAS = {"明治": date(1868, 1, 25), "大正": date(1912, 7, 30), "昭和": date(1926, 12, 25), "平成": date(1989, 1, 8), "令和": date(2019, 5, 1)}  # fmt: skip
_ENDS = {"明治": date(1912, 7, 30), "大正": date(1926, 12, 25), "昭和": date(1989, 1, 7), "平成": date(2019, 4, 30), "令和": date(2199, 12, 31)}  # fmt: skip
_INITIALS = dict(zip("MTSHR", _ERAS, strict=True))
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_MONTH = r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
_BORN = r"(?: ?(?:生まれ|うまれ|生)(?![年産命活地誕存放演じるきんも]))?"
_SHAPES = (
    re.compile(rf"(?<![0-9A-Za-z.-])(?P<y>(?:18|19|20)[0-9]{{2}})(?:(?P<s>[-/.])(?P<m>[0-9]{{1,2}})(?P=s)(?P<d>[0-9]{{1,2}})|年 ?(?P<m2>[0-9]{{1,2}})月 ?(?P<d2>[0-9]{{1,2}})日?)(?![0-9/-]){_BORN}"),
    re.compile(rf"(?:(?P<e>明治|大正|昭和|平成|令和)|(?<![A-Za-z0-9])(?P<i>[MTSHR])\.?) ?(?P<y>元|[0-9]{{1,2}})(?:(?P<s>[-/.])(?P<m>[0-9]{{1,2}})(?P=s)(?P<d>[0-9]{{1,2}})|年 ?(?P<m2>[0-9]{{1,2}})月 ?(?P<d2>[0-9]{{1,2}})日?)(?![0-9/-]){_BORN}"),
    re.compile(r"(?<![0-9A-Za-z-])(?P<y>(?:19|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})(?![0-9A-Za-z-])"),
    re.compile(r"(?<![0-9A-Za-z./-])(?P<a>[0-9]{1,2})(?P<s>[-/.])(?P<b>[0-9]{1,2})(?P=s)(?P<y>(?:19|20)?[0-9]{2})(?![0-9/-])"),
    re.compile(rf"(?<![0-9A-Za-z])(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<n>{_MONTH}),? (?P<y>(?:19|20)[0-9]{{2}})(?![0-9])", re.IGNORECASE),
    re.compile(rf"(?<![A-Za-z])(?P<n>{_MONTH}) (?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?,? (?P<y>(?:19|20)[0-9]{{2}})(?![0-9])", re.IGNORECASE),
)  # fmt: skip
_LABEL = re.compile(
    r"生年月日|誕生日|お誕生日|生誕|(?<![A-Za-z])born(?: on)?|date of birth|birth ?(?:date|day)|d\.?o\.?b\.?",
    re.IGNORECASE,
)
_BORN_AFTER = re.compile(r" ?[(（](?:birth|生)")
_SIGNS = ("生", "誕", "うまれ", "born", "birth", "dob", "d.o", "do.b")
_SIGN = re.compile(r"生|誕|うまれ|born|birth|d\.?o\.?b", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """With 生年月日, born … before it or 生まれ after it; a day that no calendar has is none."""
    text = reading.text
    if not (reading.digits and reading.says(_SIGNS) and _SIGN.search(text)):
        return
    for pattern in _SHAPES:
        for found in pattern.finditer(text):
            said = found[0].rstrip()
            born = said.endswith(("生", "うまれ", "まれ")) or reading.labelled(found.start(), _LABEL)
            if (born or _BORN_AFTER.match(text, found.end())) and _read(found) is not None:
                yield Hit(found.start(), found.end(), "DOB", CHECKED)


def days(text: str) -> Iterator[tuple[int, int, date]]:
    """Every date that is written out with its year, whatever it is the date of."""
    if not _YEAR.search(text):
        return
    for pattern in _SHAPES:
        for found in pattern.finditer(text):
            day = _read(found)
            if day is not None:
                yield found.start(), found.end(), day


_YEAR = re.compile(r"(?:18|19|20)[0-9]{2}|明治|大正|昭和|平成|令和|(?<![A-Za-z0-9])[MTSHR]\.?[0-9]")


def _read(found: re.Match[str]) -> date | None:
    """The day, or the day-first reading of 03/04/1985; None when no calendar has it."""
    part = found.groupdict()
    if part.get("a"):
        first, second, year = int(part["a"]), int(part["b"]), int(part["y"])
        year += 0 if year > 99 else 1900
        return _day(year, second, first) or _day(year, first, second)
    month = _MONTHS[part["n"][:3].lower()] if part.get("n") else int(part.get("m") or part["m2"])
    number = int(part.get("d") or part["d2"])
    era = part.get("e") or _INITIALS.get(part.get("i") or "")
    if era is None:
        return _day(int(part["y"]), month, number)
    year = 1 if part["y"] == "元" else int(part["y"])
    day = _day(_ERAS[era].year + year - 1, month, number) if year else None
    return day if day is not None and _ERAS[era] <= day <= _ENDS[era] else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
