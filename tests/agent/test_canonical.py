"""One byte form, and where two of them part."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.canonical import canonical, digest, first_difference, stamp

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def shuffled(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: shuffled(content[key]) for key in reversed(list(content))}
    return [shuffled(item) for item in content] if isinstance(content, list) else content


@given(plain)
def test_the_order_of_keys_changes_nothing(content: Any) -> None:
    assert canonical(content) == canonical(shuffled(content))
    assert first_difference(content, shuffled(content)) is None


@given(plain, plain)
def test_a_difference_is_named_exactly_when_the_bytes_differ(one: Any, other: Any) -> None:
    assert (first_difference(one, other) is None) == (canonical(one) == canonical(other))


def test_the_first_difference_names_the_field_and_both_values() -> None:
    stored = {"features": {"orders_n": 3, "tier": "gold"}, "candidates": [["a", 1], ["b", 2]]}
    assert (
        first_difference(stored, {**stored, "features": {"orders_n": 4, "tier": "gold"}})
        == "features.orders_n: stored 3, now 4"
    )
    assert first_difference(stored, {**stored, "features": {"orders_n": 3}}) == 'features.tier: only stored ("gold")'
    assert first_difference(stored, {**stored, "candidates": [["a", 1]]}) == "candidates: 2 entries stored, 1 now"
    assert first_difference({"a": 1}, {"a": True}) == "a: stored 1, now true"


def test_instants_are_said_in_utc() -> None:
    assert stamp(datetime(2026, 5, 14, 10, 30, tzinfo=timezone(timedelta(hours=9)))) == "2026-05-14T01:30:00Z"


def test_a_digest_is_the_beginning_of_sha_256() -> None:
    assert digest(b"", 16) == "e3b0c44298fc1c14"
