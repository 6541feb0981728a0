from __future__ import annotations

from datetime import date

import pytest

from retrieval.features import compute
from tests.retrieval.builders import a_customer, ago, an_order, features, frames


def of(**fields):
    return features(customers=[a_customer(**fields)])


@pytest.mark.parametrize(
    ("born", "minor"),
    [(date(2008, 5, 14), False), (date(2008, 5, 15), True), (None, None), (date(2030, 1, 1), None)],
)
def test_a_customer_is_a_minor_until_the_18th_birthday_and_unknown_without_a_plausible_birthdate(born, minor):
    assert of(birthdate=born)["is_minor"] is minor


def test_no_form_on_file_is_no_consent_of_a_guardian():
    assert of()["guardian_consent"] is False
    assert of(guardian_consent=True)["guardian_consent"] is True


@pytest.mark.parametrize(
    ("born", "anniversary", "days"),
    [
        (date(1980, 5, 14), None, 0),
        (date(1980, 5, 15), None, 1),
        (date(1980, 5, 13), None, 364),
        (date(2000, 2, 29), None, 290),
        (None, "05-20", 6),
        (None, "2015-05-20", 6),
        (None, "5月20日", 6),
        (None, "13-45", None),
        (date(1980, 5, 15), "05-20", 1),
        (None, None, None),
    ],
)
def test_celebration_is_the_sooner_of_birthday_and_stated_anniversary(born, anniversary, days):
    assert of(birthdate=born, preferences={"anniversary": anniversary})["celebration_days"] == days


def test_today_is_the_day_where_the_customer_lives():
    assert of(birthdate=date(1980, 5, 13), timezone="America/Los_Angeles")["celebration_days"] == 0


def test_tenure_counts_from_the_first_order_or_the_registration():
    orders = [an_order(ago(300), status="cancelled"), an_order(ago(40.5)), an_order(ago(3))]
    assert features(orders=orders)["tenure_days"] == 40
    assert features(customers=[a_customer(registered=date(2026, 3, 1))], orders=orders)["tenure_days"] == 74
    assert of(registered=date(2026, 6, 1))["tenure_days"] is None


def test_points_that_expired_have_no_days_left():
    assert of(points=500, points_expire=date(2026, 5, 17))["days_to_points_expiry"] == 3
    assert of(points=500, points_expire=date(2026, 5, 13))["days_to_points_expiry"] is None


def test_a_shop_has_a_programme_if_anyone_can_be_a_member():
    assert of()["programme"] is False
    assert of(points=0)["programme"] is True
    offer = {"id": "F", "kind": "percent", "audience": "tier:gold"}
    assert features(offers=[offer])["programme"] is True
    assert features(offers=[{**offer, "shop": "another"}])["programme"] is False


def test_an_owner_who_takes_over_later_is_not_the_owner_yet():
    later = of(owner_id="R2", owner_name="高橋", owner_since=ago(-1), owner_previous=None)
    assert (later["has_owner"], later["days_since_owner_change"]) == (False, None)
    now = of(owner_id="R2", owner_since=ago(6.9))
    assert (now["has_owner"], now["days_since_owner_change"]) == (True, 6)


def test_the_likeliest_duplicate_counts():
    assert of(duplicate_candidates=[{"id": "X", "score": 0.4}, {"id": "Y", "score": 0.95}])["dup_score"] == 0.95
    assert of()["dup_score"] is None


def test_data_quality_is_the_share_of_six_things_known():
    assert of(name=None, language=None, timezone=None)["data_quality"] == pytest.approx(1 / 6, abs=1e-6)
    assert of(birthdate=date(1980, 1, 1), email_hash="x")["data_quality"] == 1.0
    assert of(kind="b2b", email_hash="x")["data_quality"] == 1.0
    assert of(birthdate=date(1880, 1, 1), email_hash="x")["data_quality"] == pytest.approx(5 / 6, abs=1e-6)
    bounced = {"at": ago(89), "type": "bounce", "channel": "email"}
    assert features(customers=[a_customer(email_hash="x")], events=[bounced])["data_quality"] == pytest.approx(
        4 / 6, abs=1e-6
    )


@pytest.mark.parametrize(
    ("language", "locale", "text", "expected"),
    [
        ("en", "ja-JP", "こんにちは", "en"),
        (None, "en-GB", "こんにちは", "en"),
        (None, "fr-FR", "Bonjour", None),
        (None, None, "CM-200のフィルターは", "ja"),
        (None, None, "Where is my parcel?", "en"),
        (None, None, "123", None),
    ],
)
def test_language_is_stated_else_of_the_locale_else_of_what_they_wrote(language, locale, text, expected):
    said = [{"at": ago(1), "direction": "in", "text": text}, {"at": ago(1), "direction": "out", "text": "お世話に" * 9}]
    assert features(customers=[a_customer(language=language, locale=locale)], interactions=said)["language"] == expected


def test_every_customer_has_a_row_in_order():
    people = [a_customer("C2", tier="gold"), a_customer("C1")]
    assert compute(frames(customers=people)).customers["tier"].to_list() == [None, "gold"]
    assert compute(frames(customers=[])).customers.height == 0
