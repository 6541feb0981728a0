"""A decision is the same alone and in a crowd, in every process, and when it is recomputed; ``why`` tells the truth."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from sqlalchemy import select, update

from agent.canonical import digest
from agent.decision import Decision
from agent.drafting import Draft
from agent.enishi import Enishi, Excluded
from agent.pipeline import work
from agent.tables import decisions
from policies.catalogue import Rule
from policies.eligibility import Screen, binding
from retrieval.columns import columns
from retrieval.customer import Customer
from retrieval.database import reading, writing
from retrieval.features import compute
from retrieval.frames import CUSTOMER_LEVEL, Frames, from_rows, known_at, one
from retrieval.history import read_customer, read_partition
from retrieval.tables import BUCKETS, HISTORY
from tests.agent.conftest import AS_OF, CUSTOMERS, LATER, Command, add, change, passing


@pytest.fixture(scope="module")
def together(reader: Enishi, everyone: Frames) -> tuple[Decision, ...]:
    """The decisions of all sample customers, worked out as one partition."""
    return work(everyone, reader.world, drafting=False).decisions


def test_everybody_gets_one_decision(together: tuple[Decision, ...], everyone: Frames) -> None:
    assert [made.customer_id for made in together] == everyone.customers["id"].to_list()
    assert len({made.id for made in together}) == CUSTOMERS
    for made in together:
        assert made.id == f"d-{digest(made.record)}"
        record = orjson.loads(made.record)
        assert sum(record["selection"]) == 1
        assert len(record["selection"]) == len(record["candidates"])
        assert made.send_not_before <= made.send_not_after


def test_one_alone_decides_as_in_a_partition_of_all(
    together: tuple[Decision, ...], everyone: Frames, reader: Enishi
) -> None:
    for i, made in list(enumerate(together))[::10]:
        alone = work(one(everyone, i), reader.world, drafting=False).decisions[0]
        assert alone.record == made.record, made.customer_id


def test_partitions_of_any_size_decide_alike(together: tuple[Decision, ...], reader: Enishi) -> None:
    edges = [0, 700, 701, 2500, BUCKETS]
    found: set[str] = set()
    with reading(reader.engine) as connection:
        for first, last in pairwise(edges):
            frames = read_partition(connection, AS_OF, reader.shelves, first, last - 1)
            if frames.size:
                found |= {made.id for made in work(frames, reader.world, drafting=False).decisions}
    assert found == {made.id for made in together}


def test_the_zone_of_the_clock_is_no_part_of_a_decision(together: tuple[Decision, ...], reader: Enishi) -> None:
    for made in together[::50]:
        with reading(reader.engine) as connection:
            frames = read_customer(connection, AS_OF.astimezone(UTC), reader.shelves, made.customer_id)
        assert work(frames, reader.world, drafting=False).decisions[0].id == made.id


def test_the_order_of_rows_is_no_part_of_a_decision(together: tuple[Decision, ...], everyone: Frames, reader: Enishi) -> None:
    """Not even where two things happened at the same instant."""
    found: dict[str, pl.DataFrame] = {"products": everyone.products, "offers": everyone.offers}
    with reading(reader.engine) as connection:
        for noun in (Customer, *CUSTOMER_LEVEL):
            table = HISTORY[noun.TABLE]  # type: ignore[attr-defined]
            found[table.name] = from_rows(noun, connection.execute(select(*(table.c[column.name] for column in columns(noun)))).all())
    mixed = {name: frame.sample(fraction=1, shuffle=True, seed=number) for number, (name, frame) in enumerate(found.items())}
    assert [made.id for made in work(known_at(AS_OF, mixed), reader.world, drafting=False).decisions] == [made.id for made in together]


_IDS = """
import sys
from datetime import datetime
from agent.enishi import Enishi
from agent.pipeline import work
from retrieval.columns import columns
from retrieval.customer import Customer
from retrieval.database import reading
from retrieval.history import read_partition
with Enishi.open(sys.argv[1]) as enishi, reading(enishi.engine) as connection:
    made = work(read_partition(connection, datetime.fromisoformat(sys.argv[2]), enishi.shelves, 0, 4095), enishi.world)
for decision in made.decisions:
    print(decision.id)
for draft in made.drafts:
    print(draft.id, draft.digest, draft.verdict)
