from __future__ import annotations

import pytest

from tests.retrieval.builders import a_customer, ago, features


def said(status="opt_in", at=None, channel="email", purpose="marketing"):
    return {"channel": channel, "purpose": purpose, "status": status, "at": at or ago(30)}


def test_nothing_on_record_is_no():
    row = features()
    assert not any(row[name] for name in row if name.startswith(("ok.", "service_ok.")))
    assert (row["objected_all"], row["track_ok"]) == (False, False)


def test_consent_is_for_its_channel_and_purpose_alone():
    row = features(consents=[said(), said(channel="sms", purpose="service")])
    assert [name for name in row if name.startswith(("ok.", "service_ok.")) and row[name]] == [
        "ok.email",
        "service_ok.sms",
    ]


def test_the_last_word_counts_and_no_wins_a_tie():
    assert features(consents=[said("opt_out", ago(20)), said("opt_in", ago(10))])["ok.email"]
    assert not features(consents=[said("opt_in", ago(20)), said("opt_out", ago(10))])["ok.email"]
    assert not features(consents=[said("opt_in", ago(10)), said("opt_out", ago(10))])["ok.email"]
    assert features(consents=[said("opt_in", ago(20)), said("opt_out", ago(-1))])["ok.email"]


def test_leaving_shuts_a_channel_for_marketing_until_a_new_opt_in():
    consents = [said(), said(purpose="service"), said(channel="line")]
    row = features(consents=consents, events=[{"at": ago(400), "type": "unsubscribe", "channel": "email"}])
    assert row["ok.email"]
    row = features(consents=consents, events=[{"at": ago(5), "type": "unsubscribe", "channel": "email"}])
    assert (row["ok.email"], row["service_ok.email"], row["ok.line"]) == (False, True, True)
    row = features(consents=consents, events=[{"at": ago(5), "type": "unsubscribe"}])
    assert (row["ok.email"], row["ok.line"]) == (False, False)


def test_an_address_that_bounced_is_invalid_for_90_days():
    consents = [said(at=ago(200)), said(purpose="service", at=ago(200)), said(channel="line", at=ago(200))]
    row = features(consents=consents, events=[{"at": ago(89), "type": "bounce"}])
    assert (row["ok.email"], row["service_ok.email"], row["ok.line"]) == (False, False, True)
    assert features(consents=consents, events=[{"at": ago(90), "type": "bounce"}])["ok.email"]


@pytest.mark.parametrize(
    ("scope", "everything", "email", "line"),
    [
        ("all", True, True, True),
        (None, True, True, True),
        ("email", False, False, True),
        ("profiling", False, True, True),
    ],
)
def test_an_objection_is_partial_only_if_it_names_a_channel_or_profiling(scope, everything, email, line):
    customer = a_customer(objection_scope=scope, objection_at=ago(1))
    behavioural = said(purpose="behavioural")
    row = features(customers=[customer], consents=[said(), said(channel="line"), behavioural])
    assert (row["objected_all"], row["ok.email"], row["ok.line"]) == (everything, email, line)
    assert row["track_ok"] is (scope == "email")


def test_a_later_objection_is_not_known_yet():
    assert not features(customers=[a_customer(objection_scope="all", objection_at=ago(-1))])["objected_all"]


def test_tracking_follows_the_last_word_on_any_channel():
    assert features(consents=[said(purpose="behavioural")])["track_ok"]
    words = [said(purpose="behavioural"), said("opt_out", ago(3), channel="push", purpose="behavioural")]
    assert not features(consents=words)["track_ok"]


def test_stated_limits_are_per_channel():
    row = features(
        customers=[a_customer(preferences={"email_max_per_30d": 2, "line_max_per_30d": "1", "sms_max_per_30d": "few"})]
    )
    assert [row[f"pref_max_30d.{channel}"] for channel in ("email", "line", "sms")] == [2, 1, None]
