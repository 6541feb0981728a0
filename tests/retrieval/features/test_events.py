from __future__ import annotations

import pytest

from tests.retrieval.builders import a_customer, a_product, ago, an_order, features


def test_an_answer_waits_for_thanks_until_they_are_sent():
    answer = {"at": ago(3.5), "type": "survey_answer", "nps": 7}
    row = features(events=[answer])
    assert (row["survey_unthanked"], row["survey_days"], row["nps_last"]) == (True, 3, 7)
    thanks = {"at": ago(1), "channel": "email", "action": "survey_thanks"}
    assert features(events=[answer], contacts=[thanks])["survey_unthanked"] is False
    assert features(events=[answer], contacts=[{**thanks, "at": ago(9)}])["survey_unthanked"] is True
    assert features()["survey_unthanked"] is False


def test_the_last_score_counts():
    answers = [{"at": ago(9), "type": "survey_answer", "nps": 10}, {"at": ago(2), "type": "survey_answer", "nps": 4}]
    assert features(events=answers)["nps_last"] == 4


@pytest.mark.parametrize(
    ("orders", "tickets", "milestone"),
    [
        ([], [], False),
        ([an_order(ago(20))], [], True),
        ([an_order(ago(33))], [], False),
        ([an_order(ago(400)), an_order(ago(20))], [], False),
        ([an_order(ago(400 + n)) for n in range(4)] + [an_order(ago(20))], [], True),
        ([an_order(ago(365 + 10)), an_order(ago(90))], [], True),
        ([], [{"id": "T", "opened": ago(20), "closed": ago(14), "status": "closed"}], True),
        ([], [{"id": "T", "opened": ago(20), "closed": ago(15), "status": "closed"}], False),
    ],
)
def test_milestones(orders, tickets, milestone):
    assert features(orders=orders, tickets=tickets)["milestone"] is milestone


def test_an_advocate_recommends_and_has_not_complained():
    nine = {"at": ago(100), "type": "survey_answer", "nps": 9}
    assert features(events=[nine])["advocate"]
    assert features(events=[{"at": ago(100), "type": "referral"}])["advocate"]
    assert not features(events=[{**nine, "nps": 8}])["advocate"]
    complaint = {"id": "T", "opened": ago(179), "closed": ago(170), "status": "closed", "severity": "high"}
    assert not features(events=[nine], tickets=[complaint])["advocate"]
    assert features(events=[nine], tickets=[{**complaint, "opened": ago(181)}])["advocate"]
    assert not features(events=[nine], tickets=[{**complaint, "opened": ago(300), "closed": None, "status": "open"}])[
        "advocate"
    ]


def test_attending_counts_for_a_year():
    assert features(events=[{"at": ago(364), "type": "attended"}])["attended"]
    assert not features(events=[{"at": ago(365), "type": "attended"}])["attended"]


class TestServiceEvents:
    orders = (an_order(items=[("GRINDER",)]), an_order(items=[("KETTLE",)], status="returned", returned_at=ago(1)))

    def of(self, *events, **rows):
        row = features(orders=self.orders, events=list(events), **rows)
        return row["service_event"], row["service_event_days"]

    def test_a_recall_concerns_those_who_have_the_product(self):
        assert self.of({"at": ago(3), "type": "recall", "sku": "GRINDER"}) == ("recall", 3)
        assert self.of({"at": ago(3), "type": "recall", "sku": "KETTLE"}) == (None, None)
        assert self.of({"at": ago(3), "type": "recall", "sku": "TOASTER"}) == (None, None)

    def test_an_event_that_names_no_product_concerns_whoever_it_is_recorded_for(self):
        assert self.of({"at": ago(3), "type": "outage"}) == ("outage", 3)

    def test_the_last_one_counts(self):
        assert self.of({"at": ago(9), "type": "recall", "sku": "GRINDER"}, {"at": ago(2), "type": "delayed"}) == (
            "delay",
            2,
        )

    def test_who_has_been_told_is_not_told_again(self):
        recall, told = (
            {"at": ago(3), "type": "recall", "sku": "GRINDER"},
            {"channel": "email", "action": "service_notice"},
        )
        assert self.of(recall, contacts=[{**told, "at": ago(2)}]) == (None, None)
        assert self.of(recall, contacts=[{**told, "at": ago(4)}]) == ("recall", 3)

    def test_a_subscription_counts_as_having_it(self):
        plan = {"id": "U", "sku": "PLAN"}
        event = {"at": ago(1), "type": "contract_change", "sku": "PLAN"}
        assert self.of(event, subscriptions=[plan]) == ("contract", 1)
        assert self.of(event, subscriptions=[{**plan, "status": "cancelled"}]) == (None, None)


