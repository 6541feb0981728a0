"""What the channel can carry (copy check C06): characters, UTF-16 units, display width or SMS segments."""

from __future__ import annotations

from collections.abc import Iterator

from policies.catalogue import Catalogue
from policies.channels import ENGLISH_STRETCH, display_width, sms_segments, utf16_units
from policies.guardrails.guard import BLOCK, FLAG, Finding, Message, Scope

SCOPE: Scope = "copy"


def check(message: Message, catalogue: Catalogue) -> Iterator[Finding]:
    """Blocks what the channel cannot carry or what nobody would read; flags what is longer or shorter than good practice."""
    rules = catalogue.channels[message.channel]
    stretch = ENGLISH_STRETCH if message.language == "en" else 1.0
    if not message.body.strip():
        yield Finding("length", "C06", BLOCK, None, None, "", "本文がありません", "there is no body")
        return
    if rules.head is not None and not message.head:
        yield Finding("length", "C06", BLOCK, None, None, "", "件名がありません", "there is no subject or title")
    match rules.counts:
        case "sms":
            yield from _limits(
                "SMSの通数",
                "segments",
                sms_segments(message.body),
                None,
                rules.body.aim_segments,
                rules.body.max_segments,
            )
        case "width":
            yield from _limits(
                "本文の幅", "columns", display_width(message.body), None, rules.body.aim_width, rules.body.max_width
            )
        case unit:
            length = utf16_units(message.body) if unit == "utf16" else len(message.body)
            low, aim, high = (
                round(limit * stretch) if limit else None for limit in (rules.body.min, rules.body.aim, rules.body.max)
            )
            yield from _limits("本文の文字数", "characters", length, low, aim, high)
    if rules.head is not None and message.head:
        wide = 1.4 if message.language == "en" else 1.0
        aim, high = (round(limit * wide) if limit else None for limit in (rules.head.aim_width, rules.head.max_width))
        yield from _limits("件名の幅", "columns in the subject or title", display_width(message.head), None, aim, high)


def _limits(ja: str, en: str, length: int, low: int | None, aim: int | None, high: int | None) -> Iterator[Finding]:
    if high is not None and length > high:
        yield Finding(
            "length",
            "C06",
            BLOCK,
            None,
            None,
            "",
            f"{ja}が{length}で、上限の{high}を超えています",
            f"{length} {en}, at most {high}",
        )
    elif aim is not None and length > aim:
        yield Finding(
            "length",
            "C06",
            FLAG,
            None,
            None,
            "",
            f"{ja}が{length}で、目安の{aim}を超えています",
            f"{length} {en}, {aim} is good practice",
        )
    elif low is not None and length < low:
        yield Finding(
            "length",
            "C06",
            FLAG,
            None,
            None,
            "",
            f"{ja}が{length}で、目安の{low}に足りません",
            f"{length} {en}, {low} is good practice",
        )
