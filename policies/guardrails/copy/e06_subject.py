"""The subject of an English email: 60 characters at most (25 to 45 read best), not in capitals, not the first line again."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Reading, Spot

RULE = "E06"
LEVEL = "warn"
LANGUAGES = ("en",)
EACH = True
_MOST = 60


def sign(paragraph: Paragraph) -> bool:
    """Whether it is of an email."""
    return paragraph.channel == "email"


def check(reading: Reading) -> Iterator[Spot]:
    """Warns of a subject that will be cut, that shouts, that pretends to be an answer or that the body repeats."""
    if reading.message.channel != "email" or not (subject := (reading.message.subject or "").strip()):
        return
    if len(subject) > _MOST:
        yield Spot(
            None,
            None,
            f"件名が{len(subject)}文字です（{_MOST}文字まで）",
            f"the subject has {len(subject)} characters, {_MOST} at most",
            part="subject",
        )
    if len(subject) > 8 and subject.isupper():
        yield Spot(0, len(subject), "件名がすべて大文字です", "the subject is all capitals", part="subject")
    if subject[:4].lower() in ("re: ", "fw: ") or subject[:5].lower() == "fwd: ":
        yield Spot(0, 4, "返信や転送を装う件名です", "the subject pretends to be an answer", part="subject")
    if len(subject) > 12 and subject.lower() in _opening(reading):
        yield Spot(
            None, None, "件名と本文の書き出しが同じです", "the body begins with the subject again", part="subject"
        )


def _opening(reading: Reading) -> list[str]:
    """The first three lines of the body, empty ones left out, as they are compared."""
    found: list[str] = []
    for _, _, one in reading.of_body:
        if len(found) < 3:
            found += _lines(one)
    return found[:3]


@once
def _lines(paragraph: Paragraph) -> tuple[str, ...]:
    return tuple([line.strip().lower().rstrip(".!") for line in paragraph.masked.split("\n") if line.strip()][:3])
