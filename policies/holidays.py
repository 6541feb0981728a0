"""Japan's national holidays, worked out from the law (国民の祝日に関する法律2条・3条) for 2022 to 2099."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

_FIXED = ((1, 1), (2, 11), (2, 23), (4, 29), (5, 3), (5, 4), (5, 5), (8, 11), (11, 3), (11, 23))
_MONDAYS = ((1, 2), (7, 3), (9, 3), (10, 2))
"""Month and which Monday of it: 成人の日, 海の日, 敬老の日, スポーツの日."""
_DAY = timedelta(days=1)


def is_holiday(day: date) -> bool:
    """Whether ``day`` is a national holiday, a substitute for one on a Sunday, or a day between two."""
    return day in _holidays(day.year)


@cache
def _holidays(year: int) -> frozenset[date]:
    days = {date(year, month, day) for month, day in _FIXED} | {_equinox(year, 3, 20.8431), _equinox(year, 9, 23.2488)}
    for month, which in _MONDAYS:
        first = date(year, month, 1)
        days.add(first + timedelta(days=-first.weekday() % 7 + 7 * (which - 1)))
    named = frozenset(days)
    for sunday in (day for day in named if day.weekday() == 6):
        substitute = sunday + _DAY
        while substitute in named:
            substitute += _DAY
        days.add(substitute)
    days |= {day + _DAY for day in named if day + 2 * _DAY in named and (day + _DAY).weekday() != 6}
    return frozenset(days)


def _equinox(year: int, month: int, day: float) -> date:
    """The day of an equinox (the approximation of 新こよみ便利帳, good from 1980 to 2099)."""
    return date(year, month, int(day + 0.242194 * (year - 1980) - (year - 1980) // 4))
