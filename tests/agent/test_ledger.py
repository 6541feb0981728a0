"""The ledger against an oracle that counts, in both directions; revocation, duplicates, what leaves, and many at once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from sqlalchemy import Engine, func, insert, select, update

from agent import ledger
from agent.enishi import Enishi
from agent.ledger import Request, Ruling
from agent.review.transitions import approve, expire, reject
from agent.standing import read_people
from agent.tables import contact_locks, drafts, reservations
from benchmarks import race
from policies.catalogue import Catalogue, load_catalogue
from retrieval.database import connect, insert_many, reading, upgrade, writing
from retrieval.errors import InputError, Unreachable
from retrieval.features import compute
from retrieval.frames import Frames
from retrieval.history import instant, microseconds
from retrieval.tables import HISTORY, bucket_of
from tests.agent.conftest import AS_OF, LATER, add, change, passing, stored

CATALOGUE = load_catalogue()
NOW = datetime(2026, 5, 13, 3, tzinfo=UTC)  # noon in Japan
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TICK = timedelta(microseconds=1)
WAITED = "points_expiry"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    made = connect(f"sqlite:///{tmp_path}/ledger.db")
    upgrade(made)
    with writing(made) as connection:
        people(connection, "P1", "P2")
    yield made
    made.dispose()


def people(connection: Any, *names: str, **more: Any) -> None:
    for name in names:
        row = {"bucket": bucket_of(name), "id": name, "shop": "main", "kind": "b2c", "status": "active", "timezone": "Asia/Tokyo", "locale": "ja-JP", **more}
        connection.execute(insert(HISTORY["customers"]).values(**row))
        consents = [(bucket_of(name), name, channel, purpose, microseconds(NOW - 300 * DAY), "opt_in")
                    for channel in ("email", "line", "sms") for purpose in ("marketing", "service")]  # fmt: skip
        insert_many(connection, HISTORY["consents"], ("bucket", "customer_id", "channel", "purpose", "at", "status"), consents)


def wish(draft: str = "m-1", customer: str = "P1", *, start: datetime = NOW, until: datetime | None = None, channel: str = "email",
         action: str = "member_offer") -> Request:  # fmt: skip
    purpose = CATALOGUE.action(action).purpose
    return Request(draft_id=draft, customer_id=customer, channel=channel, purpose=purpose, action=action, not_before=start, not_after=until or start + 60 * DAY)


def reserve(engine: Engine, request: Request, at: datetime = NOW, catalogue: Catalogue = CATALOGUE) -> Ruling:
    with writing(engine) as connection:
        return ledger.reserve(connection, catalogue, request, at)


def commit(engine: Engine, draft: str, at: datetime, catalogue: Catalogue = CATALOGUE) -> Ruling:
    with writing(engine) as connection:
        return ledger.commit(connection, catalogue, draft, at)


def write_to(engine: Engine, customer: str, at: datetime, *, channel: str = "email", purpose: str | None = "marketing", action: str | None = None) -> None:
    """A contact that another system made."""
    with writing(engine) as connection:
        count = connection.execute(select(func.count()).select_from(HISTORY["contacts"])).scalar_one()
        connection.execute(insert(HISTORY["contacts"]).values(bucket=bucket_of(customer), customer_id=customer, at=microseconds(at), digest=count + 1,
                                                              channel=channel, purpose=purpose, action=action))  # fmt: skip


def states(engine: Engine) -> dict[str, str]:
    with reading(engine) as connection:
        return dict(connection.execute(select(reservations.c.draft_id, reservations.c.state).order_by(reservations.c.draft_id)).all())


def rules(ruled: Ruling) -> list[str]:
    return [one.rule for one in ruled.blocked]


# --- the oracle -----------------------------------------------------------------------------------------------------

CAPS_ALONE = replace(CATALOGUE, contact=replace(CATALOGUE.contact, hours=(), rests=(), holds=()))
LIMITS = ((1, 24, None, True), (2, 168, None, False), (6, 720, None, False), (3, 168, None, True), (10, 720, None, True), (1, 336, "sms", True))
"""The shipped caps, written down once more: most, hours, channel, whether those a customer waits for obey."""


class TheLedger(RuleBasedStateMachine):
    """Approvals in any order of time, other systems that write, messages that leave and are given back, consents that change."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.engine = connect(f"sqlite:///{self.folder}/ledger.db")
        upgrade(self.engine)
        with writing(self.engine) as connection:
            people(connection, "P1")
        self.now, self.number = NOW, 0
        self.made: list[tuple[datetime, str, str]] = []
        self.promised: dict[str, tuple[datetime, str, str, Request]] = {}
        self.refused: set[str] = set()
        self.given: list[str] = []

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()
            shutil.rmtree(self.folder)

    def allowed(self, moment: datetime, channel: str, action: str, without: str = "") -> bool:
        purpose = CATALOGUE.action(action).purpose
        if channel in self.refused and purpose == "marketing":
            return False
        if purpose == "service":
            return True
        others = [*self.made, *((max(at, self.now), on, kind) for name, (at, on, kind, _) in self.promised.items() if name != without)]
        for most, hours, only, everybody in LIMITS:
            if (only not in (None, channel)) or (action == WAITED and not everybody):
                continue
            times = [at for at, on, kind in others if kind == "marketing" and only in (None, on)]
            if any(sum(start <= at < start + hours * HOUR for at in [*times, moment]) > most
                   for start in [*times, moment] if moment - hours * HOUR < start <= moment):  # fmt: skip
                return False
        pressed = [at for at, _, _ in others] + [moment]
        return all(sum(start <= at < start + 720 * HOUR for at in pressed) <= 14 for start in pressed if moment - 720 * HOUR < start <= moment)

    def first(self, start: datetime, channel: str, action: str, without: str = "") -> datetime | None:
        """Where counting lets go for the first time: at the start, or where a window ends."""
        times = [at for at, _, _ in self.made] + [max(at, self.now) for at, _, _, _ in self.promised.values()]
        ends = {start, *(at + hours * HOUR for at in times for hours in (24, 168, 336, 720))}
        return next((at for at in sorted(ends) if at >= start and self.allowed(at, channel, action, without)), None)

    @rule(channel=st.sampled_from(("email", "line", "sms")), action=st.sampled_from(("member_offer", "member_offer", WAITED, "service_notice")),
          ahead=st.integers(-48, 35 * 24), lasts=st.sampled_from((0, 30, 24 * 20)))  # fmt: skip
    def approve(self, channel: str, action: str, ahead: int, lasts: int) -> None:
        if channel == "line" and action == "service_notice":
            channel = "email"
        self.number += 1
        request = wish(f"m-{self.number}", start=self.now + ahead * HOUR, until=self.now + (max(ahead, 0) + lasts) * HOUR, channel=channel, action=action)
        start = max(self.now, request.not_before)
        ruled = reserve(self.engine, request, self.now, CAPS_ALONE)
        earliest = self.first(start, channel, action)
        assert ruled.earliest == earliest
        fits = earliest is not None and earliest <= request.not_after
        assert ruled.due == (earliest if fits else None)
        assert bool(ruled.blocked) == (earliest != start)
        if earliest is not None and earliest > start:
            assert not self.allowed(earliest - TICK, channel, action)
        if ruled.due is not None:
            self.promised[request.draft_id] = (ruled.due, channel, request.purpose, request)
            self.given.append(request.draft_id)

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def approve_again(self, data: st.DataObject) -> None:
        draft = data.draw(st.sampled_from(self.given))
        if draft in self.promised:
            due, _, _, request = self.promised[draft]
            assert reserve(self.engine, request, self.now, CAPS_ALONE).due == due

    @rule(hours=st.integers(-40 * 24, 40 * 24), channel=st.sampled_from(("email", "sms", "push")), purpose=st.sampled_from(("marketing", "service", None)))
    def another_system_writes(self, hours: int, channel: str, purpose: str | None) -> None:
        at = self.now + hours * HOUR
        write_to(self.engine, "P1", at, channel=channel, purpose=purpose)
        self.made.append((at, channel, purpose or "marketing"))

    @precondition(lambda self: self.promised)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        draft = data.draw(st.sampled_from(sorted(self.promised)))
        with writing(self.engine) as connection:
            assert ledger.release(connection, draft, self.now)
            assert not ledger.release(connection, draft, self.now)
        del self.promised[draft]

    @precondition(lambda self: self.promised)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        draft = data.draw(st.sampled_from(sorted(self.promised)))
        _, channel, purpose, request = self.promised.pop(draft)
        earliest = self.first(self.now, channel, request.action)
        ruled = commit(self.engine, draft, self.now, CAPS_ALONE)
        assert ruled.earliest == earliest
        if earliest == self.now <= request.not_after:
            assert ruled.state == "committed"
            self.made.append((self.now, channel, purpose))
            assert commit(self.engine, draft, self.now + HOUR, CAPS_ALONE).state == "committed"
        elif earliest is not None and earliest <= request.not_after:
            assert (ruled.state, ruled.due) == ("deferred", earliest)
            self.promised[draft] = (earliest, channel, purpose, request)
        else:
            assert ruled.state == "refused"

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.now += hours * HOUR

    @rule(channel=st.sampled_from(("email", "line", "sms")))
    def consent_is_taken_back(self, channel: str) -> None:
        if channel in self.refused:
            return
        gone = ledger.revoke(self.engine, CAPS_ALONE, "P1", channel, "marketing", self.now)
        mine = sorted(name for name, (_, on, purpose, _) in self.promised.items() if on == channel and purpose == "marketing")
        assert sorted(gone) == mine
        for name in mine:
            del self.promised[name]
        self.refused.add(channel)

    @precondition(lambda self: self.refused)
    @rule(data=st.data())
    def consent_is_given_again(self, data: st.DataObject) -> None:
        channel = data.draw(st.sampled_from(sorted(self.refused)))
        self.now += HOUR
        with writing(self.engine) as connection:
            connection.execute(insert(HISTORY["consents"]).values(bucket=bucket_of("P1"), customer_id="P1", channel=channel, purpose="marketing",
                                                                  at=microseconds(self.now), status="opt_in"))  # fmt: skip
        self.refused.discard(channel)


