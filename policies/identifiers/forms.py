"""The forms in which an identifier is met, and the same forms as they are cut out of a text.

Names: joined, both orders, kana of either kind, romaji with and without long vowels, variant kanji; a surname by itself only
with an honorific.  Phones: national, without the 0, with 81.  E-mail: lower case.  Numbers: without separators.  Addresses:
丁目, 番地, 号 and hyphens alike, with and without prefecture, building, town.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.kana import TO_HIRAGANA, TO_KATAKANA, romaji
from policies.identifiers.names import SURNAMES
from policies.identifiers.normal import fold_names, normalise
from policies.identifiers.recognisers import dob, email

LONGEST = 64
"""Code points of a form that are looked at; a longer one is known by its beginning."""

_WIDE = "\u3005-\u30fa\u30fc-\u9fff\U00020000-\U0003ffff"
_SQUEEZE = re.compile(
    rf"(?<=[{_WIDE}0-9])[ \t\n・=,、]{{1,4}}(?=[{_WIDE}])|(?<=[{_WIDE}])[ \t\n・=]{{1,4}}(?=[{_WIDE}0-9])"
    r"|(?<=[0-9])(?:丁目|番地の?|番|号室|号|の|条)-?(?=[0-9])|(?<=[0-9])(?:丁目|番地|番|号室|号)(?![0-9])|(?<=[A-Za-z0-9.,])[ \t\n,.・_]{1,4}(?=[A-Za-z0-9#])"
)
_LOWER = {upper: upper + 32 for upper in range(65, 91)}
_SPACES = re.compile(r"[\s・=＝]+")
_KANJI_NAME = re.compile("[㐀-鿿々\U00020000-\U0003ffff]")
_KANA = re.compile(r"[ァ-ヴー]{2,}|[ぁ-んー]{2,}")
_HONORIFICS = ("様", "さま", "さん", "氏", "殿")
_TITLES = ("mr", "mrs", "ms", "miss", "dr")
_TOKEN = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9_.-]{2,60}")
_OPENS = tuple(" :：はが「『（(")
_RUN = re.compile(r"[0-9](?:(?:[-. /()]{1,2}|-?\n)?[0-9]){5,24}")
_PREFECTURE = re.compile(r"^(?:北海道|東京都|(?:大阪|京都)府|.{2,3}県)")
_STREETS = {"street": "st", "road": "rd", "avenue": "ave", "lane": "ln", "drive": "dr", "boulevard": "blvd", "court": "ct", "place": "pl", "square": "sq"}  # fmt: skip
_NUMBERED = re.compile(r"^(.*?[0-9]+(?:-[0-9]+)*)")


def squeezed(text: str) -> tuple[str, list[int]]:
    """``text`` (normalised) as names and addresses are compared, and the place in it of each letter.

    Lower case, variant kanji folded; nothing between Japanese words, one space between Latin ones, one hyphen between the
    numbers of an address.
    """
    folded = fold_names(text).translate(_LOWER)
    pieces: list[str] = []
    places: list[int] = []
    at = 0
    for found in _SQUEEZE.finditer(folded):
        start, end = found.span()
        pieces.append(folded[at:start])
        places += range(at, start)
        first = found[0][0]
        if first in "丁番号の条" and end < len(folded) and "0" <= folded[end] <= "9":
            pieces.append("-")
            places.append(start)
        elif folded[start - 1].isascii() and end < len(folded) and folded[end].isascii():
            pieces.append(" ")
            places.append(start)
        at = end
    pieces.append(folded[at:])
    places += range(at, len(folded))
    return "".join(pieces), places


def forms_of(type: str, value: str) -> Iterator[str]:
    """Every form of one identifier, each with its sort as the first letter; none for a value too short to be told from words."""
    text = normalise(value).text.strip()
    if type == "PERSON":
        yield from (f" {form[:LONGEST]}" for form in _names(text) if len(form) > 1)
    elif type == "ADDRESS":
        yield from (f" {form[:LONGEST]}" for form in _addresses(text) if len(form) > 5)
    elif type == "PHONE":
        yield from (f"#{form}" for form in _phones(text))
    elif type == "EMAIL":
        yield f"@{email.plain(text)}"
    elif type == "DOB":
        yield from (f"*{day.isoformat()}" for _, _, day in dob.days(text))
    else:
        plain = _plain(text)
        if plain.isdigit():
            if len(plain) >= 6:
                yield f"#{plain}"
        elif any(letter.isdigit() for letter in plain):
            if len(plain) >= 3:
                yield f"#{plain}"
        elif len(plain) >= 3:
            yield f"#@{plain}"
            if len(plain) >= 6 and type != "SOCIAL_HANDLE":
                yield f"#{plain}"


def tokens(text: str) -> Iterator[tuple[str, int, int]]:
    """Numbers, handles, e-mail addresses and days in a normalised text, as forms with their places."""
    for found in _TOKEN.finditer(text):
        said = found[0].rstrip(".-_")
        plain = _plain(said)
        if any(letter.isdigit() for letter in plain) or len(plain) >= 6:
            yield f"#{plain}", found.start() + said.startswith("@"), found.start() + len(said)
        if said.startswith("@") or (
            len(plain) >= 3 and ("_" in said or "." in said or text[found.start() - 1 : found.start()] in _OPENS)
        ):
            yield f"#@{plain}", found.start(), found.start() + len(said)
    for start, end in email.places(text):
        yield f"@{email.plain(text[start:end])}", start, end
    for start, end, day in dob.days(text):
        yield f"*{day.isoformat()}", start, end


def digit_runs(text: str) -> Iterator[tuple[str, int, int]]:
    """Every run of six or more digits, and every part of it that ends between two groups."""
    for found in _RUN.finditer(text):
        groups = [
            (found.start() + group.start(), found.start() + group.end()) for group in re.finditer("[0-9]+", found[0])
        ]
        for first in range(min(len(groups), 8)):
            for last in range(first, min(len(groups), first + 6)):
                start, end = groups[first][0], groups[last][1]
                digits = "".join(letter for letter in text[start:end] if letter.isdigit())
                if 6 <= len(digits) <= 20:
                    yield f"#{digits}", start, end


def _plain(text: str) -> str:
    return re.sub(r"[-_. @]", "", text.translate(_LOWER))


def _names(text: str) -> Iterator[str]:
    words = [word for word in _SPACES.split(fold_names(text).translate(_LOWER).replace(",", " ").strip()) if word]
    joined = "".join(words)
    if not joined:
        return
    if _KANJI_NAME.search(joined) or (not joined.isascii() and not _KANA.fullmatch(joined)):
        if len(words) == 1:
            words = _parted(joined)
        yield from _both_ways(words, joined)
        family = words[0]
        yield from (family + honorific for honorific in _HONORIFICS)
        if len(joined) == 2:
            yield from (joined + honorific for honorific in _HONORIFICS)
    elif _KANA.fullmatch(joined):
        yield from _kana(words)
    else:
        words = [word.strip(".") for word in words if word.strip(".")]
        if len(words) > 1:
            ends = [words[0], words[-1]]
            for spelt in {tuple(words), tuple(ends)}:
                yield " ".join(spelt)
                yield " ".join((spelt[-1], *spelt[:-1]))
            yield from ("".join(order) for order in (ends, ends[::-1]) if len("".join(ends)) >= 8)
        yield from (f"{title} {words[-1]}" for title in _TITLES)


def _parted(joined: str) -> list[str]:
    for length in (3, 2, 1):
        if joined[:length] in SURNAMES and len(joined) > length:
            return [joined[:length], joined[length:]]
    return [joined]


def _both_ways(words: list[str], joined: str) -> Iterator[str]:
    if len(joined) > 2:
        yield joined
        if len(words) > 1:
            yield "".join(words[1:]) + words[0]


def _kana(words: list[str]) -> Iterator[str]:
    kata = [word.translate(TO_KATAKANA) for word in words]
    for spelt in (kata, [word.translate(TO_HIRAGANA) for word in kata]):
        joined = "".join(spelt)
        if len(words) > 1 and len(joined) >= 4:
            yield joined
            yield "".join(spelt[1:]) + spelt[0]
        yield from (spelt[0] + honorific for honorific in ("様", "さん"))
    for latin in romaji(kata):
        if len(latin) > 1:
            yield " ".join(latin)
            yield " ".join((*latin[1:], latin[0]))
            if len("".join(latin)) >= 8:
                yield "".join(latin)
                yield "".join((*latin[1:], latin[0]))
        yield from (f"{title} {latin[0]}" for title in ("mr", "ms"))
        yield f"{latin[0]}-san"


def _phones(text: str) -> Iterator[str]:
    digits = "".join(letter for letter in text if letter.isdigit())
    if len(digits) < 6:
        return
    yield digits
    if digits.startswith("0081"):
        digits = digits[2:]
    national = None
    if digits.startswith("81") and len(digits) >= 11:
        national = digits[2:].lstrip("0")
    elif digits.startswith("0") and 10 <= len(digits) <= 11:
        national = digits[1:]
    if national:
        yield from (national, f"0{national}", f"81{national}", f"810{national}", f"0081{national}", f"01081{national}")
    elif len(digits) > 10 and text.lstrip().startswith(("+", "00")):
        for length in (1, 2, 3):
            if len(digits) - length >= 7:
                yield digits[length:]
                yield f"0{digits[length:]}"
    elif len(digits) == 10:
        yield f"1{digits}"
    if digits.startswith("0") and len(digits) in (10, 11):
        yield f"44{digits[1:]}"
        yield f"440{digits[1:]}"


def _addresses(text: str) -> Iterator[str]:
    text = re.sub(r"〒? ?[0-9]{3}-[0-9]{4}(?![0-9-]) ?", "", text)
    whole = squeezed(text)[0].strip()
    if whole.isascii():
        street = squeezed(text.split(",")[0].split("\n")[0])[0].strip()
        for said in {whole, street} if " " in street and any(letter.isdigit() for letter in street) else {whole}:
            yield said
            words = said.split(" ")
            yield " ".join(_STREETS.get(word, word) for word in words)
            longer = {short: long for long, short in _STREETS.items()}
            yield " ".join(longer.get(word, word) for word in words)
        return
    numbered = _NUMBERED.match(whole)
    for said in {whole, numbered[1] if numbered else whole}:
        yield said
        without = _PREFECTURE.sub("", said)
        if without != said and any(letter.isdigit() for letter in without):
            yield without
