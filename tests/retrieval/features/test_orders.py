"""What each order feature means, one small history at a time."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from retrieval.features import orders, skus
from retrieval.features.feature import settle
from retrieval.features.purchases import purchases
from retrieval.frames import Frames, one
from tests.retrieval.builders import a_customer, a_product, ago, an_order, frames

BEANS = a_product("BEANS", cycle_days=30.0)
TEA = a_product("TEA")
MAKER = a_product("MAKER-1", kind="durable", attrs=["family:maker"])
BETTER = a_product("MAKER-2", kind="durable", attrs=["family:maker", "upgrade_of:MAKER-1"])
GRINDER = a_product("GRINDER", kind="durable")


def compute(partition: Frames) -> pl.DataFrame:
    bought = purchases(partition)
    candidates = skus.compute(partition, bought, pl.repeat(True, partition.size, eager=True))
    return settle(orders.compute(partition, bought, candidates), orders.FEATURES)


def of(*given: dict[str, Any], **rows: Any) -> dict[str, Any]:
    """The features of the one customer who placed ``given``."""
    return compute(frames(orders=given, **rows)).row(0, named=True)


def bought_at(*days: float, sku: str = "TEA") -> list[dict[str, Any]]:
    return [an_order(ago(day), [(sku, 1)]) for day in days]


def test_before_the_first_order() -> None:
    seen = of()
    assert (seen["orders_n"], seen["coupon_share"], seen["acc_gap_n"], seen["spend_365d"]) == (0, 0.0, 0, 0)
    assert seen["stage"] == "prospect"
    for name in ("packing_order", "gift_order", "unregistered", "last_delivered_durable", "kept_unreviewed"):
        assert seen[name] is False
    for name in ("days_since_order", "trend_180", "aov_365d", "r", "f", "m", "rfm_cell", "cycle_days", "max_due_ratio"):
        assert seen[name] is None
    for name in ("days_since_delivery", "days_since_return", "family_bought_days", "reg_window_days", "p_alive"):
        assert seen[name] is None


def test_returned_and_cancelled_orders_are_not_counted() -> None:
    gone = [
        an_order(ago(20), status="returned", returned_at=ago(5)),
        an_order(ago(3), status="cancelled"),
    ]
    seen = of(an_order(ago(40)), *gone)
    assert (seen["orders_n"], seen["days_since_order"]) == (1, 40)


def test_a_return_in_the_future_is_not_known() -> None:
    assert of(an_order(ago(20), status="returned", returned_at=ago(-1)))["orders_n"] == 1


def test_a_replacement_counts_only_for_an_order_that_no_longer_does() -> None:
    first, again = an_order(ago(40), [("TEA", 1)], id="A"), an_order(ago(35), [("TEA", 1)], exchange_of="A")
    assert of(first, again)["orders_n"] == 1
    assert of(first, again)["cycle_days"] is None
    returned = {**first, "status": "returned", "returned_at": ago(36)}
    assert (of(returned, again)["orders_n"], of(returned, again)["days_since_order"]) == (1, 35)


def test_a_credit_note_is_no_order_and_takes_its_amount_back() -> None:
    seen = of(an_order(ago(40), [("TEA", 3, 500)]), an_order(ago(10), [("TEA", -1, 500)]))
    assert (seen["orders_n"], seen["days_since_order"], seen["spend_365d"]) == (1, 40, 1000)
    assert seen["days_since_return"] == 10


def test_trend_compares_two_half_years() -> None:
    assert of(*bought_at(1, 180.5, 181, 360.5, 361))["trend_180"] == round(2.5 / 2.5, 6)
    assert of(*bought_at(5))["trend_180"] == 3.0
    assert of(*bought_at(400))["trend_180"] == 1.0


def test_spend_of_a_year_and_its_mean() -> None:
    given = [(366, ("TEA", 9)), (365, ("TEA", 2, 300)), (5, ("TEA", 1, 100))]
    seen = of(*(an_order(ago(days), [item]) for days, item in given))
    assert (seen["spend_365d"], seen["aov_365d"]) == (700, 350.0)
    unpriced = of(an_order(ago(5), [("TEA", 1, None)]))
    assert (unpriced["spend_365d"], unpriced["aov_365d"]) == (None, None)


def test_lifetime_value_needs_the_margin_of_everything_bought() -> None:
    rich = a_product("RICH", extra={"margin": 0.4})
    order = an_order(ago(500), [("RICH", 2, 1000)])
    assert of(order, products=[rich, TEA])["ltv_to_date"] == 800
    assert of(order, *bought_at(5), products=[rich, TEA])["ltv_to_date"] is None


@pytest.mark.parametrize(
    ("days", "kind", "score"),
    [(30, "consumable", 5), (31, "consumable", 4), (365, "consumable", 2), (366, "consumable", 1), (366, "durable", 2),
     (731, "durable", 1)],
)  # fmt: skip
def test_recency(days: int, kind: str, score: int) -> None:
    assert of(*bought_at(days), products=[{**TEA, "kind": kind}])["r"] == score


@pytest.mark.parametrize(
    ("number", "kind", "score"),
    [(1, "consumable", 1), (2, "consumable", 2), (11, "consumable", 4), (12, "consumable", 5), (5, "durable", 5)],
)
def test_frequency(number: int, kind: str, score: int) -> None:
    assert of(*bought_at(*range(2, 2 * number + 2, 2)), products=[{**TEA, "kind": kind}])["f"] == score


@pytest.mark.parametrize(
    ("paid", "currency", "score"),
    [(0, "JPY", 1), (5_000, "JPY", 1), (5_001, "JPY", 2), (20_000, "JPY", 4), (20_001, "JPY", 5), (2_501, "GBP", 2),
     (9_000, "XXX", None)],
)  # fmt: skip
def test_money(paid: int, currency: str, score: int | None) -> None:
    seen = of(an_order(ago(5), [("TEA", 1, paid)]), products=[{**TEA, "currency": currency}])
    assert seen["m"] == score
    assert seen["rfm_cell"] == (None if score is None else f"5-1-{score}")


def test_the_cycle_is_the_median_interval() -> None:
    assert of(*bought_at(100, 70, 50, 10))["cycle_days"] == 30.0
    assert of(*bought_at(100, 70))["cycle_days"] == 30.0
    assert of(*bought_at(100))["cycle_days"] is None
    assert of(*bought_at(100, 70, 69.5))["cycle_days"] == 30.0


def test_the_most_overdue_product_that_is_used_up() -> None:
    given = [*bought_at(45, sku="BEANS"), *bought_at(400, sku="MAKER-1"), *bought_at(90, sku="TEA")]
    assert of(*given, products=[BEANS, MAKER, TEA])["max_due_ratio"] == 1.5


def test_delivery_packing_and_gift() -> None:
    packing = an_order(ago(1), [("TEA", 1)], status="packing", gift=True)
    seen = of(an_order(ago(10), delivered_at=ago(7.5)), packing)
    assert (seen["days_since_delivery"], seen["packing_order"], seen["gift_order"]) == (7, True, True)
    assert of(an_order(ago(10), gift=True))["gift_order"] is False


def test_days_since_anything_came_back() -> None:
    back = an_order(ago(30), [("TEA", 1)], status="returned", returned_at=ago(12))
    assert of(*bought_at(50), back)["days_since_return"] == 12
    undated = an_order(ago(30), [("TEA", 1)], status="returned", delivered_at=ago(28))
    assert of(undated)["days_since_return"] == 28


def test_the_family_of_an_upgrade() -> None:
    owned = bought_at(200, sku="MAKER-1")
    assert of(*owned, products=[MAKER, BETTER])["family_bought_days"] == 200
    cousin = a_product("MAKER-0", kind="durable", attrs=["family:maker"])
    given = [*owned, *bought_at(20, sku="MAKER-0"), *bought_at(5, sku="TEA")]
    assert of(*given, products=[MAKER, BETTER, cousin, TEA])["family_bought_days"] == 20
    assert of(*owned, products=[MAKER])["family_bought_days"] is None


def test_the_accessories_still_missing() -> None:
    products = [
        MAKER,
        a_product("MISSING", fits=["MAKER-1"]),
        a_product("OWNED", fits=["MAKER-1"]),
        a_product("SOLD-OUT", fits=["MAKER-1"], stock=0),
        a_product("RECALLED", fits=["MAKER-1"], recall=True),
        a_product("AVOIDED", fits=["MAKER-1"], attrs=["plastic"]),
    ]
    given = [*bought_at(20, sku="MAKER-1"), *bought_at(10, sku="OWNED")]
    customers = [a_customer(preferences={"avoid": ["plastic"]})]
    assert of(*given, products=products, customers=customers)["acc_gap_n"] == 1


def test_registration() -> None:
    terms = {"registration_benefit": "保証1年延長", "registration_required_within_days": 45}
    order = bought_at(20, sku="MAKER-1")
    seen = of(*order, products=[{**MAKER, **terms}])
    assert (seen["unregistered"], seen["reg_window_days"], seen["reg_benefit"]) == (True, 45, True)
    bare = of(*order, products=[MAKER])
    assert (bare["unregistered"], bare["reg_window_days"], bare["reg_benefit"]) == (True, None, False)
    listed = of(*order, products=[MAKER], customers=[a_customer(registered_skus=["MAKER-1"])])
    said = of(*order, products=[MAKER], events=[{"at": ago(3), "type": "product_registered", "sku": "MAKER-1"}])
    assert not listed["unregistered"] and not said["unregistered"]
    assert not of(*bought_at(20), products=[TEA])["unregistered"]


def test_the_last_delivery() -> None:
    products = [MAKER, BETTER, GRINDER, TEA]
    first = of(*bought_at(20, sku="MAKER-1"), products=products)
    assert first["last_delivered_durable"] and first["first_of_family"]
    second = of(*bought_at(200, sku="MAKER-1"), *bought_at(20, sku="MAKER-2"), products=products)
    assert second["last_delivered_durable"] and not second["first_of_family"]
    other = of(*bought_at(200, sku="MAKER-1"), *bought_at(20, sku="GRINDER"), products=products)
    assert other["first_of_family"]
    tea = of(*bought_at(200, sku="MAKER-1"), *bought_at(20), products=products)
    assert not tea["last_delivered_durable"] and not tea["first_of_family"]


def test_something_kept_without_a_review() -> None:
    def unreviewed(**rows: Any) -> bool:
        return of(*bought_at(20), products=[TEA], **rows)["kept_unreviewed"]

    assert unreviewed()
    assert unreviewed(events=[{"at": ago(3), "type": "review", "sku": "BEANS"}])
    assert not unreviewed(events=[{"at": ago(3), "type": "review", "sku": "TEA"}])
    assert not unreviewed(events=[{"at": ago(3), "type": "review"}])
    assert unreviewed(events=[{"at": ago(19), "type": "review"}])
    assert not of(an_order(ago(3), [("TEA", 1)], status="shipped"))["kept_unreviewed"]


def test_the_share_of_orders_with_a_coupon() -> None:
    given = [an_order(ago(9), coupon="A"), an_order(ago(8), coupon=""), an_order(ago(7)), an_order(ago(6), coupon="B")]
    assert of(*given)["coupon_share"] == 0.5


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        ((20,), "first_order"),
        ((40, 10), "second_order"),
        ((70, 40, 10), "regular"),
        (tuple(range(5, 185, 30)), "loyal"),
        ((60,), "slipping"),
        ((95,), "lapsed"),
        ((280, 250, 220, 190, 10), "returned"),
    ],
)
def test_stage(days: tuple[float, ...], stage: str) -> None:
    assert of(*bought_at(*days, sku="BEANS"), products=[BEANS])["stage"] == stage


def test_a_customer_is_the_same_alone_and_among_others() -> None:
    given = [
        an_order(ago(200 - 31 * turn - n), [(sku, 1, 700 + n)], customer_id=f"C{n}", coupon="A" if turn == n else None)
        for n in range(3)
        for turn, sku in enumerate(["BEANS", "MAKER-1", "BEANS", "TEA", "BEANS"])
    ]
    partition = frames(
        customers=[a_customer(f"C{n}") for n in range(4)], orders=given, products=[BEANS, MAKER, BETTER, TEA]
    )
    together = compute(partition)
    assert together["i"].to_list() == [0, 1, 2, 3]
    for i in range(4):
        mine = together.filter(pl.col("i") == i).with_columns(pl.lit(0, dtype=pl.UInt32).alias("i"))
        assert_frame_equal(compute(one(partition, i)), mine)
