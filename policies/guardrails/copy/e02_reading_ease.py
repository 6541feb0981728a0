"""English reads easily: Flesch reading ease of 50 and more, no sentence over 30 words.

R. Flesch, A new readability yardstick (1948): 206.835 − 1.015 words per sentence − 84.6 syllables per word.  Syllables are
groups of vowels, less a silent e.  Quoted names are left out; below forty words the figure means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from policies.guardrails.copy.paragraph import KEPT, LONGEST, Paragraph, once, some
from policies.guardrails.copy.reading import Reading, Spot, blanked, sentences_of, words_of

RULE = "E02"
LEVEL = "warn"
LANGUAGES = ("en",)
EACH = True
_WORD = re.compile(r"[A-Za-z][A-Za-z]*(?:['’][A-Za-z]+)?")
_VOWELS = re.compile(r"[aeiouy]+")
_EASE, _WORDS, _FEW = 50, 30, 40


def check(reading: Reading) -> Iterator[Spot]:
    """Warns of a hard text and of a sentence that runs on."""
    # The imprint is looked for only where the whole body is long enough, or has a sentence that runs on.
    if sum([_count(one) for _, _, one in reading.of_body]) < _FEW and not some(_long, reading.of_body):
        return
    for _, at, one in reading.of_main:
        for start, size, count in _long(one):
            yield Spot(
                at + start,
                at + start + size,
                f"1文が{count}語あります（{_WORDS}語まで）",
                f"a sentence of {count} words, {_WORDS} at most",
            )
    if sum([_count(one) for _, _, one in reading.of_main]) < _FEW:
        return
    told = [
        (_heard if len(one) <= LONGEST else _hear)(one) for one in blanked(reading.main, reading.names).split("\n\n")
    ]
    words, heard = sum(words for words, _ in told), sum(heard for _, heard in told)
    if words < _FEW:
        return
    sentences = sum([len(sentences_of(one)) for _, _, one in reading.of_main])
    ease = 206.835 - 1.015 * words / sentences - 84.6 * heard / words
    if ease < _EASE:
        yield Spot(
            None,
            None,
            f"読みやすさ（Flesch）が{ease:.0f}で、目安の{_EASE}に足りません",
            f"reading ease {ease:.0f}, {_EASE} is the least",
        )


@once
def _count(paragraph: Paragraph) -> int:
    """How many words it has."""
    return len(words_of(paragraph))


@once
def _long(paragraph: Paragraph) -> tuple[tuple[int, int, int], ...]:
    """(offset, length, words) of each sentence that runs on."""
    return tuple(
        [
            (start, len(said), count)
            for start, said in sentences_of(paragraph)
            if len(said) > 2 * _WORDS and (count := len(said.split())) > _WORDS
        ]
    )


def _hear(text: str) -> tuple[int, int]:
    """How many words a paragraph has without its names, and how many syllables they have."""
    words = _WORD.findall(text)
    return len(words), sum(map(syllables, words))


_heard = lru_cache(maxsize=KEPT)(_hear)


@lru_cache(maxsize=65536)
def syllables(word: str) -> int:
    """How many syllables an English word has, by rule: about nine words in ten come out right."""
    lowered = word.lower().replace("’", "'").removesuffix("'s")
    count = len(_VOWELS.findall(lowered))
    silent = (lowered.endswith("e") and not lowered.endswith(("le", "ee", "ye"))) or (
        lowered.endswith("ed") and lowered[-3:-2] not in ("d", "t")
    )
    return max(1, count - bool(silent and count > 1))
