"""Text in the one form that patterns and look-ups read, with the way back to the text as it was written.

Width, half-width kana, decomposed accents, hyphens between digits, Japanese and other decimal digits, and letters of another
script that pass for Latin are unified.  Enumerators (①, ⑴, ²) become a separator *before* that, since NFKC would glue
``①2,000円`` into ``12,000円``.  Characters that nobody sees are taken out and reported.

Sources: UAX #15 (NFKC), UTS #39 (confusables: the principle, the pairs here are our own), UTS #51 (emoji sequences).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from policies.identifiers.decoding import escapes

SEPARATOR = "|"
"""What an enumerator, a superscript or a fraction becomes: no identifier goes across it."""

_HIDDEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]+"
)
_KANJI = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_DRAWN = re.compile(
    f"(?:[{_KANJI}][\U000e0100-\U000e01ef\ufe00-\ufe0f]|[\u0023\u002a0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff][\ufe0e\ufe0f]"
    "|(?<=[\u200d\ufe0f\u2190-\u2bff\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff]))"
)
"""Selectors that only choose how the kanji or emoji before them is drawn, and joiners within one emoji: nothing is hidden."""

_HYPHENS = "\u02d7\u2010-\u2015\u2043\u2212\u2500\u2501\u2796\u30fc\ufe58\ufe63\uff70"
_HYPHEN_BETWEEN_DIGITS = re.compile(
    rf"(?<=[0-9)])( ?)[{_HYPHENS}]( ?)(?=[0-9(])|(?<=[0-9A-Za-z])[\u2010-\u2013\u2212](?=[0-9A-Za-z])"
)
_WAVES = re.compile(r"(?<![0-9])0[0-9]{1,4}[〜~][0-9]{1,4}[〜~][0-9]{3,4}(?![0-9])")
_MARKS = re.compile("[\u0300-\u036f\u3099\u309a]")

_DIGITS_JA = "〇零一二三四五六七八九"
_VALUE = {digit: str(max(0, place - 1)) for place, digit in enumerate(_DIGITS_JA)}
_LONG_JA = re.compile(rf"(?<![{_DIGITS_JA}])[{_DIGITS_JA}](?:[-{_HYPHENS} のノ]?[{_DIGITS_JA}]){{6,40}}")
_COUNTED_JA = re.compile(
    rf"[{_DIGITS_JA}十百千]{{1,9}}(?=丁目|番地|番[{_DIGITS_JA}0-9十]|番(?:の|$)|号室|号(?![車線機])|条[西東南北]|年[{_DIGITS_JA}0-9十]{{1,3}}月|月[{_DIGITS_JA}0-9十]{{1,3}}日|日(?:生|(?=$)))"
)
_ENCLOSED = "⓪①②③④⑤⑥⑦⑧⑨⓿❶❷❸❹❺❻❼❽❾"
_LONG_ENCLOSED = re.compile(rf"[{_ENCLOSED}](?:[-{_HYPHENS} ]?[{_ENCLOSED}]){{6,40}}")
_ENCLOSED_VALUE = {ord(sign): str(place % 10) for place, sign in enumerate(_ENCLOSED)}

_LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝѵАВЕКМНОРСТУХІЈЅԌΑΒΕΖΗΙΚΜΝΟΡΤΥΧονɑıɡ",
    "aeopcyxijshdqwvABEKMHOPCTYXIJSGABEZHIKMNOPTYXovaig",
)
_MIXED = re.compile(r"[A-Za-z0-9@._%+\-\u0251\u0131\u0261\u0370-\u03ff\u0400-\u052f]{2,255}")
_FOREIGN = re.compile("[\u0251\u0131\u0261\u0370-\u03ff\u0400-\u052f]")
_LATIN = re.compile("[A-Za-z]")

_VARIANTS = str.maketrans(
    "髙﨑嵜碕邉邊澤濵濱齋齊斎廣櫻嶋嶌國眞惠榮髮德增靜黑渕淵鷗曾彌壽瀧龍藪籔冨槇遙祐𠮷𠀋栁桒桺莊禮實寬緖綠縣學會圓條濟萬與譽豐櫛篠恆廣戶曻昻舘館峯劍檜桧蓮諸逸塚祥福神",
    "高崎崎崎辺辺沢浜浜斉斉斉広桜島島国真恵栄髪徳増静黒淵淵鴎曽弥寿滝竜薮薮富槙遥祐吉丈柳桑柳荘礼実寛緒緑県学会円条済万与誉豊櫛篠恒広戸昇昂館館峰剣桧桧蓮諸逸塚祥福神",
)

_ORDINARY = re.compile("[ -}\n、。「」ぁ-ゖァ-ヺ々丁-丂丄-丈上-乜乞-事亍-亓井-兪公兮-區卂卄-囚囜-白癿-雵雷-鿿]+")
"""Letters that are in the one form already and that nothing around them changes: all the common ones but Japanese digits, ー and 〜."""


@dataclass(frozen=True, slots=True)
class Normal:
    """``text`` in one form; ``starts`` and ``ends``, per code point of it, the raw code points it stands for (None: the same).

    ``hidden`` are raw spans of characters that nobody sees and that are not in ``text``.
    """

    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None
    hidden: tuple[tuple[int, int], ...] = ()

    @property
    def size(self) -> int:
        """Up to which raw code point ``text`` reaches."""
        return len(self.text) if self.ends is None else max(self.ends, default=0)

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """The code points of the raw text that ``text[start:end]`` (not empty) came from."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]


