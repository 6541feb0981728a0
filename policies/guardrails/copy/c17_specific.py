"""At least one fact, name or number for every two sentences; below that the text could have gone to anybody.

Asked of a letter, a card and an insert, whose facts came with it: without them a name cannot be told from a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Reading, Spot, blanked

RULE = "C17"
LEVEL = "warn"
LANGUAGES = ("ja", "en")
_NUMBER = re.compile(r"[0-9０-９][0-9０-９]*")
_LEAST = 0.5
_LETTERS = ("email", "post", "insert")
_END = re.compile(r"[。！？.!?](?:(?<=[。！？])|(?=\s|$))")
_FEW = 6
"""Sentences below which a short text need not carry a fact in each."""


def sign(paragraph: Paragraph) -> bool:
    """Whether a sentence ends in a letter."""
    return paragraph.channel in _LETTERS and _ends(paragraph) > 0


def check(reading: Reading) -> Iterator[Spot]:
    """Warns of a text with fewer."""
    if reading.message.channel not in _LETTERS:
        return
    # The imprint is looked for only where the whole body is long enough.
    if sum([_ends(one) for _, _, one in reading.of_body]) < _FEW:
        return
    sentences = sum([_ends(one) for _, _, one in reading.of_main])
    if sentences < _FEW or not reading.names:
        return
    main = reading.main
    standing = [name for name in reading.names if name in main]
    if len(standing) / sentences >= _LEAST:
        return
    count = len(standing) + len(_NUMBER.findall(blanked(main, standing)))
    if count / sentences < _LEAST:
        yield Spot(
            None,
            None,
            f"{sentences}文に対して具体的な事実が{count}つしかありません",
            f"only {count} facts, names or numbers in {sentences} sentences",
        )


@once
def _ends(paragraph: Paragraph) -> int:
    """How many sentences end in it."""
    return len(_END.findall(paragraph.masked))
