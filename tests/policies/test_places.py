"""What is asked of one place in a text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from policies.places import Taken, stands_over, within_any

PLACES = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)).map(lambda one: (one[0], sum(one))), max_size=12)


@given(st.text("ab", min_size=1, max_size=12), st.text("ab", min_size=1, max_size=5), st.integers(0, 11), st.integers(1, 5))
def test_a_phrase_stands_over_a_place_that_lies_in_one_of_its_own(text: str, phrase: str, start: int, size: int) -> None:
    start = min(start, len(text) - 1)
    end = min(start + size, len(text))
    own = [(at, at + len(phrase)) for at in range(len(text)) if text.startswith(phrase, at)]
    assert stands_over(text, phrase, start, end) == any(first <= start and end <= last for first, last in own)


def test_a_place_is_within_a_phrase_that_is_longer_and_stands_there() -> None:
    text = "SOFT DRINKS 12/18 until 12/18"
    assert within_any(text, ["SOFT DRINKS 12/18", "18"], 12, 17)
    assert not within_any(text, ["SOFT DRINKS 12/18", "18", "12/18"], 24, 29)


@given(PLACES, st.integers(0, 20), st.integers(1, 6))
def test_a_place_is_free_that_touches_none_that_was_taken(taken: list[tuple[int, int]], start: int, size: int) -> None:
    letters = Taken(26)
    for first, last in taken:
        letters.take(first, last)
    assert letters.free(start, start + size) == all(last <= start or start + size <= first for first, last in taken)
