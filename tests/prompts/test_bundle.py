"""Facts say what the customer would recognise, in their language."""

from __future__ import annotations

import pytest

from prompts.bundle import said_of


@pytest.mark.parametrize(
    ("topic", "language", "said"),
    [
        ("加湿器の異音", "ja", "加湿器の異音"),
        ("complaint", "ja", "お申し出"),
        ("complaint", "en", "what you told us"),
        ("how_to", "ja", "使い方"),
        ("Delivery", "en", "your delivery"),
        ("grinder noise", "ja", "お問い合わせ"),
        ("加湿器の異音", "en", "your enquiry"),
        ("grinder noise", "en", "your question about grinder noise"),
        ("the rattle in your dehumidifier", "en", "the rattle in your dehumidifier"),
        ("TKT_017_B", "en", "your enquiry"),
        (None, "ja", "お問い合わせ"),
    ],
)
def test_a_case_is_named_as_its_customer_would(topic: str | None, language: str, said: str) -> None:
    assert said_of(topic, language) == said
