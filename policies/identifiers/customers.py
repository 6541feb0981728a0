"""What identifies a customer in the history: id and name, and what a shop brings along in ``extra`` under the keys below.

The names of a likely duplicate are the customer's own too: two records of one person are no two people.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

_KEYS: Mapping[str, str] = {
    "PERSON": "kana namekana kananame furigana reading romaji nameromaji alias aliases maidenname formername フリガナ ふりがな カナ かな 氏名カナ ローマ字 旧姓名 別名",
    "PHONE": "phone phones phonenumber tel telephone mobile mobilephone cellphone fax 電話 電話番号 携帯 携帯電話 ファックス",
    "EMAIL": "email emails emailaddress mail mailaddress メール メールアドレス",
    "ADDRESS": "address addresses postaladdress streetaddress homeaddress deliveryaddress shippingaddress billingaddress 住所 お届け先住所 請求先住所",
    "CUSTOMER_ID": "memberid membernumber memberno membershipnumber loyaltynumber loyaltyid externalid externalids crmid 会員番号 顧客番号 外部id",
    "SOCIAL_HANDLE": "lineid instagram twitter x handle handles",
}  # fmt: skip
_TYPE_OF = {key: type for type, keys in _KEYS.items() for key in keys.split()}
_BETWEEN = re.compile(r"[\s_.\-・]+")
_DEEPEST = 6
SAME = 0.9
"""Score from which on a listed duplicate is the same person, as in ``gates.yaml``; below it a name may be somebody else's."""


def same_people(listed: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Customer → who is the same person, whichever of the two records says so; ``listed`` are (customer id, candidates as JSON).

    Only who was told to be: a duplicate's duplicate may be another person.  Raises ValueError when the candidates are no JSON.
    """
    found: dict[str, set[str]] = {}
    for customer, candidates in listed:
        for one in orjson.loads(candidates):
            score = one.get("score") if isinstance(one, Mapping) else None
            if isinstance(score, int | float) and score >= SAME and one.get("id"):
                other = str(one["id"])
                found.setdefault(customer, set()).add(other)
                found.setdefault(other, set()).add(customer)
    return found


def rows_of(
    people: Iterable[tuple[str, str | None, str | None]], same: Mapping[str, Collection[str]]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each of ``people`` (id, name, ``extra``) with their identifiers and the names of who is the same person.

    Raises ValueError when an ``extra`` is no JSON.
    """
    kept: dict[str, list[tuple[str, str]]] = {}
    for customer, name, extra in people:
        identifiers = identifiers_of(customer, name, extra)
        if customer in same:
            kept[customer] = identifiers
        else:
            yield customer, identifiers
    for customer, identifiers in kept.items():
        others = [one for other in sorted(same[customer]) for one in kept.get(other, ()) if one[0] == "PERSON"]
        yield customer, [*identifiers, *others]


def identifiers_of(customer_id: str, name: str | None, extra: str | None) -> list[tuple[str, str]]:
    """(type, value) of one customer, for :class:`~policies.identifiers.index.KnownIdentifiers`.

    A day of birth is left out: a hundred thousand customers share every day there is, and a date that no fact prints is
    blocked anyway.  Raises ValueError when ``extra`` is no JSON.
    """
    found = [("CUSTOMER_ID", customer_id)]
    if name:
        found.append(("PERSON", name))
    if extra and extra != "{}":
        found += _inside(orjson.loads(extra), None, 0)
    return found


def _inside(content: Any, type: str | None, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(content, Mapping) and depth < _DEEPEST:
        for key, value in content.items():
            yield from _inside(value, _type_of(key), depth + 1)
    elif isinstance(content, list) and depth < _DEEPEST:
        for value in content:
            yield from _inside(value, type, depth + 1)
    elif type and isinstance(content, str | int) and not isinstance(content, bool):
        yield type, str(content)


@lru_cache(maxsize=1024)
def _type_of(key: str) -> str | None:
    return _TYPE_OF.get(_BETWEEN.sub("", key).lower())