TheLedger.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
TestTheLedger = TheLedger.TestCase


# --- one person -------------------------------------------------------------------------------------------------------


def test_a_second_message_is_put_off_and_says_what_counts(engine: Engine) -> None:
    assert reserve(engine, wish("m-1")).due == NOW
    ruled = reserve(engine, wish("m-2", channel="line"))
    assert ruled.due == NOW + DAY
    (finding,) = ruled.findings()
    assert (finding.guard, finding.rule, finding.severity) == ("ledger", "FC-DAY", "flag")
    assert "(m-1)" in finding.text
    assert finding.en.endswith(f"put off to {(NOW + DAY).isoformat()}")
    with reading(engine) as connection:
        row = connection.execute(select(reservations).where(reservations.c.draft_id == "m-2")).mappings().one()
    assert (row["rule"], row["policy_version"], instant(row["at"])) == ("FC-DAY", CATALOGUE.contact.version, NOW + DAY)


def test_what_would_come_too_late_is_refused_with_the_time(engine: Engine) -> None:
    reserve(engine, wish("m-1"))
    ruled = reserve(engine, wish("m-2", until=NOW + DAY - TICK))
    assert (ruled.state, ruled.due, ruled.earliest) == ("refused", None, NOW + DAY)
    assert ruled.findings()[0].severity == "block"
    assert f"earliest {(NOW + DAY).isoformat()}" in ruled.findings()[0].en
    assert states(engine) == {"m-1": "reserved"}
    assert reserve(engine, wish("m-3", until=NOW + DAY)).due == NOW + DAY


