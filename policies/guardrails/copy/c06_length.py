"""What the channel can carry and what is still read: the limits of ``policies/channels/*.yaml``, each in its own unit."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels import POSTCARD_COLUMNS, Limit, Span, measure, sms_encoding
from policies.guardrails.copy.reading import Level, Reading, Spot

RULE = "C06"
LEVEL = "block"
LANGUAGES = ("ja", "en")
EACH = True


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks what is over a limit's maximum or missing altogether; warns of what is longer or shorter than good practice."""
    message, rules = reading.message, reading.channel
    head = message.head or ""
    if not message.body.strip():
        yield Spot(None, None, "本文がありません", "there is no body")
        return
    if rules.head is not None and not head.strip():
        yield Spot(None, None, "件名またはタイトルがありません", "there is no subject or title", part=rules.head)
    for limit in rules.limits:
        text, span = _part(reading, limit), limit.spans[message.language]
        if text and not _surely_fits(text, head, limit, span):
            size = measure(text, limit.unit, message.language, head)
            if not span.holds(size):
                yield _compared(reading, limit, size)


def _surely_fits(text: str, head: str, limit: Limit, span: Span) -> bool:
    """Whether the text need not be measured: two columns or UTF-16 units are the most that a letter takes.

    Of bytes it takes four, and composing may make three times as many (UAX #15).
    """
    if limit.unit in ("columns", "utf16"):
        return (span.min or 0) <= len(text) and span.holds(2 * len(text))
    if limit.unit == "lines":
        return span.min is None and span.holds(
            sum([-(-2 * len(line) // POSTCARD_COLUMNS) or 1 for line in text.split("\n")])
        )
    if limit.unit == "bytes":
        return span.min is None and span.holds(12 * len(text))
    return limit.unit == "payload" and len(text) < 500 and len(head) < 100


def _part(reading: Reading, limit: Limit) -> str:
    if limit.part == "alt_text":
        told = reading.about("message").get("alt_text")
        return told if isinstance(told, str) else ""
    return reading.body if limit.part in ("body", "whole") else reading.message.head or ""


def _compared(reading: Reading, limit: Limit, size: int) -> Spot:
    span, ja, en = limit.spans[reading.language], limit.what["ja"], limit.what["en"]
    if limit.unit == "segments":
        coding = sms_encoding(reading.body)
        ja, en = f"{ja}（{coding}）", f"{en} ({coding})"
    level: Level | None = "warn"
    if span.max is not None and size > span.max:
        ja, en = f"{ja}が{size:,}で、上限の{span.max:,}を超えています", f"{size:,} {en}, at most {span.max:,}"
        level = None
    elif span.aim is not None and size > span.aim:
        ja, en = f"{ja}が{size:,}で、目安の{span.aim:,}を超えています", f"{size:,} {en}, {span.aim:,} is good practice"
    else:
        ja, en = f"{ja}が{size:,}で、目安の{span.min:,}に足りません", f"{size:,} {en}, {span.min:,} is good practice"
    return Spot(None, None, ja, en, None, limit.part if limit.part in ("subject", "title") else "body", level)
