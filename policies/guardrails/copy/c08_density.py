"""Two to four facts about the reader make a letter to them; none makes a circular, seven make a dossier.

Counted are the facts of ``bundle.about_reader`` (literal strings), or the dates, products and points of
``mentionable_history`` and ``points``, that stand in the text.  A package insert carries none: it would be a letter (信書).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from policies.guardrails.copy.reading import Level, Reading, Spot, moment_of, rows

RULE = "C08"
LEVEL = "block"
LANGUAGES = ("ja", "en")
EACH = True
_MONTHS = "January February March April May June July August September October November December".split()


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks none or more than six in an email, warns of more than four, and of none on a short channel."""
    bundle, channel = reading.message.bundle, reading.message.channel
    told = bundle.get("about_reader")
    if channel == "insert":
        for fact in _history(reading):
            if (at := reading.masked.find(fact)) >= 0:
                yield Spot(
                    at,
                    at + len(fact),
                    "同梱物に個人の履歴は載せられません（信書にあたります）",
                    "an insert must not carry what one person did: it would be a letter",
                )
        return
    facts = (
        [fact for fact in told if isinstance(fact, str)] if isinstance(told, (list, tuple)) else list(_history(reading))
    )
    if not facts or channel == "phone":
        return
    standing = {fact for fact in facts if fact and fact in reading.message.whole}
    counted = len({fact for fact in standing if not any(fact in other and fact != other for other in standing)})
    if counted == 0 and told and channel != "line":
        level: Level = "block" if channel == "email" else "warn"
        yield Spot(
            None,
            None,
            "お客様にかかわる事実がひとつもありません",
            "not one fact about the reader is in it",
            level=level,
        )
    elif channel == "email" and counted > 4:
        level = "block" if counted > 6 else "warn"
        yield Spot(
            None,
            None,
            f"お客様にかかわる事実が{counted}つあります（2〜4つが目安）",
            f"{counted} facts about the reader, two to four are good practice",
            level=level,
        )


def _history(reading: Reading) -> Iterator[str]:
    """What the bundle says this reader did or has, as it may be written."""
    named = {product.get("sku"): product.get("name") for product in reading.products}
    for event in rows(reading.message.bundle, "mentionable_history"):
        if (moment := moment_of(event.get("date"))) is not None:
            yield from _days(moment.year, moment.month, moment.day, reading.language)
        if reading.message.channel != "insert" and isinstance(name := named.get(event.get("sku")), str):
            yield name
    points = reading.message.bundle.get("points")
    if isinstance(points, dict) and isinstance(balance := points.get("balance"), int):
        yield f"{balance:,}ポイント" if reading.language == "ja" else f"{balance:,} points"


@lru_cache(maxsize=4096)
def _days(year: int, month: int, day: int, language: str) -> tuple[str, ...]:
    if language == "ja":
        return (f"{month}月{day}日",)
    return (f"{day} {_MONTHS[month - 1]}", f"{_MONTHS[month - 1]} {day}")
