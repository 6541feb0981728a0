"""Quiet hours and the earliest time at which a rule lets go."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.contact import earliest, next_open
from policies.expressions import FeatureType, parse

VOCABULARY = {
    name: FeatureType("number")
    for name in ("contacts_7d", "contacts_30d", "hours_since_contact", "days_since_order", "points", "contacts_14d_ch")
}
NOW = datetime(2026, 5, 14, 1, 30, tzinfo=UTC)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("local", "expected"),
    [
        ("2026-05-14T10:30", "2026-05-14T10:30"),
        ("2026-05-14T09:00", "2026-05-14T09:00"),
        ("2026-05-14T20:00", "2026-05-15T09:00"),
        ("2026-05-14T23:59", "2026-05-15T09:00"),
        ("2026-05-14T03:00", "2026-05-14T09:00"),
    ],
)
def test_a_message_waits_for_the_window_of_the_customers_zone(local: str, expected: str) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    moment = datetime.fromisoformat(local).replace(tzinfo=tokyo)
    assert next_open(moment, "Asia/Tokyo", (time(9), time(20))) == datetime.fromisoformat(expected).replace(
        tzinfo=tokyo
    )


@given(
    moment=moments,
    zone=st.sampled_from(["Asia/Tokyo", "Europe/London", "America/St_Johns", "Pacific/Apia"]),
    opens=st.integers(0, 22),
    span=st.integers(1, 12),
)
def test_the_first_open_instant_is_open_and_nothing_before_it_is(
    moment: datetime, zone: str, opens: int, span: int
) -> None:
    window = (time(opens), time(min(opens + span, 23)) if opens + span < 24 else time(23, 59))
    found = next_open(moment, zone, window)
    local = found.astimezone(ZoneInfo(zone)).time()
    assert found >= moment
    assert window[0] <= local < window[1]
    assert (
        found == moment
        or not window[0] <= (found - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).time() < window[1]
    )


def test_no_window_means_any_time() -> None:
    assert next_open(NOW, "Asia/Tokyo", None) == NOW


def when(
    text: str, row: dict[str, float], contacts: list[tuple[datetime, str]] | None = None, channel: str = "email"
) -> datetime | None:
    return earliest(parse(text, VOCABULARY).explain(row), NOW, contacts or [], channel)


@given(ages=st.lists(st.integers(1, 20 * 24), min_size=1, max_size=8, unique=True), limit=st.integers(1, 4))
def test_a_cap_lets_go_at_the_first_instant_at_which_the_count_is_below_it(ages: list[int], limit: int) -> None:
    contacts = [(NOW - timedelta(hours=age), "email") for age in ages]

    def count(at: datetime) -> int:
        return sum(contact > at - timedelta(days=7) for contact, _ in contacts)

    found = when(f"contacts_7d < {limit}", {"contacts_7d": count(NOW)}, contacts)
    if count(NOW) < limit:
        assert found is None
        return
    assert found is not None
    assert count(found) < limit
    assert count(found - timedelta(microseconds=1)) >= limit


def test_a_cap_of_one_channel_counts_that_channel_alone() -> None:
    contacts = [(NOW - timedelta(days=3), "email"), (NOW - timedelta(days=10), "sms")]
    assert when("contacts_14d_ch < 1", {"contacts_14d_ch": 1}, contacts, "sms") == NOW + timedelta(days=4)


def test_an_age_grows_by_itself_and_a_balance_does_not() -> None:
    assert when("days_since_order >= 90", {"days_since_order": 40}) == NOW + timedelta(days=50)
    assert when("not hours_since_contact < 24", {"hours_since_contact": 5}) == NOW + timedelta(hours=19)
    assert when("points >= 100", {"points": 40}) is None
    assert when("days_since_order <= 10", {"days_since_order": 40}) is None


def test_alternatives_take_the_earlier_and_parts_the_later() -> None:
    row = {"days_since_order": 40, "hours_since_contact": 0}
    assert when("days_since_order >= 90 or hours_since_contact >= 24", row) == NOW + timedelta(hours=24)
    assert when("not (days_since_order < 90 or hours_since_contact < 24)", row) == NOW + timedelta(days=50)
