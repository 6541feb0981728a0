"""What identifies a customer in the history: id and name, and what a shop brings along in ``extra`` under the keys below."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
