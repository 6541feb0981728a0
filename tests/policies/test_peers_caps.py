"""Mistakes that other messaging systems made with caps and quiet hours, each as a test that would have found it.

The systems are named so that the reports can be read; what is tested is this policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from policies.catalogue import load_catalogue
from policies.contact import (
    Cap,
    Contact,
    ContactPolicy,
    Held,
    Opening,
    Reach,
    Recipient,
    Signal,
    next_allowed_at,
    prove_caps,
)
from retrieval.errors import InputError

CATALOGUE = load_catalogue()
POLICY = CATALOGUE.contact
TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 5, 13, 12, tzinfo=TOKYO)
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
TICK = timedelta(microseconds=1)


def capped(*caps: tuple[int, timedelta | str], zone: str = "Asia/Tokyo", **reach: frozenset[str]) -> ContactPolicy:
    made = tuple(
        Cap(id=f"C{number}", ja="上限", en="cap", owner="crm", reach=Reach(**reach), most=most, within=None if isinstance(window, str) else window,
            per=window if isinstance(window, str) else None, zone=zone)
        for number, (most, window) in enumerate(caps)
    )  # fmt: skip
    return replace(POLICY, caps=made, hours=(), rests=(), holds=())


def ask(policy: ContactPolicy, at: datetime, made: Sequence[Contact] = (), *, planned: Sequence[Contact] = (), channel: str = "email",
        purpose: str = "marketing", reader: Recipient | None = None) -> Opening:  # fmt: skip
    return next_allowed_at(made, planned, policy, channel=channel, purpose=purpose, recipient=reader or Recipient(zone="Asia/Tokyo"), start=at)


def sent(at: datetime, channel: str = "email", purpose: str | None = "marketing") -> Contact:
    return Contact(at=at, channel=channel, purpose=purpose)


# --- Mautic ------------------------------------------------------------------------------------------------------------


def test_mautic_10416_a_cap_of_zero_is_an_error_and_never_one(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "policies" / "contact_policy.yaml").read_text(encoding="utf-8")
    (tmp_path / "contact_policy.yaml").write_text(text.replace("{most: 1, within: 24 hours", "{most: 0, within: 24 hours"), encoding="utf-8")
    with pytest.raises(InputError, match="a cap of 0 would forbid everything"):
        load_catalogue(tmp_path)


def test_mautic_10275_a_customer_who_asked_for_none_gets_none() -> None:
    assert ask(capped(), NOON, reader=Recipient(limits={"email": 0})).at is None


def test_mautic_a_custom_rule_on_one_channel_exempts_nobody_from_the_default() -> None:
    default = capped((1, WEEK))
    own = Recipient(zone="Asia/Tokyo", limits={"sms": 30, "email": 30})
    for channel in ("email", "sms", "line"):
        assert ask(default, NOON, [sent(NOON - DAY)], channel=channel, reader=own).at == NOON + 6 * DAY


def test_mautic_a_pause_blocks_and_does_not_only_sort() -> None:
    pause = Recipient(zone="Asia/Tokyo", holds=(Held("illness", NOON - DAY),))
    found = ask(replace(POLICY, hours=()), NOON, reader=pause)
    assert (found.at, found.blocked[0].rule) == (NOON + 89 * DAY, "HOLD-ILLNESS")


def test_mautic_default_and_custom_rules_use_one_clock() -> None:
    """The same contact leaves the default cap and the customer's own limit at the same instant."""
    month = capped((1, timedelta(days=30)))
    made = [sent(datetime(2026, 5, 1, 0, 30, tzinfo=TOKYO))]
    default, own = ask(month, NOON, made).at, ask(capped(), NOON, made, reader=Recipient(zone="America/New_York", limits={"email": 1})).at
    assert default == own == made[0].at + timedelta(days=30)


def test_mautic_4761_three_a_week_waits_for_one_contact_to_age_and_not_three_weeks() -> None:
    made = [sent(NOON - days * DAY) for days in (6, 3, 1)]
    assert ask(capped((3, WEEK)), NOON, made).at == NOON + DAY


def test_mautic_4761_a_text_message_does_not_use_the_default_of_mail() -> None:
    mail_only = capped((1, WEEK), channels=frozenset({"email"}))
    assert ask(mail_only, NOON, [sent(NOON)], channel="sms").at == NOON