class _Folded(dict[str, str]):
    """Code point → its form, worked out when first met."""

    def __missing__(self, letter: str) -> str:
        form = self[letter] = _form(letter)
        return form


_LONGEST_FORM = 6
"""Letters of the longest unit that stands in one, ㌖ for キロメートル."""


def _form(letter: str) -> str:
    kind = unicodedata.category(letter)
    if kind == "Nd":
        return str(unicodedata.decimal(letter))
    if kind == "No":
        return SEPARATOR
    if "\u2460" <= letter <= "\u24ff" or ("\u3200" <= letter <= "\u32bf" and letter not in "㈱㈲㊑"):  # fmt: skip
        return SEPARATOR
    if letter == "\u3000":
        return " "
    folded = unicodedata.normalize("NFKC", letter)
    # Whole phrases in one letter (U+FDFA is eighteen long) hold no identifier and would make a text many times as long.
    if len(folded) > _LONGEST_FORM:
        return letter
    # ´ and ¨ would become a space with a combining mark.
    return letter if folded.startswith(" ") and letter != "\u00a0" and kind != "Zs" else folded


_FOLDED = _Folded()


def normalise(text: str, *, decode: bool = False) -> Normal:
    """The one form of ``text``; with ``decode``, %40, &#64;, \\u4f50, base64 and MIME words are read as what they say."""
    replaced = escapes(text) if decode else ()
    if not replaced and (text.isascii() or _ORDINARY.fullmatch(text)):
        return Normal(text)
    hidden = tuple(found.span() for found in _HIDDEN.finditer(text)) if _HIDDEN.search(text) else ()
    if not hidden and not replaced:
        pieces = [_FOLDED[letter] for letter in text]
        folded = "".join(pieces)
        if len(folded) == len(text) and all(pieces) and not _MARKS.search(folded):
            return _settled(folded if folded != text else text, text, None, None, ())
    return _settled(*_mapped(text, replaced), _unseen(text, hidden))


def normalise_paragraph(paragraph: str, *, last: bool) -> Normal | None:
    """What :func:`normalise` makes of a paragraph in whatever text it stands, ``last`` at its end; None where that depends on the text.

    A paragraph is what stands between two line breaks running.  Nothing is read across them, but a line break that comes to
    stand beside them would part the text elsewhere, and a paragraph of ASCII letters is left as it is only in a text of them.
    """
    if last:
        normal = normalise(paragraph)
        return None if _parts_with_text(normal.text) else normal
    normal = normalise(f"{paragraph}\n\n")
    text, starts, ends = normal.text[:-2], normal.starts, normal.ends
    if text.endswith("\n") or _parts_with_text(text):
        return None
    return Normal(text, starts and starts[:-2], ends and ends[:-2], normal.hidden)


def _parts_with_text(text: str) -> bool:
    return "~" in text and text.isascii() and _WAVES.search(text) is not None


