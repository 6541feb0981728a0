"""How hard a text is to read, by its words: jReadability (Hasebe and Lee), built for learners and used here as a lower bound.

``X = 11.724 - 0.056 words per sentence - 0.126 %漢語 - 0.042 %和語 - 0.145 %動詞 - 0.044 %助詞``; the less, the harder.
It needs the tagger of the extra ``[ja]`` (sudachipy with sudachidict_core) and says nothing where that is not installed.
"""

from __future__ import annotations

import importlib.util
import re
import threading
from collections.abc import Iterator
from typing import Any

from policies.guardrails.copy.japanese import KANJI, japanese
from policies.guardrails.copy.paragraph import Paragraph
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J25", "warn", ("ja",)
HARD = 1.5
"""The scale's own border between upper intermediate and advanced is 2.5; but courteous verbs and particles weigh on it, and of
ten good drafts by another hand four are below that and none below 1.5."""
ENOUGH = 40
"""Words below which a share says nothing."""
INSTALLED = all(importlib.util.find_spec(name) for name in ("sudachipy", "sudachidict_core"))
_SINO = re.compile(f"[{KANJI}]{{2,}}")
_FOREIGN = re.compile("[ァ-ヺーA-Za-z0-9]+")
_MARKS = ("補助記号", "空白", "記号")
_local = threading.local()


def sign(paragraph: Paragraph) -> bool:
    """Whether the tagger is here to read it."""
    return INSTALLED


def check(reading: Reading) -> Iterator[Spot]:
    """One warning for a text of at least 40 words whose measure is below 1.5."""
    if not INSTALLED:
        return
    told = japanese(reading)
    sentences = max(1, len(told.sentences))
    words = [word for word in _tagger().tokenize(told.nameless[:4000]) if word.part_of_speech()[0] not in _MARKS]
    if len(words) >= ENOUGH and (measure := ease(words, sentences)) < HARD:
        yield Spot(
            None,
            None,
            f"文章が難しめです（読みやすさ{measure:.1f}、目安は{HARD}以上）",
            f"hard to read: {measure:.1f}, {HARD} and more is easy enough",
        )


def ease(words: list[Any], sentences: int) -> float:
    """The formula over tagged words.

    The dictionary does not say where a word comes from: one written in two kanji or more counts as 漢語, one in katakana or
    Latin letters as foreign, everything else as 和語.
    """
    kinds = [word.part_of_speech()[0] for word in words]
    sino = sum(_SINO.fullmatch(word.surface()) is not None for word in words)
    foreign = sum(_FOREIGN.fullmatch(word.surface()) is not None for word in words)
    share = 100 / len(words)
    native = len(words) - sino - foreign
    return (
        11.724 - 0.056 * len(words) / sentences - 0.126 * sino * share - 0.042 * native * share
        - 0.145 * kinds.count("動詞") * share - 0.044 * kinds.count("助詞") * share
    )  # fmt: skip


def _tagger() -> Any:
    """One tagger a thread: it is not shared between them."""
    if not hasattr(_local, "tagger"):
        from sudachipy import Dictionary, SplitMode

        _local.tagger = Dictionary(dict="core").tokenizer(mode=SplitMode.C)
    return _local.tagger
