"""The forms in which an identifier is met, and the same forms as they are cut out of a text.

A form is few because the text is brought to it: lower case without accents, kana of one kind, long vowels of romaji short, variant
kanji folded, telephones without what stands before the national number, 丁目, 番地, 号 and hyphens alike.  What is left to list are the
orders of a name, with and without the space, a surname by itself (which counts only beside an honorific), and an address with and
without its building.  Its first letter says of what sort a form is: a space for words, ``~`` for a surname, ``#`` for a number or
handle, ``%`` for a national telephone number, ``@`` for an e-mail address, ``*`` for a day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache

from policies.identifiers.kana import TO_KATAKANA, romaji
from policies.identifiers.names import ORDINARY_WORDS, SURNAMES
from policies.identifiers.normal import VARIANTS, normalise
from policies.identifiers.recognisers import dob, email

LONGEST = 64
"""Code points of a form that are looked at; a longer one is known by its beginning."""

_WIDE = "\u3005-\u30fa\u30fc-\u9fff\U00020000-\U0003ffff"
_UNIT = re.compile("(?<=[0-9])(?:丁目|番地ノ?|番|号室|号|ノ|条)-?(?=[0-9])")
_LAST_UNIT = re.compile("(?<=[0-9])(?:丁目|番地|番|号室|号)(?![0-9])")
_FILLING = re.compile(r"[ \t\n・=,、._]")
_SQUEEZE = re.compile(
    rf"(?<=[{_WIDE}0-9])[ \t\n・=,、]{{1,4}}(?=[{_WIDE}])|(?<=[{_WIDE}])[ \t\n・=]{{1,4}}(?=[{_WIDE}0-9])"
    rf"|{_UNIT.pattern}|{_LAST_UNIT.pattern}|(?<=[A-Za-z0-9.,])[ \t\n,.・_]{{1,4}}(?=[A-Za-z0-9#])"
)
_LOWER = {upper: upper + 32 for upper in range(65, 91)}
_BARE = {
    code: base.lower()
    for code in range(0xC0, 0x250)
    if len(base := unicodedata.normalize("NFD", chr(code))[0]) == 1 and base.isascii()
}
_FOLDED: dict[int, int | str] = {**VARIANTS, **_BARE, **_LOWER, **TO_KATAKANA}
_LENGTHENING = re.compile("(?<=o)[uoh]+|(?<=u)u+")
_SPACES = re.compile(r"[\s・･=＝,，]+")
_KANJI_NAME = re.compile("[㐀-鿿々\U00020000-\U0003ffff]")
_KANA = re.compile(r"[ァ-ヴー]{2,}")
_TOKEN = re.compile(r"@?[A-Za-z0-9][A-Za-z0-9_.-]{2,60}")
_OPENS = tuple(" :：はが「『（(")
_RUN = re.compile(r"[0-9](?:(?:[-. /()]{1,2}|-?\n)?[0-9]){5,24}")
_PREFECTURE = re.compile(r"^(?:北海道|東京都|(?:大阪|京都)府|.{2,3}県)")
_POSTAL_CODE = re.compile(r"〒? ?[0-9]{3}-[0-9]{4}(?![0-9-]) ?")
_STREETS = {"street": "st", "road": "rd", "avenue": "ave", "lane": "ln", "drive": "dr", "boulevard": "blvd", "court": "ct", "place": "pl", "square": "sq"}  # fmt: skip
_NUMBERED = re.compile(r"^(.*?[0-9]+(?:-[0-9]+)*)")
_DIGIT, _DIGITS, _NO_DIGITS = re.compile("[0-9]"), re.compile("[0-9]+"), re.compile("[^0-9]+")
_MARKS = re.compile(r"[-_. @]+")
_PLAIN_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+")
_COUNTRY_CODE = re.compile(r"[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|[2-9][0-9]{2}")
"""ITU-T E.164: no code is the beginning of another."""


def squeezed(text: str) -> tuple[str, list[int]]:
    """``text`` (normalised) as names and addresses are compared, and the place in it of each letter and of its end.

    Nothing between Japanese words, one space between Latin ones, one hyphen between the numbers of an address.
    """
    folded = text.translate(_FOLDED)
    pieces: list[str] = []
    places: list[int] = []
    at = 0
    for found in _SQUEEZE.finditer(folded):
        start, end = found.span()
        pieces.append(folded[at:start])
        places += range(at, start)
        if between := _between(found):
            pieces.append(between)
            places.append(start)
        at = end
    pieces.append(folded[at:])
    places += range(at, len(folded) + 1)
    view = "".join(pieces)
    for found in reversed(list(_LENGTHENING.finditer(view))):
        del places[found.start() : found.end()]
    return _short(view), places


def _between(found: re.Match[str]) -> str:
    """What is left of filling between two words or numbers: a hyphen, a space or nothing."""
    folded, end = found.string, found.end()
    if found[0][0] in "丁番号ノ条":
        return "-" if "0" <= folded[end : end + 1] <= "9" else ""
    return " " if folded[found.start() - 1].isascii() and folded[end].isascii() else ""


def compared(text: str) -> str:
    """:func:`squeezed` without the places."""
    folded = text.translate(_FOLDED)
    if _FILLING.search(folded):
        return _short(_SQUEEZE.sub(_between, folded))
    # Nothing but units: twice as fast as asking of each what stands around it.
    return _short(_LAST_UNIT.sub("", _UNIT.sub("-", folded)))


def _short(latin: str) -> str:
    """Without what only lengthens a vowel of romaji: Satou, Satoh, Ōno and Oono are Sato and Ono."""
    return _LENGTHENING.sub("", latin) if "o" in latin or "uu" in latin else latin


def forms_of(type: str, value: str) -> list[str]:
    """Every form of one identifier; none for a value too short to be told from words."""
    if type == "PERSON":
        return [form if len(form) <= LONGEST else form[: LONGEST + 1] for form in _names(value)]
    text = (value if value.isascii() else normalise(value).text).strip()
    if type == "ADDRESS":
        return [f" {form[:LONGEST]}" for form in _addresses(text) if len(form) > 5]
    if type == "PHONE":
        return _phones(text)
    if type == "EMAIL":
        return [f"@{text.lower() if _PLAIN_EMAIL.fullmatch(text) else email.plain(text)}"]
    if type == "DOB":
        return [f"*{day.isoformat()}" for _, _, day in dob.days(text)]
    plain = _plain(text)
    if _DIGIT.search(plain):
        return [f"#{plain}"] if len(plain) >= (6 if plain.isdigit() else 3) else []
    if len(plain) >= 6 and type != "SOCIAL_HANDLE":
        return [f"#@{plain}", f"#{plain}"]
    return [f"#@{plain}"] if len(plain) >= 3 else []


def tokens(text: str, begins: Callable[[str], object]) -> Iterator[tuple[str, int, int]]:
    """Numbers, handles, e-mail addresses and days in a normalised text, as forms with their places.

    Of the handles without a digit, which most words may be, only those that begin as some do.
    """
    for found in _TOKEN.finditer(text):
        said = found[0].rstrip(".-_")
        plain, numbered = _handle(said)
        if not numbered and not begins(plain):
            continue
        if len(plain) >= 6 or numbered:
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
    """Every run of six or more digits, and every part of it that ends between two groups; as a number and as a telephone."""
    for found in _RUN.finditer(text):
        groups = list(_DIGITS.finditer(text, *found.span()))
        for first, group in enumerate(groups[:8]):
            start, digits = group.start(), ""
            for last in groups[first : first + 6]:
                digits += last[0]
                if 6 <= len(digits) <= 20:
                    end = last.end()
                    yield f"#{digits}", start, end
                    for national in _nationals(digits):
                        yield f"%{national}", start, end


def is_ordinary(words: list[str]) -> bool:
    """Whether a Latin name (lower case) is made of nothing but ordinary English words: Mark May, Rich Brown."""
    return all(word in ORDINARY_WORDS for word in words)


@lru_cache(maxsize=65536)
def _handle(said: str) -> tuple[str, bool]:
    """A token as it is compared, and whether there is a digit in it; texts are made of few words."""
    plain = _plain(said)
    return plain, _DIGIT.search(plain) is not None


def _plain(text: str) -> str:
    return _MARKS.sub("", text.lower() if text.isascii() else text.translate(_LOWER))


@lru_cache(maxsize=65536)
def _word(said: str) -> str:
    """A word of a name as it is compared: people share their names, so a population has few."""
    return _short(normalise(said).text.translate(_FOLDED).strip(" ."))


@lru_cache(maxsize=65536)
def _latin(kana: str) -> str:
    return _short(romaji([kana])[0][0])


def _names(value: str) -> list[str]:
    words = [word for said in _SPACES.split(value) if said and (word := _word(said))]
    joined = "".join(words)
    if not joined:
        return []
    if joined.isascii():
        return _western(words)
    return _kana(words, joined) if _KANA.fullmatch(joined) else _japanese(words, joined)


def _japanese(words: list[str], joined: str) -> list[str]:
    if len(words) == 1:
        words = _parted(joined)
    family = _surname(words[0])
    if len(joined) <= 2:
        return [f"~{joined}", *family] if len(words) > 1 else family
    if len(words) > 1:
        return [f" {joined}", f" {''.join(words[1:])}{words[0]}", *family]
    return family if joined in SURNAMES else [f" {joined}", *family]


def _parted(joined: str) -> list[str]:
    for length in (3, 2, 1):
        if joined[:length] in SURNAMES and len(joined) > length:
            return [joined[:length], joined[length:]]
    return [joined]


def _surname(family: str) -> list[str]:
    return [f"~{family}"] if len(family) > 1 or _KANJI_NAME.match(family) else []


def _kana(words: list[str], joined: str) -> list[str]:
    if len(words) > 1:
        spelt = [f" {joined}", f" {''.join(words[1:])}{words[0]}"] if len(joined) >= 4 else []
        latin = [word for kana in words if (word := _latin(kana))]
        return [*spelt, *_surname(words[0]), *(_western(latin, family=0) if latin else ())]
    return [f" {joined}", f" {_latin(joined)}"] if len(joined) >= 6 else _surname(joined)


def _western(words: list[str], family: int = -1) -> list[str]:
    """Latin words in both orders, apart and as one; ``family`` is the place of the surname."""
    surname = [f"~{words[family]}"] if len(words[family]) > 1 else []
    if len(words) == 1:
        return surname
    first, last = words[0], words[-1]
    found = [f" {first} {last}", f" {last} {first}", *surname]
    if len(words) > 2:
        found += (f" {' '.join(words)}", f" {last} {' '.join(words[:-1])}")
    if len(first) + len(last) >= _JOINED and not (first in ORDINARY_WORDS and last in ORDINARY_WORDS):
        found += (f" {_joined(first, last)}", f" {_joined(last, first)}")
    return found


_JOINED = 7
"""Letters from which on a Latin name is told from words without its space."""


def _joined(one: str, other: str) -> str:
    # Where the two meet, a vowel may look lengthened.
    return _short(one + other) if one[-1] in "ou" and other[0] in "ouh" else one + other


def _phones(text: str) -> list[str]:
    digits = _NO_DIGITS.sub("", text)
    if len(digits) < 6:
        return []
    written, international = digits, text.lstrip("( ").startswith("+")
    for prefix in ("010", "00"):
        if not international and digits.startswith(prefix) and len(digits) > 11:
            digits, international = digits[len(prefix) :], True
    if international or (digits.startswith("81") and len(digits) >= 11):
        digits = _abroad(digits)
    elif digits.startswith("1") and len(digits) == 11:
        digits = digits[1:]
    return [f"#{written}", f"%{digits.removeprefix('0')}"]


def _abroad(digits: str) -> str:
    """The national number of one with a country code."""
    code = _COUNTRY_CODE.match(digits)
    return digits[code.end() :].removeprefix("0") if code and len(digits) - code.end() >= 6 else digits


def _nationals(digits: str) -> set[str]:
    """Every national number that ``digits`` may be, with and without trunk prefix, country code and the way out of a country."""
    found = {digits, digits.removeprefix("0")}
    for prefix in ("", "00", "010"):
        rest = digits.removeprefix(prefix)
        if len(rest) >= 11 and (not prefix or rest != digits):
            found.add(_abroad(rest))
    return found


def _addresses(text: str) -> list[str]:
    if "-" in text:
        text = _POSTAL_CODE.sub("", text)
    whole = compared(text).strip()
    if whole.isascii():
        street = compared(text.split(",")[0].split("\n")[0]).strip()
        said = (whole, street) if " " in street and _DIGIT.search(street) else (whole,)
        return list(dict.fromkeys(spelt for one in said for spelt in (one, _with(one, _SHORT), _with(one, _LONG))))
    # The prefecture before it is added where it is found.
    if not _DIGIT.search(local := _PREFECTURE.sub("", whole)):
        return [whole]
    numbered = _NUMBERED.match(local)
    return [local, numbered[1]] if numbered and numbered[1] != local else [local]


_SHORT = {_short(long): _short(short) for long, short in _STREETS.items()}
_LONG = {short: long for long, short in _SHORT.items()}


def _with(address: str, streets: dict[str, str]) -> str:
    return " ".join(streets.get(word, word) for word in address.split(" "))


PREFECTURE_BEFORE = re.compile(r"(?:北海道|東京都|(?:大阪|京都)府|[一-龥]{2,3}県)[ ・、,]?\Z")
"""What may stand before an address and belongs to it."""