def _mapped(text: str, replaced: tuple[tuple[int, int, str], ...]) -> tuple[str, str, list[int], list[int]]:
    """Letter by letter with its origin; marks join the letter before them."""
    letters: list[str] = []
    origin: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def put(raw: str, start: int, end: int) -> None:
        if _HIDDEN.match(raw):
            return
        for piece in _FOLDED[raw]:
            joined = unicodedata.normalize("NFC", letters[-1] + piece) if letters and _MARKS.match(piece) else ""
            if len(joined) == 1:
                letters[-1], ends[-1] = joined, end
            else:
                letters.append(piece)
                origin.append(raw)
                starts.append(start)
                ends.append(end)

    at = 0
    for start, end, said in (*replaced, (len(text), len(text), "")):
        for place in range(at, start):
            put(text[place], place, place + 1)
        for letter in said:
            put(letter, start, end)
        at = end
    return "".join(letters), "".join(origin), starts, ends


def _unseen(text: str, hidden: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """The hidden spans without those that only say how a kanji or an emoji is drawn."""
    if not hidden:
        return ()
    drawn = {place for found in _DRAWN.finditer(text) for place in range(*found.span())}
    return tuple(span for span in hidden if not drawn.issuperset(range(*span)))


def _settled(
    text: str, origin: str, starts: list[int] | None, ends: list[int] | None, hidden: tuple[tuple[int, int], ...]
) -> Normal:
    """What depends on the letters around: Japanese digits, look-alikes, hyphens."""
    if SEPARATOR in text:
        for found in _LONG_ENCLOSED.finditer(origin):
            text = text[: found.start()] + found[0].translate(_ENCLOSED_VALUE) + text[found.end() :]
    if text.isascii():
        return Normal(text, _frozen(starts), _frozen(ends), hidden)
    if _JA_NUMBER.search(text):
        text = _LONG_JA.sub(lambda found: "".join(_digit(letter) for letter in found[0]), text)
        text, starts, ends = _counted(text, starts, ends)
    if _FOREIGN.search(text):
        text = _MIXED.sub(lambda found: found[0].translate(_LOOKALIKES) if _LATIN.search(found[0]) else found[0], text)
    if _HYPHEN.search(text):
        text = _HYPHEN_BETWEEN_DIGITS.sub(lambda found: f"{found[1] or ''}-{found[2] or ''}", text)
    if "〜" in text or "~" in text:
        text = _WAVES.sub(lambda found: found[0].replace("〜", "-").replace("~", "-"), text)
    return Normal(text, _frozen(starts), _frozen(ends), hidden)


_HYPHEN = re.compile(f"[{_HYPHENS}]")
_JA_NUMBER = re.compile(rf"[{_DIGITS_JA}十百千]")


def _frozen(places: list[int] | None) -> tuple[int, ...] | None:
    return None if places is None else tuple(places)


def _digit(letter: str) -> str:
    return _VALUE.get(letter, "-" if letter != " " else " ")


def _counted(
    text: str, starts: list[int] | None, ends: list[int] | None
) -> tuple[str, list[int] | None, list[int] | None]:
    """``二十三番地`` → ``23番地``, from the right so that the places before stay."""
    for found in reversed(list(_COUNTED_JA.finditer(text))):
        start, end = found.span()
        number = _number(found[0])
        if number is None:
            continue
        if starts is None and len(number) != end - start:
            starts, ends = list(range(len(text))), list(range(1, len(text) + 1))
        if starts is not None and ends is not None:
            first, last = starts[start], ends[end - 1]
            if len(number) != end - start:
                starts[start:end], ends[start:end] = [first] * len(number), [last] * len(number)
        text = text[:start] + number + text[end:]
    return text, starts, ends


def _number(said: str) -> str | None:
    """``二十三`` and ``二三`` → ``23``; None when it is no number (``十十``)."""
    if not any(letter in said for letter in "十百千"):
        return "".join(_VALUE[letter] for letter in said)
    found = re.fullmatch(
        rf"(?:([{_DIGITS_JA}]?)千)?(?:([{_DIGITS_JA}]?)百)?(?:([{_DIGITS_JA}]?)十)?([{_DIGITS_JA}]?)", said
    )
    if found is None:
        return None
    total = 0
    for digit, unit, sign in zip(found.groups(), (1000, 100, 10, 1), "千百十ー", strict=True):
        if digit or sign in said:
            total += int(_VALUE.get(digit or "一", "1") if digit or unit > 1 else 0) * unit
    return str(total)


def fold_names(text: str) -> str:
    """Variant kanji of names as the common one (髙→高, 﨑→崎, 邉邊→辺, 澤→沢, 濵→浜 …), letter for letter."""
    return text.translate(_VARIANTS)


VARIANTS: Mapping[int, int] = _VARIANTS
"""Code point → the common one it stands for in names."""
