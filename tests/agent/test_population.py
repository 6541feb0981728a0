"""The sample population: valid rows, the same every time, with somebody for every story and nobody from the future."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from itertools import chain

import orjson
import pytest

from agent.demo.biography import TABLES
from agent.demo.population import CHUNK, population, write
from agent.demo.shops import people, senders, shops
from agent.demo.stories import STORIES
from retrieval import columns as kinds
from retrieval.customer import MINOR_DIGITS, NOUNS
from retrieval.errors import InputError

AS_OF = datetime.fromisoformat("2026-05-14T10:30:00+09:00")
BY_TABLE = {noun.TABLE: noun for noun in NOUNS}
SCHEDULED = {"points_expire", "next_ship", "change_deadline", "renews", "restock_eta", "valid_from", "valid_to"}
JAPANESE = re.compile(r"[぀-ヿ一-鿿々]")


@cache
def sample(customers: int = 300, as_of: datetime = AS_OF, seed: int = 7) -> dict[str, list[dict]]:
    chunks = list(population(customers, as_of=as_of, seed=seed))
    return {table: list(chain.from_iterable(chunk[table] for chunk in chunks)) for table in TABLES}


def told(story: str) -> list[dict]:
    return [row for row in sample()["customers"] if row.get("extra", {}).get("story") == story]


def of(table: str, customer: dict) -> list[dict]:
    return [row for row in sample()[table] if row["customer_id"] == customer["id"]]


def days_ago(instant: str) -> float:
    return (AS_OF - datetime.fromisoformat(instant)) / timedelta(days=1)


PRODUCT = {row["sku"]: row for shop in shops(AS_OF) for row in shop.products}


def number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


FITS = {
    kinds.INSTANT: lambda value: datetime.fromisoformat(value).tzinfo is not None,
    kinds.DAY: lambda value: date.fromisoformat(value).isoformat() == value,
    kinds.MONEY: number,
    kinds.NUMBER: number,
    kinds.INTEGER: lambda value: type(value) is int,
    kinds.TRUTH: lambda value: isinstance(value, bool),
    kinds.TEXT: lambda value: isinstance(value, str) and bool(value.strip()),
    kinds.WORDS: lambda value: isinstance(value, list) and all(isinstance(word, str) for word in value),
    kinds.STRUCTURE: lambda value: isinstance(value, dict | list),
}
"""Kind of column → whether an importer could read the value as one."""


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_what_the_nouns_say(table):
    columns = {column.name: column for column in kinds.columns(BY_TABLE[table])}
    required = {column.name for column in columns.values() if column.required}
    rows = sample()[table]
    assert rows
    for row in rows:
        assert required <= row.keys() <= columns.keys(), row
        assert None not in row.values(), row
        for name, value in row.items():
            assert FITS[columns[name].kind](value), (name, row)
            assert not columns[name].words or value in columns[name].words, (name, row)


def test_the_same_seed_makes_the_same_customers():
    assert list(population(40, as_of=AS_OF, seed=1)) == list(population(40, as_of=AS_OF, seed=1))
    assert list(population(40, as_of=AS_OF, seed=1)) != list(population(40, as_of=AS_OF, seed=2))


def test_a_larger_population_begins_with_the_smaller_one():
    small, large = sample(60), sample(90)
    ids = {row["id"] for row in small["customers"]}
    for table in TABLES:
        key = "id" if table == "customers" else "customer_id"
        shared = [row for row in large[table] if row.get(key) in ids or key not in row]
        assert shared == small[table]


def test_chunks_are_bounded_and_the_catalogue_comes_first():
    chunks = list(population(CHUNK + 20, as_of=AS_OF, seed=7))
    assert [len(chunk["customers"]) for chunk in chunks] == [CHUNK, 20]
    assert chunks[0]["products"] and chunks[0]["offers"] and not chunks[1]["products"] and not chunks[1]["offers"]


def test_every_story_is_told_in_every_shop():
    seen = Counter((row["extra"]["story"], row["shop"]) for row in sample()["customers"] if "extra" in row)
    assert all(seen[story, shop] for story in STORIES.keys() - {"duplicate"} for shop in senders())
    assert len(told("duplicate")) == 3


def test_stories_keep_a_small_share_of_a_large_population():
    rest = sample(2300)["customers"][300:]
    share = sum("extra" in row for row in rest) / len(rest)
    assert share == pytest.approx(0.1)


def test_ordinary_lives_are_as_long_as_the_benchmark_expects():
    rows = sample(2300)
    average = {table: len(rows[table]) / 2300 for table in TABLES}
    expected = {"orders": 5, "order_items": 8, "events": 5, "contacts": 4, "consents": 5, "interactions": 0.4}
    for table, number in expected.items():
        assert average[table] == pytest.approx(number, rel=0.3), table
    languages = Counter(row.get("language") for row in rows["customers"])
    assert 0.25 < languages["en"] / 2300 < 0.38


@pytest.mark.parametrize(
    "moment",
    ["2026-05-14T10:30+09:00", "2028-02-29T23:50+00:00", "2026-12-31T00:05+09:00", "2026-03-30T00:30+01:00"],
)
def test_nothing_but_what_is_scheduled_lies_after_as_of(moment):
    as_of = datetime.fromisoformat(moment)
    for table, rows in sample(300, as_of).items():
        for column in kinds.columns(BY_TABLE[table]):
            values = [row[column.name] for row in rows if column.name in row and column.name not in SCHEDULED]
            if column.kind == kinds.INSTANT:
                assert all(datetime.fromisoformat(value) <= as_of for value in values), (table, column.name)
            elif column.kind == kinds.DAY:
                assert all(date.fromisoformat(value) <= as_of.date() for value in values), (table, column.name)


def test_ids_are_unique_and_rows_belong_together():
    rows = sample(2300)
    for table in ("customers", "orders", "tickets", "subscriptions", "products", "offers"):
        key = "sku" if table == "products" else "id"
        assert max(Counter(row[key] for row in rows[table]).values()) == 1, table
    assert max(Counter((row["order_id"], row["line"]) for row in rows["order_items"]).values()) == 1
    shop = {row["id"]: row["shop"] for row in rows["customers"]}
    orders = {row["id"]: row["customer_id"] for row in rows["orders"]}
    for table in TABLES:
        for row in rows[table]:
            if "customer_id" not in row:
                continue
            assert row["customer_id"] in shop
            if "sku" in row:
                assert PRODUCT[row["sku"]]["shop"] == shop[row["customer_id"]]
            if "order_id" in row:
                assert orders[row["order_id"]] == row["customer_id"]


def test_language_and_name_agree():
    for row in sample(2300)["customers"]:
        if "name" not in row:
            assert row["extra"]["story"] == "dirty_data"
        elif "language" in row:
            assert bool(JAPANESE.search(row["name"])) == (row["language"] == "ja"), row
            assert row["name"].count(" ") == 1
            assert row["locale"].startswith(row["language"])
    english_in_japan = [row for row in sample(2300)["customers"] if row.get("locale") == "en-JP"]
    assert english_in_japan and all(row["shop"] != "larkmoor" for row in english_in_japan)


def test_notes_speak_the_language_of_the_customer():
    spoken = {row["id"]: row["language"] for row in sample()["customers"] if "language" in row}
    products = re.compile("|".join(re.escape(row["name"]) for row in PRODUCT.values()))
    for row in sample()["interactions"]:
        assert "{" not in row["text"]
        if row["customer_id"] in spoken:
            own_words = products.sub("", row["text"])
            assert bool(JAPANESE.search(own_words)) == (spoken[row["customer_id"]] == "ja"), row


def test_both_languages_have_notes_on_every_theme():
    assert people()["ja"].keys() == people()["en"].keys()


def test_catalogue_points_only_at_what_exists():
    for shop in shops(AS_OF):
        assert 15 <= len([row for row in shop.products if row.get("kind") != "service"]) <= 25
        for row in shop.products:
            better_than = {attr.split(":")[1] for attr in row["attrs"] if attr.startswith("upgrade_of:")}
            assert better_than.union(row.get("fits", [])) <= shop.product.keys()
        assert {offer.get("sku") for offer in shop.offers} - {None} <= shop.product.keys()
        assert shop.sold_out and shop.accessories and shop.upgrades and shop.registrable and shop.recalled
        assert len([offer for offer in shop.offers if offer["audience"].startswith("season:")]) == 1
        digits = MINOR_DIGITS[shop.currency]
        for row in shop.products:
            price = row.get("price_incl_tax", 0)
            assert round(price, digits) == price


def test_duplicates_name_each_other():
    by_id = {row["id"]: row for row in sample()["customers"]}
    for row in told("duplicate"):
        (candidate,) = row["duplicate_candidates"]
        twin = by_id[candidate["id"]]
        assert candidate["score"] >= 0.9 and twin["phone_hash"] == row["phone_hash"] and twin["name"] != row["name"]
        assert twin["duplicate_candidates"][0]["id"] == row["id"]


def test_trouble_is_in_the_rows():
    for row in told("capped"):
        assert sum(days_ago(contact["at"]) < 7 for contact in of("contacts", row)) >= 2
    for row in told("minor"):
        assert date.fromisoformat(row["birthdate"]).year > AS_OF.year - 18 and row["guardian_consent"] is False
    for row in told("opted_out"):
        state = {(c["channel"], c["purpose"]): c["status"] for c in sorted(of("consents", row), key=lambda c: c["at"])}
        assert {status for (_, purpose), status in state.items() if purpose == "marketing"} == {"opt_out"}
    for row in told("out_of_stock"):
        assert all(PRODUCT[item["sku"]]["stock"] == 0 for item in of("order_items", row))
    for row in told("no_consent"):
        assert not of("consents", row)
    for row in told("recalled_item"):
        assert any(PRODUCT[item["sku"]].get("recall") for item in of("order_items", row))
    for row in told("expired_coupon"):
        (contact,) = of("contacts", row)
        offer = next(offer for offer in sample()["offers"] if offer["id"] == contact["offer"])
        assert offer["valid_to"] < AS_OF.date().isoformat()
    for row in told("complaint_open"):
        assert any(ticket["status"] == "open" for ticket in of("tickets", row))


def test_a_promise_falls_due_within_three_days():
    words = [of("interactions", row)[0]["text"] for row in told("promise_due")]
    assert words and all("5月16日" in text or "16 May" in text for text in words)


@pytest.mark.parametrize("story", ["due_replenish", "out_of_stock", "opted_out", "capped", "no_consent"])
def test_a_due_customer_is_in_the_window(story):
    for row in told(story):
        last = max(of("orders", row), key=lambda order: order["at"])
        item = next(item for item in of("order_items", row) if item["order_id"] == last["id"])
        assert 0.85 <= days_ago(last["at"]) / PRODUCT[item["sku"]]["cycle_days"] <= 1.6


@pytest.mark.parametrize(("story", "low", "high"), [("birthday", 0, 3), ("birthday_post", 10, 14)])
def test_birthdays_are_near(story, low, high):
    for row in told(story):
        birthday = date.fromisoformat(row["birthdate"]).replace(year=AS_OF.year)
        assert low <= (birthday - AS_OF.date()).days <= high


@pytest.mark.parametrize("days", [3, 7, 30])
def test_points_run_out_on_the_day(days):
    for row in told(f"points_{days}"):
        today = next(shop for shop in shops(AS_OF) if shop.id == row["shop"]).calendar.today
        assert (date.fromisoformat(row["points_expire"]) - today).days == days and row["points"] >= 100


def test_files_hold_what_the_population_makes(tmp_path):
    (part,) = write(tmp_path, 60, as_of=AS_OF, seed=7)
    for table in TABLES:
        path = part / f"{table}.jsonl"
        lines = [orjson.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []
        assert lines == sample(60)[table]


def test_a_large_sample_goes_into_several_folders(tmp_path, monkeypatch):
    monkeypatch.setattr("agent.demo.population.PART", CHUNK)
    parts = list(write(tmp_path, 2 * CHUNK, as_of=AS_OF, seed=7))
    assert [part.name for part in parts] == ["part-000", "part-001"]
    ids = [orjson.loads(line)["id"] for part in parts for line in (part / "customers.jsonl").read_bytes().splitlines()]
    assert ids == [row["id"] for row in sample(2 * CHUNK)["customers"]]


def test_bad_requests_are_refused():
    with pytest.raises(InputError, match="offset"):
        population(3, as_of=datetime(2026, 5, 14), seed=1)
    with pytest.raises(InputError, match="customers"):
        population(-1, as_of=AS_OF, seed=1)
    assert next(population(0, as_of=AS_OF, seed=1))["products"]


def test_every_sender_is_complete():
    facts = {"brand", "signer", "role", "legal_name", "brand_name", "postal_address", "complaint_contact", "optout_url",
             "optout_email", "reply_email", "site_url", "phone", "reply_days", "links"}  # fmt: skip
    for entry in senders().values():
        assert facts == entry["sender"].keys()
        urls = [entry["sender"]["optout_url"], entry["sender"]["site_url"], *entry["sender"]["links"].values()]
        assert all(re.match(r"https://\w+\.example\.(jp|com)/", url) for url in urls)
