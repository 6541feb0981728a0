"""What each ``o_`` feature means."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from retrieval.features import offers, orders, skus
from retrieval.features.purchases import purchases
from retrieval.frames import Frames
from tests.retrieval.builders import NOW, a_customer, a_product, ago, an_order, frames

TODAY = date(2026, 5, 14)


def compute(partition: Frames) -> pl.DataFrame:
    bought = purchases(partition)
    candidates = skus.compute(partition, bought, pl.repeat(True, partition.size, eager=True))
    return offers.compute(partition, bought, orders.compute(partition, bought, candidates))


def an_offer(id: str = "O1", **fields: Any) -> dict[str, Any]:
    return {"id": id, "kind": "percent", "value": 10, **fields}


def of(offer: dict[str, Any], as_of: datetime = NOW, **rows: Any) -> dict[str, Any]:
    return compute(frames(as_of, offers=[offer], **rows)).row(0, named=True)


@pytest.mark.parametrize(
    ("valid_from", "valid_to", "ok"),
    [
        (None, None, True),
        (TODAY, None, True),
        (date(2026, 5, 15), None, False),
        (None, date(2026, 5, 17), True),
        (None, date(2026, 5, 16), False),
    ],
)
def test_valid_until_the_reader_can_act(valid_from: date | None, valid_to: date | None, ok: bool) -> None:
    assert of(an_offer(valid_from=valid_from, valid_to=valid_to))["o_ok"] is ok


def test_valid_in_the_customer_s_calendar() -> None:
    late = datetime(2026, 5, 14, 16, tzinfo=UTC)  # already the 15th in Tokyo
    offer = an_offer(valid_to=date(2026, 5, 17))
    assert of(offer, late)["o_ok"] is False
    assert of(offer, late, customers=[a_customer(timezone="Europe/London")])["o_ok"] is True


@pytest.mark.parametrize(
    ("product", "ok"), [({}, True), ({"stock": 0}, False), ({"recall": True}, False), ({"stock": None}, True)]
)
def test_an_offer_for_a_product_that_cannot_be_had_is_none(product: dict[str, Any], ok: bool) -> None:
    assert of(an_offer(sku="TEA"), products=[a_product("TEA", **product)])["o_ok"] is ok


@pytest.mark.parametrize(
    ("audience", "customer", "days", "belongs"),
    [
        (None, {}, (), True),
        ("all", {}, (), True),
        ("season:summer", {}, (), True),
        ("member", {}, (), False),
        ("member", {"tier": "silver"}, (), True),
        ("tier:gold", {"tier": "Gold"}, (), True),
        ("gold", {"tier": "Gold"}, (), True),
        ("gold", {"tier": "silver"}, (), False),
        ("b2b", {"kind": "b2b"}, (), True),
        ("strangers", {}, (), False),
        ("new", {}, (), True),
        ("new", {}, (90,), True),
        ("new", {}, (91,), False),
        ("new", {}, (30, 20), False),
        ("birthday", {"birthdate": date(1980, 5, 20)}, (), True),
        ("birthday", {"preferences": {"anniversary": "05-20"}}, (), True),
        ("birthday", {}, (), False),
        ("winback", {}, (365,), False),
        ("winback", {}, (366,), True),
        ("winback", {}, (90, 60), False),
        ("winback", {}, (120, 90), True),
        ("winback", {}, (), False),
    ],
)
def test_audience(audience: str | None, customer: dict[str, Any], days: tuple[int, ...], belongs: bool) -> None:
    placed = [an_order(ago(day), [("TEA", 1)]) for day in days]
    seen = of(an_offer(audience=audience), customers=[a_customer(**customer)], orders=placed)
    assert seen["o_audience_ok"] is belongs


def test_shown_by_a_message_an_event_or_a_coupon() -> None:
    offer = an_offer("SPRING", code="SPRING10")
    message = {"at": ago(3), "channel": "email", "action": "member_offer"}
    assert not of(offer)["o_shown"]
    assert of(offer, contacts=[{**message, "offer": "SPRING"}])["o_shown"]
    assert not of(offer, contacts=[{**message, "offer": "OTHER"}])["o_shown"]
    assert of(offer, events=[{"at": ago(3), "type": "click", "offer": "SPRING"}])["o_shown"]
    assert of(offer, orders=[an_order(ago(3), coupon="SPRING10")])["o_shown"]
    assert not of(offer, contacts=[{**message, "offer": "SPRING", "at": ago(-1)}])["o_shown"]


def test_kinds() -> None:
    def flags(audience: str | None) -> tuple[bool, bool]:
        seen = of(an_offer(audience=audience))
        return seen["o_new"], seen["o_lifecycle"]

    assert flags("new") == (True, False)
    assert flags("birthday") == flags("winback") == (False, True)
    assert flags(None) == flags("tier:gold") == (False, False)


@pytest.mark.parametrize(
    ("audience", "fields", "open_"),
    [
        ("season:mothers_day", {}, True),
        ("season:Mothers Day", {}, True),
        ("season:christmas", {}, False),
        ("season:winter", {}, False),
        ("season:tea_harvest", {}, True),
        ("season:tea_harvest", {"valid_to": TODAY}, True),
        ("season:tea_harvest", {"valid_to": date(2026, 5, 13)}, False),
        ("season:tea_harvest", {"valid_from": date(2026, 5, 15)}, False),
        ("all", {}, False),
        (None, {}, False),
    ],
)
def test_season(audience: str | None, fields: dict[str, Any], open_: bool) -> None:
    assert of(an_offer(audience=audience, **fields))["o_season"] is open_


def test_winter_runs_over_the_new_year() -> None:
    january = datetime(2026, 1, 10, tzinfo=UTC)
    assert of(an_offer(audience="season:winter"), january)["o_season"]
    assert of(an_offer(audience="season:new_year"), january)["o_season"]


def test_only_offers_of_the_customer_s_shop_in_order() -> None:
    customers = [a_customer("C1"), a_customer("C2", shop="two")]
    given = [an_offer("B"), an_offer("A"), an_offer("Z", shop="two")]
    seen = compute(frames(customers=customers, offers=given))
    assert seen.select("i", "offer").rows() == [(0, "A"), (0, "B"), (1, "Z")]


def test_no_offers() -> None:
    assert compute(frames()).columns == ["i", "offer", *(feature.name for feature in offers.FEATURES)]
