"""A subject line says something of its own, briefly."""

from __future__ import annotations

from collections.abc import Iterator

from policies.channels import display_width
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J13", "warn", ("ja",)
EACH = True
MOST = 30
"""Full-width letters."""


def check(reading: Reading) -> Iterator[Spot]:
    """Empty, wider than 30 full-width letters, more than one 【】, or the same as the first line of the body."""
    if reading.message.channel != "email":
        return
    subject = (reading.message.subject or "").strip()
    if not subject:
        yield Spot(None, None, "件名がありません", "there is no subject")
        return
    if len(subject) > MOST and (width := display_width(subject) / 2) > MOST:
        yield _spot(
            subject,
            f"件名が全角{width:g}字分です（{MOST}字まで）",
            f"a subject of {width:g} full-width letters, at most {MOST}",
        )
    if subject.count("【") > 1:
        yield _spot(subject, "件名の【】は一つまでです", "more than one 【】 in the subject")
    first = next(
        (line.strip() for line in reading.body.split("\n", 4)[:4] if line.strip() and not line.rstrip().endswith("様")),
        "",
    )
    if first.rstrip("。！") == subject.rstrip("。！"):
        yield _spot(subject, "件名が本文の一行目と同じです", "the subject repeats the first line")


def _spot(subject: str, ja: str, en: str) -> Spot:
    return Spot(0, len(subject), ja, en, None, "subject")
