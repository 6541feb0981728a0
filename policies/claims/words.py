"""Words that are claims, held against what could stand behind them."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from policies.claims.lexicon import Group
from policies.claims.names import places
from policies.claims.normal import folded
from policies.claims.reading import BLOCK, FLAG, Reading
from policies.places import stands_over

_LETTER = re.compile(r"[a-z]")
_BENEFITS = frozenset(
    {"off", "off_up_to", "back", "amount_off", "cashback", "granted", "points", "trial", "reduced_price", "saved"}
)
_SHIPPING = re.compile(r"送料|配送|お届け|宅配|shipping|delivery|ships|postage")
_BOGO = re.compile(r"bogo|buy one|もう1個|もう一個|1つ買うと|もう1点|2個目|2点目")
_DEADLINE = re.compile(r"いっぱい|only|まで|迄|限り|締切|期限|until|till|ends?|by |before|expires?|through|last")


def check_lexicon(reading: Reading) -> None:
    """Every word of the lexicons that stands in what is left, unless what it claims is among the facts; then what must not be said."""
    low, left = reading.low, reading.left_low
    for word, language, group in reading.terms:
        for at in _found(word, language, group, left):
            _judge(reading, group, at, at + len(word))
    for topic in reading.facts.withheld:
        for words in dict.fromkeys(
            (folded(topic), folded(topic).replace("_", " "), *sorted(reading.lexicon.about(topic)))
        ):
            if words and words in low:
                for at in places(words, low):
                    reading.object(
                        "claims.withheld", at, at + len(words), f"「{reading.raw_text(at, at + len(words))}」には触れないことになっています",
                        f"'{reading.raw_text(at, at + len(words))}' must not be mentioned",
                    )  # fmt: skip


def _found(word: str, language: str, group: Group, left: str) -> list[int]:
    """Where the word stands: an English one whole, and not inside a phrase in which it is no claim."""
    found, at = [], left.find(word)
    while at >= 0:
        end = at + len(word)
        whole = language == "ja" or not (
            (_LETTER.match(word[0]) and at and _LETTER.match(left[at - 1]))
            or (_LETTER.match(word[-1]) and end < len(left) and _LETTER.match(left[end]))
        )
        if whole and not any(stands_over(left, phrase, at, end) for phrase in group.unless[language]):
            found.append(at)
        at = left.find(word, at + 1)
    return found


def _judge(reading: Reading, group: Group, start: int, end: int) -> None:
    severity = _CHECKS[group.check](reading, group, start, end)
    if severity:
        said = reading.raw_text(start, end)
        reading.object(
            f"claims.{group.id}", start, end, f"「{said}」: {group.ja}", f"'{said}': {group.en}", severity=severity
        )


def _word(reading: Reading, group: Group, start: int, end: int) -> str | None:
    return group.severity


def _offer(reading: Reading, group: Group, start: int, end: int) -> str | None:
    """An advantage may be spoken of only where the facts hold one."""
    facts = reading.facts
    backed = any(
        fact.offer or fact.role in _BENEFITS
        for fact in facts.stated
        if fact.kind in ("percent", "money", "points", "multiple", "code", "text", "free", "days")
    )
    return None if backed else group.severity


def _free_of(reading: Reading, first: int, last: int) -> frozenset[str]:
    """What can be free of charge in a sentence: delivery, one more of the same, or a gift."""
    if _SHIPPING.search(reading.low, first, last):
        return frozenset({"shipping"})
    return frozenset({"bogo"}) if _BOGO.search(reading.low, first, last) else frozenset({"gift", "bogo"})


def _least_spends(reading: Reading, first: int, last: int) -> frozenset[Any]:
    """The amounts a sentence names from which on something is to be had."""
    return frozenset(
        claim.value
        for claim, facts in reading.held_by_sentence.get((first, last), ())
        if {"min_spend", "free_over"} & {fact.role for fact in facts}
    )


def _free(reading: Reading, group: Group, start: int, end: int) -> str | None:
    """Free of charge: of what, and on the condition that is said beside it."""
    roles = reading.of_sentence(_free_of, start)
    fit = [fact for fact in reading.facts.of("free") if fact.role in roles]
    if not fit:
        return group.severity
    if any(fact.value == 0 for fact in fit):
        return None
    named = reading.of_sentence(_least_spends, start)
    if any(fact.value in named for fact in fit):
        return None
    reading.object(
        "claims.condition",
        start,
        end,
        f"「{reading.raw_text(start, end)}」の条件が、すぐそばに書かれていません",
        f"the condition of '{reading.raw_text(start, end)}' is not said beside it",
    )
    return None


def _values_bound(reading: Reading, first: int, last: int) -> bool | None:
    """Whether a sentence names a value whose offers are all bound to products; None where it names no value."""
    held = reading.held_by_sentence.get((first, last), ())
    here = [facts for claim, facts in held if claim.kind in ("percent", "money", "multiple")]
    return any(not any(fact.offer and not fact.skus for fact in facts) for facts in here) if here else None


def _scope(reading: Reading, group: Group, start: int, end: int) -> str | None:
    """Everything: only an offer that is bound to no product holds for it, and if the sentence names a value, that value's offer."""
    bound = reading.of_sentence(_values_bound, start)
    if bound is None:
        free = reading.facts.of("free", "multiple")
        bound = not (reading.facts.sitewide or any(fact.offer and not fact.skus for fact in free))
    return group.severity if bound else None


