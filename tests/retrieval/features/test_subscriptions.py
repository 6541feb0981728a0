from __future__ import annotations

from datetime import date

import pytest

from tests.retrieval.builders import ago, features


def a_subscription(id="U1", **fields):
    return {"id": id, "sku": "COFFEE", **fields}


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ((), "none"),
        (("cancelled",), "cancelled"),
        (("cancelled", "paused"), "paused"),
        (("paused", "active"), "active"),
    ],
)
def test_the_liveliest_subscription_counts(states, status):
    rows = [a_subscription(f"U{n}", status=state) for n, state in enumerate(states)]
    assert features(subscriptions=rows)["sub_status"] == status


def test_usage_of_the_fullest_active_plan():
    plans = [a_subscription("U1", used=1, included=10), a_subscription("U2", used=9, included=10)]
    assert features(subscriptions=plans)["plan_usage"] == 0.9
    assert features(subscriptions=[a_subscription(used=5, included=0)])["plan_usage"] is None
    assert features(subscriptions=[a_subscription(status="paused", used=9, included=10)])["plan_usage"] is None


def test_the_next_renewal_ahead_counts():
    plans = [a_subscription("U1", renews=date(2026, 5, 13)), a_subscription("U2", renews=date(2026, 6, 1))]
    assert features(subscriptions=plans)["renew_days"] == 18
    assert features(subscriptions=[a_subscription(renews=date(2026, 5, 14))])["renew_days"] == 0
    assert features(subscriptions=[a_subscription(status="cancelled", renews=date(2026, 6, 1))])["renew_days"] is None


def test_the_last_charge_counts():
    failed, paid = {"at": ago(5), "type": "payment_failed"}, {"at": ago(2), "type": "payment_ok"}
    assert features(events=[failed])["payment_failed"] is True
    assert features(events=[failed, paid])["payment_failed"] is False
    assert features()["payment_failed"] is False