def test_a_night_is_waited_for(engine: Engine) -> None:
    night = datetime(2026, 5, 13, 13, 30, tzinfo=UTC)  # 22:30 in Japan
    ruled = reserve(engine, wish(start=night), night)
    assert (ruled.due, rules(ruled)) == (datetime(2026, 5, 13, 22, tzinfo=UTC), ["hours.email"])


def test_a_draft_is_reserved_once_and_again_after_it_was_given_back(engine: Engine) -> None:
    assert reserve(engine, wish("m-1")) == reserve(engine, wish("m-1"))
    with writing(engine) as connection:
        assert ledger.release(connection, "m-1", NOW)
    assert reserve(engine, wish("m-1", start=NOW + HOUR)).due == NOW + HOUR
    assert states(engine) == {"m-1": "reserved"}


@pytest.mark.parametrize("earlier", [timedelta(0), TICK, -TICK, DAY])
def test_of_yes_and_no_at_once_no_stands(engine: Engine, earlier: timedelta) -> None:
    """A refusal counts whatever its clock says: an agreement must be later, and not in the future."""
    with writing(engine) as connection:
        for at, status, channel in ((NOW - earlier, "opt_in", "sms"), (NOW, "opt_out", "sms")):
            connection.execute(insert(HISTORY["consents"]).prefix_with("OR REPLACE").values(
                bucket=bucket_of("P1"), customer_id="P1", channel=channel, purpose="marketing", at=microseconds(at), status=status))  # fmt: skip
    ruled = reserve(engine, wish(channel="sms"))
    assert (ruled.due, rules(ruled)[0]) == (None, "consent.marketing")


