"""Public holidays by country, for rules that close a channel on them.

Japan: the holidays by law with substitute holidays, days between two holidays and the equinoxes (国民の祝日に関する法律), from
``jpholiday``.  France: Code du travail L3133-1.  United States: federal holidays, 5 U.S.C. 6103, with the weekday on which
they are observed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import lru_cache

import jpholiday

from retrieval.errors import InputError, nearest

_FRENCH = frozenset({(1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)})
_AFTER_EASTER = frozenset({1, 39, 50})
"""Easter Monday, Ascension, Whit Monday."""
_FEDERAL = frozenset({(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)})
_FEDERAL_MONDAYS = frozenset({(1, 3), (2, 3), (9, 1), (10, 2)})
"""(month, which Monday): Martin Luther King, Washington, Labor Day, Columbus; Memorial Day is the last of May."""


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous computus of 1876)."""
    a, (b, c) = year % 19, divmod(year, 100)
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    w = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + w - 7 * ((a + 11 * h + 22 * w) // 451) + 114, 31)
    return date(year, month, day + 1)


def _france(day: date) -> bool:
    return (day.month, day.day) in _FRENCH or (day - easter(day.year)).days in _AFTER_EASTER


def _united_states(day: date) -> bool:
    moved = {4: day + timedelta(1), 0: day - timedelta(1)}.get(day.weekday(), day)
    if any((one.month, one.day) in _FEDERAL for one in (day, moved) if one == day or one.weekday() >= 5):
        return True
    which = (day.day + 6) // 7
    if day.weekday() == 0:
        return (day.month, which) in _FEDERAL_MONDAYS or (day.month == 5 and day.day > 24)
    return day.weekday() == 3 and (day.month, which) == (11, 4)


CALENDARS: Mapping[str, Callable[[date], bool]] = {"JP": jpholiday.is_holiday, "FR": _france, "US": _united_states}
"""Country (ISO 3166-1) → whether a day is a public holiday there."""


@lru_cache(maxsize=8192)
def is_holiday(country: str, day: date) -> bool:
    """Whether ``day`` is a public holiday of ``country``; raises InputError for a country without a calendar here."""
    if country not in CALENDARS:
        raise InputError(f"no holiday calendar for '{country}'{nearest(country, CALENDARS)}", key="holiday")
    return CALENDARS[country](day)
