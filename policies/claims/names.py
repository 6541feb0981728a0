"""Names: what the facts say word for word, products, codes, people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import ascii_letters, ascii_uppercase, digits

from policies.claims.fact import Fact
from policies.claims.normal import folded
from policies.claims.reading import TAKEN, Claim, Reading
from policies.claims.shape import shape
from policies.places import Taken

_NUMERIC_UNIT = "万千億%割円"
_KATAKANA = frozenset(map(chr, range(ord("ァ"), ord("ヴ") + 1))) | {"ー"}
_RUNNING_ON = _KATAKANA | frozenset(f"{ascii_letters}{digits}.,:/-{_NUMERIC_UNIT}")
"""Letters beside which words may be part of something longer."""
_SUFFIX = re.compile(
    r"[ 　-]?(?:Pro|Plus|Max|Mini|Lite|Ultra|Premium|Deluxe|II|III|プロ|プラス|ミニ|マックス|ライト|プレミアム|デラックス)(?![a-zァ-ヴー])|[A-Z]?-?[0-9]{3,4}(?![0-9円%点個名])"
)
"""What turns a product's name into that of another product."""
_SUFFIXED = frozenset(f" 　-{ascii_uppercase}{digits}プミマラデ")
"""What such a suffix begins with."""
_CODE = re.compile(
    r"(?<![A-Za-z0-9-])(?=[A-Z0-9-]{0,19}[0-9])(?=[A-Z0-9-]{0,19}[A-Z])[A-Z][A-Z0-9]{1,14}(?:-[A-Z0-9]{1,10}){0,2}(?![A-Za-z0-9])"
)
_AFTER_CODE = shape(
    r"(?i:コード|合言葉|(?<![a-z])(?:(?:promo|coupon|voucher|discount) )?(?:codes?|coupon|voucher|promo)(?! ?codes?))(?:名|番号)?(?:\s?(?:は|が|に|:|=|is|in|at checkout)\s?|\s)?[「『\"'“(<]{0,2}([A-Za-z0-9][A-Za-z0-9_-]{2,23})",
    "コード 合言葉 code Code CODE oupon oucher romo OUPON OUCHER ROMO",
    12,
    64,
    signed=False,
    cased=True,
)
_LIKE_CODE = re.compile(r"[0-9]|[A-Z][A-Z_-]{2}")
"""What is in everything that is taken for a code only because it stands after that word."""
_PERSON_JA = shape(
    r"([一-龥々ヶァ-ヴー][一-龥々ヶァ-ヴーぁ-ん]{0,7}?)[ 　]?(様|さま|さん|氏|先生|くん|ちゃん)(?![々式相子態])",
    "様 さま さん 氏 先生 くん ちゃん",
    10,
    4,
)
_COMMON_JA = re.compile(
    r"[客皆奥各子母父神王上何疲赤娘妹弟姉兄孫爺婆隣姫御者方人屋店社達嫁一今]|.{0,7}(?:[同多仕模異別有]|旦那|子供|家族|会員|契約者|利用者|オーナー|馳走|互|苦労|職人|農家|業者|メーカー|"
    r"店長|スタッフ|息子|患者|生徒|学生|得意|ユーザー|購入者|担当者|参加者|関係者|取引先|株主|読者|医者|王子|各位|御一行|友人|知人|本屋|花屋|八百屋|魚屋|パン屋)"
)
"""Whom 様 and さん follow without a name, and the words that end in 様."""
_GREETED = shape(
    r"(?m)(?:^|(?<=[\n,:] ))(?:Dear|Hi|Hello|Hey|Good (?:morning|afternoon|evening)),?[ ]((?:(?:Mr|Ms|Mrs|Dr|Prof)\.? )?[A-Z][A-Za-z'’-]{1,24}(?: [A-Z][A-Za-z'’-]{1,24})?)",
    "Dear Hi Hello Hey Good",
    1,
    80,
    cased=True,
)
_TITLED = shape(
    r"(?<![A-Za-z])((?:Mr|Ms|Mrs|Dr|Prof)\.? [A-Z][A-Za-z'’-]{1,24}(?: [A-Z][A-Za-z'’-]{1,24})?)",
    "Mr Ms Dr Prof",
    1,
    70,
    cased=True,
)
_THIRD = shape(
    r"(?<![A-Za-z.])([A-Z][a-z]{2,15})(?: [A-Z]\.?| [A-Z][a-z]{2,15})?,?(?: (?:from|in|of) [A-Z][a-z]{2,15},?)?(?: also| just| already| recently)? (?:bought|ordered|loves|loved|chose|recommends|swears by|says|said|told (?:us|me)|saved|switched|upgraded)(?![a-z])",
    "bought ordered loves loved chose recommends swears says said told saved switched upgraded",
    70,
    14,
    cased=True,
)
_COMMON_EN = frozenset(
    "there all everyone everybody team friend friends customer customers you who she he they we it that this what people nobody somebody someone anyone most many some our your experts".split()
)


