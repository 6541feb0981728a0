"""Invented facts to hold a copy against the guards before it is filled for anybody: what is wrong with words shows on them.

They are told back to the model in a repair, so nothing in them may be anybody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from prompts.facts import IDS, Amount, Benefit, Fact

_JA: Mapping[str, Any] = {
    "addressee": "青葉 花子", "surname": "青葉", "company": "株式会社見本商会", "department": "総務部", "title": "部長", "brand": "見本屋",
    "legal_name": "株式会社見本屋", "signer": "山吹", "role": "店主", "postal_address": "東京都見本区見本町", "contact": "help@example.jp",
    "optout": "https://example.jp/stop", "link": "https://example.jp/item", "product": "見本の品", "price": Amount(1296, "JPY"), "owned": "見本の道具",
    "content": "長く使うための手入れ", "offer": Benefit("amount", Amount(500, "JPY")), "offer_code": "MIHON500", "points": 820, "occasion": "お誕生日",
    "ticket_topic": "お届け", "service_event": "お届けの遅れ", "owner": "山吹", "owner_previous": "若草", "registration_benefit": "保証の期間が延びます",
    "event_name": "見本の催し", "event_place": "見本屋本店",
}  # fmt: skip
_EN: Mapping[str, Any] = {
    "addressee": "Taylor", "surname": "Taylor", "company": "Marlow Ltd", "department": "Office", "title": "Manager", "brand": "Marlow Kitchen",
    "legal_name": "Marlow Kitchen Ltd", "signer": "Robin", "role": "Customer Care", "postal_address": "Mill Lane, Bristol", "contact": "help@example.com",
    "optout": "https://example.com/stop", "link": "https://example.com/item", "product": "harbour kettle", "price": Amount(960, "GBP"), "owned": "harbour toaster",
    "content": "Care that lasts", "offer": Benefit("amount", Amount(500, "GBP")), "offer_code": "KITCHEN5", "points": 820, "occasion": "birthday",
    "ticket_topic": "your delivery", "service_event": "delivery delay", "owner": "Robin", "owner_previous": "Alex",
    "registration_benefit": "your warranty grows longer", "event_name": "Kitchen Open Day", "event_place": "Marlow Kitchen",
}  # fmt: skip
_AHEAD: Mapping[str, int] = {
    "reply_by": 10, "offer_ends": 20, "points_expire": 30, "next_ship": 14, "change_deadline": 10, "renews": 45, "promise_due": 3,
    "register_by": 25, "event_day": 20, "last_delivered": -32, "last_bought": -32, "delivered": -20, "ticket_closed": -12,
}  # fmt: skip
"""Slot → days from today."""


def facts(slots: Iterable[str], language: str, today: date) -> dict[str, Fact]:
    """Slot → an invented fact."""
    known = _JA if language == "ja" else _EN
    return {
        slot: Fact(IDS[slot], slot, today + timedelta(days=_AHEAD[slot]) if slot in _AHEAD else known[slot], "specimen")
        for slot in slots
    }
