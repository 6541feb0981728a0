"""Notes by how well they answer a question: n-grams, words, concepts and, where there are any, vectors of a model.

    lexical = 0.35 × n-grams (cosine) + 0.30 × words (share of BM25) + 0.35 × concepts (share of the question's)
    score   = lexical, or half lexical and half vectors (0 the worst note, 1 the best)

Everything is counted over the notes that are ranked, so the answer for one customer does not change with anybody else's notes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from retrieval.notes.concepts import among, of
from retrieval.notes.lexical import LONGEST, bm25, cosines, overlaps, profile

Vectors = npt.NDArray[np.float32]
WEIGHTS: Mapping[str, float] = {"grams": 0.35, "words": 0.3, "concepts": 0.35}
"""What each way of comparing adds to the lexical score."""
VECTORS = 0.5
"""Share of the score that vectors have where a model made them."""
LEAST = 0.05
"""A note with neither a word nor a concept of the question is no answer below this cosine of n-grams."""


@dataclass(frozen=True, slots=True)
class Score:
    """Of the note at ``place``: ``score`` from 0 to 1, what each way of comparing gave (``by``), concepts it shares."""

    place: int
    score: float
    by: Mapping[str, float]
    shared: tuple[str, ...]


def rank(
    query: str, texts: Sequence[str], *, asked: Vectors | None = None, vectors: Vectors | None = None
) -> list[Score]:
    """The texts that answer ``query``, the best first; of equals the later in ``texts``.

    ``asked`` (d) and ``vectors`` (n × d) are unit vectors of a model; with them a text may answer without a shared word.
    """
    question, notes = profile(query), [profile(text) for text in texts]
    concepts = of(query)
    spoken = [among(text[:LONGEST], concepts) for text in texts]
    ways = {"grams": cosines(question, notes), "words": bm25(question, notes), "concepts": overlaps(concepts, spoken)}
    answers = [
        bool(words or concepts or grams >= LEAST)
        for grams, words, concepts in zip(ways["grams"], ways["words"], ways["concepts"], strict=True)
    ]
    parts: dict[str, list[float]] = dict(ways)
    weights = dict(WEIGHTS)
    if asked is not None and vectors is not None and len(texts):
        parts["vectors"] = _spread(vectors @ asked)
        weights = {name: weight * (1 - VECTORS) for name, weight in WEIGHTS.items()} | {"vectors": VECTORS}
        answers = [True] * len(texts)
    found = []
    for place, answering in enumerate(answers):
        if not answering:
            continue
        by = {name: round(values[place], 6) for name, values in parts.items()}
        score = round(sum(weight * by[name] for name, weight in weights.items()), 6)
        found.append(Score(place, score, by, tuple(sorted(spoken[place]))))
    return sorted(found, key=lambda one: (-one.score, -one.place))


def _spread(values: npt.NDArray[np.float32]) -> list[float]:
    # Cosines of a model lie close together, far above 0.
    least, best = float(values.min()), float(values.max())
    return [(float(value) - least) / (best - least) if best > least else 1.0 for value in values]
