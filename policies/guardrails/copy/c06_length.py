"""What the channel can carry and what is still read: the limits of ``policies/channels/*.yaml``, each in its own unit."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels import Limit, measure, sms_encoding
from policies.guardrails.copy.reading import Reading, Spot

RULE = "C06"
LEVEL = "block"
LANGUAGES = ("ja", "en")
EACH = True


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks what is over a limit's maximum or missing altogether; warns of what is longer or shorter than good practice."""
    message, head = reading.message, reading.channel.head
    if not message.body.strip():
        yield Spot(None, None, "本文がありません", "there is no body")
        return
    if head is not None and not (message.head or "").strip():
        yield Spot(None, None, "件名またはタイトルがありません", "there is no subject or title", part=head)
    for limit in reading.channel.limits:
        text = _part(reading, limit)
        # Four bytes are the most a letter takes: only a text near the limit is encoded.
        if text and not (
            limit.unit in ("bytes", "payload") and len(text) < 500 and len(reading.message.head or "") < 100
        ):
            size = measure(text, limit.unit, message.language, message.head or "")
            yield from _compared(reading, limit, size)


def _part(reading: Reading, limit: Limit) -> str:
    if limit.part == "alt_text":
        told = reading.about("message").get("alt_text")
        return told if isinstance(told, str) else ""
    return reading.body if limit.part in ("body", "whole") else reading.message.head or ""


def _compared(reading: Reading, limit: Limit, size: int) -> Iterator[Spot]:
    span, ja, en = limit.spans[reading.language], limit.what["ja"], limit.what["en"]
    if limit.unit == "segments":
        coding = sms_encoding(reading.body)
        ja, en = f"{ja}（{coding}）", f"{en} ({coding})"
    part = limit.part if limit.part in ("subject", "title") else "body"
    if span.max is not None and size > span.max:
        yield Spot(
            None,
            None,
            f"{ja}が{size:,}で、上限の{span.max:,}を超えています",
            f"{size:,} {en}, at most {span.max:,}",
            part=part,
        )
    elif span.aim is not None and size > span.aim:
        yield Spot(
            None,
            None,
            f"{ja}が{size:,}で、目安の{span.aim:,}を超えています",
            f"{size:,} {en}, {span.aim:,} is good practice",
            part=part,
            level="warn",
        )
    elif span.min is not None and size < span.min:
        yield Spot(
            None,
            None,
            f"{ja}が{size:,}で、目安の{span.min:,}に足りません",
            f"{size:,} {en}, {span.min:,} is good practice",
            part=part,
            level="warn",
        )
