"""Whatever happens later changes nothing: the rule behind every replayed decision."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.customer import CHANNELS
from retrieval.features import compute
from tests.retrieval.builders import NOW, a_customer, a_product, ago, an_order, frames

SKUS = ("BEANS", "GRINDER", "BURR", "GUIDE", "MEETUP")
CUSTOMERS = ("C1", "C2")
TOPICS = {"winback": ("winback",), "celebration_greeting": ("birthday",), "back_in_stock": ("stock",)}
PRODUCTS = (
    a_product("BEANS", cycle_days=30.0, attrs=("category:coffee", "family:beans")),
    a_product("GRINDER", kind="durable", attrs=("category:coffee", "family:grinder"), registration_benefit="保証延長"),
    a_product("BURR", fits=("GRINDER",), attrs=("upgrade_of:GRINDER",)),
    a_product("GUIDE", kind="service", attrs=("content", "topic:coffee")),
    a_product("MEETUP", kind="service", attrs=("event", "day:2026-06-01", "category:coffee")),
)
OFFERS = ({"id": "F1", "kind": "percent", "value": 10.0}, {"id": "F2", "kind": "free_shipping", "audience": "new"})
TEXTS = (
    "お父様がご逝去",
    "余っている",
    "競合に乗り換え",
    "5/16までに回答を約束",
    "送付済み",
    "誕生日の話題は避けてほしい",
    "案内再開",
)
EVENTS = (
    "view", "cart_add", "click", "open", "bounce", "unsubscribe", "survey_answer", "referral", "attended", "recall",
    "payment_failed", "payment_ok", "restock_request", "restocked", "review", "product_registered", "declined",
)  # fmt: skip
_ids = itertools.count(1)
past = st.integers(0, 24 * 400).map(lambda hours: ago(hours=hours))
future = st.integers(1, 24 * 400).map(lambda hours: ago(hours=-hours))
sku, customer, channel = st.sampled_from(SKUS), st.sampled_from(CUSTOMERS), st.sampled_from(CHANNELS)


def rows(at: st.SearchStrategy[datetime]) -> dict[str, st.SearchStrategy[list[dict[str, Any]]]]:
    """Rows of every dated table with their moments drawn from ``at``."""

    def lists(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
        return st.lists(st.fixed_dictionaries({"customer_id": customer, **fields}), max_size=4)

    return {
        "consents": lists(
            at=at, channel=channel, purpose=st.sampled_from(["marketing", "service", "behavioural"]),
            status=st.sampled_from(["opt_in", "opt_out"]),
        ),
        "events": lists(
            at=at, type=st.sampled_from(EVENTS), sku=st.none() | sku, nps=st.none() | st.integers(0, 10),
            comment=st.none() | st.sampled_from(TEXTS),
        ),
        "contacts": lists(
            at=at, channel=channel, action=st.sampled_from([*TOPICS, "rep_touch", "survey_thanks"]), sku=st.none() | sku
        ),
        "interactions": lists(at=at, text=st.sampled_from(TEXTS), direction=st.sampled_from(["in", "out", None])),
        "tickets": lists(opened=at, severity=st.sampled_from(["low", "high", None])),
        "orders": lists(at=at, items=st.lists(st.tuples(sku, st.integers(1, 3)), min_size=1, max_size=2)),
    }  # fmt: skip


def history(at: st.SearchStrategy[datetime]) -> st.SearchStrategy[dict[str, list[dict[str, Any]]]]:
    return st.fixed_dictionaries(rows(at)).map(
        lambda tables: {
            **tables,
            "tickets": [{"id": f"T{next(_ids)}", **row} for row in tables["tickets"]],
            "orders": [an_order(row["at"], row["items"], customer_id=row["customer_id"]) for row in tables["orders"]],
        }
    )


def seen(tables: dict[str, list[dict[str, Any]]], people: list[dict[str, Any]]) -> Any:
    return compute(frames(customers=people, products=PRODUCTS, offers=OFFERS, **tables), topics=TOPICS)


def same(one: Any, other: Any) -> bool:
    return all(getattr(one, name).equals(getattr(other, name)) for name in ("customers", "skus", "offers"))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=history(past), after=history(future))
def test_rows_dated_later_change_no_feature(before, after):
    people = [a_customer(id) for id in CUSTOMERS]
    assert same(seen(before, people), seen({name: [*before[name], *after[name]] for name in before}, people))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=history(past), later=future)
def test_states_reached_later_change_no_feature(before, later):
    people = [a_customer(id, owner_name="前任") for id in CUSTOMERS]
    changed = [
        {
            **person, "owner_id": "R2", "owner_name": "後任", "owner_since": later, "owner_previous": "前任",
            "objection_scope": "all", "objection_at": later,
        }
        for person in people
    ]  # fmt: skip
    returned = [
        {**order, "status": "returned", "returned_at": later, "return_reason": "size"} for order in before["orders"]
    ]
    closed = [{**ticket, "status": "closed", "closed": later, "csat": 1} for ticket in before["tickets"]]
    repriced = [{**product, "price_changed": later} for product in PRODUCTS]
    now = compute(frames(customers=people, products=PRODUCTS, offers=OFFERS, **before), topics=TOPICS)
    tables = {**before, "orders": returned, "tickets": closed}
    then = compute(frames(customers=changed, products=repriced, offers=OFFERS, **tables), topics=TOPICS)
    assert same(now, then)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(before=history(past))
def test_a_customer_alone_has_the_features_of_the_same_customer_among_others(before):
    people = [a_customer(id) for id in CUSTOMERS]
    together = seen(before, people)
    mine = {name: [row for row in table if row["customer_id"] == "C2"] for name, table in before.items()}
    alone = seen(mine, people[1:])
    assert alone.customers.drop("i").equals(together.customers.filter(i=1).drop("i"))
    assert alone.skus.drop("i").equals(together.skus.filter(i=1).drop("i"))
    assert alone.offers.drop("i").equals(together.offers.filter(i=1).drop("i"))


def test_a_delivery_still_to_come_is_not_one_yet():
    order = an_order(ago(2), [("BEANS", 1)], delivered_at=NOW + timedelta(days=1))
    row = seen({"orders": [order]}, [a_customer()]).customers.row(0, named=True)
    assert row["days_since_delivery"] is None
