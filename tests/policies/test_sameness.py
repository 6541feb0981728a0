"""How alike a batch reads: alike and unlike lots, masking, and the quick way against the exact one."""

from __future__ import annotations

import random
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import policies.sameness
from policies.sameness import sameness

TEMPLATE = "{name} 様\nいつもありがとうございます。{day}月{day}日にお届けした豆が、そろそろ残り少なくなる頃かと思います。https://example.jp/{day}"
OWN = (
    "お待ちいただいていた白いスニーカーが入荷しました。下のボタンからお選びください。",
    "加湿器の修理のあと、音は気になりませんか。お気づきのことがあれば、ご返信ください。",
    "夏の水出しコーヒーの淹れ方をまとめました。休日の朝に、どうぞお試しください。",
)


def test_filled_templates_read_the_same() -> None:
    names = ["佐藤 美咲", "山本 健一", "田中 恵"]
    found = sameness(
        [TEMPLATE.format(name=name, day=day) for day, name in enumerate(names, 1)], "ja", [[name] for name in names]
    )
    assert (found.mean, found.highest, found.alike) == (1.0, 1.0, True)


def test_letters_of_their_own_do_not() -> None:
    found = sameness(OWN, "ja")
    assert found.highest < 0.1
    assert not found.alike


def test_english_goes_by_words() -> None:
    texts = [
        "Hi Maria, your beans are roasted on Wednesday.",
        "Hi John, your beans are roasted on Wednesday.",
        "The trainers are back in size six.",
    ]
    found = sameness(texts, "en", [["Maria"], ["John"], []])
    assert found.closest[0] == (1.0, 0, 1)
    assert found.closest[1][0] == 0.0


def test_one_text_is_like_nothing() -> None:
    assert sameness(["ひとつ"], "ja").mean == sameness([], "en").highest == 0.0


def test_the_quick_way_finds_the_pairs_and_the_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    words = ["".join(pair) for pair in product("abcdefghijklmnopqrst", repeat=2)]
    texts = [" ".join(chance.choices(words, k=60)) for _ in range(150)]
    texts += [f"{text} {'and so on ' * times}" for times, text in enumerate(texts[:3], 1)]
    exact = sameness(texts, "en")
    monkeypatch.setattr(policies.sameness, "EXACT", 10)
    quick = sameness(texts, "en")
    assert exact.exact and not quick.exact
    assert [pair for _, *pair in exact.closest] == [[0, 150], [1, 151], [2, 152]]
    assert [pair for _, *pair in quick.closest] == [pair for _, *pair in exact.closest]
    assert [alike for alike, *_ in quick.closest] == pytest.approx([alike for alike, *_ in exact.closest])
    assert quick.mean == pytest.approx(exact.mean, abs=0.01)
    assert quick == sameness(texts, "en")


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=60), min_size=2, max_size=8))
def test_similarity_is_between_none_and_all(texts: list[str]) -> None:
    found = sameness(texts, "ja")
    assert 0 <= found.mean <= found.highest <= 1
    assert sameness([*texts, texts[0]], "ja").highest == 1.0
