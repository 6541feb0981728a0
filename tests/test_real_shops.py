"""Real shops, whole: imported, every customer decided at a date inside the history by two workers, drafts read, decisions replayed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import insert, select, update

from agent.batch.local import run_locally
from agent.batch.run import Progress, begin
from agent.enishi import Enishi
from agent.settings import init_home
from agent.tables import decisions, drafts, revisions
from retrieval.database import reading, writing
from retrieval.history import microseconds
from retrieval.importing import import_paths, load_mapping
from retrieval.tables import HISTORY

DATA = Path(__file__).parents[2] / "shared" / "data"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DATA.is_dir(), reason="no measuring data beside the checkout"),
]

SENDER = """
[shops.{shop}]
brand = "Nineveh"
legal_name = "Nineveh Limited"
signer = "Alex Morgan"
role = "Customer Care"
postal_address = "Old Quay, Nineveh"
complaint_contact = "care@nineveh.example"
optout_url = "https://nineveh.example/stop"
site_url = "https://nineveh.example/"
"""
NAME = "Quill"
MONTHS = "January February March April May June July August September October November December".split()
DAY = re.compile(rf"\b(\d{{1,2}}) ({'|'.join(MONTHS)})(?: (\d{{4}}))?\b")
PROMISED = {"reply_by", "offer_ends"}
"""The only slots that may hold a day to come."""


@dataclass(frozen=True)
class Shop:
    """A shop's home after its run."""

    sign: str
    enishi: Enishi
    state: Progress
    as_of: datetime
    drafts: tuple[Any, ...]


# The files of Complete Journey are those of a whole folder that its mapping names.
SHOPS = {
    "online_retail": ("online_retail.parquet", "2011-09-01T10:00:00+01:00", "£"),
    "cdnow": ("cdnow.csv.gz", "1998-02-02T10:00:00-05:00", "$"),
    "complete_journey": ("", "2017-07-10T10:00:00-04:00", "$"),
}


@pytest.fixture(scope="module", params=SHOPS)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop, as if everyone had a name and had agreed to e-mail at their first order, and everything were in stock."""
    name = request.param
    file, moment, sign = SHOPS[name]
    if not (DATA / (file or "cj_products.parquet")).exists():
        pytest.skip(f"{name} is not in the measuring data")
    home, as_of = tmp_path_factory.mktemp(name) / "home", datetime.fromisoformat(moment)
    settings = init_home(home)
    settings.write_text(settings.read_text(encoding="utf-8") + SENDER.format(shop=name), encoding="utf-8")
    with Enishi.open(home) as enishi:
        import_paths(
            enishi.engine, [DATA / file], mapping=load_mapping(name), dry_run=False, quarantine=home / "quarantine.jsonl",
            progress=lambda _: None, now=datetime.now(UTC),
        )  # fmt: skip
        with writing(enishi.engine) as connection:
            people, consents, orders = (HISTORY[table] for table in ("customers", "consents", "orders"))
            connection.execute(update(people).values(name=NAME))
            connection.execute(update(HISTORY["products"]).values(stock=100))
            first: dict[str, Any] = {}
            for row in connection.execute(select(orders.c.bucket, orders.c.customer_id, orders.c.at)).mappings():
                if row["customer_id"] not in first or row["at"] < first[row["customer_id"]]["at"]:
                    first[row["customer_id"]] = dict(row)
            agreed = {"channel": "email", "purpose": "marketing", "status": "opt_in"}
            connection.execute(insert(consents), [{**row, **agreed} for row in first.values()])
        begin(enishi, "whole", as_of=as_of, at=as_of, requested_by="test")
        state = run_locally(enishi, "whole", workers=2)
        with reading(enishi.engine) as connection:
            joined = select(drafts, revisions).join(revisions, revisions.c.draft_id == drafts.c.id)
            written = tuple(connection.execute(joined.where(drafts.c.run == "whole")).mappings())
        yield Shop(sign, enishi, state, as_of, written)


def test_everyone_is_decided_once_and_counted(shop: Shop) -> None:
    with reading(shop.enishi.engine) as connection:
        customers = set(connection.execute(select(HISTORY["customers"].c.id)).scalars())
        decided = list(connection.execute(select(decisions.c.customer_id).where(decisions.c.run == "whole")).scalars())
    assert sorted(decided) == sorted(customers)
    assert shop.state.funnel["customers"] == shop.state.customers_done == shop.state.run.customers == len(customers)
    chosen = sum(count for name, count in shop.state.funnel.items() if name.startswith("action:"))
    assert chosen == len(customers)
    assert len(shop.drafts) == shop.state.funnel["drafts"] > 0


def test_nothing_later_than_as_of_is_mentioned(shop: Shop) -> None:
    today = shop.as_of.date()
    for draft in shop.drafts:
        for fact in orjson.loads(draft["facts"]):
            for day in _days(fact["text"], today):
                assert day <= today or fact["slot"] in PROMISED, (draft["customer_id"], fact)
    late = _orders_after(shop)
    named = {
        fact["source"].removeprefix("orders:").split(".")[0]
        for draft in shop.drafts
        for fact in orjson.loads(draft["facts"])
        if fact["source"].startswith("orders:")
    }
    assert not named & late


def _days(text: str, today: date) -> Iterator[date]:
    """Days in a fact; one without a year lies within half a year of today."""
    for number, month, year in DAY.findall(text):
        years = [int(year)] if year else [today.year - 1, today.year, today.year + 1]
        yield min(
            (date(one, MONTHS.index(month) + 1, int(number)) for one in years), key=lambda day: abs((day - today).days)
        )


def _orders_after(shop: Shop) -> set[str]:
    orders = HISTORY["orders"]
    with reading(shop.enishi.engine) as connection:
        return set(connection.execute(select(orders.c.id).where(orders.c.at > microseconds(shop.as_of))).scalars())


def test_every_number_is_grounded_and_in_the_shops_currency(shop: Shop) -> None:
    for draft in shop.drafts:
        rules = {finding["rule"] for finding in orjson.loads(draft["findings"])}
        assert "C03" not in rules, (draft["customer_id"], draft["findings"])
        assert draft["verdict"] != "block", (draft["customer_id"], draft["findings"])
        assert not (set("£$¥€円") - {shop.sign}) & set(draft["body"]), draft["body"]


def test_decisions_replay_to_the_byte(shop: Shop) -> None:
    with reading(shop.enishi.engine) as connection:
        quiet = select(decisions.c.id).where(decisions.c.run == "whole", decisions.c.action == "no_action")
        ids = [draft["decision_id"] for draft in shop.drafts[:4]] + [connection.execute(quiet.limit(1)).scalar_one()]
    assert {one: shop.enishi.replay(one) for one in ids} == dict.fromkeys(ids)
