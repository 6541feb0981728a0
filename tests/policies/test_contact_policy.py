"""The contact policy: sliding caps against counting by hand, hours across every change of the clock, files that are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.catalogue import Catalogue, load_catalogue
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
    next_open_at,
    prove_caps,
)
from policies.contact_reference import page
from policies.holidays import is_holiday
from policies.hours import Hours, at, calendar_window, countries_of
from retrieval.errors import InputError

ROOT = Path(__file__).parents[2]
CATALOGUE: Catalogue = load_catalogue()
POLICY = CATALOGUE.contact
NOW = datetime(2026, 5, 13, 3, tzinfo=UTC)
TICK = timedelta(microseconds=1)
TOKYO = ZoneInfo("Asia/Tokyo")


def cap(most: int, *, within: timedelta | None = None, per: str | None = None, zone: str = "customer", counts_service: bool = False,
        reach: Reach | None = None) -> Cap:  # fmt: skip
    return Cap(
        id="C",
        ja="上限",
        en="cap",
        owner="crm",
        reach=reach or Reach(),
        most=most,
        within=within,
        per=per,
        zone=zone,
        counts_service=counts_service,
    )


def only(*caps: Cap) -> ContactPolicy:
    return replace(POLICY, caps=caps, hours=(), rests=(), holds=())


def ask(policy: ContactPolicy, made: Sequence[Contact], start: datetime = NOW, *, planned: Sequence[Contact] = (), channel: str = "email",
        purpose: str = "marketing", action: str | None = None, group: str | None = None, reader: Recipient | None = None) -> Opening:  # fmt: skip
    return next_allowed_at(
        made,
        planned,
        policy,
        channel=channel,
        purpose=purpose,
        action=action,
        group=group,
        recipient=reader or Recipient(),
        start=start,
    )


def mail(at: datetime, **more: str) -> Contact:
    return Contact(at=at, **{"channel": "email", **more})


# --- caps -----------------------------------------------------------------------------------------------------------


def test_exactly_the_window_apart_is_allowed_and_a_microsecond_less_is_not() -> None:
    week = only(cap(1, within=timedelta(days=7)))
    found = ask(week, [mail(NOW - timedelta(days=7))])
    assert (found.at, found.blocked) == (NOW, ())
    late = mail(NOW - timedelta(days=7) + TICK)
    found = ask(week, [late])
    assert found.at == NOW + TICK
    assert [(one.rule, one.contacts, one.until) for one in found.blocked] == [("C", (late,), NOW + TICK)]


def test_a_contact_that_comes_later_counts_as_one_that_came_before() -> None:
    week = only(cap(1, within=timedelta(days=7)))
    planned = mail(NOW + timedelta(days=3))
    assert ask(week, [], planned=[planned]).at == NOW + timedelta(days=10)
    assert ask(week, [], planned=[mail(NOW + timedelta(days=7))]).at == NOW


def test_a_window_that_holds_the_new_contact_in_its_middle_counts() -> None:
    found = ask(
        only(cap(2, within=timedelta(days=7))), [mail(NOW - timedelta(days=3))], planned=[mail(NOW + timedelta(days=3))]
    )
    assert found.at == NOW + timedelta(days=4)
    assert len(found.blocked[0].contacts) == 2


times = st.lists(st.integers(-20 * 24, 20 * 24), max_size=9)
windows = st.tuples(st.integers(1, 4), st.integers(1, 10 * 24))


def over(hours: Sequence[float], most: int, within: float) -> int:
    """The most contacts any half-open window of ``within`` hours that holds the last of them holds, minus ``most``."""
    new = hours[-1]
    starts = [hour for hour in hours if new - within < hour <= new]
    return max(sum(start <= hour < start + within for hour in hours) for start in starts) - most


@settings(max_examples=300, deadline=None)
@given(made=times, limits=st.lists(windows, min_size=1, max_size=3), minutes=st.integers(-60, 60))
def test_the_first_allowed_instant_is_the_first_that_counting_allows(
    made: list[int], limits: list[tuple[int, int]], minutes: int
) -> None:
    caps = only(*(cap(most, within=timedelta(hours=within)) for most, within in limits))
    start = NOW + timedelta(minutes=minutes)
    found = ask(caps, [mail(NOW + timedelta(hours=hour)) for hour in made], start).at
    assert found is not None

    def allowed(moment: datetime) -> bool:
        new = (moment - NOW) / timedelta(hours=1)
        return all(over([*made, new], most, within) <= 0 for most, within in limits)

    assert found >= start
    assert allowed(found)
    assert found == start or not allowed(found - TICK)
    edges = sorted({start, *(start + timedelta(hours=step) for step in range(0, 41 * 24, 5))})
    assert not any(allowed(moment) for moment in edges if moment < found)


def test_service_messages_wait_for_nothing_and_count_where_it_is_said() -> None:
    day = timedelta(hours=24)
    service = mail(NOW - timedelta(hours=1), purpose="service")
    assert ask(only(cap(1, within=day)), [mail(NOW)] * 5, purpose="service").at == NOW
    assert ask(only(cap(1, within=day)), [service]).at == NOW
    assert ask(only(cap(1, within=day, counts_service=True)), [service]).at == service.at + day


def test_what_another_system_did_not_tell_counts() -> None:
    unknown = mail(NOW - timedelta(hours=1), purpose=None)
    assert ask(only(cap(1, within=timedelta(days=1))), [unknown]).at == unknown.at + timedelta(days=1)
    of_group = cap(1, within=timedelta(days=1), reach=Reach(groups=frozenset({"offer"})))
    assert ask(only(of_group), [unknown], group="offer").at == unknown.at + timedelta(days=1)
    assert ask(only(of_group), [mail(NOW, group="care", action="preference_check")], group="offer").at == NOW


def test_a_special_rule_never_loosens_a_general_one() -> None:
    general, special = (
        cap(1, within=timedelta(days=7)),
        cap(5, within=timedelta(days=1), reach=Reach(channels=frozenset({"line"}))),
    )
    for order in ((general, special), (special, general)):
        assert ask(only(*order), [mail(NOW)], channel="line").at == NOW + timedelta(days=7)


def test_a_limit_somebody_asked_for_is_one_more_cap_and_none_is_none() -> None:
    calm = only()
    twice = [mail(NOW - timedelta(days=5)), mail(NOW - timedelta(days=3))]
    assert ask(calm, twice, reader=Recipient(limits={"email": 2})).at == NOW + timedelta(days=25)
    assert ask(calm, twice, reader=Recipient(limits={"email": 3})).at == NOW
    assert ask(calm, twice, channel="line", reader=Recipient(limits={"email": 2})).at == NOW
    found = ask(calm, [], reader=Recipient(limits={"email": 0}))
    assert (found.at, found.blocked[0].rule, found.blocked[0].until) == (None, "FC-PERSONAL", None)


def test_a_calendar_cap_counts_the_days_of_its_own_zone() -> None:
    daily = only(cap(1, per="day", zone="Asia/Tokyo"))
    before = mail(datetime(2026, 5, 13, 14, 59, tzinfo=UTC))  # 23:59 in Japan
    midnight = datetime(2026, 5, 13, 15, tzinfo=UTC)
    assert ask(daily, [before], midnight).at == midnight
    early = mail(datetime(2026, 5, 13, 15, 30, tzinfo=UTC))  # 00:30 in Japan, the day before in London
    assert ask(daily, [early], datetime(2026, 5, 14, 0, 1, tzinfo=UTC)).at == midnight + timedelta(days=1)
    own = only(cap(1, per="day"))
    assert ask(
        own, [early], datetime(2026, 5, 14, 0, 1, tzinfo=UTC), reader=Recipient(zone="Europe/London")
    ).at == datetime(2026, 5, 14, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(("month", "end"), [((2026, 2), (2026, 3)), ((2024, 2), (2024, 3)), ((2026, 12), (2027, 1))])
def test_a_month_is_a_month(month: tuple[int, int], end: tuple[int, int]) -> None:
    first, last = calendar_window(datetime(*month, 15, tzinfo=TOKYO), "month", TOKYO)
    assert (first, last) == (datetime(*month, 1, tzinfo=TOKYO), datetime(*end, 1, tzinfo=TOKYO))
    monthly = only(cap(1, per="month", zone="Asia/Tokyo"))
    assert ask(monthly, [mail(first)], first + timedelta(hours=1)).at == last
    assert ask(monthly, [mail(last - TICK)], last).at == last


def test_a_rolling_day_is_24_hours_when_the_clock_is_changed() -> None:
    london = Recipient(zone="Europe/London")
    sent = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/London"))  # the clock goes forward in the night
    found = ask(only(cap(1, within=timedelta(hours=24))), [mail(sent)], sent, reader=london).at
    assert found == sent.astimezone(UTC) + timedelta(hours=24)
    calendar = ask(only(cap(1, per="day")), [mail(sent)], sent, reader=london).at
    assert calendar == datetime(2026, 3, 29, tzinfo=ZoneInfo("Europe/London"))


def test_every_shipped_cap_stops_the_contact_after_the_last() -> None:
    assert prove_caps(POLICY) == ()


@pytest.mark.parametrize("broken", [0, 1, 6])
def test_a_cap_that_stopped_counting_is_found_out(broken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    blind = POLICY.caps[broken].id
    holds_back = Cap.holds_back
    monkeypatch.setattr(Cap, "holds_back", lambda self, *given: None if self.id == blind else holds_back(self, *given))
    told = prove_caps(POLICY)
    assert told
    assert all(sentence.startswith(f"{blind} does not stop contact") for sentence in told)


# --- the gates --------------------------------------------------------------------------------------------------------

WAITED = {"back_in_stock", "package_insert", "points_expiry", "rep_touch", "subscription_care", "survey_thanks"}


def test_the_actions_without_the_gate_are_those_a_customer_waits_for() -> None:
    marketing = [action for action in CATALOGUE.actions if not action.internal and action.purpose == "marketing"]
    assert {action.id for action in marketing if all(rule.rule != "G5" for rule in action.rules)} == WAITED
    assert {exempt for rule in POLICY.caps for exempt in rule.reach.exempt} == WAITED


@settings(max_examples=200, deadline=None)
@given(
    sent=st.lists(st.tuples(st.integers(0, 40 * 24 * 60), st.sampled_from(("email", "sms", "line", "push"))), max_size=8),
    channel=st.sampled_from(("email", "sms", "line", "push")), limit=st.one_of(st.none(), st.integers(0, 6)),
)  # fmt: skip
def test_what_the_gate_lets_through_the_caps_let_through(
    sent: list[tuple[int, str]], channel: str, limit: int | None
) -> None:
    contacts = [mail(NOW - timedelta(minutes=ago), channel=name) for ago, name in sent]

    def count(days: int, name: str | None = None) -> int:
        return sum(NOW - contact.at < timedelta(days=days) and name in (None, contact.channel) for contact in contacts)

    row = {
        "contacts_7d": count(7), "contacts_30d": count(30), f"contacts_14d.{channel}": count(14, channel), f"contacts_30d.{channel}": count(30, channel),
        "hours_since_contact": min((minutes // 60 for minutes, _ in sent), default=None), f"pref_max_30d.{channel}": limit,
    }  # fmt: skip
    winback = CATALOGUE.action("member_offer")
    from policies.eligibility import binding

    gate = [rule.clause.closure(*binding(winback.id, channel)) for rule in winback.rules if rule.rule == "G5"]
    if not all(holds(row) for holds in gate):
        return
    caps = only(*(rule for rule in POLICY.caps if rule.reach.countries is None and not rule.counts_service))
    reader = Recipient(limits={} if limit is None else {channel: limit})
    assert ask(caps, contacts, channel=channel, action=winback.id, group=winback.group, reader=reader).blocked == ()


# --- hours ------------------------------------------------------------------------------------------------------------


def opens(
    channel: str,
    moment: datetime,
    zone: str,
    *countries: str,
    purpose: str = "marketing",
    region: str | None = None,
    kind: str = "b2c",
) -> datetime:
    reader = Recipient(zone=zone, countries=countries, region=region, kind=kind)
    found = next_open_at(moment, POLICY, channel=channel, purpose=purpose, action=None, recipient=reader)
    return found.astimezone(ZoneInfo(zone))


@pytest.mark.parametrize(
    ("channel", "zone", "country", "region", "moment", "expected"),
    [
        ("phone", "Asia/Tokyo", "JP", None, "2026-05-14T20:00", "2026-05-15T09:00"),
        ("phone", "Asia/Tokyo", "JP", None, "2026-05-16T19:59", "2026-05-16T19:59"),
        ("phone", "Asia/Tokyo", "JP", None, "2026-05-17T10:00", "2026-05-18T09:00"),  # Sunday
        ("phone", "Asia/Tokyo", "JP", None, "2026-07-20T10:00", "2026-07-21T09:00"),  # 海の日
        ("phone", "Asia/Tokyo", "JP", None, "2026-12-28T20:00", "2027-01-04T09:00"),
        ("phone", "Asia/Tokyo", "JP", None, "2026-04-28T20:00", "2026-05-07T09:00"),  # 6 May is a substitute holiday
        ("sms", "Asia/Tokyo", "JP", None, "2027-01-03T12:00", "2027-01-04T09:00"),
        ("email", "Asia/Tokyo", "JP", None, "2026-03-11T14:46", "2026-03-11T15:00"),
        ("email", "Asia/Tokyo", "JP", None, "2026-07-20T10:00", "2026-07-20T10:00"),
        ("phone", "Europe/Paris", "FR", None, "2026-05-13T13:00", "2026-05-13T14:00"),
        ("phone", "Europe/Paris", "FR", None, "2026-05-13T20:00", "2026-05-15T10:00"),  # Ascension
        ("phone", "Europe/Paris", "FR", None, "2026-07-13T19:59", "2026-07-13T19:59"),
        ("phone", "Europe/Paris", "FR", None, "2026-07-13T20:00", "2026-07-15T10:00"),
        ("sms", "Europe/Berlin", "DE", None, "2026-05-17T10:00", "2026-05-18T09:00"),
        ("phone", "Europe/London", "GB", None, "2026-05-16T08:30", "2026-05-16T09:00"),
        ("sms", "America/New_York", "US", "FL", "2026-05-13T20:00", "2026-05-14T09:00"),
        ("phone", "America/Chicago", "US", "TX", "2026-05-17T10:00", "2026-05-17T12:00"),
        ("phone", "America/Chicago", "US", "AL", "2026-07-04T10:00", "2026-07-06T09:00"),
        ("phone", "America/Los_Angeles", "US", None, "2026-05-17T18:30", "2026-05-18T09:00"),
        ("phone", "America/Toronto", "CA", None, "2026-05-16T09:30", "2026-05-16T10:00"),
    ],
)  # fmt: skip
def test_a_message_waits_for_the_hours_of_the_recipients_country(
    channel: str, zone: str, country: str, region: str | None, moment: str, expected: str
) -> None:
    clock = ZoneInfo(zone)
    found = opens(channel, datetime.fromisoformat(moment).replace(tzinfo=clock), zone, country, region=region)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=clock)


def test_mail_to_a_business_waits_for_the_end_of_a_holiday() -> None:
    holiday = datetime(2026, 7, 20, 10, tzinfo=TOKYO)
    assert opens("email", holiday, "Asia/Tokyo", "JP", kind="b2b") == datetime(2026, 7, 21, 7, tzinfo=TOKYO)


def test_a_service_message_waits_for_the_channels_window_alone() -> None:
    sunday = datetime(2026, 5, 17, 10, tzinfo=TOKYO)
    assert opens("phone", sunday, "Asia/Tokyo", "JP", purpose="service") == sunday
    assert opens("phone", sunday.replace(hour=21), "Asia/Tokyo", "JP", purpose="service") == datetime(
        2026, 5, 18, 9, tzinfo=TOKYO
    )


def test_two_countries_in_question_are_both_obeyed() -> None:
    assert countries_of("Asia/Tokyo", "en-GB") == ("GB", "JP")
    assert (countries_of(None, None), countries_of("Europe/Paris", None), countries_of(None, "ja")) == (
        ("JP",),
        ("FR",),
        ("JP",),
    )
    sunday = datetime(2026, 5, 17, 10, tzinfo=TOKYO)
    assert opens("phone", sunday, "Asia/Tokyo", "GB", "JP") == datetime(2026, 5, 18, 9, tzinfo=TOKYO)


@pytest.mark.parametrize("zone", ["Asia/Tokio", "../etc/passwd", "JST-9", "\x00"])
def test_a_zone_no_clock_knows_blocks(zone: str) -> None:
    found = ask(POLICY, [], reader=Recipient(zone=zone))
    assert (found.at, [one.rule for one in found.blocked]) == (None, ["zone.unknown"])


ZONES = (
    "Asia/Tokyo",
    "Europe/London",
    "America/St_Johns",
    "Pacific/Apia",
    "Australia/Lord_Howe",
    "America/Havana",
    "America/Santiago",
    "Africa/Cairo",
)
spans = st.tuples(st.integers(0, 95), st.integers(1, 96)).map(lambda two: (two[0] * 15, min(two[0] + two[1], 96) * 15))


@settings(max_examples=300, deadline=None)
@given(
    moment=st.datetimes(datetime(2011, 12, 1), datetime(2027, 1, 1), timezones=st.just(UTC)), zone=st.sampled_from(ZONES),
    days=st.dictionaries(st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun")), spans.map(lambda span: (span,)), min_size=1),
)  # fmt: skip
def test_the_next_opening_is_open_and_no_quarter_of_an_hour_before_it_is(
    moment: datetime, zone: str, days: dict[str, tuple[tuple[int, int], ...]]
) -> None:
    hours, clock = Hours(days), ZoneInfo(zone)
    found = hours.next_open(moment, clock)
    assert found is not None
    assert hours.is_open(found, clock)
    if found > moment:
        assert not hours.is_open(found - TICK, clock)
        step = moment
        while step < found:
            assert not hours.is_open(step, clock)
            step += timedelta(minutes=7)


@pytest.mark.parametrize(
    ("zone", "day", "span", "moment", "expected"),
    [
        ("Europe/London", date(2026, 3, 29), (90, 180), "2026-03-29T00:59:59+00:00", "2026-03-29T01:00:00+00:00"),  # 01:30 never comes
        ("Europe/London", date(2026, 10, 25), (60, 90), "2026-10-25T00:45:00+00:00", "2026-10-25T01:00:00+00:00"),  # 01:00 comes twice
        ("America/Havana", date(2026, 11, 1), (0, 30), "2026-11-01T04:40:00+00:00", "2026-11-01T05:00:00+00:00"),
    ],
)  # fmt: skip
def test_an_hour_that_is_skipped_or_comes_twice(
    zone: str, day: date, span: tuple[int, int], moment: str, expected: str
) -> None:
    weekday = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[day.weekday()]
    assert Hours({weekday: (span,)}).next_open(
        datetime.fromisoformat(moment), ZoneInfo(zone)
    ) == datetime.fromisoformat(expected)


def test_a_day_that_never_was_has_no_hours() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert at(date(2011, 12, 30), 0, apia) == at(date(2011, 12, 31), 0, apia)


@pytest.mark.parametrize(
    ("country", "day", "is_one"),
    [
        ("JP", "2026-03-20", True), ("JP", "2027-03-21", True), ("JP", "2027-03-22", True), ("JP", "2026-09-22", True), ("JP", "2026-09-23", True),
        ("JP", "2024-09-22", True), ("JP", "2024-09-23", True), ("JP", "2026-05-06", True), ("JP", "2019-05-01", True), ("JP", "2021-07-22", True),
        ("JP", "2021-07-19", False), ("JP", "2026-12-23", False), ("JP", "2018-12-24", True), ("JP", "2026-08-13", False), ("JP", "2025-02-24", True),
        ("FR", "2026-04-06", True), ("FR", "2026-05-14", True), ("FR", "2026-05-25", True), ("FR", "2026-04-05", False), ("FR", "2026-11-11", True),
        ("US", "2026-07-03", True), ("US", "2026-11-26", True), ("US", "2026-05-25", True), ("US", "2026-05-18", False), ("US", "2027-12-31", True),
        ("US", "2021-12-31", True), ("US", "2026-10-12", True), ("US", "2026-11-19", False),
    ],
)  # fmt: skip
def test_holidays(country: str, day: str, is_one: bool) -> None:
    assert is_holiday(country, date.fromisoformat(day)) is is_one


# --- rests and holds ----------------------------------------------------------------------------------------------------


def test_a_complaint_about_mail_silences_every_channel() -> None:
    complained = Recipient(signals=(Signal(NOW - timedelta(days=1), "spam_complaint", "email"),))
    found = ask(POLICY, [], channel="line", reader=complained)
    assert found.blocked[0].rule == "NR-COMPLAINT"
    assert found.at is not None
    assert found.at >= NOW + timedelta(days=89)
    assert ask(POLICY, [], purpose="service", reader=complained).at == NOW


def test_a_run_without_an_answer_rests_and_an_answer_ends_it() -> None:
    run = [mail(NOW - timedelta(days=10 * number)) for number in range(12, 0, -1)]
    rest = replace(POLICY, caps=(), hours=())
    found = ask(rest, run)
    assert (found.at, found.blocked[0].rule) == (run[-1].at + timedelta(days=21), "NR-UNANSWERED")
    assert found.blocked[0].contacts == tuple(run)
    assert ask(rest, run, reader=Recipient(signals=(Signal(run[0].at, "click", "email"),))).at == NOW
    assert ask(rest, run[1:]).at == NOW


@pytest.mark.parametrize(
    ("held", "until"),
    [
        (Held("complaint", NOW - timedelta(days=3)), None),
        (Held("complaint", NOW - timedelta(days=9), NOW - timedelta(days=4)), NOW + timedelta(days=10)),
        (Held("bereavement", NOW - timedelta(days=30)), NOW + timedelta(days=60)),
        (Held("disaster", NOW - timedelta(days=90)), NOW),
        (Held("minor", until=NOW + timedelta(days=100)), NOW + timedelta(days=100)),
        (Held("deceased"), None),
    ],
)  # fmt: skip
def test_a_hold_lasts_as_long_as_its_rule_says(held: Held, until: datetime | None) -> None:
    assert ask(replace(POLICY, hours=()), [], reader=Recipient(holds=(held,))).at == until


def test_beyond_the_bound_nothing_is_promised() -> None:
    assert (
        ask(
            only(cap(1, per="year", zone="Asia/Tokyo")),
            [],
            planned=[mail(NOW + timedelta(days=365 * n)) for n in range(4)],
        ).at
        is None
    )


# --- the file -----------------------------------------------------------------------------------------------------------


def home(tmp_path: Path, old: str, new: str) -> Path:
    text = (ROOT / "policies" / "contact_policy.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "contact_policy.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("{most: 1, within: 24 hours, ja", "{most: 0, within: 24 hours, ja", r"contact_policy.yaml:\d+: caps.FC-DAY.most: a cap of 0 would forbid everything"),
        ("{most: 1, within: 24 hours", "{most: 1, within: a day", r"caps.FC-DAY.within: 'a day' is no time: write 24 hours or 7 days"),
        ("{most: 1, within: 24 hours", "{most: 1, per: day", r"caps.FC-DAY.*: a calendar day needs a zone"),
        ("{most: 1, within: 24 hours", "{most: 1, per: day, zone: Asia/Tokio", r"unknown zone 'Asia/Tokio' — did you mean 'Asia/Tokyo'"),
        ("{most: 1, within: 24 hours", "{most: 1, per: day, within: 7 days, zone: Asia/Tokyo", r"counts within a rolling time, or per day"),
        ("channels: [sms], ja: SMSは14日", "channels: [smss], ja: SMSは14日", r"unknown channel 'smss' — did you mean 'sms'"),
        ("channels: [sms], ja: SMSは14日", "groups: [ofer], ja: SMSは14日", r"unknown group 'ofer' — did you mean 'offer'"),
        ("exempt: &waited [back_in_stock", "exempt: &waited [back_in_stok", r"unknown exempt 'back_in_stok' — did you mean 'back_in_stock'"),
        ("ja: ご案内は24時間に1通まで, ", "", r"caps.FC-DAY.ja: is missing"),
        ("ja: ご案内は24時間に1通まで", "ja: ' '", r"a rule gives its reason"),
        ("['10:00-13:00', '14:00-20:00']", "['10:00-15:00', '14:00-20:00']", r"'14:00-20:00' overlaps another window"),
        ("['10:00-13:00', '14:00-20:00']", "['20:00-08:00']", r"closes before it opens"),
        ("['10:00-13:00', '14:00-20:00']", "['10-13']", r"is no window: write 09:00-20:00"),
        ("{mon-sat: ['09:00-20:00'], holiday: []}", "{mon-sat: ['09:00-20:00'], sat: []}", r"'sat' has two windows"),
        ("{mon-sat: ['09:00-20:00'], holiday: []}", "{moon: ['09:00-20:00']}", r"unknown day 'moon' — did you mean 'mon'"),
        ("countries: [FR], ja", "countries: [France], ja", r"'France' is no country"),
        ("closed: ['12-29..01-03']", "closed: ['02-30']", r"'02-30' is not in the calendar"),
        ("kind: bereavement", "kind: bereavment", r"unknown kind 'bereavment' — did you mean 'bereavement'"),
        ("  HOLD-ILLNESS: {kind: illness", "  HOLD-ILLNESS: {kind: disaster", r"nothing is said about illness"),
        ("caps:\n", "cap:\n", r"contact_policy.yaml:\d+: cap: unknown key — did you mean 'caps'"),
        ("  FC-WEEK:\n", "  FC-DAY:\n", r"caps.FC-DAY: stands twice"),
        ("{countries: [GB], channels: [sms], open: {daily", "{countries: [GB], channels: [sms], open: {holiday: [], daily", r"holidays are known for one country of JP, FR, US"),
    ],
)  # fmt: skip
def test_a_wrong_file_names_line_key_and_the_right_name(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        load_catalogue(home(tmp_path, old, new))


def test_a_home_has_its_own_policy_and_version(tmp_path: Path) -> None:
    own = load_catalogue(home(tmp_path, "{most: 1, within: 24 hours", "{most: 3, within: 48 hours"))
    assert (own.contact.caps[0].most, own.contact.caps[0].within) == (3, timedelta(hours=48))
    assert own.version != CATALOGUE.version
    assert own.contact.version != POLICY.version


def test_the_page_in_the_documentation_is_the_generated_one() -> None:
    written = ROOT / "docs" / "contact-policy.md"
    assert written.read_text(encoding="utf-8") == page(POLICY), (
        "run: python -m policies.contact_reference > docs/contact-policy.md"
    )


def test_every_window_of_a_channel_is_a_rule() -> None:
    assert {rule.id for rule in POLICY.hours if rule.id.startswith("hours.")} == {
        "hours.email",
        "hours.line",
        "hours.phone",
        "hours.push",
        "hours.sms",
    }
    assert opens("email", datetime.combine(date(2026, 5, 14), time(22), TOKYO), "Asia/Tokyo", "JP") == datetime(
        2026, 5, 15, 7, tzinfo=TOKYO
    )
