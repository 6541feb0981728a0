"""What is read off the list of products and offers: once for all partitions, and the same whatever the order of the rows."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.features import compute
from retrieval.frames import known_at
from retrieval.goods import Goods, Shelves
from tests.retrieval.builders import NOW, a_product, ago, an_order, frames, tables

LISTED = [
    a_product("MUG", shop="a", price_incl_tax=1200, attrs=["family:tableware"]),
    a_product("CARE", shop="a", kind="service", price_incl_tax=9_000_000),
    a_product("CUP", shop="a", price_incl_tax=800, attrs=["family:tableware"]),
    a_product("READ", shop="b", price_incl_tax=None, attrs=["content", "topic:tea"]),
]
OFFERS = [
    {"id": "B", "shop": "a", "kind": "coupon", "audience": "birthday, member"},
    {"id": "A", "shop": "a", "kind": "coupon", "audience": "birthday"},
]


def test_a_product_is_found_by_its_sku_and_nothing_by_one_that_nobody_lists() -> None:
    goods = frames(products=LISTED).shelves.goods
    row = goods.get("CUP")
    assert row is not None and (row["name"], row["price_incl_tax"]) == ("CUP", 800)
    assert goods.get("JAR") is None and goods.get(None) is None


def test_prices_entries_and_families_are_those_of_the_list() -> None:
    goods = frames(products=LISTED).shelves.goods
    assert goods.usual_price == {"a": 1000}  # the service costs what it costs, and shop b has no price
    assert [row["sku"] for row in goods.entries] == ["READ"]
    assert [goods.sku.words[code] for code in goods.families] == ["CARE", "CUP", "CUP", "READ"]


def test_offers_are_found_by_shop_and_occasion_in_the_order_of_their_ids() -> None:
    shelves = frames(products=LISTED, offers=OFFERS).shelves
    assert [row["id"] for row in shelves.occasions["a", "birthday"]] == ["A", "B"]
    assert [row["id"] for row in shelves.occasions["a", "member"]] == ["B"]
    assert ("b", "birthday") not in shelves.occasions
    assert shelves.offered["A"]["audience"] == "birthday"


@settings(deadline=None, max_examples=25)
@given(st.permutations(LISTED), st.permutations(OFFERS))
def test_the_order_of_the_rows_tells_nothing(products: list[dict[str, object]], offers: list[dict[str, object]]) -> None:
    bought = [an_order(ago(9), [("MUG",), ("GONE",)], id="O1")]
    made = compute(frames(products=products, offers=offers, orders=bought))
    first = compute(frames(products=LISTED, offers=OFFERS, orders=bought))
    assert made.customers.equals(first.customers) and made.skus.equals(first.skus) and made.offers.equals(first.offers)


def test_a_sku_that_only_an_order_names_is_among_the_goods_and_not_on_the_shelves() -> None:
    found = frames(products=LISTED, orders=[an_order(ago(9), [("GONE",)])])
    assert "GONE" in compute(found).skus["sku"].to_list()
    assert found.shelves.goods.get("GONE") is None


def test_a_price_that_changed_later_is_not_known_and_the_shelves_stay_as_they_are() -> None:
    later = tables(products=[a_product("MUG", price_changed=NOW + timedelta(days=1))])
    shelves = Shelves(later["products"], frames().offers)
    seen = known_at(NOW, later, shelves)
    assert seen.products["price_changed"].to_list() == [None]
    assert shelves.goods.table["price_changed"].null_count() == 0
    assert known_at(NOW + timedelta(days=2), later, shelves).shelves is shelves


def test_partitions_share_what_is_worked_out_of_the_list() -> None:
    found = tables(products=LISTED, offers=OFFERS, orders=[an_order(ago(9), [("MUG",)])])
    shelves = Shelves(found["products"], found["offers"])
    first, second = (known_at(NOW, found, shelves) for _ in range(2))
    compute(first)
    assert second.shelves.goods.families is first.shelves.goods.families


def test_nothing_listed_has_no_prices_and_no_entries() -> None:
    goods = Goods(frames().products)
    assert goods.usual_price == {} and goods.entries == []
