"""Customer and order numbers: whatever a shop writes after the word for one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.identifiers.recognisers.reading import CHECKED, Hit, Reading

TYPES = ("CUSTOMER_ID", "ORDER_ID")
_ID = r"[「『(（]?(?:No\.?|#|＃)? ?(#?(?=[A-Za-z-]{0,8}[0-9])[A-Za-z0-9][A-Za-z0-9_-]{2,29})(?![A-Za-z0-9])"
_LINK = r"(?:[ ]?[:：=#][ ]?|[はが]、?|[ ](?:is |was )?|)"
_SHAPES = (
    ("CUSTOMER_ID", re.compile(rf"(?:会員(?:番号|ID|No\.?|カード番号)|お客様(?:番号|ID|コード)|顧客(?:番号|ID|コード)|ユーザーID|得意先コード|メンバーズ?ID|マイページID|診察券番号|ポイントカード番号|(?:customer|member(?:ship)?|user|client|account|loyalty|patient)[ _-]?(?:id|no\.?|number|code|card number|ref(?:erence)?)){_LINK}{_ID}", re.IGNORECASE)),
    ("ORDER_ID", re.compile(rf"(?:(?:ご)?注文(?:番号|ID|No\.?)|受注(?:番号|ID|No\.?)|オーダー(?:番号|ID|No\.?)|(?:ご)?購入番号|(?:ご)?予約番号|伝票番号|お?問い?合わ?せ(?:伝票)?番号|追跡番号|受付番号|取引番号|(?:sales )?order[ _-]?(?:id|no\.?|number|ref(?:erence)?|#)|order(?= ?#)|(?:tracking|booking|reservation|confirmation|invoice)[ _-]?(?:id|no\.?|number|code|ref(?:erence)?|#)){_LINK}{_ID}", re.IGNORECASE)),
)  # fmt: skip
_BEGINS = {
    "CUSTOMER_ID": ("会員", "お客様", "顧客", "ユーザー", "得意先", "メンバー", "マイページ", "診察券", "ポイント", "customer", "member", "user", "client", "account", "loyalty", "patient"),
    "ORDER_ID": ("注文", "受注", "オーダー", "購入番号", "予約番号", "伝票番号", "合", "追跡番号", "受付番号", "取引番号", "order", "tracking", "booking", "reservation", "confirmation", "invoice"),
}  # fmt: skip
"""What every label has."""
_SIGN = re.compile(r"番号|ID|No|コード|number|code|ref|#|id", re.IGNORECASE)


def find(reading: Reading) -> Iterator[Hit]:
    """By label, when there is a digit in it."""
    if not (reading.digits and _SIGN.search(reading.text)):
        return
    for kind, shape in _SHAPES:
        for found in shape.finditer(reading.text) if reading.says(_BEGINS[kind]) else ():
            yield Hit(*found.span(1), kind, CHECKED)
