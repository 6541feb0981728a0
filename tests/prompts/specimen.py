"""Fixed facts to print templates with: two invented shops on 14 May 2026."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from prompts.facts import Amount, Benefit, Fact

TODAY = date(2026, 5, 14)
_JA: Mapping[str, Any] = {
    "addressee": "佐藤 美咲", "surname": "佐藤", "brand": "青井珈琲店", "legal_name": "株式会社青井見本", "signer": "高橋", "role": "店主",
    "postal_address": "〒100-0000 東京都見本区見本町1-2-3", "contact": "help@example.jp", "optout": "https://example.jp/s",
    "link": "https://example.jp/r1", "reply_by": date(2026, 5, 25), "product": "浅煎りエチオピア 200g", "price": Amount(1296, "JPY"),
    "last_delivered": date(2026, 4, 12), "last_bought": date(2026, 4, 12), "owned": "コーヒーメーカー CM-200", "delivered": date(2026, 5, 8), "content": "夏の水出しコーヒー",
    "offer": Benefit("amount", Amount(500, "JPY")), "offer_ends": date(2026, 5, 31), "offer_code": "AOI500", "points": 820,
    "points_expire": date(2026, 6, 13), "ticket_topic": "コーヒーメーカーの異音", "ticket_closed": date(2026, 5, 2), "service_event": "自主回収",
    "next_ship": date(2026, 5, 28), "change_deadline": date(2026, 5, 24), "renews": date(2026, 7, 1), "promise_due": date(2026, 5, 16),
    "owner": "高橋", "owner_previous": "佐々木", "registration_benefit": "保証期間が1年から2年に延びます", "register_by": date(2026, 6, 7),
    "event_name": "春の焙煎見学会", "event_day": date(2026, 6, 6), "event_place": "青井珈琲店 本店", "occasion": "お誕生日",
}  # fmt: skip
_EN: Mapping[str, Any] = {
    "addressee": "Maria", "surname": "Maria", "brand": "Aoi Coffee", "legal_name": "Aoi Coffee Ltd", "signer": "Taka", "role": "Roaster",
    "postal_address": "1 Sample Street, Bristol BS1 0AA", "contact": "help@example.com", "optout": "https://example.com/s",
    "link": "https://example.com/r1", "reply_by": date(2026, 5, 25), "product": "Ethiopia light roast, 200 g", "price": Amount(960, "GBP"),
    "last_delivered": date(2026, 4, 12), "last_bought": date(2026, 4, 12), "owned": "CM-200 coffee maker", "delivered": date(2026, 5, 8), "content": "Cold brew at home",
    "offer": Benefit("amount", Amount(500, "GBP")), "offer_ends": date(2026, 5, 31), "offer_code": "AOI5", "points": 820,
    "points_expire": date(2026, 6, 13), "ticket_topic": "the rattle in your coffee maker", "ticket_closed": date(2026, 5, 2),
    "service_event": "recall", "next_ship": date(2026, 5, 28), "change_deadline": date(2026, 5, 24), "renews": date(2026, 7, 1),
    "promise_due": date(2026, 5, 16), "owner": "Taka", "owner_previous": "Sato", "registration_benefit": "your warranty grows from 1 year to 2",
    "register_by": date(2026, 6, 7), "event_name": "Spring roastery visit", "event_day": date(2026, 6, 6), "event_place": "Aoi Coffee, Bristol",
    "occasion": "birthday",
}  # fmt: skip
SPECIMEN: Mapping[str, Mapping[str, Any]] = {"ja": _JA, "en": _EN}


def facts(language: str, slots: Iterable[str]) -> dict[str, Fact]:
    """Specimen facts for the slots named."""
    values = SPECIMEN[language]
    return {
        slot: Fact(f"F{number}", slot, values[slot], f"specimen:{slot}")
        for number, slot in enumerate(slots, 1)
        if slot in values
    }