def test_taking_a_consent_back_releases_what_was_promised(engine: Engine) -> None:
    reserve(engine, wish("m-1"))
    reserve(engine, wish("m-2", channel="line"))
    assert ledger.revoke(engine, CATALOGUE, "P1", "email", "marketing", NOW) == ("m-1",)
    assert states(engine) == {"m-1": "released", "m-2": "reserved"}
    assert rules(commit(engine, "m-2", NOW + DAY))[0] == "NR-LEFT"
    assert ledger.revoke(engine, CATALOGUE, "P1", "email", "marketing", NOW) == ()


def test_a_refusal_that_an_import_brought_stops_what_leaves(engine: Engine) -> None:
    reserve(engine, wish("m-1"))
    with writing(engine) as connection:
        connection.execute(insert(HISTORY["events"]).values(bucket=bucket_of("P1"), customer_id="P1", at=microseconds(NOW + HOUR), digest=1,
                                                            type="unsubscribe", channel="email"))  # fmt: skip
    ruled = commit(engine, "m-1", NOW + HOUR)
    assert (ruled.state, rules(ruled)[0]) == ("refused", "consent.marketing")
    assert states(engine) == {"m-1": "released"}


def test_a_cap_that_stopped_counting_stops_everything_it_should_have_counted(engine: Engine) -> None:
    asleep = replace(CATALOGUE.contact.caps[0], reach=replace(CATALOGUE.contact.caps[0].reach, purposes=frozenset({"service"})))
    broken = replace(CATALOGUE, contact=replace(CATALOGUE.contact, caps=(asleep, *CATALOGUE.contact.caps[1:])))
    ruled = reserve(engine, wish("m-1"), catalogue=broken)
    assert (ruled.state, rules(ruled)[0]) == ("refused", "cap.asleep")
    assert asleep.id in ruled.blocked[0].en
    assert states(engine) == {}
    assert reserve(engine, wish("m-1")).state == "reserved"
    assert (commit(engine, "m-1", NOW + HOUR, broken).state, states(engine)) == ("refused", {"m-1": "released"})


