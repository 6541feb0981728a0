"""Kana of one kind as the other, and in Latin letters (Hepburn)."""

from __future__ import annotations

import re

TO_HIRAGANA = {code: code - 96 for code in range(0x30A1, 0x30F5)}
TO_KATAKANA = {code - 96: code for code in range(0x30A1, 0x30F5)}
_ROWS = (
    "アa イi ウu エe オo カka キki クku ケke コko サsa シshi スsu セse ソso タta チchi ツtsu テte トto ナna ニni ヌnu ネne ノno ハha ヒhi フfu ヘhe ホho マma ミmi ムmu メme モmo "
    "ヤya ユyu ヨyo ラra リri ルru レre ロro ワwa ヲo ンn ガga ギgi グgu ゲge ゴgo ザza ジji ズzu ゼze ゾzo ダda ヂji ヅzu デde ドdo バba ビbi ブbu ベbe ボbo パpa ピpi プpu ペpe ポpo ヴvu"
)
_LATIN = {pair[0]: pair[1:] for pair in _ROWS.split()}
_SMALL = {"ャ": "a", "ュ": "u", "ョ": "o"}
_LONG = re.compile(r"ou|oo|uu|oh(?![aeiou])|([aeiou])ー")


def romaji(words: list[str]) -> list[list[str]]:
    """Katakana words in Latin letters (Hepburn), with long vowels written out, dropped, and as ``oh``."""
    full = [_spelt(word) for word in words]
    short = [_LONG.sub(lambda found: found[1] or found[0][0], word) for word in full]
    with_h = [re.sub(r"ou|oo", "oh", word) for word in full]
    plain = [word.replace("ー", "") for word in full]
    found: list[list[str]] = []
    for spelling in (plain, short, with_h):
        if spelling not in found:
            found.append(spelling)
    return found


def _spelt(word: str) -> str:
    said = ""
    double = False
    for letter in word:
        if letter == "ッ":
            double = True
        elif letter in _SMALL:
            stem = said[:-1]
            said = stem + ("" if stem.endswith(("sh", "ch", "j")) else "y") + _SMALL[letter]
        elif letter == "ー":
            said += "ー"
        else:
            latin = _LATIN.get(letter, "")
            said += ("t" if latin.startswith("ch") else latin[:1]) * double + latin
            double = False
    return said
