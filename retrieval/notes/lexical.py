"""Words as they are compared, in Japanese and English, without a model: letters folded, then char n-grams and words."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 20_000
"""Letters of one text that are read; what follows is not compared."""
K1, B = 1.2, 0.75
"""BM25: how soon a repeated word stops counting, and how much a long note is held back (Robertson & Zaragoza 2009, §3.3)."""
_HIRAGANA = str.maketrans({chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)})
_LAST_BAR = re.compile("(?<=[ぁ-ゖ])ー(?![ぁ-ゖー])")
_RUN = re.compile(r"[^\W_]+")
_WORD = re.compile(r"[a-z0-9]+|[^\W_a-z0-9]+")
_KANA = re.compile("[ぁ-ゖー]")
_ENDING = re.compile(r"(?<=[a-z]{3})(?:ing|ed|es|s|ly)$")
_COMMON = frozenset(
    "a an the of to for in on at and or is are was be it its his her their my i we you he she they that this with by from"
    " as not no do does did have has had".split()
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A text as it is compared: how often each n-gram and each word stands in it."""

    grams: Mapping[str, int]
    words: Mapping[str, int]

    @property
    def length(self) -> int:
        """Number of words."""
        return sum(self.words.values())


def fold(text: str) -> str:
    """NFKC (full-width letters and half-width kana unified), small letters, katakana as hiragana, no long bar at the end of a
    word (コンピューター = コンピュータ)."""
    return _LAST_BAR.sub("", unicodedata.normalize("NFKC", text[:LONGEST]).lower().translate(_HIRAGANA))


@lru_cache(maxsize=2048)
def profile(text: str) -> Profile:
    """The profile of one text."""
    folded = fold(text)
    return Profile(Counter(_grams(folded)), Counter(_words(folded)))


def _grams(folded: str) -> Iterable[str]:
    """Every run of one to three letters that no space or mark divides."""
    for run in _RUN.findall(folded):
        for size in (1, 2, 3):
            yield from (run[at : at + size] for at in range(len(run) - size + 1))


def _words(folded: str) -> Iterable[str]:
    """English words without their endings; of Japanese, which writes no spaces, each two letters and each kanji."""
    for run in _WORD.findall(folded):
        if run.isascii():
            if run not in _COMMON:
                yield _ENDING.sub("", run)
            continue
        yield from (run[at : at + 2] for at in range(len(run) - 1))
        yield from (letter for letter in run if len(run) == 1 or not _KANA.match(letter))


def cosines(query: Profile, notes: Sequence[Profile]) -> list[float]:
    """Cosine of TF-IDF over n-grams, 0–1: (1 + ln tf) × (1 + ln((1 + n) ÷ (1 + df))), counted over ``notes`` alone."""
    spread = Counter(gram for note in notes for gram in note.grams)
    weights = {gram: 1 + math.log((1 + len(notes)) / (1 + count)) for gram, count in spread.items()}
    unseen = 1 + math.log(1 + len(notes))

    def weighed(grams: Mapping[str, int]) -> dict[str, float]:
        return {gram: (1 + math.log(count)) * weights.get(gram, unseen) for gram, count in grams.items()}

    def length(vector: Mapping[str, float]) -> float:
        return math.sqrt(math.fsum(value * value for value in vector.values()))

    asked = weighed(query.grams)
    whole = length(asked)
    found = []
    for note in notes:
        vector = weighed(note.grams)
        shared = math.fsum(asked[gram] * vector[gram] for gram in asked.keys() & vector.keys())
        found.append(shared / (whole * length(vector)) if shared else 0.0)
    return found


def bm25(query: Profile, notes: Sequence[Profile]) -> list[float]:
    """Okapi BM25 over words, counted over ``notes`` alone, as a share (0–1) of what no note can pass: every word of the query
    again and again."""
    spread = Counter(word for note in notes for word in note.words)
    mean = sum(note.length for note in notes) / len(notes) if notes else 0
    asked = {word: math.log(1 + (len(notes) - spread[word] + 0.5) / (spread[word] + 0.5)) for word in query.words}
    whole = math.fsum(asked.values())
    return [
        math.fsum(
            weight * note.words[word] / (note.words[word] + K1 * (1 - B + B * note.length / mean))
            for word, weight in asked.items()
            if word in note.words
        )
        / (whole or 1)
        for note in notes
    ]


def overlaps(concepts: frozenset[str], notes: Sequence[frozenset[str]]) -> list[float]:
    """Share of a question's ``concepts`` that a note speaks about, 0–1; one that few of ``notes`` speak about weighs more."""
    spread = Counter(concept for spoken in notes for concept in spoken)
    weights = {concept: 1 + math.log((1 + len(notes)) / (1 + spread[concept])) for concept in concepts}
    # fsum rounds once, so that the order of a set, another in each process, does not show.
    whole = math.fsum(weights.values())
    return [math.fsum(weights[one] for one in concepts & spoken) / whole if whole else 0.0 for spoken in notes]
