from __future__ import annotations

import pytest

from tests.retrieval.builders import ago, features


def a_ticket(id="T1", opened=10, closed=None, **fields):
    status = "open" if closed is None else "closed"
    return {
        "id": id,
        "opened": ago(opened),
        "closed": None if closed is None else ago(closed),
        "status": status,
        **fields,
    }


@pytest.mark.parametrize(
    ("topic", "severity", "complaint"),
    [
        ("クレーム", None, True),
        ("Complaint: late", "low", True),
        ("howto", "low", False),
        ("howto", "medium", True),
        (None, None, False),
        (None, "high", True),
    ],
)
def test_a_complaint_is_told_by_topic_or_severity(topic, severity, complaint):
    row = features(tickets=[a_ticket(topic=topic, severity=severity)])
    assert (row["open_ticket"], row["open_complaint"]) == (True, complaint)


def test_ages_count_from_the_last_close():
    rows = [a_ticket("T1", 40, 30, severity="high", csat=1), a_ticket("T2", 9, 5.5, csat=4)]
    row = features(tickets=rows)
    assert (row["open_ticket"], row["complaint_closed_days"], row["ticket_closed_days"], row["csat_last"]) == (
        False,
        30,
        5,
        4,
    )


def test_without_tickets_nothing_is_open_and_no_age_known():
    row = features()
    assert (row["open_ticket"], row["open_complaint"], row["complaint_closed_days"], row["csat_last"]) == (
        False,
        False,
        None,
        None,
    )


def test_a_ticket_that_is_closed_later_is_open_and_has_no_score_yet():
    row = features(tickets=[a_ticket(closed=-1, csat=5)])
    assert (row["open_ticket"], row["ticket_closed_days"], row["csat_last"]) == (True, None, None)
