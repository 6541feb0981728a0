"""What stands for a person goes back exactly once, exactly where it was declared, or not at all."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.identifiers.placeholders import NAMES, mask_free_text, refused, restore
from policies.identifiers.scan import index_of

VALUES = {"{{customer_name}}": "佐藤 美咲", "{{store_name}}": "青井珈琲店", "{{staff_name}}": "高橋"}


def rules(text: str, values: dict[str, str] = VALUES, **options: object) -> list[str]:
    return [fault.rule for fault in restore(text, values, **options).faults]  # type: ignore[arg-type]


def test_exact_placeholders_are_restored_in_one_pass() -> None:
    text = "{{customer_name}} 様\n{{store_name}}の{{staff_name}}です。"
    assert restore(text, VALUES).text == "佐藤 美咲 様\n青井珈琲店の高橋です。"


@pytest.mark.parametrize(
    "text",
    [
        "{{Customer_Name}} 様", "{{customer name}} 様", "{{ customer_name }} 様", "｛｛customer_name｝｝ 様", "{customer_name}} 様", "[CUSTOMER_NAME] 様", "<PERSON> 様",
        "PERSON_1 様", "⟦P 1⟧ 様", "CUSTOMER_NAME's", "{{{{customer_name}}}} 様", "[REDACTED_PERSON_2]様", "{{customer_nam",
    ],
)  # fmt: skip
def test_a_bent_placeholder_is_a_residue_and_nothing_is_guessed(text: str) -> None:
    restored = restore(text, VALUES)
    assert restored.text is None
    assert "placeholders.residue" in {fault.rule for fault in restored.faults}


def test_counts_and_declarations_hold() -> None:
    assert rules("{{customer_name}}{{customer_name}}") == []
    assert rules("{{customer_name}}" * 3) == ["placeholders.count"]
    assert rules("{{store_name}}", declared=("{{customer_name}}",)) == ["placeholders.undeclared"]
    assert rules("⟦P7⟧ 様") == ["placeholders.undeclared"]
    assert rules("やあ", counts={"{{customer_name}}": (1, 2)}) == ["placeholders.count"]


def test_a_value_is_never_read_again() -> None:
    values = {"⟦P1⟧": "{{staff_name}}", "{{staff_name}}": "高橋"}
    assert restore("⟦P1⟧", values, declared=("⟦P1⟧",)).text == "{{staff_name}}"
    assert rules("{{customer_name}}", {"{{customer_name}}": "{{staff_name}}", "{{staff_name}}": "x"}) == [
        "placeholders.value"
    ]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "  ",
        "{{staff_name}}",
        "｛x｝",
        "https://example.com",
        "見て www.example.jp",
        "example.com",
        "090-1234-5678",
        "１２３４５６７",
        "a\nb",
        "a\x00",
        "あ" * 41,
        "佐\u200b藤",
        "<b>",
        "⟦P1⟧",
    ],
)
def test_what_is_no_name_is_refused(value: str) -> None:
    assert refused(value) is not None


@pytest.mark.parametrize(
    "value", ["佐藤 美咲", "O'Brien", "葛\U000e0100城 一", "Dr. Müller-Lüdenscheidt", "マリア・シルバ", "A5店"]
)
def test_names_are_not_refused(value: str) -> None:
    assert refused(value) is None


def test_masking_takes_known_ones_first_then_patterns_then_runs() -> None:
    known = index_of((("PERSON", "佐藤 花子"), ("CUSTOMER_ID", "M-77")))
    text = "佐藤花子とM-77と090-1234-5678と番号 55 66 77 88、また佐藤花子。⟦P1⟧\u200b"
    masked = mask_free_text(text, "ja", known=known, random=Random(5))
    assert all(
        said not in masked.text for said in ("佐藤花子", "M-77", "090-1234-5678", "55 66 77 88", "⟦P1⟧", "\u200b")
    )
    assert len(masked.values) == 4
    assert restore(masked.text, masked.values, declared=tuple(masked.values)).text == text.replace("⟦P1⟧\u200b", "[P1]")


@given(st.text("佐藤様さん0123456789-@a.com 、東京都渋谷区1\n", max_size=60), st.integers(0, 1000))
def test_what_is_masked_comes_back_as_it_was(text: str, seed: int) -> None:
    masked = mask_free_text(text, "ja", random=Random(seed))
    assert restore(masked.text, masked.values, declared=(*NAMES, *masked.values)).text == text
    assert all(len(value) > 0 and value in text for value in masked.values.values())
