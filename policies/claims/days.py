"""Days, weekdays and times of day: each the fact's own, in the role it is said in."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from policies.claims import numerals
from policies.claims.fact import Moment
from policies.claims.holding import hold
from policies.claims.reading import Claim, Reading
from policies.claims.shape import Shape, shape

_JA_DAYS = "月火水木金土日"
_EN_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<mon>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
_EN_DAY = r"(?:mon(?:day)?|tue(?:s(?:day)?)?|wed(?:nesday)?|thu(?:rs?(?:day)?)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?)"
_SIDE = rf"(?:\s?\((?P<w>[{_JA_DAYS}]|{_EN_DAY}\.?)(?:曜日?)?(?:[・/]?祝日?)?\)|\s?(?P<w2>[{_JA_DAYS}])曜日?)?"
_K = "〇一二三四五六七八九十"
_DATES: tuple[Shape, ...] = (
    shape(rf"(?=[0-9{_K}令])(?:(?P<y>[0-9]{{4}}|[{_K}]{{4}})年\s?|令和\s?(?P<r>[0-9]{{1,2}}|元)年\s?)?(?<![0-9{_K}])(?P<m>[0-9]{{1,2}}|[{_K}]{{1,2}})月\s?(?P<d>[0-9]{{1,2}}|[{_K}]{{1,3}})日{_SIDE}", "月", 14, 22, at=rf"(?<=[0-9{_K}])月"),
    shape(rf"(?<![0-9./-])(?P<y>[0-9]{{4}})(?P<s>[/.-])(?P<m>[0-9]{{1,2}})(?P=s)(?P<d>[0-9]{{1,2}})(?![0-9])(?:t(?=[0-9]{{2}}:))?{_SIDE}", "20", 1, 28, needs=r"[0-9][/.-][0-9]", signed=False),
    shape(rf"(?=[mtwfs0-9])(?:(?<![a-z])(?P<w3>{_EN_DAY})\.?,?\s+(?:the\s+)?)?(?<![0-9])(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?\s?{_MONTH}(?![a-z])(?:,?\s+(?P<y>[0-9]{{4}})(?![0-9]))?{_SIDE}", "jan feb mar apr may jun jul aug sep oct nov dec", 30, 30, needs=r"[0-9]", at=r"\A|(?<=[0-9])|(?<=[0-9]\s)|(?<=st|nd|rd|th|of)|(?<=(?:st|nd|rd|th|of)\s)"),
    shape(rf"(?=[mtwfsjaond])(?:(?<![a-z])(?P<w3>{_EN_DAY})\.?,?\s+)?(?<![a-z]){_MONTH}\s?(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?![0-9:%]|\s?(?:%|percent|points?|off(?![a-z])))(?:,?\s+(?P<y>[0-9]{{4}})(?![0-9]))?{_SIDE}", "jan feb mar apr may jun jul aug sep oct nov dec", 16, 30, needs=r"[a-z.]\s?[0-9]", at=rf"{_MONTH}\s?(?:[0-9]|\Z)"),
    shape(rf"(?<![0-9./-])(?P<a>[0-9]{{1,2}})(?P<s>/)(?P<b>[0-9]{{1,2}})(?:/(?P<y>[0-9]{{4}}|[0-9]{{2}}))?(?![0-9/])(?!\s?(?:円|%|inch)){_SIDE}", "/", 4, 20, at=r"(?<=[0-9])/[0-9]"),
)  # fmt: skip
_LOOSE: tuple[Shape, ...] = (
    shape(r"(?<![0-9])(?P<y>[0-9]{4})年(?!間|[0-9以])(?:\s?(?P<m>[0-9]{1,2})月(?!間))?", "年", 6, 12, at=r"(?<=[0-9]{4})年"),
    shape(r"(?<![0-9第])(?P<m>1[0-2]|0?[1-9])月(?!間|齢|額)", "月", 4, 4, at=r"(?<=[0-9])月"),
    shape(rf"(?<![0-9第])(?P<d>[0-9]{{1,2}})日(?!間|以内|後|前|ほど|分|目|数|かけ|あたり|に[0-9一]|[0-9一]回){_SIDE}", "日", 4, 16, at=r"(?<=[0-9])日"),
    shape(r"(?<![0-9a-z])the (?P<d>[0-9]{1,2})(?:st|nd|rd|th)(?![a-z])", "the", 1, 12, at=r"the [0-9]"),
    shape(r"(?<![0-9£$€¥,./-])(?P<y>20[0-9]{2})(?![0-9,]|[./-][0-9]|\s?(?:円|yen|ポイント|pt|points?|%|万|千))", "20", 1, 12, at=r"20[0-9]{2}"),
    shape(rf"(?:(?<=\()(?P<w>[{_JA_DAYS}])(?=\))|(?<![{_JA_DAYS}曜])(?P<w2>[{_JA_DAYS}])曜日?)", "( 曜", 4, 6, at=rf"\([{_JA_DAYS}]\)|(?<=[{_JA_DAYS}])曜", signed=False),
    shape(r"(?<![a-z])(?P<w3>mon|tues|wednes|thurs|fri|satur|sun)days?(?![a-z])", "day", 10, 6, at=r"(?<=[nsir])day"),
)  # fmt: skip
_ZONES = {
    "pt": "America/Los_Angeles", "pst": "America/Los_Angeles", "pdt": "America/Los_Angeles", "pacific": "America/Los_Angeles",
    "mt": "America/Denver", "mst": "America/Denver", "mdt": "America/Denver", "mountain": "America/Denver",
    "ct": "America/Chicago", "cst": "America/Chicago", "cdt": "America/Chicago", "central": "America/Chicago",
    "et": "America/New_York", "est": "America/New_York", "edt": "America/New_York", "eastern": "America/New_York",
    "gmt": "UTC", "utc": "UTC", "bst": "Europe/London", "uk time": "Europe/London", "london time": "Europe/London",
    "cet": "Europe/Paris", "cest": "Europe/Paris", "jst": "Asia/Tokyo", "日本時間": "Asia/Tokyo", "japan time": "Asia/Tokyo",
}  # fmt: skip
_ZONE = rf"(?:\s?\(?(?P<z>{'|'.join(sorted(_ZONES, key=len, reverse=True))})(?: time)?(?![a-z])\)?)?"
_TIMES: tuple[Shape, ...] = (
    shape(rf"(?=[午朝夜夕深正\s0-9{_K}])(?P<ja>午前|午後|朝|夜|夕方|深夜|正午の?)?\s?(?<![0-9:])(?P<h>[0-9]{{1,2}}|[{_K}]{{1,3}})時(?!間|期|代|計|点|給|短)(?:(?P<n>[0-9]{{1,2}})分|(?P<half>半))?{_ZONE}", "時", 10, 24, at=rf"(?<=[0-9{_K}])時"),
    shape(rf"(?=[午\s0-9])(?P<ja>午前|午後)?\s?(?<![0-9:.])(?P<h>[0-9]{{1,2}}):(?P<n>[0-9]{{2}})(?::[0-9]{{2}})?(?![0-9:])(?:\s?(?P<ap>[ap])\.?m(?:\.(?=\s|$)|(?![a-z])))?{_ZONE}", ":", 10, 24, at=r"(?<=[0-9]):[0-9]"),
    shape(rf"(?<![0-9:.])(?P<h>[0-9]{{1,2}})\.(?P<n>[0-9]{{2}})\s?(?P<ap>[ap])\.?m(?:\.(?=\s|$)|(?![a-z])){_ZONE}", "am pm a.m p.m", 10, 20, needs=r"[0-9]\s?[ap]\.?m", at=r"\A|(?<=[0-9])|(?<=[0-9]\s)"),
    shape(rf"(?<![0-9:.,])(?P<h>[0-9]{{1,2}})\s?(?P<ap>[ap])\.?m(?:\.(?=\s|$)|(?![a-z])){_ZONE}", "am pm a.m p.m", 8, 20, needs=r"[0-9]\s?[ap]\.?m", at=r"\A|(?<=[0-9])|(?<=[0-9]\s)"),
    shape(rf"(?<![a-z])(?P<word>noon|midnight)(?![a-z]){_ZONE}|(?P<word2>正午)", "noon midnight 正午", 1, 20),
)  # fmt: skip
_END = re.compile(
    r"^(?:(?!から|より|〜|~)[^。、,\n]){0,8}?(?:まで|迄|締め?切|必着|が?期限|に?終了)|^\s?(?:deadline|is the last)"
)
_START = re.compile(r"^[^。、,\n]{0,6}?(?:から(?!の?お届け)|より|スタート|に?開始|解禁)")
_END_BEFORE = ("期限", "期日", "締切", "締め切り", "最終日", "有効期間", " until", " till", " til", " by", " before", " through", " thru", "ends", " end", "ending", "expires", " expire", "expiring", "expiry", "deadline",
               "last day", "valid to", "good to", " best", "last day to change it", "last day to use them", "last day to use it")  # fmt: skip
_START_BEFORE = (
    "開始",
    "開始日",
    "開催",
    " start",
    "starts",
    "starting",
    " from",
    " begin",
    "begins",
    "beginning",
    " open",
    "opens",
    "opening",
    "kicks off",
)
_PAST_AFTER = re.compile(r"^[^。\n]{0,4}?に(?:お届けし|お買い上げ|ご購入|ご注文|お求め|ご来店)")
_CLASH = {
    "points": frozenset({"offer_starts", "offer_ends", "event", "history", "next_ship"}),
    "offer": frozenset({"points_expires", "history", "next_ship"}),
    "event": frozenset({"offer_starts", "offer_ends", "points_expires", "history", "next_ship"}),
    "": frozenset(),
}
"""Topic → the roles a day cannot have when that is what the sentence is about."""
_NOT_END, _NOT_START = (
    frozenset({"offer_starts", "history"}),
    frozenset({"offer_ends", "points_expires", "reply_by", "register_by", "change_deadline"}),
)
_NOT_PAST = frozenset(
    {"offer_starts", "offer_ends", "points_expires", "reply_by", "register_by", "change_deadline", "next_ship", "event"}
)


class _Day(NamedTuple):
    """What is said of a day: any of year, month, day, weekday (0 = Monday); ``swapped`` reads day and month the other way round."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    swapped: bool = False

    def is_of(self, day: date, *, weekday: bool = True) -> bool:
        """Whether everything said holds for this day."""
        month, number = self.month, self.day
        same = (month in (None, day.month) and number in (None, day.day)) or (
            self.swapped and (month, number) == (day.day, day.month)
        )
        return same and self.year in (None, day.year) and (not weekday or self.weekday in (None, day.weekday()))


