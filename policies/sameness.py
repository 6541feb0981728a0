"""How alike the messages of a batch read (copy check C09): names, digits and links masked, then Jaccard over n-grams.

Five characters make a gram in Japanese, three words in English.  Every pair is compared up to 500 messages; beyond that pairs
are found by MinHash (A. Broder, On the resemblance and containment of documents, 1997) in bands of four of 128 values, the
ones found are compared exactly, and the mean is that of a seeded draw of pairs.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

MEAN, PAIR = 0.35, 0.6
"""Above either the batch reads the same: four slot-filled templates come to 0.79, four letters of their own to 0.01."""
EXACT = 500
_BANDS, _ROWS, _DRAWN, _CLOSEST, _CROWD = 32, 4, 5_000, 3, 40
_MASKED = re.compile(r"https?://[!-~]+|[0-9０-９]+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_BLANK = re.compile(r"\s+")
Grams = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Sameness:
    """``mean`` and ``highest`` similarity of pairs (0 to 1); ``closest`` are (similarity, place, place), the highest first.

    ``exact`` is whether every pair was compared.
    """

    texts: int
    mean: float
    highest: float
    closest: tuple[tuple[float, int, int], ...]
    exact: bool

    @property
    def alike(self) -> bool:
        """Whether the batch reads the same."""
        return self.mean > MEAN or self.highest > PAIR


def sameness(texts: Sequence[str], language: str, names: Sequence[Iterable[str]] = (), *, seed: int = 0) -> Sameness:
    """How alike ``texts`` are; ``names`` are those to mask in each (places as in ``texts``).  Under two texts all is 0."""
    told = names or [()] * len(texts)
    grams = [_grams(text, language, mask) for text, mask in zip(texts, told, strict=True)]
    if len(grams) < 2:
        return Sameness(len(grams), 0.0, 0.0, (), True)
    return _every_pair(grams) if len(grams) <= EXACT else _likely_pairs(grams, seed)


def _grams(text: str, language: str, names: Iterable[str]) -> Grams:
    """The masked text's grams as sorted hashes."""
    for name in sorted((name for name in names if name), key=len, reverse=True):
        text = text.replace(name, "〓")
    text = _MASKED.sub("〓", text)
    if language == "en":
        words = _WORD.findall(text.lower())
        parts = {" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))}
    else:
        letters = _BLANK.sub("", text)
        parts = {letters[at : at + 5] for at in range(max(1, len(letters) - 4))}
    return np.array(sorted(zlib.crc32(part.encode("utf-8", "surrogatepass")) for part in parts), np.uint64)


def _every_pair(grams: list[Grams]) -> Sameness:
    """Shared grams as the product of a 0/1 matrix with itself, a block of columns at a time."""
    vocabulary, place = np.unique(np.concatenate(grams), return_inverse=True)
    rows = np.repeat(np.arange(len(grams)), [len(one) for one in grams])
    shared = np.zeros((len(grams), len(grams)), np.float32)
    for first in range(0, len(vocabulary), 8192):
        inside = (place >= first) & (place < first + 8192)
        block = np.zeros((len(grams), 8192), np.float32)
        block[rows[inside], place[inside] - first] = 1
        shared += block @ block.T
    sizes = np.diag(shared)
    upper = np.triu_indices(len(grams), 1)
    alike = (shared / np.maximum(sizes[:, None] + sizes[None, :] - shared, 1))[upper]
    best = np.argsort(-alike, kind="stable")[:_CLOSEST]
    closest = tuple((float(alike[one]), int(upper[0][one]), int(upper[1][one])) for one in best)
    return Sameness(len(grams), float(alike.mean(dtype=np.float64)), closest[0][0], closest, True)


def _likely_pairs(grams: list[Grams], seed: int) -> Sameness:
    chance = np.random.default_rng(seed)
    drawn = chance.integers(0, len(grams), (_DRAWN, 2))
    drawn = drawn[drawn[:, 0] != drawn[:, 1]]
    mean = float(np.mean([_jaccard(grams[one], grams[other]) for one, other in drawn.tolist()]))
    pairs = _candidates(_signatures(grams, chance)) | {(min(pair), max(pair)) for pair in drawn.tolist()}
    ranked = sorted(
        ((_jaccard(grams[one], grams[other]), one, other) for one, other in pairs),
        key=lambda pair: (-pair[0], pair[1:]),
    )
    return Sameness(len(grams), mean, ranked[0][0], tuple(ranked[:_CLOSEST]), False)


def _signatures(grams: list[Grams], chance: np.random.Generator) -> NDArray[np.uint64]:
    """(texts, bands × rows) least values of random linear maps of the grams, modulo 2^64."""
    slope, shift = chance.integers(0, 1 << 63, (2, _BANDS * _ROWS, 1), dtype=np.uint64)
    return np.stack([((2 * slope + 1) * one[None, :] + shift).min(axis=1) for one in grams])


def _candidates(signatures: NDArray[np.uint64]) -> set[tuple[int, int]]:
    """Pairs that agree in a whole band; in a crowd only neighbours, which are as alike as any two of it."""
    found: set[tuple[int, int]] = set()
    for band in range(_BANDS):
        _, bucket = np.unique(signatures[:, band * _ROWS : (band + 1) * _ROWS], axis=0, return_inverse=True)
        order = np.argsort(bucket.ravel(), kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(bucket.ravel()[order])) + 1):
            members = group.tolist()
            found.update(combinations(members, 2) if len(members) <= _CROWD else pairwise(members))
    return found


def _jaccard(one: Grams, other: Grams) -> float:
    shared = np.intersect1d(one, other, assume_unique=True).size
    return shared / (one.size + other.size - shared)
