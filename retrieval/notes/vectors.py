"""Vectors of texts: hashed char n-grams, which need no model, and the port that a model's vectors come through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from retrieval.notes.lexical import fold

DIMENSIONS = 1024
_FIRST, _SECOND = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


class Embedder(Protocol):
    """Makes vectors; any LangChain ``Embeddings`` with a ``name`` is one."""

    @property
    def name(self) -> str:
        """Says with which model and settings the vectors were made; vectors of two names are never compared."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector per text."""

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""


class HashedGrams:
    """Folded char 1–3-grams, each hashed to one of 1,024 places with a sign; (1 + ln tf), unit length.

    The same on every machine and in every process.
    """

    name = f"grams-{DIMENSIONS}"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector per text; a text without a letter or digit has zeros."""
        return [_hashed(text).tolist() for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """A question is a text as any other."""
        return self.embed_documents([text])[0]


def unit(vectors: Sequence[Sequence[float]] | npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """n × d, each row of unit length; a row of zeros stays one."""
    rows = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)


def _hashed(text: str) -> npt.NDArray[np.float32]:
    letters = np.frombuffer(fold(text).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    # 0 stands for whatever divides words; a gram across it is none.
    letters = np.where([chr(letter).isalnum() for letter in letters.tolist()], letters, 0) if len(letters) else letters
    grams, whole = np.zeros(len(letters), np.uint64), np.ones(len(letters), bool)
    hashes = []
    for size in range(min(3, len(letters))):
        rest = letters[size:]
        grams = grams[: len(rest)] * _FIRST + (rest + np.uint64(1)) * _SECOND
        whole = whole[: len(rest)] & (rest != 0)
        hashes.append(_mixed(grams + np.uint64(size))[whole])
    vector = np.zeros(DIMENSIONS, np.float32)
    if hashes:
        found, counts = np.unique(np.concatenate(hashes), return_counts=True)
        signs = np.where(found >> np.uint64(63), 1.0, -1.0)
        np.add.at(vector, (found % np.uint64(DIMENSIONS)).astype(np.int64), signs * (1 + np.log(counts)))
    length = np.linalg.norm(vector)
    return vector / length if length else vector


def _mixed(hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of SplitMix64: every bit of the hash depends on every letter."""
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return hashes ^ (hashes >> np.uint64(31))
