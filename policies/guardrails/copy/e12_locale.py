"""Currency, tax wording and spelling are those of the reader's country; without a locale, one spelling throughout.

Prices to consumers include VAT in the United Kingdom and are shown before sales tax in the United States.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from policies.guardrails.copy.paragraph import Paragraph, once
from policies.guardrails.copy.reading import Reading, Spot, blanked, words_of

RULE = "E12"
LEVEL = "warn"
LANGUAGES = ("en",)
_BRITISH = (
    "colour favour favourite favourites flavour flavours neighbour honour behaviour centre litre metre theatre catalogue cheque grey jewellery organise "
    "organised personalise personalised apologise apologised realise recognise customise customised cancelled travelled enrol enrolment fulfil licence tyre "
    "programme aluminium pyjamas cosy mould moisturiser"
).split()
_AMERICAN = (
    "color favor favorite favorites flavor flavors neighbor honor behavior center liter meter theater catalog check gray jewelry organize "
    "organized personalize personalized apologize apologized realize recognize customize customized canceled traveled enroll enrollment fulfill license tire "
    "program aluminum pajamas cozy mold moisturizer"
).split()
_BOTH = frozenset(
    {"check", "program", "license", "tire", "meter", "enrolment", "catalog", "grey", "gray", "mold", "licence"}
)
"""Spellings that stand for something else too, and say nothing."""
_PAIRS = dict(zip(_BRITISH, _AMERICAN, strict=True))
_UK = frozenset(_BRITISH) - _BOTH
_US = frozenset(_AMERICAN) - _BOTH
_SPELT = _UK | _US
_SIGNS = {"£": "GBP", "€": "EUR", "¥": "JPY", "$": "USD"}
_OWN = {"GB": "£", "US": "$", "IE": "€", "CA": "$", "AU": "$", "NZ": "$", "JP": "¥"}
_AMERICAN_SPELLING = frozenset({"US"})
_VAT = re.compile(r"\bvat\b")
_SALES_TAX = re.compile(r"\bsales tax\b|\bplus tax\b|\bbefore tax\b")


def sign(paragraph: Paragraph) -> bool:
    """Whether it speaks of money or tax, or has a word that is spelt in two ways."""
    return _money_in(paragraph) is None or any(_money_in(paragraph) or ()) or bool(_spelt(paragraph))


def check(reading: Reading) -> Iterator[Spot]:
    """Warns of another country's currency, tax word or spelling, and offers the spelling that fits."""
    country = _country(reading)
    if country and any(_may_be_foreign(one, country) for _, _, one in reading.of_body):
        yield from _money(reading, country, reading.folded("body"))
    words = frozenset[str]().union(*[_spelt(one) for _, _, one in reading.of_main])
    british, american = words & _UK, words & _US
    if not british and not american:
        return
    if country:
        wrong = british if country in _AMERICAN_SPELLING else american if country in _OWN else frozenset()
    else:
        wrong = min((british, american), key=len) if british and american else frozenset()
    own = blanked(reading.folded("body"), (name.lower() for name in reading.names)) if wrong else ""
    for word in sorted(wrong):
        other = _PAIRS.get(word) or next(uk for uk, us in _PAIRS.items() if us == word)
        for found in _whole(word).finditer(own):
            said = reading.body[found.start() : found.end()]
            fix = None if not country else other.capitalize() if said[0].isupper() else other
            yield Spot(
                *found.span(), f"「{said}」はほかの国のつづりです", f"'{said}' is another country's spelling", fix=fix
            )


@once
def _money_in(paragraph: Paragraph) -> tuple[str, bool, bool] | None:
    """Its currency signs, whether it speaks of VAT and of sales tax; None where that is told from the whole body."""
    text = paragraph.folded
    if text is None:
        return None
    signs = "".join([sign for sign in _SIGNS if sign in text])
    return signs, "vat" in text and _VAT.search(text) is not None, "tax" in text and _SALES_TAX.search(text) is not None


def _may_be_foreign(paragraph: Paragraph, country: str) -> bool:
    """Whether its money or tax may be another country's."""
    if (told := _money_in(paragraph)) is None:
        return True
    signs, vat, sales_tax = told
    return bool(signs.strip(_OWN.get(country))) or (vat and country == "US") or (sales_tax and country in ("GB", "IE"))


@once
def _spelt(paragraph: Paragraph) -> frozenset[str]:
    """Its words that are spelt in two ways."""
    return _SPELT.intersection([word.lower() for word in words_of(paragraph)])


def _country(reading: Reading) -> str:
    """The reader's country, from the recipient, else from the locale; empty when neither is known."""
    told = reading.about("recipient").get("country")
    if isinstance(told, str) and told:
        return "GB" if told.upper() == "UK" else told.upper()
    locale = reading.message.bundle.get("locale")
    return locale.replace("_", "-").partition("-")[2].upper()[:2] if isinstance(locale, str) else ""


def _money(reading: Reading, country: str, text: str) -> Iterator[Spot]:
    own = _OWN.get(country)
    known = {product.get("currency") for product in reading.products}
    for sign, currency in _SIGNS.items():
        if own and sign != own and sign in text and currency not in known:
            at = text.find(sign)
            yield Spot(
                at,
                at + 1,
                f"通貨記号「{sign}」は読み手の国のものではありません",
                f"'{sign}' is not the reader's currency",
            )
    wrong = _VAT.search(text) if country == "US" else _SALES_TAX.search(text) if country in ("GB", "IE") else None
    if wrong:
        yield Spot(
            *wrong.span(),
            f"「{wrong[0]}」は読み手の国の税の表し方ではありません",
            f"'{wrong[0]}' is not how the reader's country states tax",
        )


@lru_cache(maxsize=256)
def _whole(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z]){word}(?![a-z])")
