"""English reads easily: Flesch reading ease of 50 and more, no sentence over 30 words.

R. Flesch, A new readability yardstick (1948): 206.835 − 1.015 words per sentence − 84.6 syllables per word.  Syllables are
groups of vowels, less a silent e.  Quoted names are left out; below forty words the figure means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from policies.guardrails.copy.reading import Reading, Spot, blanked

RULE = "E02"
LEVEL = "warn"
LANGUAGES = ("en",)
EACH = True
_WORD = re.compile(r"[A-Za-z][A-Za-z]*(?:['’][A-Za-z]+)?")
_VOWELS = re.compile(r"[aeiouy]+")
_EASE, _WORDS, _FEW = 50, 30, 40


def check(reading: Reading) -> Iterator[Spot]:
    """Warns of a hard text and of a sentence that runs on."""
    sentences = reading.main_sentences
    for start, sentence in sentences:
        if len(sentence) > 2 * _WORDS and (count := len(sentence.split())) > _WORDS:
            yield Spot(
                start,
                start + len(sentence),
                f"1文が{count}語あります（{_WORDS}語まで）",
                f"a sentence of {count} words, {_WORDS} at most",
            )
    if len(reading.words) < _FEW:
        return
    words = _WORD.findall(blanked(reading.main, reading.names))
    if len(words) < _FEW:
        return
    ease = 206.835 - 1.015 * len(words) / len(sentences) - 84.6 * sum(map(syllables, words)) / len(words)
    if ease < _EASE:
        yield Spot(
            None,
            None,
            f"読みやすさ（Flesch）が{ease:.0f}で、目安の{_EASE}に足りません",
            f"reading ease {ease:.0f}, {_EASE} is the least",
        )


@lru_cache(maxsize=65536)
def syllables(word: str) -> int:
    """How many syllables an English word has, by rule: about nine words in ten come out right."""
    lowered = word.lower().replace("’", "'").removesuffix("'s")
    count = len(_VOWELS.findall(lowered))
    silent = (lowered.endswith("e") and not lowered.endswith(("le", "ee", "ye"))) or (
        lowered.endswith("ed") and lowered[-3:-2] not in ("d", "t")
    )
    return max(1, count - bool(silent and count > 1))
