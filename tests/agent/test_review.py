"""What a person may do to a draft, and what nobody may."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from agent.drafting import Draft
from agent.enishi import Enishi, Excluded
from agent.review import audit as log
from agent.review.queue import shown
from agent.review.transitions import REASONS, Moved, ReviewRefused, approve, edit, reject
from agent.tables import audit, drafts, reservations, revisions
from retrieval.database import reading, writing
from retrieval.errors import InputError
from retrieval.history import instant, microseconds
from tests.agent.conftest import AS_OF, LATER, Command, add, change, passing, stored


def approved(home: Path, draft: str, *, actor: str = "sato", at: datetime = LATER, seen: str | None = None) -> Moved:
    with Enishi.open(home) as enishi:
        return approve(enishi, draft, actor=actor, at=at, seen=seen)


def state(home: Path, draft: str) -> str:
    return str(stored(home, id=draft)[0]["state"])


def held(home: Path) -> Sequence[Mapping[str, Any]]:
    with Enishi.open(home) as enishi, reading(enishi.engine) as connection:
        return connection.execute(select(reservations).order_by(reservations.c.draft_id)).mappings().all()


def chain(home: Path) -> tuple[int, str | None]:
    with Enishi.open(home) as enishi, reading(enishi.engine) as connection:
        return log.verify(connection)


def product_of(home: Path, draft: Mapping[str, Any]) -> str:
    """The product the draft is about."""
    with Enishi.open(home) as enishi, reading(enishi.engine) as connection:
        return str(shown(connection, draft["id"])["decision"]["candidates"][0][2])


def test_approving_reserves_one_contact_and_writes_one_entry(queue: Path) -> None:
    draft = passing(queue)
    before, _ = chain(queue)
    moved = approved(queue, draft["id"], seen=draft["digest"])
    assert moved.state == state(queue, draft["id"]) == "approved"
    (reservation,) = held(queue)
    assert (reservation["draft_id"], reservation["customer_id"], reservation["state"]) == (draft["id"], draft["customer_id"], "reserved")
    assert reservation["at"] == max(microseconds(LATER), draft["send_not_before"])
    assert chain(queue) == (before + 1, None)


def test_every_passing_draft_can_be_approved_when_nothing_changed(queue: Path) -> None:
    with Enishi.open(queue) as enishi:
        for draft in stored(queue, verdict="pass")[::6]:
            assert approve(enishi, draft["id"], actor="sato", at=LATER).state == "approved", draft["id"]


def test_an_approved_draft_is_not_approved_again(queue: Path) -> None:
    draft = passing(queue)
    approved(queue, draft["id"])
    with pytest.raises(ReviewRefused, match="is approved, not pending"):
        approved(queue, draft["id"])
    assert len(held(queue)) == 1


def test_the_person_who_ordered_a_batch_does_not_approve_it(queue: Path) -> None:
    draft = passing(queue)
    with pytest.raises(ReviewRefused, match="mori ordered or edited"):
        approved(queue, draft["id"], actor="mori")
    assert state(queue, draft["id"]) == "pending"
    assert held(queue) == []


def test_the_person_who_edited_a_batch_draft_does_not_approve_it(queue: Path) -> None:
    draft = passing(queue, channel="email")
    with Enishi.open(queue) as enishi:
        edit(enishi, draft["id"], actor="sato", at=LATER, subject="ご無沙汰しております")
        with pytest.raises(ReviewRefused, match="sato ordered or edited"):
            approve(enishi, draft["id"], actor="sato", at=LATER)
        assert approve(enishi, draft["id"], actor="tanaka", at=LATER).state == "approved"


def test_one_pair_of_eyes_is_enough_where_the_home_says_so(queue: Path) -> None:
    settings = queue / "enishi.toml"
    settings.write_text("[review]\nfour_eyes = false\n" + settings.read_text(encoding="utf-8"), encoding="utf-8")
    assert approved(queue, passing(queue)["id"], actor="mori").state == "approved"


def test_a_single_draft_may_be_approved_by_who_asked_for_it(home: Path) -> None:
    with Enishi.open(home) as enishi:
        made = next(found for number in range(101, 140) if isinstance(found := enishi.draft(f"C{number}", as_of=AS_OF, requested_by="rep"), Draft))
        assert approve(enishi, made.id, actor="rep", at=AS_OF).state == "approved"


def test_approval_is_of_what_was_seen(queue: Path) -> None:
    draft = passing(queue, channel="email")
    with Enishi.open(queue) as enishi:
        moved = edit(enishi, draft["id"], actor="tanaka", at=LATER, subject="ご無沙汰しております")
        assert moved.state == "pending"
        assert approve(enishi, draft["id"], actor="sato", at=LATER, seen=draft["digest"]).state == "stale"
    assert held(queue) == []


def test_an_edit_is_a_new_revision_and_every_guard_reads_it(queue: Path) -> None:
    draft = passing(queue, channel="email", language="ja")
    with Enishi.open(queue) as enishi:
        with reading(enishi.engine) as connection:
            before = connection.execute(select(revisions.c.body).where(revisions.c.draft_id == draft["id"])).scalar_one()
        with pytest.raises(InputError, match="the same as before"):
            edit(enishi, draft["id"], actor="sato", at=LATER, body=before)
        moved = edit(enishi, draft["id"], actor="sato", at=LATER, body=before + "\n今なら30%割引です。")
        assert {finding.rule for finding in moved.findings if finding.severity == "block"} >= {"C03"}
        with reading(enishi.engine) as connection:
            bodies = connection.execute(select(revisions.c.body).where(revisions.c.draft_id == draft["id"]).order_by(revisions.c.number)).scalars().all()
        assert bodies == [before, before + "\n今なら30%割引です。"]
        blocked = approve(enishi, draft["id"], actor="tanaka", at=LATER)
    assert (blocked.state, state(queue, draft["id"])) == ("pending", "pending")
    assert [row["verdict"] for row in stored(queue, id=draft["id"])] == ["block"]
    assert held(queue) == []


def test_too_late_is_expired(queue: Path) -> None:
    draft = passing(queue)
    after = instant(draft["send_not_after"]) + timedelta(microseconds=1)
    assert approved(queue, draft["id"], at=after).state == "expired"
    with pytest.raises(ReviewRefused, match="is expired"):
        approved(queue, draft["id"], at=after)
    assert held(queue) == []


def test_consent_taken_back_in_between_is_never_approved(queue: Path) -> None:
    for draft in stored(queue, verdict="pass", purpose="marketing")[::25]:
        add(queue, "consents", draft["customer_id"], channel=draft["channel"], purpose="marketing", at=LATER, status="opt_out")
        moved = approved(queue, draft["id"])
        assert moved.state in ("stale", "pending")
        assert any(finding.severity == "block" for finding in moved.findings)
    assert held(queue) == []


def test_leaving_by_a_link_in_between_is_never_approved(queue: Path) -> None:
    draft = passing(queue, channel="email")
    add(queue, "events", draft["customer_id"], at=LATER, type="unsubscribe", channel="email", extra="{}")
    moved = approved(queue, draft["id"])
    assert moved.state == "pending"
    assert "consent.marketing" in {finding.rule for finding in moved.findings}


def test_a_complaint_in_between_blocks_with_its_gate(queue: Path) -> None:
    draft = passing(queue)
    add(queue, "tickets", draft["customer_id"], id="t-new", opened=LATER, status="open", severity="high", topic="complaint")
    moved = approved(queue, draft["id"])
    assert moved.state == "pending"
    assert "G3" in {finding.rule for finding in moved.findings}
    assert held(queue) == []


def test_another_price_makes_it_stale(queue: Path) -> None:
    with Enishi.open(queue) as enishi, reading(enishi.engine) as connection:
        priced = connection.execute(
            select(revisions.c.draft_id).join(drafts, drafts.c.id == revisions.c.draft_id)
            .where(revisions.c.facts.contains('"slot":"price"'), drafts.c.verdict == "pass").order_by(revisions.c.draft_id)
        ).scalars().first()  # fmt: skip
        assert priced
        draft = connection.execute(select(drafts).where(drafts.c.id == priced)).mappings().one()
    with Enishi.open(queue) as enishi:
        assert enishi.shelves.goods.table.height
        change(queue, "products", "sku", product_of(queue, draft), price_incl_tax=999_999)
        assert approve(enishi, priced, actor="sato", at=LATER).state == "stale"
    assert held(queue) == []


def test_a_second_message_to_the_same_person_waits(queue: Path) -> None:
    draft = passing(queue)
    with Enishi.open(queue) as enishi:
        second = enishi.draft(draft["customer_id"], action=draft["action"], channel=draft["channel"], as_of=AS_OF, requested_by="rep")
        assert isinstance(second, Draft)
        assert approve(enishi, draft["id"], actor="sato", at=LATER).state == "approved"
        moved = approve(enishi, second.id, actor="sato", at=LATER)
        assert moved.state == "pending"
        assert "G5" in {finding.rule for finding in moved.findings}
        with pytest.raises(Excluded, match="excluded by G5"):
            enishi.draft(draft["customer_id"], action=draft["action"], channel=draft["channel"], as_of=LATER + timedelta(hours=1))
        assert reject(enishi, draft["id"], actor="sato", at=LATER, reason="duplicate").state == "rejected"
        assert [row["state"] for row in held(queue)] == ["released"]
        assert approve(enishi, second.id, actor="sato", at=LATER).state == "approved"
    assert [row["verdict"] for row in stored(queue, id=second.id)] == ["pass"]


def test_rejecting_needs_a_reason_from_the_list(queue: Path, enishi: Command) -> None:
    draft = passing(queue)
    told = enishi("review", "reject", draft["id"], "--reason", "tonne", home=queue)
    assert told.code == 2
    assert "did you mean 'tone'?" in told.err
    assert state(queue, draft["id"]) == "pending"
    assert all(reason == (reason[0], reason[1]) and all(reason) for reason in REASONS.values())


def test_a_rejected_draft_stays_rejected(queue: Path, enishi: Command) -> None:
    draft = passing(queue)
    told = enishi("review", "reject", draft["id"], "--reason", "tone", "--note", "少し固い", "--as", "sato", "--json", home=queue)
    assert (told.code, told.json[0]["state"]) == (0, "rejected")
    for words in (("approve", draft["id"]), ("reject", draft["id"], "--reason", "tone"), ("edit", draft["id"], "--subject", "x")):
        again = enishi("review", *words, "--as", "tanaka", "--json", home=queue)
        assert again.code == 1
        assert "is rejected" in again.json[0]["refused"]


def test_a_blocked_approval_exits_with_one(queue: Path, enishi: Command) -> None:
    draft = passing(queue)
    add(queue, "tickets", draft["customer_id"], id="t-new", opened=LATER, status="open", severity="high", topic="complaint")
    told = enishi("review", "approve", draft["id"], "--as", "sato", "--as-of", LATER.isoformat(), "--json", home=queue)
    assert told.code == 1
    assert told.json[0]["state"] == "pending"
    assert "G3" in {finding["rule"] for finding in told.json[0]["findings"]}


def test_two_approvals_at_once_reserve_one_contact(queue: Path) -> None:
    draft = passing(queue)

    def attempt(actor: str) -> str:
        try:
            return approved(queue, draft["id"], actor=actor).state
        except ReviewRefused:
            return "refused"

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(attempt, ("sato", "tanaka"))) == ["approved", "refused"]
    assert len(held(queue)) == 1
    assert chain(queue)[1] is None


def test_two_drafts_for_one_person_at_once_reserve_one_contact(queue: Path) -> None:
    draft = passing(queue)
    with Enishi.open(queue) as enishi:
        second = enishi.draft(draft["customer_id"], action=draft["action"], channel=draft["channel"], as_of=AS_OF)
        assert isinstance(second, Draft)
    with ThreadPoolExecutor(2) as threads:
        states = threads.map(lambda one: approved(queue, one).state, (draft["id"], second.id))
        assert sorted(states) == ["approved", "pending"]
    assert len(held(queue)) == 1


# --- the log --------------------------------------------------------------------------------------------------------


def test_the_log_holds_until_somebody_changes_it(queue: Path, enishi: Command) -> None:
    for draft in stored(queue, verdict="pass")[:3]:
        approved(queue, draft["id"])
    assert chain(queue)[1] is None
    assert enishi("audit", "verify", "--json", home=queue).json == {"entries": 4, "broken": None}
    with Enishi.open(queue) as opened, writing(opened.engine) as connection:
        connection.execute(update(audit).where(audit.c.seq == 3).values(actor="somebody else"))
    told = enishi("audit", "verify", "--json", home=queue)
    assert (told.code, told.json["broken"]) == (1, "entry 3 was changed")


def test_the_log_notices_a_missing_entry(queue: Path, enishi: Command) -> None:
    for draft in stored(queue, verdict="pass")[:3]:
        approved(queue, draft["id"])
    with Enishi.open(queue) as opened, writing(opened.engine) as connection:
        connection.execute(delete(audit).where(audit.c.seq == 2))
    told = enishi("audit", "verify", home=queue)
    assert told.code == 1
    assert "entry 2 is missing" in told.out


def test_every_step_stands_in_the_log(queue: Path, enishi: Command) -> None:
    draft = passing(queue, channel="email")
    enishi("review", "edit", draft["id"], "--subject", "ご無沙汰しております", "--as", "tanaka", "--as-of", LATER.isoformat(), home=queue)
    enishi("review", "approve", draft["id"], "--as", "sato", "--as-of", LATER.isoformat(), home=queue)
    enishi("review", "reject", draft["id"], "--reason", "wrong_timing", "--as", "sato", "--as-of", LATER.isoformat(), home=queue)
    shown = enishi("review", "show", draft["id"], "--json", home=queue).json
    assert [(entry["actor"], entry["event"]) for entry in shown["log"]] == [("tanaka", "edited"), ("sato", "approved"), ("sato", "rejected")]
    assert [one["number"] for one in shown["revisions"]] == [1, 2]
    with Enishi.open(queue) as opened, reading(opened.engine) as connection:
        assert connection.execute(select(func.count()).select_from(audit)).scalar_one() == 4


def test_the_audit_log_holds_no_words_of_a_message_and_no_note(queue: Path, enishi: Command, tmp_path: Path) -> None:
    draft = passing(queue, channel="email")
    spoilt = tmp_path / "spoilt.txt"
    spoilt.write_text("佐藤 美咲 様様\n\nご入院中と伺いました。090-1234-5678", encoding="utf-8")
    enishi("review", "edit", draft["id"], "--body", spoilt, "--as", "ito", "--as-of", LATER.isoformat(), home=queue)
    note = "電話で 090-1234-5678 の佐藤様に確認"
    enishi(
        "review", "reject", draft["id"], "--reason", "tone", "--note", note, "--as-of", LATER.isoformat(), home=queue
    )
    found = enishi("review", "show", draft["id"], "--json", home=queue).json
    assert found["note"] == note
    logged = json.dumps(found["log"], ensure_ascii=False)
    for words in ("佐藤", "090", "入院", "様様"):
        assert words not in logged
    edited, rejected = (
        next(e for e in found["log"] if e["event"] == event)["detail"] for event in ("edited", "rejected")
    )
    sick = next(one for one in edited["findings"] if one["rule"] == "C11")
    assert (sick["part"], sick["start"] < sick["end"]) == ("body", True)
    assert len(sick["value"]) == len(rejected["note"]) == 16
    key = queue / "key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert rejected["note"] == log.fingerprint(note, key.read_bytes()) != log.fingerprint(note, b"x" * 32)


@pytest.mark.parametrize(
    ("added", "rule"),
    [
        ("いまなら全品30%割引です。", "C03"),
        ("さらに500ポイントを進呈します。", "C03"),
        ("田中様にもご好評をいただいております。", "claims.person"),
        ("くわしくは https://example.com.evil.test/a をご覧ください。", "claims.url"),
        ("お電話は03-1234-5678まで。", "claims.contact"),
        ("コードMORE50をお使いください。", "claims.code"),
        ("日本一の品質です。", "claims.superlative"),
        ("12月24日まで承ります。", "C03"),
    ],
)
def test_a_reviewer_cannot_edit_in_what_no_fact_says(queue: Path, added: str, rule: str) -> None:
    draft = passing(queue, channel="email", language="ja")
    with Enishi.open(queue) as enishi:
        with reading(enishi.engine) as connection:
            before = connection.execute(
                select(revisions.c.body).where(revisions.c.draft_id == draft["id"])
            ).scalar_one()
        moved = edit(enishi, draft["id"], actor="tanaka", at=LATER, body=before.replace("\n\n", f"\n\n{added}\n\n", 1))
        assert rule in {finding.rule for finding in moved.findings if finding.severity == "block"}, moved.findings
        assert approve(enishi, draft["id"], actor="sato", at=LATER).state == "pending"
    assert held(queue) == []


def test_a_reviewer_may_put_a_fact_in_other_words(queue: Path) -> None:
    draft = passing(queue, channel="email", language="ja")
    with Enishi.open(queue) as enishi:
        with reading(enishi.engine) as connection:
            before = connection.execute(
                select(revisions.c.body).where(revisions.c.draft_id == draft["id"])
            ).scalar_one()
        moved = edit(
            enishi,
            draft["id"],
            actor="tanaka",
            at=LATER,
            body=before.replace("\n\n", "\n\n季節の変わり目、お変わりなくお過ごしでしょうか。\n\n", 1),
        )
        assert [finding for finding in moved.findings if finding.guard == "claims"] == []
