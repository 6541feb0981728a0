"""Word lists: what they find, where, how a slip in one is told, and that hostile text costs no time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.catalogue import load_catalogue
from policies.loading import Page
from policies.unspoken import longest, read_unspoken, readable
from retrieval.errors import InputError

LEXICONS = load_catalogue().unspoken


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "words.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_places_are_those_of_the_text_as_it_stands(tmp_path: Path) -> None:
    path = written(tmp_path, "topics: {hat: {said: {ja: 帽子, en: hats}, ja: [ボウシ], en: [hats?]}}")
    lexicon = read_unspoken(Page(path), "topics")
    text = "㈱のＨＡＴとボウシ、\nthat hat"
    assert [text[start:end] for _, start, end in lexicon.find(text)] == ["ボウシ", "ＨＡＴ", "hat"]


def test_what_only_looks_like_a_topic_is_taken_out_first(tmp_path: Path) -> None:
    path = written(
        tmp_path, "topics: {fire: {said: {ja: 火, en: fire}, ja: ['火(?:事|災)'], en: [fire], unless: [火災保険]}}"
    )
    lexicon = read_unspoken(Page(path), "topics")
    assert lexicon.topics_of("火災保険のご案内") == frozenset()
    assert lexicon.topics_of("火災と火災保険") == {"fire"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("topics: {a: {said: {ja: あ, en: a}, ja: ['(['], en: []}}", "is not a pattern"),
        ("topics: {a: {said: {ja: あ, en: a}, ja: ['お?茶'], en: []}}", "must begin with a letter"),
        ("topics: {a: {said: {ja: あ}, ja: [茶], en: []}}", "must be said in ja and en"),
        ("topics: {a: {said: {ja: あ, en: a}, jp: [茶], en: []}}", "unknown key"),
        ("subjects: {}", "must hold topics"),
    ],
)
def test_a_slip_is_told_with_its_file(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as raised:
        read_unspoken(Page(written(tmp_path, text)), "topics")
    assert "words.yaml" in str(raised.value)


def test_a_home_may_bring_its_own_words_and_they_are_part_of_the_policy_version(tmp_path: Path) -> None:
    (tmp_path / "lexicons").mkdir()
    one = "{one: {said: {ja: 一, en: one}, ja: [壱], en: []}}"
    (tmp_path / "lexicons" / "unspoken.yaml").write_text(f"sensitive: {one}\nsurveillance: {one}\n", encoding="utf-8")
    own = load_catalogue(tmp_path)
    assert own.unspoken["sensitive"].topics_of("壱") == {"one"}
    assert own.version != load_catalogue().version


@given(st.text(max_size=60))
def test_the_readable_form_keeps_every_letter_in_its_place(text: str) -> None:
    assert len(readable(text)) == len(text)


@settings(deadline=None)
@given(st.text(alphabet="亡ご逝去くなりss passedaway\n。 we noticedyou昨夜覧", max_size=40))
def test_the_quick_look_misses_nothing_that_a_topic_finds(text: str) -> None:
    for lexicon in LEXICONS.values():
        read = readable(text)
        assert lexicon.any.among(read) == any(True for topic in lexicon.topics for _ in topic.words.places(read))


@settings(deadline=None)
@given(st.lists(st.sampled_from(["大切な方を", "亡く", "なった", "カートに", "残って", "ご覧に", "なって", "確認いたしました", "we noticed", "you", "flood", "your home", "\n", "\n\n", "\n\n\n", " ", "  ", "。", "x", "㌔"]), max_size=14).map("".join))
def test_what_is_said_across_paragraphs_is_found_as_in_one_piece(text: str) -> None:
    for lexicon in LEXICONS.values():
        found = {name for topic in lexicon.topics for name in [topic.name] if any(topic.words.places(lexicon.unless.sub(lambda one: "\0" * len(one[0]), readable(text))))}
        assert lexicon.topics_of(text) == found


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("逝去", 2), ("[一三七]回忌", 3), (r"cancer\b", 6), ("お(?:辛|つら)い(?:時|お気持ち)", 8), ("カートに[^。]{0,12}(?:残|お忘れ)", 19),
        (r"(?:left|still)(?: \w{1,12}){0,3} in", 47), ("(?:(?:ab|c)d){2}", 6), ("あ.*い", None), ("あ+", None), ("(?:ab)*", None), ("あ(?=い)", None), ("(?<!あ)い", None),
    ],
)  # fmt: skip
def test_how_far_a_pattern_may_run(pattern: str, letters: int | None) -> None:
    assert longest(pattern) == letters


def test_a_pattern_without_bound_is_asked_of_the_whole_text(tmp_path: Path) -> None:
    path = written(tmp_path, "topics: {far: {said: {ja: 遠い, en: far}, ja: ['遠.*い'], en: ['far(?=.*away)']}}")
    lexicon = read_unspoken(Page(path), "topics")
    assert lexicon.topics_of("遠く" + "\n\n" * 300 + "ない") == {"far"}
    assert lexicon.topics_of("far" + "\n\n" * 300 + "away") == {"far"}


@pytest.mark.parametrize(
    "piece", ["亡", "ご覧に", "カートに", "昨夜", "2回", "地震", "flood ", "left still ", "you ", "we saw ", "your "]
)
def test_hostile_text_takes_less_than_a_fifth_of_a_second(piece: str) -> None:
    text = (piece * 20_000)[:20_000]
    started = time.thread_time()
    for lexicon in LEXICONS.values():
        list(lexicon.find(text))
    assert time.thread_time() - started < 0.2
