"""Every way one person's identifiers are written, in the form in which text is searched.

Names joined and reversed, in kanji, kana and both romanisations of a long vowel; telephone with and without country code;
e-mail; anything else as it stands.  Width, case, kana, spaces and punctuation do not matter: both sides are squeezed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

SHORTEST = 4
"""Squeezed forms below this length are said by chance; a surname alone is nobody's."""
_SEPARATORS = re.compile(r"[\W_]+")
_HIRAGANA = {code: code + 0x60 for code in range(0x3041, 0x3097)}
_VARIANTS = str.maketrans(
    "髙﨑邊邉齋齊斎澤廣國櫻瀧眞惠德濵濱嶋嶌龍槇冨邨", "高崎辺辺斉斉斉沢広国桜滝真恵徳浜浜島島竜槙富村"
)
_SOUNDS = dict(zip(
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲンガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポー",
    "a i u e o ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho ma mi mu me mo ya yu yo ra ri ru re ro wa o n "
    "ga gi gu ge go za ji zu ze zo da ji zu de do ba bi bu be bo pa pi pu pe po -".split(), strict=True,
))  # fmt: skip
_SMALL = {"ャ": "ya", "ュ": "yu", "ョ": "yo"}
_LONG = (("ou", "o"), ("oo", "o"), ("uu", "u"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Whose identifiers are looked for; ``name`` and ``kana`` as surname, space, given name; ``others`` as they stand."""

    id: str
    name: str = ""
    kana: str = ""
    phone: str = ""
    email: str = ""
    others: tuple[str, ...] = ()


def squeeze(text: str) -> str:
    """Letters and digits alone: NFKC, lower case, katakana, common variants of kanji as one."""
    folded = unicodedata.normalize("NFKC", text).lower().translate(_VARIANTS).translate(_HIRAGANA)
    return _SEPARATORS.sub("", folded)


def forms(person: Person) -> Iterator[tuple[str, str]]:
    """(kind, squeezed form) of everything that names ``person``, each long enough not to be said by chance."""
    found: list[tuple[str, str]] = []
    for kind, written in (("name", person.name), ("kana", person.kana)):
        parts = written.split()
        found += [(kind, "".join(order)) for order in (parts, parts[::-1])]
    sounds = [romaji(part) for part in person.kana.split()]
    for order in (sounds, sounds[::-1]):
        found.append(("romaji", "".join(order)))
        found.append(("romaji", "".join(map(_short, order))))
    digits = "".join(letter for letter in unicodedata.normalize("NFKC", person.phone) if letter.isdigit())
    bare = digits.removeprefix("81") if person.phone.lstrip().startswith("+81") else digits.removeprefix("0")
    # The national number without its zero is inside every way of writing it.
    found += [("phone", bare), ("email", person.email), *(("other", other) for other in person.others)]
    yield from dict.fromkeys((kind, form) for kind, written in found if len(form := squeeze(written)) >= SHORTEST)


def romaji(kana: str) -> str:
    """Hepburn without macrons: サトウ → satou, キョウコ → kyouko, ハットリ → hattori."""
    written = unicodedata.normalize("NFKC", kana).translate(_HIRAGANA)
    sounds: list[str] = []
    double = False
    for letter in written:
        if letter == "ッ":
            double = True
            continue
        if letter in _SMALL and sounds:
            glide = _SMALL[letter]
            sounds[-1] = sounds[-1][:-1] + (glide[1:] if sounds[-1].endswith(("shi", "chi", "ji")) else glide)
            continue
        sound = _SOUNDS.get(letter, letter)
        sounds.append((("t" if sound[0] == "c" else sound[0]) if double else "") + sound)
        double = False
    return "".join(sounds).replace("-", "")


def _short(sound: str) -> str:
    for long, short in _LONG:
        sound = sound.replace(long, short)
    return sound