_APART = 8
"""How many letters may stand between a day and its time."""


def check_days(reading: Reading) -> None:
    """Take every date, weekday and time and hold it against the days among the facts."""
    days = [day for sought in reading.signed(_DATES) for day in _days(reading, sought)]
    times = [one for sought in reading.signed(_TIMES) if reading.counting for one in _times(reading, sought)]
    days += [day for sought in reading.signed(_LOOSE) if reading.counting for day in _days(reading, sought)]
    if not times:
        for day in days:
            _hold_day(reading, day, None)
        return
    left = dict(enumerate(times))
    order = sorted(left, key=lambda number: times[number][0])
    starts = [times[number][0] for number in order]
    longest = max(end - start for start, end, _, _ in times)
    for day in days:
        first, last = bisect_left(starts, day.start - longest - _APART), bisect_right(starts, day.end + _APART)
        near = [number for number in order[first:last] if number in left and _adjoin(reading, day, left[number])]
        _hold_day(reading, day, left.pop(min(near)) if near else None)
    for start, end, at, zone in left.values():
        _hold_day(reading, _Day(start, end), (start, end, at, zone))


def _adjoin(reading: Reading, day: _Day, said: tuple[int, int, time, str]) -> bool:
    start, end = said[:2]
    between = reading.low[day.end : start] if start >= day.end else reading.low[end : day.start]
    return len(between) <= _APART and not set(between) & set("。、\n;") and ("から" not in between)


