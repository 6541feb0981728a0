"""When a channel is open on somebody's wall clock: weekdays, holidays, closed days, and every change of the clock.

Windows are half-open, ``[opens, closes)``.  Whether an instant is open is read off the local clock alone, so an hour that a
change of the clock repeats is open both times, and one that it skips never comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from policies.holidays import is_holiday

Span = tuple[int, int]
"""Minutes since local midnight, ``[opens, closes)``; 1440 is the end of the day."""
WHOLE_DAY: tuple[Span, ...] = ((0, 1440),)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY = "holiday"
SEARCHED_DAYS = 400
"""How far ahead an opening is looked for: every yearly closed period ends within it."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Open spans by weekday (``mon`` … ``sun``) and on a ``holiday`` of ``country``; inside ``closed`` days, which are
    (month, day) … (month, day) with both ends, only what is outside ``between``."""

    open: Mapping[str, tuple[Span, ...]]
    country: str | None = None
    closed: tuple[tuple[tuple[int, int], tuple[int, int]], ...] = ()
    between: Span = (0, 1440)

    def spans(self, day: date) -> tuple[Span, ...]:
        """The open spans of one local day."""
        special = HOLIDAY in self.open and self.country is not None and is_holiday(self.country, day)
        spans = self.open[HOLIDAY] if special else self.open.get(WEEKDAYS[day.weekday()], ())
        if not any(_within((day.month, day.day), first, last) for first, last in self.closed):
            return spans
        opens, closes = self.between
        cut = (
            (start, end)
            for span in spans
            for start, end in ((span[0], min(span[1], opens)), (max(span[0], closes), span[1]))
        )
        return tuple((start, end) for start, end in cut if start < end)

    def is_open(self, moment: datetime, zone: ZoneInfo) -> bool:
        """Whether the local clock at ``moment`` stands inside an open span."""
        local = moment.astimezone(zone)
        at = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return any(
            timedelta(minutes=opens) <= at < timedelta(minutes=closes) for opens, closes in self.spans(local.date())
        )

    def next_open(self, moment: datetime, zone: ZoneInfo) -> datetime | None:
        """The first open instant (UTC), not before ``moment``; None when there is none within :data:`SEARCHED_DAYS`."""
        moment = moment.astimezone(UTC)
        if self.is_open(moment, zone):
            return moment
        today = moment.astimezone(zone).date()
        for ahead in range(-1, SEARCHED_DAYS):
            for mark in self._marks(today + timedelta(ahead), zone):
                if mark > moment and self.is_open(mark, zone):
                    return mark
        return None

    def _marks(self, day: date, zone: ZoneInfo) -> list[datetime]:
        """Every instant of a local day at which it can become open: the clock reaches an opening, or is changed."""
        marks = {at(day, opens, zone, fold) for opens, _ in self.spans(day) for fold in (0, 1)}
        return sorted(marks.union(_turns(day, zone)))


def at(day: date, minutes: int, zone: ZoneInfo, fold: int = 0) -> datetime:
    """The instant (UTC) at which the local clock shows ``minutes`` after midnight of ``day``."""
    day, minutes = (day + timedelta(1), 0) if minutes == 1440 else (day, minutes)
    return datetime.combine(day, time(*divmod(minutes, 60), fold=fold), zone).astimezone(UTC)


@lru_cache(maxsize=8192)
def _turns(day: date, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instant at which the clock is changed on a local day, if it is."""
    first, last = at(day - timedelta(1), 720, zone), at(day + timedelta(1), 720, zone)
    before, after = first.astimezone(zone).utcoffset(), last.astimezone(zone).utcoffset()
    if before == after:
        return ()
    while last - first > timedelta(seconds=1):
        middle = (first + (last - first) / 2).replace(microsecond=0)
        first, last = (middle, last) if middle.astimezone(zone).utcoffset() == before else (first, middle)
    return (last,)


def _within(day: tuple[int, int], first: tuple[int, int], last: tuple[int, int]) -> bool:
    """Whether a (month, day) lies in a period that may run over New Year."""
    return first <= day <= last if first <= last else day >= first or day <= last


def calendar_window(moment: datetime, unit: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The local day, week (from Monday), month or year around ``moment`` as instants (UTC), half-open."""
    day = moment.astimezone(zone).date()
    if unit == "week":
        day -= timedelta(day.weekday())
    elif unit in ("month", "year"):
        day = day.replace(day=1, month=1 if unit == "year" else day.month)
    return at(day, 0, zone), at(_following(day, unit), 0, zone)


def _following(day: date, unit: str) -> date:
    if unit in ("day", "week"):
        return day + timedelta(1 if unit == "day" else 7)
    months = day.year * 12 + day.month - 1 + (1 if unit == "month" else 12)
    return date(months // 12, months % 12 + 1, 1)


def countries_of(zone: str | None, locale: str | None) -> tuple[str, ...]:
    """Every country whose hours may apply: that of the stated zone and that of the locale; Japan when neither says."""
    stated = {_zone_countries().get(zone or ""), _territory(locale)} - {None}
    return tuple(sorted(name for name in stated if name)) or ("JP",)


def _territory(locale: str | None) -> str | None:
    last = (locale or "").replace("_", "-").split("-")[-1]
    return last.upper() if len(last) == 2 and "-" in (locale or "").replace("_", "-") else None


@lru_cache(maxsize=1)
def _zone_countries() -> Mapping[str, str]:
    """IANA zone → ISO 3166-1 country, from the zone table that ships with tzdata."""
    from importlib.resources import files

    lines = files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8").splitlines()
    return dict(_pairs(line.split("\t") for line in lines if line and not line.startswith("#")))


def _pairs(rows: Iterator[list[str]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        yield row[2], row[0]