"""


def test_decisions_and_drafts_are_equal_in_every_process(sample: Path, everyone: Frames, reader: Enishi) -> None:
    made = work(everyone, reader.world)
    here = [decision.id for decision in made.decisions] + [
        f"{draft.id} {draft.digest} {draft.verdict}" for draft in made.drafts
    ]
    there = subprocess.run(
        [sys.executable, "-c", _IDS, str(sample), AS_OF.isoformat()], check=True, capture_output=True, text=True,
        env={**os.environ, "PYTHONHASHSEED": "4242", "POLARS_MAX_THREADS": "3"},
    )  # fmt: skip
    assert there.stdout.split("\n")[:-1] == here


def test_what_happens_later_changes_nothing(home: Path, together: tuple[Decision, ...]) -> None:
    chosen = together[7]
    soon = AS_OF + timedelta(seconds=1)
    add(home, "orders", chosen.customer_id, id="o-later", at=soon, status="delivered")
    add(home, "events", chosen.customer_id, at=soon, type="unsubscribe", extra="{}")
    add(home, "tickets", chosen.customer_id, id="t-later", opened=soon, status="open", severity="high", topic="defect")
    add(home, "contacts", chosen.customer_id, at=soon, channel="email", purpose="marketing")
    add(home, "consents", chosen.customer_id, at=soon, channel="email", purpose="marketing", status="opt_out")
    with Enishi.open(home) as enishi:
        assert enishi.recommend(chosen.customer_id, as_of=AS_OF).decision.id == chosen.id


def test_an_empty_partition_is_no_trouble(everyone: Frames, reader: Enishi) -> None:
    assert work(one(everyone, CUSTOMERS + 1), reader.world).decisions == ()


def test_a_record_alone_is_decided_and_says_why_not(reader: Enishi) -> None:
    answer = reader.recommend_record(orjson.dumps({"now": AS_OF.isoformat(), "customer": {"id": "C1", "name": "見本 花子", "language": "ja"}}))
    assert answer["customer_id"] == "C1"
    assert {row["stage"] for row in answer["excluded"]} <= {
        "gate", "eligibility", "applicability", "suitability", "consent", "cap", "quiet_hours", "hold", "stock", "offer", "holdout",
    }  # fmt: skip


# --- replay ---------------------------------------------------------------------------------------------------------


def test_every_stored_decision_replays_byte_for_byte(queue: Path) -> None:
    with Enishi.open(queue) as enishi:
        with reading(enishi.engine) as connection:
            ids = connection.execute(select(decisions.c.id)).scalars().all()
        assert len(ids) == CUSTOMERS
        assert [enishi.replay(name) for name in ids] == [None] * len(ids)


def test_what_a_person_asked_for_replays_too(home: Path) -> None:
    with Enishi.open(home) as enishi:
        made = [
            enishi.draft(customer, action=action, channel=channel, language=language, as_of=AS_OF)
            for customer, action, channel, language in requests(enishi)
        ]
        assert len(made) == 4
        assert all(isinstance(draft, Draft) for draft in made)
        assert [enishi.replay(draft.decision.id) for draft in made] == [None] * 4


def requests(enishi: Enishi) -> list[tuple[str, str | None, str | None, str | None]]:
    """A customer with a message: as decided, by action, by action and channel, in the other language."""
    with reading(enishi.engine) as connection:
        frames = read_partition(connection, AS_OF, enishi.shelves, 0, 500)
    made = next(draft for draft in work(frames, enishi.world).drafts if draft.intent.action.purpose == "marketing")
    customer, action, channel = made.decision.customer_id, made.intent.action.id, made.intent.channel
    other = "en" if made.intent.language == "ja" else "ja"
    return [
        (customer, None, None, None),
        (customer, action, None, None),
        (customer, action, channel, None),
        (customer, action, channel, other),
    ]


def test_an_approval_afterwards_does_not_change_what_was_decided(queue: Path, enishi: Command) -> None:
    draft = passing(queue)
    assert enishi("review", "approve", draft["id"], "--as", "sato", "--as-of", LATER.isoformat(), home=queue).code == 0
    assert enishi("replay", draft["decision_id"], home=queue).code == 0


def test_replay_names_the_first_field_that_changed(queue: Path, enishi: Command) -> None:
    draft = passing(queue)
    before = AS_OF - timedelta(days=2)
    add(queue, "orders", draft["customer_id"], id="o-found", at=before, status="placed", gift=False)
    told = enishi("replay", draft["decision_id"], "--json", home=queue)
    assert told.code == 1
    assert told.json["identical"] is False
    assert told.json["first_difference"].split(":")[0].split(".")[0].split("[")[0] in (
        "bound",
        "candidates",
        "features",
    )
    assert "stored" in told.json["first_difference"]
    assert enishi("replay", draft["decision_id"], home=queue).out.startswith(f"{draft['decision_id']}: ")


def test_replay_notices_a_record_that_was_changed(queue: Path, enishi: Command) -> None:
    draft = passing(queue)
    with Enishi.open(queue) as opened, writing(opened.engine) as connection:
        record = connection.execute(
            select(decisions.c.record).where(decisions.c.id == draft["decision_id"])
        ).scalar_one()
        spoilt = record.replace('"run":"spring"', '"run":"autumn"')
        assert spoilt != record
        connection.execute(update(decisions).where(decisions.c.id == draft["decision_id"]).values(record=spoilt))
    told = enishi("replay", draft["decision_id"], "--json", home=queue)
    assert told.code == 1
    assert told.json["first_difference"].startswith("run: ")


def test_replay_notices_a_record_under_another_name(queue: Path) -> None:
    draft = passing(queue)
    with Enishi.open(queue) as enishi:
        with writing(enishi.engine) as connection:
            connection.execute(update(decisions).where(decisions.c.id == draft["decision_id"]).values(id="d-0"))
        assert "its digest is not its id" in str(enishi.replay("d-0"))


# --- why ------------------------------------------------------------------------------------------------------------


def test_why_says_for_every_exclusion_what_would_have_to_change(reader: Enishi, together: tuple[Decision, ...]) -> None:
    for made in together[::10]:
        rows = reader.why(reader.frames(made.customer_id, as_of=AS_OF))
        assert sum(row["state"] == "chosen" for row in rows) == 1
        chosen = next(row for row in rows if row["state"] == "chosen")
        assert chosen["action"] == made.action.id
        for row in rows:
            if row["state"] == "excluded":
                assert row["rule"] and row["clause"] and row["stage"]
                assert row["change_en"] and row["change_ja"]
                assert isinstance(row["seen"], dict)
                assert row["seen"] or row["bound"] is None
            else:
                assert row["chosen"] == made.action.id
        told = {(row["action"], row["channel"]) for row in rows}
        every = {
            (action.id, channel) for action in reader.world.catalogue.actions for channel in action.channels or (None,)
        }
        assert told == every


def caps(enishi: Enishi) -> dict[str, Rule]:
    """The clauses of the frequency cap, by their text."""
    rules = next(
        action for action in enishi.world.catalogue.actions if any(rule.rule == "G5" for rule in action.rules)
    ).rules
    return {rule.clause.text: rule for rule in rules if rule.rule == "G5"}


@pytest.mark.parametrize(
    ("name", "channel", "ages"),
    [
        ("hours_since_contact", "email", [timedelta(hours=5, minutes=17, microseconds=3)]),
        ("contacts_7d", "email", [timedelta(hours=30), timedelta(days=6, hours=3)]),
        ("contacts_30d", "email", [timedelta(days=days, seconds=9) for days in (2, 8, 9, 12, 20, 29)]),
        ("contacts_14d_ch", "sms", [timedelta(days=10, milliseconds=7)]),
    ],
)
def test_the_earliest_time_of_a_cap_is_the_very_instant(
    home: Path, together: tuple[Decision, ...], name: str, channel: str, ages: list[timedelta]
) -> None:
    customer = next(made.customer_id for made in together if made.action.purpose == "marketing" and not made.row["contacts_30d"])
    add(home, "consents", customer, channel=channel, purpose="marketing", status="opt_in", at=AS_OF - timedelta(days=99))
    for number, age in enumerate(ages):
        add(home, "contacts", customer, at=AS_OF - age, digest=number, channel=channel, purpose="marketing")
    with Enishi.open(home) as enishi:
        rows = enishi.why(enishi.frames(customer, as_of=AS_OF), channel=channel)
        row = next(row for row in rows if row["state"] == "excluded" and row["rule"] == "G5")
        assert name in row["seen"]
        rule = caps(enishi)[row["clause"]]
        moment = datetime.fromisoformat(row["earliest"]).astimezone(UTC)
        assert moment > AS_OF
        assert holds(enishi, rule, row, customer, moment)
        assert not holds(enishi, rule, row, customer, moment - timedelta(microseconds=1))


def holds(enishi: Enishi, rule: Rule, row: Mapping[str, Any], customer: str, moment: datetime) -> bool:
    """Whether the clause holds for the customer at ``moment`` if nothing else happens."""
    frames = enishi.frames(customer, as_of=moment)
    features = compute(frames, topics=enishi.world.catalogue.topics).customers.row(0, named=True)
    return bool(rule.clause.closure(*binding(row["action"], row["channel"]))(features))


def test_why_one_action_on_one_channel(queue: Path, enishi: Command) -> None:
    draft = passing(queue)
    told = enishi(
        "why",
        draft["customer_id"],
        "--action",
        draft["action"],
        "--channel",
        draft["channel"],
        "--as-of",
        AS_OF.isoformat(),
        "--json",
        home=queue,
    )
    assert told.code == 0
    assert {(row["action"], row["channel"]) for row in told.json} == {(draft["action"], draft["channel"])}


# --- asking for something -------------------------------------------------------------------------------------------


def test_what_a_rule_forbids_cannot_be_asked_for(home: Path) -> None:
    with Enishi.open(home) as enishi:
        customer, action, channel, _ = requests(enishi)[2]
        change(home, "customers", "id", customer, status="closed")
        with pytest.raises(Excluded, match=f"'{action}' on {channel} is excluded by G1"):
            enishi.draft(customer, action=action, channel=channel, as_of=AS_OF)


def test_the_home_may_replace_an_action(home: Path) -> None:
    (home / "policies" / "actions").mkdir(parents=True)
    with Enishi.open(home) as enishi:
        shipped = enishi.world
    source = Path(sys.modules[Screen.__module__].__file__ or "").parent / "actions" / "member_offer.yaml"
    text = source.read_text(encoding="utf-8").replace("propensity: 0.06", "propensity: 0.07")
    (home / "policies" / "actions" / "member_offer.yaml").write_text(text, encoding="utf-8")
    with Enishi.open(home) as enishi:
        assert enishi.world.catalogue.by_id["member_offer"].propensity == 0.07
        assert len(enishi.world.catalogue.actions) == len(shipped.catalogue.actions)
        assert enishi.world.policy_version != shipped.policy_version

