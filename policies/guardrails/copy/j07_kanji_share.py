"""Neither a wall of kanji nor a thread of kana."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import KANJI, prose, prose_of
from policies.guardrails.copy.paragraph import Paragraph, letters, once
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J07", "warn", ("ja",)
EACH = True
LEAST, MOST = 0.15, 0.45
ENOUGH = 100
"""Letters below which a share says nothing."""
_KANJI = re.compile(f"[{KANJI}]+")
_JAPANESE = re.compile(f"[{KANJI}ぁ-ゖァ-ヺー]+")


def check(reading: Reading) -> Iterator[Spot]:
    """The share of kanji among kanji and kana, footer and links left out, outside 0.15 to 0.45."""
    told = [_letters(one) for _, _, one in prose_of(reading)]
    kanji, all_told = map(sum, zip(*told, strict=True)) if told else (0, 0)
    if all_told >= ENOUGH and not LEAST <= (share := kanji / all_told) <= MOST:
        ja, en = ("多すぎ", "too many") if share > MOST else ("少なすぎ", "too few")
        yield Spot(
            None,
            None,
            f"漢字が{ja}ます（{share:.0%}、目安は15〜45%）",
            f"{en} kanji: {share:.0%}, 15 to 45% reads well",
        )


@once
def _letters(paragraph: Paragraph) -> tuple[int, int]:
    """How many kanji its prose has, and how many kanji and kana; ヶ is both."""
    text = prose(paragraph)
    return letters(_KANJI, text), letters(_JAPANESE, text) + text.count("ヶ")
