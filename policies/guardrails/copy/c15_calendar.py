"""Every date in the text exists, falls on the weekday beside it, and a last day is not past when the message is sent.

A date without a year is the one nearest to the day of sending (or to the time of the bundle); without either, only a date
with a year can be checked.  祝 stands only beside a national holiday (国民の祝日に関する法律).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Part, Reading, Spot
from policies.holidays import is_holiday

RULE = "C15"
LEVEL = "block"
LANGUAGES = ("ja", "en")
EACH = True
_JA = re.compile(
    r"(?P<m>[0-9][0-9]?)(?:月(?P<d>[0-9]{1,2})日|/(?P<d2>[0-9]{1,2})(?=\([月火水木金土日]))"
    r"(?:[ 　]?\(?(?P<w>[月火水木金土日])(?:曜日?|\)|[・,、]?(?P<h>祝)\)?))?"
)
_YEAR = re.compile(r"(20[0-9]{2})[年/] ?$")
_WEEKDAYS_JA = "月火水木金土日"
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_WEEKDAYS = "mon tue wed thu fri sat sun".split()
_MONTH = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
_TAIL = rf"(?:,? (?P<y>20[0-9]{{2}}))?(?: \((?P<w>{_WEEKDAY})\))?(?![a-z])"
_DAY_MONTH = re.compile(rf"(?P<d>[0-9][0-9]?)(?:st|nd|rd|th)? (?:of )?(?P<m>{_MONTH}){_TAIL}")
_MONTH_DAY = re.compile(rf"(?P<m>{_MONTH}) (?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?![0-9:]){_TAIL}")
_BEFORE = re.compile(rf"(?<![a-z])({_WEEKDAY}),? (?:the )?$")
_SIGN_EN = re.compile("|".join(_MONTHS))
_LAST_JA = re.compile(
    r"[)）]?[ 　]?(?:の)?(?:(?:午前|午後)?[0-9]{1,2}[:時][0-9]{0,2}分?)?(?:まで|迄|必着|締め?切|が(?:期限|締め?切))(?![^。\n]{0,14}(?:いただいた|くださった|された|ました|でした))"
)
_LAST_EN = re.compile(
    r"(?:\bby|\buntil|\btill|\bbefore|\bends?(?: on)?|\bexpires?(?: on)?|\bcloses?(?: on)?|\bup to|\bthrough|last day is|valid to) $"
)


@dataclass(frozen=True, slots=True)
class _Said:
    """A date as written: ``weekday`` 0 is Monday, ``festive`` whether 祝 stands beside it, ``last`` whether it is a last day."""

    start: int
    end: int
    year: int | None
    month: int
    day: int
    weekday: int | None
    festive: bool
    last: bool


def sign(paragraph: Paragraph) -> bool:
    """Whether it has a date, or may have."""
    return _dates_in(paragraph) != ()


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks a day that does not exist, a wrong weekday, a past last day and a 祝 on a working day."""
    moment = reading.moment
    today = moment.date() if moment else None
    dated = [one for one in reading.paragraphs if _dates_in(one[2]) != ()]
    if any(_dates_in(one) is None for _, _, one in dated):
        for part, text in reading.everything:
            for fault in _faults(_read(text, reading.language), reading.text(part), today):
                yield _spot(part, 0, *fault)
        return
    for part, at, one in dated:
        for fault in _faults(_dates_in(one) or (), one.text, today):
            yield _spot(part, at, *fault)


def _spot(part: Part, at: int, said: _Said, ja: str, en: str) -> Spot:
    return Spot(at + said.start, at + said.end, ja, en, part=part)


@once
def _dates_in(paragraph: Paragraph) -> tuple[_Said, ...] | None:
    """The dates of a paragraph; None where they must be read in the whole part to keep their places."""
    return None if paragraph.folded is None else _read(paragraph.folded, paragraph.language)


def _read(text: str, language: str) -> tuple[_Said, ...]:
    return tuple((_japanese if language == "ja" else _english)(text))


def _japanese(text: str) -> Iterator[_Said]:
    for found in _JA.finditer(text) if "月" in text or "/" in text else ():
        start, end = found.span()
        year = _YEAR.search(text[max(0, start - 6) : start])
        month, day = int(found["m"]), int(found["d"] or found["d2"])
        weekday = _WEEKDAYS_JA.index(found["w"]) if found["w"] else None
        last = _LAST_JA.match(text, end) is not None
        yield _Said(start, end, int(year[1]) if year else None, month, day, weekday, bool(found["h"]), last)


def _english(text: str) -> Iterator[_Said]:
    for pattern in (_DAY_MONTH, _MONTH_DAY) if _SIGN_EN.search(text) else ():
        for found in pattern.finditer(text):
            start, end = found.span()
            if start and text[start - 1].isalnum():
                continue
            before = _BEFORE.search(text[max(0, start - 16) : start])
            named = before[1] if before else found["w"]
            start -= len(before[0]) if before else 0
            weekday = _WEEKDAYS.index(named[:3]) if named else None
            last = _LAST_EN.search(text[max(0, start - 16) : start]) is not None
            month, year = _MONTHS.index(found["m"][:3]) + 1, int(found["y"]) if found["y"] else None
            yield _Said(start, end, year, month, int(found["d"]), weekday, False, last)


def _faults(dates: Iterable[_Said], text: str, today: date | None) -> Iterator[tuple[_Said, str, str]]:
    """Every date with what is wrong with it, in Japanese and English."""
    for said in dates:
        day, exists = _placed(said.year, said.month, said.day, today)
        if not exists:
            words = text[said.start : said.end]
            yield said, f"「{words}」という日はありません", f"there is no such day as '{words}'"
        if day is None:
            continue
        if said.weekday is not None and said.weekday != day.weekday():
            yield said, f"{day} は{_WEEKDAYS_JA[day.weekday()]}曜日です", f"{day} is a {day:%A}"
        elif said.festive and not is_holiday("JP", day):
            yield said, f"{day} は祝日ではありません", f"{day} is no national holiday"
        if said.last and today and day < today:
            yield said, f"期限の{day}は送信日より前です", f"the last day, {day}, is before the day of sending"


@lru_cache(maxsize=4096)
def _placed(year: int | None, month: int, number: int, today: date | None) -> tuple[date | None, bool]:
    """(the day, whether such a day can be): of the year told, else of the one that brings it nearest to ``today``."""
    years = (year,) if year else (today.year - 1, today.year, today.year + 1) if today else (2024,)
    days = []
    for one in years:
        try:
            days.append(date(one, month, number))
        except ValueError:
            continue
    if not days:
        return None, False
    if year:
        return days[0], True
    return (min(days, key=lambda day: abs((day - today).days)) if today else None), True