def _days(reading: Reading, sought: Shape) -> Iterator[_Day]:
    for found in reading.found(sought):
        day = _read(found, reading)
        if day is not None:
            reading.take(*found.span())
            yield day


def _read(found: re.Match[str], reading: Reading) -> _Day | None:
    said = found.groupdict()
    year, month, day, swapped = _int(said.get("y")), _int(said.get("m")), _int(said.get("d")), False
    if said.get("r"):
        year = 2018 + (1 if said["r"] == "元" else int(said["r"]))
    if said.get("mon"):
        month = 1 + _MONTHS.index(said["mon"][:3])
    if said.get("a"):
        month, day = int(said["a"]), int(said["b"])
        if reading.facts.locale == "en-GB":
            month, day = day, month
        elif reading.language == "en" and reading.facts.locale != "en-US":
            swapped = True
        if not (1 <= month <= 12 and 1 <= day <= 31) and not (swapped and 1 <= day <= 12 and 1 <= month <= 31):
            return None
        if (month, day) == (24, 7):
            return None
    if year is not None and year < 100:
        year += 2000
    named = said.get("w") or said.get("w2") or said.get("w3")
    weekday = None
    if named:
        weekday = _JA_DAYS.index(named) if named in _JA_DAYS else _EN_DAYS.index(named[:3])
    return _Day(found.start(), found.end(), year, month, day, weekday, swapped)