def test_what_left_is_one_contact_of_the_history(engine: Engine) -> None:
    reserve(engine, wish("m-1"))
    assert commit(engine, "m-1", NOW + HOUR).state == "committed"
    assert commit(engine, "m-1", NOW + 2 * HOUR).due == NOW + HOUR
    with reading(engine) as connection:
        assert connection.execute(select(HISTORY["contacts"].c.at, HISTORY["contacts"].c.action)).all() == [(microseconds(NOW + HOUR), "member_offer")]
        person = read_people(connection, ["P1"], CATALOGUE, NOW + DAY)["P1"]
    assert (len(person.history), person.planned) == (1, ())
    assert reserve(engine, wish("m-2")).due == NOW + HOUR + DAY


def test_what_may_not_leave_now_is_put_off_and_never_lost(engine: Engine) -> None:
    reserve(engine, wish("m-1", until=NOW + 10 * DAY))
    write_to(engine, "P1", NOW + HOUR)
    ruled = commit(engine, "m-1", NOW + 2 * HOUR)
    assert (ruled.state, ruled.due, rules(ruled)) == ("deferred", NOW + HOUR + DAY, ["FC-DAY"])
    assert commit(engine, "m-1", NOW + HOUR + DAY).state == "committed"
    with pytest.raises(InputError, match="no contact was reserved for 'm-9'"):
        commit(engine, "m-9", NOW)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"status": "deceased"}, "HOLD-DECEASED"), ({"status": "merged"}, "HOLD-MERGED"), ({"status": "closed"}, "HOLD-CLOSED"),
        ({"birthdate": "2010-05-14"}, "HOLD-MINOR"), ({"objection_scope": "all", "objection_at": microseconds(NOW)}, "consent.objection"),
        ({"objection_scope": "email"}, "consent.marketing"), ({"timezone": "Asia/Tokio"}, "zone.unknown"),
        ({"preferences": '{"email_max_per_30d": 0}'}, "FC-PERSONAL"),
    ],
)  # fmt: skip
def test_who_a_person_is_is_read_again(engine: Engine, change: dict[str, Any], rule: str) -> None:
    with writing(engine) as connection:
        connection.execute(update(HISTORY["customers"]).where(HISTORY["customers"].c.id == "P1").values(**change))
    ruled = reserve(engine, wish())
    assert ruled.due is None
    assert rule in rules(ruled)
    assert states(engine) == {}


def test_a_minor_may_be_written_to_from_the_18th_birthday_on(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(HISTORY["customers"]).where(HISTORY["customers"].c.id == "P1").values(birthdate="2008-05-20"))
    assert reserve(engine, wish()).due == datetime(2026, 5, 19, 22, tzinfo=UTC)  # 07:00 on the day in Japan


def test_an_unknown_person_is_refused(engine: Engine) -> None:
    assert rules(reserve(engine, wish(customer="nobody"))) == ["customer.unknown"]


def test_a_database_that_does_not_answer_approves_nothing(tmp_path: Path) -> None:
    gone = connect(f"sqlite:///{tmp_path}/no/such/folder/ledger.db")
    with pytest.raises(Unreachable):
        reserve(gone, wish())


# --- several records of one person --------------------------------------------------------------------------------------


def twins(engine: Engine, score: float, told: int) -> None:
    with writing(engine) as connection:
        candidates = f'[{{"id": "P2", "score": {score}, "consents": [], "contacts_7d": {told}}}]'
        connection.execute(update(HISTORY["customers"]).where(HISTORY["customers"].c.id == "P1").values(duplicate_candidates=candidates))


