"""What is read line by line, remembered and looked for by signs is what plain reading of the whole text finds."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from policies.catalogue import load_catalogue
from policies.claims import links, read
from policies.claims.bundle import read_bundle
from policies.claims.fact import Facts
from policies.claims.lines import Line
from policies.claims.normal import normalise
from policies.claims.reading import Objection, Reading
from policies.claims.search import Search
from policies.claims.shape import SHAPES, Shape

LEXICON = load_catalogue().lexicon
BUNDLE: dict[str, Any] = {
    "products": [{"sku": "A", "name": "霧島 煎茶 100g", "price": 1280, "currency": "JPY"}],
    "offers": [{"id": "O", "type": "percent_off", "value": 10, "code": "SAVE10", "ends": "2026-05-06"}],
    "points": {"balance": 300, "expires": "2026-05-31"},
    "urls": ["https://example.com/tea"],
    "as_of": "2026-05-01",
}
WORDS = sorted({word for word, _, _ in LEXICON.terms} | set(LEXICON.harmless))
SIGNS = sorted({sign for shape in SHAPES for sign in shape.signs})
PIECES = [
    "1", "10", "2026", "12,800", "1.5", "二", "十", "千二百", "a ", "two ", "twenty-five ", "１０", "①", "½", "%", "％", "割", "\n", "\n", "\n\n", "\r\n", " ", "。", ".", ", ",
    "、", "・", "■", "(", ")", "「", "」", "まで", "から", "最大", "off", "引き", "ポイント", "points", "May ", "5/6", "5月6日", "(水)", "10:30", " pm", "until ", "霧島 煎茶 100g",
    "SAVE10", "コード", "code ", "https://example.com/tea", "shop.example.com", "a@b.co", "@tea", "03-1234-5678", "佐藤様", "Dear Ann", "Mr Lee ", "Jane bought ", "STEP 1", "(2) ", "3. ",
    "ｶﾞ", "か\u3099", "\u0301", "\u3099", "ﾞ", "Σ", "İ", "ﬁ", "㌫", "\u200b", "а", "{{name}}", "[a](b)", "あ", "茶", "x", "-", "/", ":", "$", "¥", "£",
]  # fmt: skip
texts = some.lists(
    some.one_of(some.sampled_from(PIECES), some.sampled_from(WORDS), some.sampled_from(SIGNS), some.text(max_size=3)),
    max_size=40,
).map("".join)


@cache
def facts() -> Facts:
    return read_bundle(BUNDLE, {})


def objections(text: str) -> list[Objection]:
    return list(read(text, facts(), LEXICON, "ja"))


@settings(max_examples=300, deadline=None)
@given(texts)
def test_reading_line_by_line_is_reading_the_whole_text(text: str) -> None:
    found = objections(text)
    with pytest.MonkeyPatch.context() as whole:
        whole.setattr("policies.claims.reading.lines_of", lambda raw, lexicon: [Line(raw, lexicon)])
        assert objections(text) == found


spans = some.lists(some.tuples(some.integers(0, 80), some.integers(1, 12)), max_size=5)
"""(start, length) of what is taken out of a text."""


def partly_taken(text: str, taken: list[tuple[int, int]]) -> Reading:
    reading = Reading(text, facts(), LEXICON, "ja")
    for start, length in taken:
        reading.take(min(start, len(reading.text)), min(start + length, len(reading.text)))
    return reading


def plainly(shape: Shape, text: str) -> list[tuple[int, int]]:
    """The shape around every sign, each looked for alone, by its pattern alone."""
    places = sorted({found.start() for sign in shape.signs for found in re.finditer(f"(?={re.escape(sign)})", text)})
    windows: list[tuple[int, int]] = []
    for at in places:
        if windows and at - shape.before <= windows[-1][1]:
            windows[-1] = (windows[-1][0], at + shape.after)
        else:
            windows.append((max(0, at - shape.before), at + shape.after))
    return [found.span() for window in windows for found in shape.pattern.finditer(text, *window)]


@settings(max_examples=300, deadline=None)
@given(texts, spans)
def test_a_shape_is_found_as_by_its_pattern_alone(text: str, taken: list[tuple[int, int]]) -> None:
    reading = partly_taken(text, taken)
    for shape in SHAPES:
        left = reading.left if shape.cased else reading.left_low
        assert [found.span() for found in reading.found(shape)] == plainly(shape, left), shape.pattern.pattern


@settings(max_examples=300, deadline=None)
@given(texts, spans)
def test_where_a_page_or_mailbox_stands_is_where_its_pattern_finds_it(text: str, taken: list[tuple[int, int]]) -> None:
    reading = partly_taken(text, taken)
    for shape in (links._URL, links._EMAIL, links._HANDLE):
        assert reading.spans(shape) == [found.span() for found in shape.pattern.finditer(reading.left_low)]


@settings(max_examples=300, deadline=None)
@given(texts)
def test_the_words_of_the_lexicon_are_those_that_stand_in_the_text(text: str) -> None:
    low = normalise(text).text.lower()
    standing = [term for term in LEXICON.terms if term[0] in low]
    assert list(LEXICON.claims(low)) == standing
    line = Line(text, LEXICON)
    if len(low) == len(line.low):
        assert [LEXICON.terms[number] for number in sorted(line.terms)] == standing
        assert sorted(line.harmless) == [number for number, word in enumerate(LEXICON.harmless) if word in low]


words = some.lists(some.text("ab1-あ", min_size=1, max_size=4), min_size=1, max_size=12, unique=True)


@given(words, some.text("ab1-あ\n", max_size=30))
def test_a_search_finds_every_word_wherever_it_begins(sought: list[str], text: str) -> None:
    found = Search((word, word) for word in sought).found(text)
    assert all(word == kept for _, word, kept in found)
    assert all(before[0] <= after[0] for before, after in pairwise(found))
    assert sorted((at, word) for at, word, _ in found) == sorted(
        (at, word) for word in sought for at in range(len(text)) if text.startswith(word, at)
    )


def test_every_letter_that_has_another_form_is_brought_into_it() -> None:
    kept = {letter for letter in map(chr, range(0x110000)) if normalise(letter).text == letter}
    assert [letter for letter in kept if unicodedata.normalize("NFKC", letter) != letter] == []
    assert kept.isdisjoint("‐‑‒–−①⑴⒈❶")


@given(some.text(max_size=30))
def test_every_letter_is_in_its_one_form(text: str) -> None:
    listed = re.sub(r"[\u2460-\u249b\u24ea-\u24ff\u2776-\u2793]", "・", re.sub("[‐‑‒–−]", "-", text))
    clusters = re.findall("(?s).[\u0300-\u036f\u3099\u309a\uff9e\uff9f]?", listed)
    assert normalise(text).text == "".join(unicodedata.normalize("NFKC", cluster) for cluster in clusters)
