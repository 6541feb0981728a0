"""Verb forms of speech that are errors in writing: ら抜き, さ入れ, れ足す and い抜き."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import japanese, lexical, wording
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J04", "fix", ("ja",)
LEXICON = "verb_forms"
_I_NUKI = re.compile("(?:[見来出着寝似っしいきちみりえけせてねべめれじげ]て|んで)(?=ます|ました|ません|る|ない)")
"""て after what ends a て-form; 捨てる and 立てる have another kanji there."""
_TELLING = re.compile("[てで][まるな]")
"""Where one of them ends; a text without it needs no closer look."""


def sign(paragraph: Paragraph) -> bool:
    """Whether an い is missing in it."""
    text = wording(paragraph)
    return _TELLING.search(text) is not None and _I_NUKI.search(text) is not None


def check(reading: Reading) -> Iterator[Spot]:
    """The three lists of the lexicon, and い抜き by its letters: してます, 読んでる."""
    yield from lexical(reading, LEXICON)
    for part, text in japanese(reading).texts:
        for found in _I_NUKI.finditer(text):
            yield Spot(
                *found.span(), f"「{found[0]}」のあとの「い」が抜けています", f"an い is missing after '{found[0]}'", f"{found[0]}い", part,
            )  # fmt: skip
