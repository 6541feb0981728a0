"""What a recogniser reads and what it yields."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

KANJI = "一-鿿㐀-䶿々〆\uf900-\ufaff\U00020000-\U0003ffff"
"""Character class of kanji, to stand inside brackets."""
GAP = r"(?:[ -]|-?\n|\u00b7)?"
"""What may stand between two groups of one number."""
CHECKED, SHAPED, LOOSE = 0, 1, 2
"""How sure a hit is: a checksum or a label with the shape; the shape alone; words around it."""

_DIGIT = re.compile(r"[0-9]")
_LONG = re.compile(r"[0-9](?:[^0-9]{0,3}[0-9]){5}")
_LATIN = re.compile(r"[A-Za-z]")
_ODD = re.compile("[İ\u212a]")
"""İ and the sign of kelvin, which in lower case are Latin letters."""
_JAPANESE = re.compile("[〒ぁ-ヿ一-鿿]")


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One identifier in normalised text: ``text[start:end]`` is of ``type``; ``sure`` is CHECKED, SHAPED or LOOSE."""

    start: int
    end: int
    type: str
    sure: int = SHAPED

    def rank(self) -> tuple[int, int, int, str]:
        """Place in the order in which overlaps are settled."""
        return (self.sure, self.start - self.end, self.start, self.type)


class Reading:
    """Normalised ``text`` and what several recognisers ask of it, each worked out when first asked."""

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language

    @cached_property
    def digits(self) -> bool:
        """Whether there is a digit at all."""
        return _DIGIT.search(self.text) is not None

    @cached_property
    def long(self) -> bool:
        """Whether six digits stand close together, as every number of a person has them."""
        return self.digits and _LONG.search(self.text) is not None

    @cached_property
    def latin(self) -> bool:
        """Whether there is a Latin letter."""
        return _LATIN.search(self.text) is not None

    @cached_property
    def japanese(self) -> bool:
        """Whether the text is Japanese, by its letters or by what it is said to be."""
        return self.language == "ja" or _JAPANESE.search(self.text) is not None

    @cached_property
    def lower(self) -> str:
        """The text with A–Z as a–z, place for place."""
        return self.text.translate(_LOWER) if _ODD.search(self.text) else self.text.lower()

    @cached_property
    def caseless(self) -> str:
        """The text as an expression that ignores case reads its Latin letters."""
        return self.text.replace("İ", "i").replace("ı", "i").replace("ſ", "s").lower()

    def says(self, signs: tuple[str, ...]) -> bool:
        """Whether one of the signs (lower case) stands in it, whatever the case: far cheaper than the expression that needs one."""
        text = self.caseless
        return any(map(text.__contains__, signs))

    def labelled(self, start: int, label: re.Pattern[str], reach: int = 32) -> bool:
        """Whether a word of ``label`` stands before ``start`` with nothing but filling between."""
        before = self.text[max(0, start - reach) : start]
        ends = [found.end() for found in label.finditer(before)]
        return bool(ends) and _FILLING.fullmatch(before, ends[-1]) is not None

    def near(self, start: int, end: int, label: re.Pattern[str], reach: int = 16) -> bool:
        """Whether a word of ``label`` stands within ``reach`` of the place."""
        return label.search(self.text[max(0, start - reach) : end + reach]) is not None


_LOWER = {upper: upper + 32 for upper in range(65, 91)}
_FILLING = re.compile(
    r"(?:[\s:：#.・（(【\[「『\"'」』)】\]=\-]|番号|ナンバー|コード|の|は|が|です|numbers?|no\.?|nr|num|id|code|is|was|my|the|card|are|to|記載|登録|ご)*", re.IGNORECASE
)  # fmt: skip


def digits_of(text: str) -> str:
    """The digits alone."""
    return "".join(letter for letter in text if "0" <= letter <= "9")


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B."""
    total = 0
    for place, letter in enumerate(reversed(digits)):
        value = int(letter) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