@lru_cache(maxsize=4096)
def _int(text: str | None) -> int | None:
    return None if not text else int(numerals.value(text) or 0)


def _times(reading: Reading, sought: Shape) -> Iterator[tuple[int, int, time, str]]:
    for found in reading.found(sought):
        said = found.groupdict()
        if word := said.get("word") or said.get("word2"):
            at: time | None = time(0) if word == "midnight" else time(12)
        else:
            hour, minute = _int(said["h"]) or 0, 30 if said.get("half") else int(said.get("n") or 0)
            late = said.get("ap") == "p" or said.get("ja") in ("午後", "夜", "夕方")
            if said.get("ap") or said.get("ja"):
                hour = hour % 12 + (12 if late else 0) if hour <= 12 else hour
            at = time(hour % 24, minute) if hour <= 24 and minute < 60 else None
        if at is not None:
            reading.take(*found.span())
            yield found.start(), found.end(), at, said.get("z") or ""


def _hold_day(reading: Reading, day: _Day, own: tuple[int, int, time, str] | None) -> None:
    facts = list(reading.facts.of("day"))
    start, end = (min(day.start, own[0]), max(day.end, own[1])) if own else (day.start, day.end)
    same = [fact for fact in facts if day.is_of(fact.value.day)]
    if day.weekday is not None and not same and day.day is not None:
        near = [fact for fact in facts if day.is_of(fact.value.day, weekday=False)]
        if near:
            right = near[0].value.day.weekday()
            told = reading.raw_text(day.start, day.end)
            reading.object(
                "claims.weekday",
                day.start,
                day.end,
                f"「{told}」の曜日が日付と合いません({_JA_DAYS[right]}曜日です)",
                f"'{told}' is a {near[0].value.day:%A}",
            )
            return
    today, bare = reading.facts.today, day.day is None and day.weekday is None and own is None
    if bare and not same and today and day.month in (None, today.month) and day.year in (None, today.year):
        return
    if own:
        same = [fact for fact in same if _same_time(reading, fact.value, own[2], own[3])]
    roles = _roles(reading, start, end)
    hold(reading, Claim("day", day, start, end, roles), same)


def _roles(reading: Reading, start: int, end: int) -> frozenset[str]:
    """The roles the place allows, empty when it allows all."""
    side = _side(*reading.beside(start, end, 24))
    out = _NOT_PAST if side is _NOT_PAST else _CLASH[reading.topic(start, end)] | side
    return (
        frozenset({fact.role for fact in reading.facts.of("day")} - out) or frozenset({"none"}) if out else frozenset()
    )


@lru_cache(maxsize=8192)
def _side(before: str, after: str) -> frozenset[str]:
    """The roles that what stands beside a day leaves out."""
    before = " " + before.rstrip(" :,はがの\n")
    for word in (" on", " is", " at", " of", " the"):
        before = before.removesuffix(word)
    if _PAST_AFTER.match(after):
        return _NOT_PAST
    if _END.match(after) or before.endswith(_END_BEFORE):
        return _NOT_END
    if _START.match(after) or before.endswith(_START_BEFORE):
        return _NOT_START
    return frozenset()


def _same_time(reading: Reading, moment: Moment, at: time, zone: str) -> bool:
    """The same minute on the clock it is told by; a day without a time ends at 23:59 or 24:00."""
    if moment.at is None:
        return at in (time(23, 59), time(0)) and (not zone or _same_zone(reading, moment, zone))
    told = moment.at
    if zone and moment.instant is not None:
        told = moment.instant.astimezone(ZoneInfo(_ZONES[zone])).time()
    elif zone:
        return False
    return (told.hour, told.minute) == (at.hour, at.minute)


def _same_zone(reading: Reading, moment: Moment, zone: str) -> bool:
    if reading.facts.zone is None:
        return False
    noon = datetime.combine(moment.day, time(12))
    return reading.facts.zone.utcoffset(noon) == ZoneInfo(_ZONES[zone]).utcoffset(noon)