@pytest.mark.parametrize(
    ("attrs", "region", "invited", "fits"),
    [
        (("event", "day:2026-05-24"), None, True, True),
        (("event", "day:2026-05-23"), None, False, False),
        (("event", "day:2026-06-13"), None, True, True),
        (("event", "day:2026-06-14"), None, False, False),
        (("event", "day:2026-06-01", "places:0"), None, False, False),
        (("event", "day:2026-06-01", "region:東京"), "東京都", True, True),
        (("event", "day:2026-06-01", "region:東京"), "大阪府", True, False),
        (("event", "day:2026-06-01", "region:東京"), None, True, False),
        (("event", "day:2026-06-01", "region:東京", "online"), "大阪府", True, True),
        (("event", "day:soon"), None, False, False),
        (("day:2026-06-01",), None, False, False),
    ],
)
def test_events_are_announced_10_to_30_days_ahead_while_there_are_places(attrs, region, invited, fits):
    row = features(customers=[a_customer(region=region)], products=[a_product("E", attrs=attrs)])
    assert (row["event_open"], row["region_fits"]) == (invited, fits)


class TestInterest:
    products = (
        a_product("BEANS", attrs=("category:coffee",)),
        a_product("SENCHA", attrs=("category:tea",)),
        a_product("MUG"),
    )
    orders = (an_order(items=[("BEANS",), ("BEANS",), ("SENCHA",), ("MUG",)]),)
    tracking = ({"channel": "email", "purpose": "behavioural", "status": "opt_in", "at": ago(99)},)

    def of(self, *more, **rows):
        return features(products=[*self.products, *more], orders=self.orders, **rows)["interest_cat"]

    def test_the_strongest_category_counts_where_nothing_is_announced(self):
        assert self.of() == 0.5

    def test_the_category_of_an_event_counts_where_one_is_announced(self):
        assert self.of(a_product("E", attrs=("event", "day:2026-06-01", "category:tea"))) == 0.25
        assert self.of(a_product("E", attrs=("event", "day:2026-06-01", "category:bread"))) == 0.0
        assert self.of(a_product("E", attrs=("event", "day:2026-06-01"))) == 0.5

    def test_the_category_of_a_seasonal_offer_counts_too(self):
        assert self.of(offers=[{"id": "F", "kind": "percent", "audience": "season:spring", "sku": "SENCHA"}]) == 0.25

    def test_views_count_a_third_and_only_with_consent(self):
        views = [{"at": ago(2), "type": "view", "sku": "SENCHA"}]
        tea = a_product("E", attrs=("event", "day:2026-06-01", "category:tea"))
        assert self.of(tea, events=views) == 0.25
        assert self.of(tea, events=views, consents=list(self.tracking)) == 0.55

    def test_who_bought_nothing_shows_no_interest(self):
        assert features(products=list(self.products))["interest_cat"] == 0.0


def test_content_matches_what_they_own_or_like_until_they_read_it():
    guide = a_product("GUIDE", kind="service", attrs=("content", "topic:Coffee"))
    beans = a_product("BEANS", attrs=("category:coffee",))
    owning = {"products": [guide, beans], "orders": [an_order(items=[("BEANS",)])]}
    assert features(**owning)["content_match"]
    assert not features(**owning, events=[{"at": ago(1), "type": "open", "sku": "GUIDE"}])["content_match"]
    assert features(**owning, events=[{"at": ago(1), "type": "open", "sku": "BEANS"}])["content_match"]
    assert not features(products=[guide, beans])["content_match"]
    liking = [a_customer(preferences={"likes": ["coffee"]})]
    assert features(products=[guide], customers=liking)["content_match"]
    assert not features(products=[{**guide, "shop": "another"}], customers=liking)["content_match"]