def test_mautic_6896_a_service_message_is_never_capped() -> None:
    assert ask(capped((1, WEEK), (1, "day")), NOON, [sent(NOON)] * 9, purpose="service").at == NOON


def test_mautic_3669_what_another_worker_planned_counts_before_it_is_sent() -> None:
    assert ask(capped((1, DAY)), NOON, planned=[sent(NOON)]).at == NOON + DAY


# --- Laudspeaker, Dittofeed, line-harness ------------------------------------------------------------------------------


@pytest.mark.parametrize("hour", range(24))
def test_laudspeaker_the_hour_after_midnight_utc_is_as_quiet_as_it_is(hour: int) -> None:
    """``24:30`` for 00:30 UTC left 09:00–09:59 in Japan without quiet hours."""
    moment = datetime(2026, 5, 13, hour, 30, tzinfo=UTC)
    local = moment.astimezone(TOKYO)
    found = ask(POLICY, moment, channel="phone").at
    assert (found == moment) == (9 <= local.hour < 20)
    quiet_in_london = ask(POLICY, moment, channel="phone", reader=Recipient(zone="Europe/London", countries=("GB",))).at
    assert (quiet_in_london == moment) == (9 <= moment.astimezone(ZoneInfo("Europe/London")).hour < 20)


def test_laudspeaker_the_first_minute_is_open_and_the_last_is_not() -> None:
    opens, closes = NOON.replace(hour=9), NOON.replace(hour=20)
    assert ask(POLICY, opens, channel="sms").at == opens
    assert ask(POLICY, opens - TICK, channel="sms").at == opens
    assert ask(POLICY, closes - TICK, channel="sms").at == closes - TICK
    assert ask(POLICY, closes, channel="sms").at == opens + DAY


def test_laudspeaker_the_customers_zone_counts_and_not_the_workspaces() -> None:
    late = datetime(2026, 5, 13, 22, 30, tzinfo=TOKYO)
    assert ask(POLICY, late, reader=Recipient(zone="Europe/London", countries=("GB",))).at == late
    assert ask(POLICY, late).at == datetime(2026, 5, 14, 7, tzinfo=TOKYO)


def test_laudspeaker_caps_count_messages_of_a_customer_over_every_channel() -> None:
    made = [sent(NOON - 3 * DAY, "line"), sent(NOON - 2 * DAY, "push")]
    assert ask(capped((2, WEEK)), NOON, made).at == NOON + 4 * DAY


def test_dittofeed_a_zone_nobody_knows_is_not_no_zone() -> None:
    assert ask(POLICY, NOON, reader=Recipient(zone="Not/Implemented")).at is None
    assert ask(POLICY, NOON.replace(hour=23), reader=Recipient(zone=None)).at == datetime(2026, 5, 14, 7, tzinfo=TOKYO)


def test_line_harness_one_window_for_every_way_of_sending() -> None:
    """Steps and broadcasts had windows of their own, and broadcasts none: here an action does not choose its hours."""
    night = NOON.replace(hour=22, minute=30)
    for action in (None, "member_offer", "points_expiry", "winback"):
        found = next_allowed_at((), (), POLICY, channel="line", purpose="marketing", action=action, recipient=Recipient(), start=night)
        assert found.at == datetime(2026, 5, 14, 9, tzinfo=TOKYO)


@pytest.mark.parametrize("minutes", range(-5, 5))
def test_line_harness_jitter_is_asked_again_and_never_leaves_the_window(minutes: int) -> None:
    due = ask(POLICY, NOON.replace(hour=3), channel="line").at
    assert due is not None
    moved = ask(POLICY, due + timedelta(minutes=minutes), channel="line").at
    assert moved is not None
    assert moved == max(due, due + timedelta(minutes=minutes))


# --- Braze, GOV.UK Notify, Parcelvoy, and everybody ----------------------------------------------------------------------


