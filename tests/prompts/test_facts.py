"""How facts print, by language and channel."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from prompts.facts import Amount, Benefit, Fact, print_fact
from prompts.render import Choice

TODAY = date(2026, 5, 14)


@pytest.mark.parametrize(
    ("value", "language", "channel", "text"),
    [
        (date(2026, 5, 20), "ja", "email", "5月20日(水)"),
        (date(2026, 5, 20), "ja", "sms", "5/20(水)"),
        (date(2026, 4, 12), "ja", "email", "4月12日"),
        (date(2026, 5, 14), "ja", "email", "5月14日(木)"),
        (date(2027, 5, 20), "ja", "post", "2027年5月20日(木)"),
        (date(2025, 1, 3), "ja", "line", "2025/1/3"),
        (date(2026, 5, 20), "en", "email", "Wednesday 20 May"),
        (date(2026, 5, 20), "en", "sms", "Wed 20 May"),
        (date(2026, 4, 12), "en", "email", "12 April"),
        (date(2027, 5, 20), "en", "email", "Thursday 20 May 2027"),
        (Amount(1296, "JPY"), "ja", "email", "1,296円(税込)"),
        (Amount(1296, "JPY"), "en", "email", "¥1,296 including tax"),
        (Amount(960, "GBP"), "en", "email", "£9.60 including VAT"),
        (Amount(960, "GBP"), "en", "sms", "£9.60 incl. VAT"),
        (Amount(123456, "USD"), "en", "email", "$1,234.56"),
        (Benefit("amount", Amount(500, "JPY")), "ja", "line", "500円クーポン"),
        (Benefit("amount", Amount(500, "GBP")), "en", "line", "£5 off"),
        (Benefit("amount", Amount(550, "GBP")), "en", "line", "£5.50 off"),
        (Benefit("percent", 10.0), "ja", "email", "10%割引クーポン"),
        (Benefit("percent", 7.5), "en", "email", "7.5% off"),
        (Benefit("free_shipping", name="x"), "ja", "email", "送料無料クーポン"),
        (Benefit("free_shipping"), "en", "email", "free delivery"),
        (Benefit("gift", name="お好きなドリンク1杯"), "ja", "post", "お好きなドリンク1杯"),
        (1170, "ja", "line", "1,170"),
        ("浅煎りエチオピア 200g", "ja", "sms", "浅煎りエチオピア 200g"),
    ],
)
def test_prints(value: Any, language: str, channel: str, text: str) -> None:
    assert print_fact(Fact("F1", "x", value, "test"), language, channel, TODAY) == text


def test_places_in_a_template_choose_independently() -> None:
    """Three places with two wordings each come in all eight combinations, about equally often."""
    seen: dict[tuple[int, ...], int] = {}
    for seed in range(4000):
        wordings = Choice(seed)
        choice = tuple(wordings[site, 2] for site in (7, 20, 41))
        seen[choice] = seen.get(choice, 0) + 1
    assert len(seen) == 8
    assert all(400 < count < 600 for count in seen.values())