def test_contacts_of_a_likely_duplicate_count(engine: Engine) -> None:
    twins(engine, 0.8, 0)
    write_to(engine, "P2", NOW - HOUR)
    reserve(engine, wish("m-1", "P2", start=NOW + 2 * DAY))
    assert reserve(engine, wish("m-2")).due == NOW + 6 * DAY + 23 * HOUR
    with reading(engine) as connection:
        assert set(connection.execute(select(contact_locks.c.customer_id)).scalars()) == {"P1", "P2"}


def test_it_does_not_matter_which_of_the_two_records_lists_the_other(engine: Engine) -> None:
    twins(engine, 0.8, 0)
    write_to(engine, "P1", NOW - HOUR)
    reserve(engine, wish("m-1", "P1", start=NOW + 2 * DAY))
    assert reserve(engine, wish("m-2", "P2")).due == NOW + 6 * DAY + 23 * HOUR
    with reading(engine) as connection:
        assert set(connection.execute(select(contact_locks.c.customer_id)).scalars()) == {"P1", "P2"}


def test_contacts_told_of_a_duplicate_count_as_made_now(engine: Engine) -> None:
    twins(engine, 0.8, 1)
    assert reserve(engine, wish("m-1")).due == NOW + DAY
    twins(engine, 0.8, 2)
    assert reserve(engine, wish("m-2")).due == NOW + 7 * DAY


def test_somebody_merely_alike_is_somebody_else(engine: Engine) -> None:
    twins(engine, 0.6, 2)
    assert reserve(engine, wish("m-1")).due == NOW


# --- many -----------------------------------------------------------------------------------------------------------------


def test_many_at_once_are_ruled_as_one_by_one(engine: Engine) -> None:
    names = [f"B{number}" for number in range(30)]
    with writing(engine) as connection:
        people(connection, *names)
    requests = [wish(f"m-{turn}-{name}", name, channel=channel) for turn, channel in enumerate(("email", "line", "sms")) for name in reversed(names)]
    together = ledger.reserve_many(engine, CATALOGUE, requests, NOW)
    assert [one.draft_id for one in together] == [one.draft_id for one in requests]
    assert {one.due for one in together} == {NOW, NOW + DAY, NOW + 7 * DAY}
    assert ledger.reserve_many(engine, CATALOGUE, requests, NOW) == [replace(one, earliest=one.due, blocked=()) for one in together]
    with writing(engine) as connection:
        connection.execute(update(reservations).values(state="released"))
    alone = [reserve(engine, replace(request, draft_id=f"a-{request.draft_id}")) for request in requests]
    assert [one.due for one in alone] == [one.due for one in together]


def test_eight_processes_on_sqlite_break_no_cap_and_pass_no_refusal(tmp_path: Path) -> None:
    found = race.run(f"sqlite:///{tmp_path}/race.db", processes=8, customers=30, attempts=2)
    assert found.attempts == 8 * 30 * 2
    assert found.reserved
    assert found.refused
    assert found.revoked
    assert (found.over_cap, found.after_revocation) == (0, 0)


def test_the_race_is_counted_by_somebody_who_sees_faults(engine: Engine) -> None:
    write_to(engine, "P1", NOW, action="member_offer")
    write_to(engine, "P1", NOW + 23 * HOUR, action="member_offer")
    with reading(engine) as connection:
        assert race._over_cap(connection) == 2


# --- in review ----------------------------------------------------------------------------------------------------------


def test_an_approval_is_put_off_to_the_first_allowed_instant(queue: Path) -> None:
    draft = passing(queue)
    change(queue, "customers", "id", draft["customer_id"], preferences="{}")
    with Enishi.open(queue) as enishi:
        add(queue, "contacts", draft["customer_id"], at=LATER + 20 * HOUR, channel="email", purpose="marketing", digest=7)
        moved = approve(enishi, draft["id"], actor="sato", at=LATER)
    assert moved.state == "approved"
    assert [finding.rule for finding in moved.findings if finding.guard == "ledger"] != []
    with Enishi.open(queue) as enishi, reading(enishi.engine) as connection:
        row = connection.execute(select(reservations)).mappings().one()
    assert instant(row["at"]) >= LATER + 44 * HOUR


