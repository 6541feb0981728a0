"""What each ``s_`` feature means, one small history at a time."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retrieval.features import skus
from retrieval.features.purchases import purchases
from retrieval.frames import Frames, one
from tests.retrieval.builders import a_customer, a_product, ago, an_order, frames

FOLLOWED = {"customer_id": "C1", "channel": "email", "purpose": "behavioural", "status": "opt_in", "at": ago(400)}
BEANS = a_product("BEANS", cycle_days=30.0)
MAKER = a_product("MAKER-1", kind="durable", attrs=["family:maker"])
BETTER = a_product("MAKER-2", kind="durable", attrs=["family:maker", "upgrade_of:MAKER-1"])


def compute(partition: Frames) -> pl.DataFrame:
    consented = partition.customers["i"].is_in(partition.consents["i"].implode())
    return skus.compute(partition, purchases(partition), consented)


def of(sku: str, **rows: Any) -> dict[str, Any]:
    """The features of one candidate; all null-like if the product is no candidate."""
    found = compute(frames(**rows)).filter(pl.col("sku") == sku)
    return found.row(0, named=True) if found.height else {}


def test_a_purchase_counts_unless_it_was_returned_or_cancelled() -> None:
    orders = [
        an_order(ago(50), [("BEANS", 1)]),
        an_order(ago(30), [("BEANS", 1)], status="returned", returned_at=ago(20)),
        an_order(ago(10), [("BEANS", 1)], status="cancelled"),
    ]
    seen = of("BEANS", products=[BEANS], orders=orders)
    assert (seen["s_orders"], seen["s_days_since_bought"], seen["s_returned_days"]) == (1, 50, 20)
    assert seen["s_owned"] and seen["s_consumable"] and seen["s_cycle_known"] and seen["s_stock"] == 10


def test_what_was_sent_back_is_not_owned() -> None:
    orders = [an_order(ago(50), [("MAKER-1", 1)]), an_order(ago(40), [("MAKER-1", -1)])]
    seen = of("MAKER-1", products=[MAKER], orders=orders)
    assert (seen["s_owned"], seen["s_returned_days"], seen["s_orders"]) == (False, 40, 1)


def test_a_return_after_the_moment_has_not_happened() -> None:
    order = an_order(ago(50), [("MAKER-1", 1)], status="returned", returned_at=ago(-5))
    assert of("MAKER-1", products=[MAKER], orders=[order])["s_owned"]


def test_the_cycle_is_shrunk_to_the_catalogue() -> None:
    orders = [an_order(ago(days), [("BEANS", 1)]) for days in (100, 60, 20)]
    seen = of("BEANS", products=[BEANS], orders=orders)
    assert seen["s_cycle_days"] == 35.0  # (2 × 40 + 2 × 30) ÷ 4
    assert seen["s_due_ratio"] == round(20 / 35, 6)
    assert seen["s_cycle_cv"] == 0.0


def test_the_cycle_stretches_with_a_larger_last_quantity() -> None:
    orders = [an_order(ago(days), [("BEANS", qty)]) for days, qty in ((90, 1), (60, 1), (30, 2))]
    assert of("BEANS", products=[BEANS], orders=orders)["s_cycle_days"] == 60.0


def test_two_lines_of_one_order_are_one_purchase() -> None:
    orders = [an_order(ago(60), [("BEANS", 1), ("BEANS", 1)]), an_order(ago(30), [("BEANS", 2)])]
    seen = of("BEANS", products=[BEANS], orders=orders)
    assert (seen["s_orders"], seen["s_cycle_days"]) == (2, 30.0)


def test_without_a_catalogue_cycle_the_customer_s_own_is_the_prior() -> None:
    orders = [an_order(ago(60), [("TEA", 1)]), an_order(ago(40), [("MILK", 1)]), an_order(ago(20), [("TEA", 1)])]
    seen = of("TEA", products=[a_product("TEA"), a_product("MILK")], orders=orders)
    assert seen["s_cycle_days"] == round((40 + 2 * 20) / 3, 6)
    assert not seen["s_cycle_known"]


def test_without_any_prior_the_own_median_needs_two_intervals() -> None:
    def cycle(*days: int) -> float | None:
        return of("X", orders=[an_order(ago(day), [("X", 1)]) for day in days])["s_cycle_days"]

    assert cycle(60, 20) is None
    assert cycle(90, 60, 20) == 35.0


def test_one_purchase_has_the_catalogue_s_cycle_and_no_variation() -> None:
    seen = of("BEANS", products=[BEANS], orders=[an_order(ago(15), [("BEANS", 3)])])
    assert (seen["s_cycle_days"], seen["s_due_ratio"], seen["s_cycle_cv"]) == (30.0, 0.5, None)


def test_variation_is_that_of_a_sample() -> None:
    seen = of("BEANS", products=[BEANS], orders=[an_order(ago(day), [("BEANS", 1)]) for day in (90, 60, 20)])
    assert seen["s_cycle_cv"] == round(50**0.5 / 35, 6)


def test_an_active_subscription_covers_its_product() -> None:
    orders = [an_order(ago(15), [("BEANS", 1)])]
    for status, covered in (("active", True), ("paused", False), ("cancelled", False)):
        subscription = {"id": "S1", "sku": "BEANS", "status": status}
        assert of("BEANS", products=[BEANS], orders=orders, subscriptions=[subscription])["s_sub_active"] is covered


@pytest.mark.parametrize("fits", ["MAKER-1", "family:maker"])
def test_an_accessory_fits_what_was_delivered_and_kept(fits: str) -> None:
    products = [MAKER, a_product("FILTER", fits=[fits])]
    delivered = an_order(ago(20), [("MAKER-1", 1)])
    seen = of("FILTER", products=products, orders=[delivered])
    assert seen["s_fits_owned"] and not seen["s_owned"] and seen["s_orders"] == 0
    packing = {**delivered, "status": "packing", "delivered_at": None}
    returned = {**delivered, "status": "returned", "returned_at": ago(2)}
    assert of("FILTER", products=products, orders=[packing]) == {}
    assert of("FILTER", products=products, orders=[returned]) == {}


def test_only_a_durable_can_be_fitted_and_only_in_the_customer_s_shop() -> None:
    order = [an_order(ago(20), [("MAKER-1", 1)])]
    filters = a_product("FILTER", fits=["MAKER-1"])
    assert of("FILTER", products=[{**MAKER, "kind": "consumable"}, filters], orders=order) == {}
    assert of("FILTER", products=[MAKER, {**filters, "shop": "other"}], orders=order) == {}


def test_an_upgrade_is_of_something_kept_or_subscribed_to_and_not_yet_bought() -> None:
    first = an_order(ago(200), [("MAKER-1", 1)])
    assert of("MAKER-2", products=[MAKER, BETTER], orders=[first])["s_upgrade_of_owned"]
    both = [first, an_order(ago(20), [("MAKER-2", 1)])]
    assert not of("MAKER-2", products=[MAKER, BETTER], orders=both)["s_upgrade_of_owned"]
    plans = [a_product("PLAN-S", kind="service"), a_product("PLAN-L", kind="service", attrs=["upgrade_of:PLAN-S"])]
    subscription = {"id": "S1", "sku": "PLAN-S", "status": "active"}
    assert of("PLAN-L", products=plans, subscriptions=[subscription])["s_upgrade_of_owned"]


@pytest.mark.parametrize(
    ("preferences", "avoided"),
    [
        ({"avoid": ["nuts"]}, True),
        ({"allergies": "Nuts"}, True),
        ({"allergies": {"food": ["nuts"]}}, True),
        ({"do_not_mention": ["category:snack"]}, True),
        ({"do_not_mention": ["犬"]}, True),
        ({"avoid": ["snack-1"]}, True),
        ({"avoid": ["milk"]}, False),
        ({"avoid": ["nut"]}, False),
        ({"likes": ["nuts"]}, False),
        ({}, False),
    ],
)
def test_avoided(preferences: dict[str, Any], avoided: bool) -> None:
    snack = a_product("SNACK-1", name="愛犬用おやつ", attrs=["contains:nuts", "category:snack", "free_of:milk"])
    orders = [an_order(ago(20), [("SNACK-1", 1)])]
    seen = of("SNACK-1", customers=[a_customer(preferences=preferences)], products=[snack], orders=orders)
    assert seen["s_avoided"] is avoided


def view(hours: float, kind: str = "view", sku: str = "MAKER-1") -> dict[str, Any]:
    return {"at": ago(hours=hours), "type": kind, "sku": sku}


def test_looking_counts_only_with_consent() -> None:
    events = [view(30), view(5.9), view(24 * 7 + 1), view(3, "cart_add")]
    seen = of("MAKER-1", products=[MAKER], events=events, consents=[FOLLOWED])
    assert (seen["s_hours_since_view"], seen["s_views_7d"], seen["s_cart_age_h"]) == (5, 2, 3)
    assert seen["s_followed_up"] is False
    assert of("MAKER-1", products=[MAKER], events=events) == {}
    bought = of("MAKER-1", products=[MAKER], events=events, orders=[an_order(ago(300), [("MAKER-1", 1)])])
    looks = ("s_hours_since_view", "s_views_7d", "s_cart_age_h", "s_followed_up")
    assert [bought[name] for name in looks] == [None] * 4


def test_a_cart_is_over_when_bought_or_emptied() -> None:
    def age(**rows: Any) -> int | None:
        return of("MAKER-1", products=[MAKER], consents=[FOLLOWED], **rows)["s_cart_age_h"]

    abandoned = view(10, "cart_abandon")
    assert age(events=[abandoned]) == 10
    assert age(events=[abandoned, view(9, "cart_remove")]) is None
    assert age(events=[abandoned], orders=[an_order(ago(hours=8), [("MAKER-1", 1)])]) is None
    assert age(events=[abandoned], orders=[an_order(ago(hours=12), [("MAKER-1", 1)])]) == 10


@pytest.mark.parametrize(
    ("contact", "followed"),
    [
        ({"at": ago(hours=2)}, True),  # since the last look
        ({"at": ago(hours=20)}, True),  # between two looks of the same week
        ({"at": ago(20), "sku": "MAKER-1"}, True),
        ({"at": ago(31), "sku": "MAKER-1"}, False),
        ({"at": ago(20), "sku": "OTHER"}, False),
        ({"at": ago(20)}, False),
        ({"at": ago(hours=2), "action": "winback"}, False),
    ],
)
def test_followed_up(contact: dict[str, Any], followed: bool) -> None:
    sent = {"channel": "email", "action": "browse_followup", **contact}
    seen = of("MAKER-1", products=[MAKER], events=[view(30), view(5)], consents=[FOLLOWED], contacts=[sent])
    assert seen["s_followed_up"] is followed


def test_waiting_ends_with_a_purchase_or_a_message() -> None:
    def waits(**rows: Any) -> bool:
        asked = {"at": ago(9), "type": "restock_request", "sku": "BEANS"}
        return of("BEANS", products=[BEANS], events=[asked], **rows)["s_restock_wait"]

    told = {"channel": "email", "action": "back_in_stock"}
    assert waits()
    assert waits(orders=[an_order(ago(10), [("BEANS", 1)])])
    assert not waits(orders=[an_order(ago(8), [("BEANS", 1)])])
    assert not waits(contacts=[{**told, "at": ago(1)}])
    assert not waits(contacts=[{**told, "at": ago(1), "sku": "BEANS"}])
    assert waits(contacts=[{**told, "at": ago(1), "sku": "OTHER"}, {**told, "at": ago(10)}])


def test_a_wish_in_the_preferences_waits_too() -> None:
    customers = [a_customer(preferences={"restock": ["BEANS"]})]
    assert of("BEANS", products=[BEANS], customers=customers)["s_restock_wait"]


def test_hours_since_it_came_back() -> None:
    asked = {"at": ago(9), "type": "restock_request", "sku": "BEANS"}

    def hours(*events: dict[str, Any], **fields: Any) -> int | None:
        return of("BEANS", products=[{**BEANS, **fields}], events=[asked, *events])["s_restocked_h"]

    assert hours() is None
    assert hours({"at": ago(hours=7.5), "type": "restocked", "sku": "BEANS"}) == 7
    assert hours({"at": ago(10), "type": "restocked", "sku": "BEANS"}) is None
    assert hours(attrs=["restocked:2026-05-14T09:30:00+09:00"]) == 1
    assert hours(attrs=["restocked:2026-05-14"]) == 10
    assert hours(extra={"restocked": "2026-05-15"}) is None


def test_a_product_that_the_shop_does_not_list_has_no_catalogue_facts() -> None:
    seen = of("GONE", products=[BEANS], orders=[an_order(ago(15), [("GONE", 1)])])
    assert [seen[name] for name in ("s_stock", "s_recall", "s_consumable")] == [None] * 3
    assert seen["s_owned"] and not seen["s_cycle_known"]


def test_nobody_and_nothing() -> None:
    assert compute(frames()).is_empty()
    assert compute(frames()).columns == ["i", "sku", *(feature.name for feature in skus.FEATURES)]


def test_a_customer_is_the_same_alone_and_among_others() -> None:
    customers = [a_customer(f"C{n}", preferences={"avoid": ["nuts"]} if n == 2 else {}) for n in range(4)]
    orders = [
        an_order(ago(100 - 10 * turn - n), [(sku, 1 + turn % 2)], customer_id=f"C{n}")
        for n in range(3)
        for turn, sku in enumerate(["BEANS", "MAKER-1", "BEANS", "NUTS", "BEANS"])
    ]
    products = [BEANS, MAKER, BETTER, a_product("NUTS", attrs=["contains:nuts"]), a_product("FILTER", fits=["MAKER-1"])]
    events = [{"customer_id": f"C{n}", **view(n + 1, sku="FILTER")} for n in range(4)]
    followed = [{**FOLLOWED, "customer_id": f"C{n}"} for n in range(4)]
    partition = frames(customers=customers, orders=orders, products=products, events=events, consents=followed)
    together = compute(partition)
    for i in range(4):
        mine = together.filter(pl.col("i") == i).with_columns(pl.lit(0, dtype=pl.UInt32).alias("i"))
        assert_frame_equal(compute(one(partition, i)), mine)
