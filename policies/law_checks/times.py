"""When a message may arrive, on the recipient's clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from policies.law_checks.asking import Answers, Breach, Circumstances, Lacking, Parameters, kind
from policies.law_checks.suppression import permitted, rested

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _clock(value: Any) -> Any:
    """Hours and minutes in quotes: without them YAML reads 09:00 as a number of minutes."""
    if not isinstance(value, str | time):
        raise ValueError("a time of day is written in quotes, such as '09:00'")
    return value


Clock = Annotated[time, BeforeValidator(_clock)]


class Span(BaseModel):
    """One span of the day on some days of the week; without days, on all."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    days: tuple[Day, ...] = DAYS
    opens: Clock
    closes: Clock

    @model_validator(mode="after")
    def _forward(self) -> Span:
        if self.opens >= self.closes:
            raise ValueError("a window opens before it closes")
        return self


def _apart(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    for day in DAYS:
        daily = sorted((span for span in spans if day in span.days), key=lambda span: span.opens)
        for first, second in pairwise(daily):
            if second.opens < first.closes:
                raise ValueError(
                    f"two windows overlap on {day}: until {first.closes:%H:%M} and from {second.opens:%H:%M}"
                )
    return spans


Spans = Annotated[tuple[Span, ...], Field(min_length=1)]


class Windows(Parameters):
    """``allow``: spans in which it may arrive; ``not_on``: month-day or days after Easter on which it may not."""

    allow: Spans
    not_on: tuple[str, ...] = ()
    after_easter: tuple[int, ...] = ()

    @field_validator("allow")
    @classmethod
    def _no_overlap(cls, spans: tuple[Span, ...]) -> tuple[Span, ...]:
        return _apart(spans)


@kind(Windows)
def time_window(it: Circumstances, given: Windows) -> Answers:
    """It arrives inside one of the windows."""
    if not it.knows_the_clock:
        yield Lacking("recipient.timezone")
        return
    yield from _inside(it, given.allow, given)


class Call(Windows):
    """``register``: where permission is recorded; days of rest after a refusal."""

    register_field: str = Field(alias="register")
    pause_days_after_refusal: int = Field(gt=0)


@kind(Call)
def sales_call(it: Circumstances, given: Call) -> Answers:
    """The person agreed to be called, is called within the hours, and is left alone after a no."""
    yield from permitted(it, given.register_field)
    yield from rested(it, given.pause_days_after_refusal)
    yield from time_window(it, given)


class Regions(Parameters):
    """``regions``: region → windows; a region that is not listed has no rule of its own."""

    regions: Mapping[str, Spans]

    @field_validator("regions")
    @classmethod
    def _no_overlap(cls, regions: Mapping[str, tuple[Span, ...]]) -> Mapping[str, tuple[Span, ...]]:
        for spans in regions.values():
            _apart(spans)
        return regions


@kind(Regions)
def state_window(it: Circumstances, given: Regions) -> Answers:
    """It arrives inside the windows of the recipient's region."""
    region = it.text("recipient.region").upper().removeprefix("US-")
    if not region:
        yield Lacking("recipient.region")
    elif region in given.regions:
        if not it.text("recipient.timezone"):
            yield Lacking("recipient.timezone")
        else:
            yield from _inside(it, given.regions[region], None)


def _inside(it: Circumstances, spans: tuple[Span, ...], closed: Windows | None) -> Answers:
    moment = it.arrives
    if moment is None:
        yield Lacking("send_at_local")
        return
    if closed and (moment.strftime("%m-%d") in closed.not_on or _easter_days(moment) in closed.after_easter):
        yield Breach(f"{moment:%m-%d}は送れない日です", f"{moment:%d %B} is a day on which this may not arrive")
        return
    today = [span for span in spans if DAYS[moment.weekday()] in span.days]
    if not any(span.opens <= moment.time() <= span.closes for span in today):
        told = "、".join(f"{span.opens:%H:%M}〜{span.closes:%H:%M}" for span in today)
        said = ", ".join(f"{span.opens:%H:%M}–{span.closes:%H:%M}" for span in today)
        yield Breach(
            f"{moment:%H:%M}着です。この曜日は{told}に限られます" if told else "この曜日には送れません",
            f"it arrives at {moment:%H:%M}; that day it may arrive {said}" if said else "it may not arrive on that day of the week",
        )  # fmt: skip


def _easter_days(moment: datetime) -> int:
    """Days since Easter Sunday of that year (Gregorian computus, Meeus 1991)."""
    year = moment.year
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return (moment.date() - (date(year, month, day) + timedelta(days=1))).days