def places(words: str, low: str) -> list[int]:
    """Where ``words`` stands in ``low`` whole: not as a part of a longer number, Latin word or katakana word."""
    found: list[int] = []
    at = low.find(words)
    while at >= 0:
        if _whole(words, low, at):
            found.append(at)
        at = low.find(words, at + 1)
    return found


def _whole(words: str, low: str, at: int) -> bool:
    end = at + len(words)
    if at and (before := low[at - 1]) in _RUNNING_ON:
        first = words[0]
        if (_latin(first) and _latin(before)) or (first in _KATAKANA and before in _KATAKANA):
            return False
        if first.isdigit() and before in ".,:/-" and low[max(0, at - 2) : at - 1].isdigit():
            return False
    if end < len(low) and (after := low[end]) in _RUNNING_ON:
        last = words[-1]
        if (_latin(last) and _latin(after)) or (last in _KATAKANA and after in _KATAKANA):
            return False
        if last.isdigit() and (after in _NUMERIC_UNIT or (after in ".,:/-" and low[end + 1 : end + 2].isdigit())):
            return False
    return True


def _latin(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def check_names(reading: Reading) -> None:
    """Take the products and the words of the facts, longest first; block products that are not for sale here and altered names."""
    low = reading.low
    for words, fact in [one for one in reading.facts.product_names if one[0] in low]:
        for at in places(words, reading.left_low):
            end = at + len(words)
            if fact is None:
                reading.object(
                    "claims.product",
                    at,
                    end,
                    f"「{reading.raw_text(at, end)}」はご案内の対象ではない商品です",
                    f"'{reading.raw_text(at, end)}' is not offered here",
                )
            else:
                reading.products.append((at, fact.skus))
                if reading.text[end : end + 1] in _SUFFIXED and (found := _SUFFIX.match(reading.left, end)):
                    end = found.end()
                    reading.object(
                        "claims.product",
                        at,
                        end,
                        f"「{reading.raw_text(at, end)}」という商品は事実にありません",
                        f"there is no product '{reading.raw_text(at, end)}' among the facts",
                    )
            reading.take(at, end)
    reading.products.sort(key=lambda one: one[0])


def check_words(reading: Reading) -> None:
    """Take what the facts say word for word: approved claims, names of people and places, text vouched for by the sender."""
    low = reading.low
    for words in (*[one for one in reading.facts.wordings if one in low], *reading.harmless):
        for at in places(words, reading.left_low):
            reading.take(at, at + len(words))


def check_codes(reading: Reading) -> None:
    """Codes to enter: exactly as they are, whatever stands after the word code or looks like one."""
    known: Mapping[str, Fact] = {fact.value: fact for fact in reading.facts.of("code")}
    for code in known:
        for at in places(folded(code), reading.low):
            if TAKEN not in reading.left[at : at + len(code)]:
                _hold_code(reading, known, at, at + len(folded(code)))
    entered = _AFTER_CODE in reading.shapes and _LIKE_CODE.search(reading.left)
    for one in reading.found(_AFTER_CODE) if entered else ():
        if any(letter.isdigit() for letter in one[1]) or (one[1].isupper() and len(one[1]) > 2):
            _hold_code(reading, known, *one.span(1))
    for one in reading.hinted("coded", _CODE):
        _hold_code(reading, known, *one.span())


def _hold_code(reading: Reading, known: Mapping[str, Fact], start: int, end: int) -> None:
    said = reading.text[start:end]
    reading.take(start, end)
    if said in known:
        reading.held.append((Claim("code", said, start, end), [known[said]]))
        return
    right = next((code for code in known if code.casefold() == said.casefold()), None)
    reading.object(
        "claims.code",
        start,
        end,
        f"「{said}」は事実にないコードです",
        f"'{said}' is a code that is not among the facts",
        fix=right,
    )


def check_people(reading: Reading) -> None:
    """A person is named only if the facts name them; where no names are known at all, say so."""
    found = []
    for one in reading.found(_PERSON_JA):
        name, known = one[1], [fact.value for fact in reading.facts.of("person")]
        # A family name of one letter is too short to be taken out before: it is known all the same, be it after other words.
        own = name in known or (name[-1] in known and "ぁ" <= name[-2] <= "ん")
        if not own and not _COMMON_JA.fullmatch(name) and (name[0] >= "一" or name[0] in _KATAKANA):
            found.append(one.span())
    english = reading.signed((_GREETED, _TITLED, _THIRD))
    if not found and not english:
        return
    severity = "block" if reading.facts.people_known else "flag"
    taken = Taken(len(reading.text))
    for start, end in found:
        taken.take(start, end)
    for pattern in english:
        for one in reading.found(pattern):
            if one[1].split()[0].lower() not in _COMMON_EN and taken.free(*one.span()):
                taken.take(*one.span(1))
                found.append(one.span(1))
    for start, end in found:
        said = reading.raw_text(start, end)
        reading.object(
            "claims.person",
            start,
            end,
            f"「{said}」という方は事実にありません",
            f"'{said}' is not among the people of the facts",
            severity=severity,
        )
