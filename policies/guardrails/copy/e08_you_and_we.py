"""An English email speaks of the reader at least half as often as of the sender."""

from __future__ import annotations

from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Reading, Spot, words_of

RULE = "E08"
LEVEL = "warn"
LANGUAGES = ("en",)
_YOU = frozenset("you your yours yourself you're you've you'd you'll".split())
_WE = frozenset("we our ours us i my mine me we're we've we'd we'll i'm i've i'd i'll".split())
_LEAST = 0.5
_FEW = 4
"""Words about the sender below which a short note is left alone."""


def sign(paragraph: Paragraph) -> bool:
    """Whether an email speaks of the sender in it."""
    return paragraph.channel == "email" and _spoken_of(paragraph)[1] > 0


def check(reading: Reading) -> Iterator[Spot]:
    """Warns of an email about the sender."""
    if reading.message.channel != "email":
        return
    told = [_spoken_of(one) for _, _, one in reading.of_main]
    you, we = sum(you for you, _ in told), sum(we for _, we in told)
    if we >= _FEW and you < _LEAST * we:
        yield Spot(
            None, None, f"「you」{you}回に対して「we」が{we}回あります", f"'you' {you} times against 'we' {we} times"
        )


@once
def _spoken_of(paragraph: Paragraph) -> tuple[int, int]:
    """How often it speaks of the reader, and of the sender."""
    words = [word.lower().replace("’", "'") for word in words_of(paragraph)]
    return sum(word in _YOU for word in words), sum(word in _WE for word in words)