def test_an_approval_that_finds_no_time_says_when(queue: Path) -> None:
    draft = passing(queue)
    for days in range(1, 70, 3):
        add(queue, "contacts", draft["customer_id"], at=LATER + timedelta(days=days), channel="email", purpose="marketing", digest=days)
    with Enishi.open(queue) as enishi:
        moved = approve(enishi, draft["id"], actor="sato", at=LATER)
        assert moved.state == "pending"
        (said, *_) = [finding for finding in moved.findings if finding.guard == "ledger"]
        assert "earliest " in said.en
        assert said.text
        with reading(enishi.engine) as connection:
            assert connection.execute(select(reservations)).all() == []
    assert stored(queue, id=draft["id"])[0]["state"] == "pending"


def test_an_approved_draft_that_never_left_expires_and_gives_its_contact_back(queue: Path) -> None:
    draft = passing(queue)
    with Enishi.open(queue) as enishi:
        approve(enishi, draft["id"], actor="sato", at=LATER)
        after = instant(draft["send_not_after"])
        assert expire(enishi, actor="release", at=after) == ()
        assert [(one.draft_id, one.state) for one in expire(enishi, actor="release", at=after + TICK)] == [(draft["id"], "expired")]
        assert states(enishi.engine) == {draft["id"]: "released"}
        assert expire(enishi, actor="release", at=after + TICK) == ()


def test_a_rejected_draft_gives_its_contact_back(queue: Path) -> None:
    draft = passing(queue)
    with Enishi.open(queue) as enishi:
        approve(enishi, draft["id"], actor="sato", at=LATER)
        reject(enishi, draft["id"], actor="sato", at=LATER, reason="duplicate")
        assert states(enishi.engine) == {draft["id"]: "released"}


def test_the_ledger_reads_a_person_as_the_features_do(reader: Enishi, everyone: Frames) -> None:
    ids = everyone.customers["id"].to_list()
    rows = compute(everyone, topics=reader.world.catalogue.topics).customers.to_dicts()
    with reading(reader.engine) as connection:
        found = read_people(connection, ids, reader.world.catalogue, AS_OF)
    assert len(found) == len(ids) > 100
    seen = set()
    for name, row in zip(ids, rows, strict=True):
        person = found[name]
        for channel in ("email", "sms", "line", "push", "post", "insert", "phone"):
            assert ("marketing" not in person.refusals[channel]) == row[f"ok.{channel}"], (name, channel)
            assert ("service" not in person.refusals[channel]) == row[f"service_ok.{channel}"], (name, channel)
            assert person.reader.limits.get(channel) == row[f"pref_max_30d.{channel}"], (name, channel)
        assert person.objected == row["objected_all"], name
        held = {one.kind for one in person.reader.holds if one.until is None or one.until > AS_OF}
        seen |= held
        assert ("complaint" in held) == row["open_complaint"], name
        assert bool(held & {"bereavement", "disaster", "illness", "life_event"}) == (row["hold_topic"] is not None), name
        assert ("minor" in held) == (bool(row["is_minor"]) and not row["guardian_consent"]), name
        assert ("deceased" in held or "closed" in held or "merged" in held) == (row["status"] != "active"), name
        same_shop = [contact for contact in person.history if contact.purpose == "marketing" and AS_OF - contact.at < 7 * DAY]
        assert person.same or len(same_shop) == row["contacts_7d"], name
    assert {"complaint", "bereavement", "minor"} <= seen


def test_every_draft_waits_in_the_queue_of_its_person(queue: Path) -> None:
    with Enishi.open(queue) as enishi, reading(enishi.engine) as connection:
        assert connection.execute(select(func.count()).select_from(drafts)).scalar_one() > 0
        assert connection.execute(select(func.count()).select_from(contact_locks)).scalar_one() == 0
