"""The message is written in the reader's language: kana against Latin letters, quoted names and links apart."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.guardrails.copy.paragraph import Paragraph, letters, once
from policies.guardrails.copy.reading import Reading, Spot

RULE = "C10"
LEVEL = "block"
LANGUAGES = ("ja", "en")
EACH = True
_ENOUGH = 8
"""Letters below which nothing can be said about the language."""
_HANGUL = re.compile(r"[가-힣][가-힣]")
_JAPANESE_RUN = re.compile(r"[ぁ-ヺー㐀-䶿一-鿿々][ぁ-ヺー㐀-䶿一-鿿々]*")
_LATIN_RUN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ]*")
_KANA = re.compile(r"[ぁ-ヺー]")
_LATIN = re.compile(r"[A-Za-z]")
_JAPANESE = re.compile(r"[ぁ-ヺー㐀-䶿一-鿿]")


def sign(paragraph: Paragraph) -> bool:
    """Whether it has letters of both languages to weigh: English in ASCII has none."""
    return paragraph.language == "ja" or not paragraph.text.isascii()


def check(reading: Reading) -> Iterator[Spot]:
    """Blocks Japanese without kana or drowned in Latin letters, and English with more than a quoted word of Japanese."""
    if reading.language == "en" and reading.body.isascii():
        return
    told = [_letters(one) for _, _, one in reading.of_body]
    japanese, latin, kana, korean = map(sum, zip(*told, strict=True)) if told else (0, 0, 0, 0)
    if japanese + latin < _ENOUGH:
        return
    if korean:
        yield Spot(None, None, "韓国語の文字が入っています", "there is Korean in it")
    if reading.language == "ja":
        if latin > 2 * japanese or not kana:
            text = reading.unnamed
            kana, latin = len(_KANA.findall(text)), len(_LATIN.findall(text))
            japanese = len(_JAPANESE.findall(text))
            if latin + japanese >= _ENOUGH and (kana == 0 or latin > 2 * japanese):
                yield Spot(None, None, "日本語の文面になっていません", "the text is not Japanese")
    elif japanese > latin // 5:
        text = reading.unnamed
        if len(_JAPANESE.findall(text)) > len(_LATIN.findall(text)) // 5:
            yield Spot(None, None, "英語の文面に日本語が混じっています", "the text is not English")


@once
def _letters(paragraph: Paragraph) -> tuple[int, int, bool, bool]:
    """How many Japanese and how many Latin letters it has, links apart; whether it has kana, and Korean."""
    text = paragraph.masked
    return (
        letters(_JAPANESE_RUN, text), letters(_LATIN_RUN, text),
        _KANA.search(text) is not None, _HANGUL.search(text) is not None,
    )  # fmt: skip
