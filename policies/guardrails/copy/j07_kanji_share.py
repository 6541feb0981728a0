"""Neither a wall of kanji nor a thread of kana."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.japanese import KANJI, japanese, prose
from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Reading, Spot

RULE, LEVEL, LANGUAGES = "J07", "warn", ("ja",)
EACH = True
LEAST, MOST = 0.15, 0.45
ENOUGH = 100
"""Letters below which a share says nothing."""
_KANJI = re.compile(f"[{KANJI}]+")
_KANA = re.compile("[ぁ-ゖァ-ヺー]+")


def check(reading: Reading) -> Iterator[Spot]:
    """The share of kanji among kanji and kana, footer and links left out, outside 0.15 to 0.45."""
    told = [_letters(one) for _, _, one in japanese(reading).of_prose]
    kanji = sum(kanji for kanji, _ in told)
    letters = kanji + sum(kana for _, kana in told)
    if letters >= ENOUGH and not LEAST <= (share := kanji / letters) <= MOST:
        ja, en = ("多すぎ", "too many") if share > MOST else ("少なすぎ", "too few")
        yield Spot(
            None,
            None,
            f"漢字が{ja}ます（{share:.0%}、目安は15〜45%）",
            f"{en} kanji: {share:.0%}, 15 to 45% reads well",
        )


@once
def _letters(paragraph: Paragraph) -> tuple[int, int]:
    """How many kanji and kana its prose has."""
    text = prose(paragraph)
    return sum(map(len, _KANJI.findall(text))), sum(map(len, _KANA.findall(text)))