def _ends(reading: Reading, group: Group, start: int, end: int) -> str | None:
    """The last day: of something that ends on it."""
    today = reading.facts.today
    if today is None or group.days is None:
        return group.severity
    last = today + timedelta(days=group.days)
    topic = reading.topic(start, end)
    roles = {"points": {"points_expires"}, "offer": {"offer_ends"}}.get(
        topic, {"offer_ends", "points_expires", "register_by", "change_deadline", "reply_by", "event"}
    )
    return (
        None
        if any(fact.value.day == last and fact.role in roles for fact in reading.facts.of("day"))
        else group.severity
    )


def _relative(reading: Reading, group: Group, start: int, end: int) -> str | None:
    """A day told from the day of reading: flagged where it comes out right, blocked where it is a deadline and does not."""
    before, after = reading.beside(start, end)
    today = reading.facts.today
    if not (_DEADLINE.search(reading.low[start:end] + after) or _DEADLINE.search(before)):
        return FLAG
    days = [fact.value.day for fact in reading.facts.of("day") if fact.role not in ("history", "offer_starts")]
    if today is None or not days:
        return FLAG if days else BLOCK
    said = next((way for sign, way in _RELATIVE.items() if sign in reading.low[start:end]), None)
    return FLAG if said is None or any(said(today, day) for day in days) else BLOCK


def _month_end(today: date, day: date) -> bool:
    return (day.year, day.month) == (today.year, today.month) and day.day == calendar.monthrange(day.year, day.month)[1]


def _in_week(after: int) -> Callable[[date, date], bool]:
    return lambda today, day: (
        (day - timedelta(days=day.weekday())) - (today - timedelta(days=today.weekday())) == timedelta(weeks=after)
    )


def _in_month(after: int) -> Callable[[date, date], bool]:
    return lambda today, day: (day.year * 12 + day.month) - (today.year * 12 + today.month) == after


_RELATIVE: Mapping[str, Callable[[date, date], bool]] = {
    "来月末": lambda today, day: _in_month(1)(today, day) and (day + timedelta(days=1)).day == 1, "来月": _in_month(1), "next month": _in_month(1), "月末": _month_end,
    "end of the month": _month_end, "end of month": _month_end, "month's end": _month_end, "今月": _in_month(0), "this month": _in_month(0), "来週": _in_week(1), "next week": _in_week(1),
    "今週": _in_week(0), "週末": _in_week(0), "this week": _in_week(0), "weekend": _in_week(0), "明後日": lambda today, day: (day - today).days == 2,
    "明日": lambda today, day: (day - today).days == 1, "tomorrow": lambda today, day: (day - today).days == 1,
}  # fmt: skip
"""What a relative day comes to; the first sign that stands in the word decides."""


def _history(reading: Reading, group: Group, start: int, end: int) -> str | None:
    """The past: only what may be mentioned of it, of the product that is named."""
    history = reading.facts.history
    if history is None:
        return None if group.severity == FLAG else BLOCK
    kinds = [one for one in history if any(kind in one.event.lower() for kind in group.topics)]
    first, last = reading.sentence(start)
    named = [skus for place, skus in reading.products if first <= place < last]
    if not named:
        return None if kinds else group.severity
    nearest = min(
        ((abs(place - start), skus) for place, skus in reading.products if first <= place < last),
        key=lambda one: one[0],
    )[1]
    return None if any(one.sku is None or one.sku in nearest for one in kinds) else BLOCK


_CHECKS: Mapping[str, Callable[[Reading, Group, int, int], str | None]] = {
    "word": _word, "offer": _offer, "free": _free, "scope": _scope, "ends": _ends, "relative": _relative, "history": _history,
}  # fmt: skip
