"""The message is written in the reader's language: kana against Latin letters, quoted names and links apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Reading, Spot

RULE = "C10"
LEVEL = "block"
LANGUAGES = ("ja", "en")
EACH = True
_ENOUGH = 8
"""Letters below which nothing can be said about the language."""
_HANGUL = re.compile(r"[가-힣][가-힣]")
_KANA_RUN = re.compile(r"[ぁ-ヺー][ぁ-ヺー]*")
_KANJI_RUN = re.compile(r"[㐀-䶿一-鿿々][㐀-䶿一-鿿々]*")
_LATIN_RUN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ]*")
_KANA = re.compile(r"[ぁ-ヺー]")
_LATIN = re.compile(r"[A-Za-z]")
_JAPANESE = re.compile(r"[ぁ-ヺー㐀-䶿一-鿿]")


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks Japanese without kana or drowned in Latin letters, and English with more than a quoted word of Japanese."""
    if reading.language == "en" and reading.body.isascii():
        return
    counts = [_letters(one) for _, _, one in reading.of_body]
    kana, kanji, latin, korean = map(sum, zip(*counts, strict=True)) if counts else (0, 0, 0, 0)
    if kana + kanji + latin < _ENOUGH:
        return
    if korean:
        yield Spot(None, None, "韓国語の文字が入っています", "there is Korean in it")
    if reading.language == "ja":
        if latin > 2 * (kana + kanji) or kana == 0:
            text = reading.unnamed
            kana, latin = len(_KANA.findall(text)), len(_LATIN.findall(text))
            japanese = len(_JAPANESE.findall(text))
            if latin + japanese >= _ENOUGH and (kana == 0 or latin > 2 * japanese):
                yield Spot(None, None, "日本語の文面になっていません", "the text is not Japanese")
    elif kana + kanji > latin // 5:
        text = reading.unnamed
        if len(_JAPANESE.findall(text)) > len(_LATIN.findall(text)) // 5:
            yield Spot(None, None, "英語の文面に日本語が混じっています", "the text is not English")


@once
def _letters(paragraph: Paragraph) -> tuple[int, int, int, int]:
    """How many kana, kanji and Latin letters it has, links apart, and how many pairs of Korean ones."""
    text = paragraph.masked
    kana, kanji, latin = (sum(map(len, run.findall(text))) for run in (_KANA_RUN, _KANJI_RUN, _LATIN_RUN))
    return kana, kanji, latin, len(_HANGUL.findall(text))