@pytest.mark.parametrize("hour", range(10))
def test_braze_a_day_in_japan_begins_at_midnight_in_japan(hour: int) -> None:
    """Counted in UTC, a message between 00:00 and 09:00 in Japan would fall on the day before."""
    daily = capped((1, "day"))
    yesterday = sent(datetime(2026, 5, 12, 23, 59, tzinfo=TOKYO))
    early = datetime(2026, 5, 13, hour, tzinfo=TOKYO)
    assert ask(daily, early, [yesterday]).at == early
    assert ask(daily, NOON, [sent(early)]).at == datetime(2026, 5, 14, tzinfo=TOKYO)


def test_braze_a_day_is_no_24_hours_and_24_hours_are_no_day() -> None:
    evening, morning = NOON.replace(hour=21), NOON.replace(hour=9) + DAY
    assert ask(capped((1, "day")), morning, [sent(evening)]).at == morning
    assert ask(capped((1, DAY)), morning, [sent(evening)]).at == evening + DAY


def test_a_fixed_window_would_allow_twice_the_cap_across_its_edge_and_a_rolling_one_does_not() -> None:
    monday = datetime(2026, 5, 18, tzinfo=TOKYO)
    made = [sent(monday - 2 * HOUR), sent(monday - HOUR)]
    assert ask(capped((2, "week")), monday, made).at == monday
    assert ask(capped((2, WEEK)), monday, made).at == monday - 2 * HOUR + WEEK


def test_looking_back_alone_fills_an_earlier_day_after_a_later_one() -> None:
    planned = [sent(NOON + 3 * DAY), sent(NOON + 5 * DAY)]
    assert ask(capped((2, WEEK)), NOON, planned=planned).at == NOON + 10 * DAY
    assert ask(capped((2, WEEK)), NOON - 2 * DAY, planned=planned).at == NOON - 2 * DAY


def test_a_rolling_window_does_not_shrink_when_the_clock_goes_forward() -> None:
    london = ZoneInfo("Europe/London")
    before = datetime(2026, 3, 28, 20, tzinfo=london)
    found = ask(capped((1, DAY)), before + HOUR, [sent(before)], reader=Recipient(zone="Europe/London", countries=("GB",))).at
    assert found == datetime(2026, 3, 29, 21, tzinfo=london)
    assert found.astimezone(UTC) - before.astimezone(UTC) == DAY


@pytest.mark.parametrize(("day", "length"), [(29, 23), (28, 24)])
def test_a_calendar_day_is_as_long_as_it_is(day: int, length: int) -> None:
    london = Recipient(zone="Europe/London", countries=("GB",))
    start = datetime(2026, 3, day, tzinfo=ZoneInfo("Europe/London"))
    found = ask(capped((1, "day"), zone="customer"), start, [sent(start)], reader=london).at
    assert found is not None
    assert found - start.astimezone(UTC) == length * HOUR


def test_notify_3276_a_cap_proves_that_it_still_stops() -> None:
    assert prove_caps(POLICY) == ()
    asleep = replace(POLICY.caps[0], reach=replace(POLICY.caps[0].reach, purposes=frozenset({"service"})))
    assert prove_caps(replace(POLICY, caps=(asleep,)))


def test_notify_871_per_day_is_not_per_send() -> None:
    daily = capped((2, "day"))
    assert ask(daily, NOON, [sent(NOON - HOUR)]).at == NOON
    assert ask(daily, NOON, [sent(NOON - 2 * HOUR), sent(NOON - HOUR)]).at == datetime(2026, 5, 14, tzinfo=TOKYO)


def test_parcelvoy_442_leaving_stops_what_is_already_on_its_way() -> None:
    left = Recipient(zone="Asia/Tokyo", signals=(Signal(NOON, "unsubscribe", "email"),))
    found = ask(POLICY, NOON + 2 * DAY, reader=left)
    assert found.at == NOON + WEEK
    assert found.blocked[0].rule == "NR-LEFT"


def test_a_message_out_of_hours_is_put_off_and_never_dropped() -> None:
    for hour in range(24):
        for channel in ("email", "sms", "line", "push", "phone", "post", "insert"):
            found = ask(replace(POLICY, caps=()), NOON.replace(hour=hour), channel=channel).at
            assert found is not None
            assert found - NOON.replace(hour=hour) < DAY


def test_what_another_system_sent_without_saying_why_counts() -> None:
    assert ask(capped((1, DAY)), NOON, [sent(NOON, purpose=None)]).at == NOON + DAY
