"""What a person does to a draft, each in one transaction with its audit entry.

    pending → approved | rejected | expired | stale

The row is locked first and its state tested under the lock.  Approving asks every guard again about the customer as they are
now, and reserves the contact; what changed since the reviewer saw it makes the draft stale, what is no longer allowed stays
blocked and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select, update

from agent import ledger, store
from agent.circumstances import Circumstances
from agent.decision import NO_CONSENT, Decision, consent_versions
from agent.drafting import Draft
from agent.enishi import Enishi
from agent.judging import judge_draft
from agent.review import audit
from agent.review.wording import reworded
from agent.tables import drafts, revisions
from agent.world import World
from policies.guardrails import Finding
from prompts.bundle import Gathering, Intent
from retrieval.database import insert_many, try_again, writing
from retrieval.errors import EnishiError, InputError, nearest
from retrieval.features import compute
from retrieval.frames import Frames
from retrieval.history import instant, microseconds, read_customer, read_shelves
from retrieval.tables import bucket_of

REASONS: Mapping[str, tuple[str, str]] = {
    "wrong_fact": ("事実が違う", "a fact is wrong"),
    "wrong_action": ("この方に合わない", "not right for this customer"),
    "wrong_timing": ("時期が合わない", "wrong moment"),
    "tone": ("言葉づかい", "tone or wording"),
    "too_personal": ("踏み込みすぎ", "too personal"),
    "compliance": ("規則・法令", "rule or law"),
    "duplicate": ("重複", "already said"),
    "other": ("その他", "other"),
}
"""Why a draft is rejected; learning reads these."""


class ReviewRefused(EnishiError):
    """The draft can't be moved as asked: another state, a block, four eyes, or it changed since it was seen (exit 1)."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A draft's new state and, where guards spoke, what they said."""

    draft_id: str
    state: str
    findings: tuple[Finding, ...] = ()


@try_again
def approve(enishi: Enishi, draft_id: str, *, actor: str, at: datetime, seen: str | None = None) -> Moved:
    """Approve exactly what was seen and reserve its contact.

    ``seen`` is the digest the reviewer looked at (None: the stored one).  Raises ReviewRefused with the reason.
    """
    with writing(enishi.engine) as connection:
        row = _locked(connection, draft_id)
        if enishi.home.settings.review.four_eyes and row["run"] and actor in _authors(connection, row):
            raise ReviewRefused(f"{actor} ordered or edited {draft_id}; with four eyes somebody else approves it")
        if instant(row["send_not_after"]) < at:
            return _close(
                connection, row, "expired", actor, at, {"send_not_after": instant(row["send_not_after"]).isoformat()}
            )
        draft = _judged_now(enishi, connection, row, at)
        changed = _changed(draft, row, seen)
        if changed:
            return _close(connection, row, "stale", actor, at, {"because": changed}, draft.findings)
        connection.execute(update(drafts).where(drafts.c.id == draft_id).values(verdict=draft.verdict))
        if draft.verdict == "block":
            ruling = replace(ledger.ask(connection, enishi.world.catalogue, _request(row), at), due=None)
            return _blocked(enishi, connection, row, actor, at, (*draft.findings, *ruling.findings()))
        ruling = ledger.reserve(connection, enishi.world.catalogue, _request(row), at)
        if ruling.due is None:
            return _blocked(enishi, connection, row, actor, at, (*draft.findings, *ruling.findings()))
        detail = {
            "digest": row["digest"],
            "due": ruling.due.isoformat(),
            "put_off_by": [one.rule for one in ruling.blocked],
        }
        return _close(connection, row, "approved", actor, at, detail, (*draft.findings, *ruling.findings()))


@try_again
def expire(enishi: Enishi, *, actor: str, at: datetime) -> tuple[Moved, ...]:
    """Expire every approved draft that did not leave in its time, and give its contact back."""
    with writing(enishi.engine) as connection:
        moved = []
        for draft_id in ledger.overdue(connection, at):
            row = _locked(connection, draft_id, allowed=("approved",))
            ledger.release(connection, draft_id, at)
            detail = {"send_not_after": instant(row["send_not_after"]).isoformat()}
            moved.append(_close(connection, row, "expired", actor, at, detail))
        return tuple(moved)


@try_again
def reject(enishi: Enishi, draft_id: str, *, actor: str, at: datetime, reason: str, note: str = "") -> Moved:
    """Reject with a reason code; an approved draft that has not left yet gives its contact back.

    ``note`` is kept with the draft; the audit log holds its fingerprint.

    Raises InputError for an unknown reason, ReviewRefused when the draft is past rejecting.
    """
    if reason not in REASONS:
        raise InputError(f"unknown reason '{reason}'{nearest(reason, REASONS)}", key="reason")
    with writing(enishi.engine) as connection:
        row = _locked(connection, draft_id, allowed=("pending", "approved"))
        ledger.release(connection, draft_id, at)
        connection.execute(update(drafts).where(drafts.c.id == draft_id).values(note=note))
        said = {"note": audit.fingerprint(note, enishi.home.key)} if note else {}
        return _close(connection, row, "rejected", actor, at, {"reason": reason, **said})


@try_again
def edit(
    enishi: Enishi,
    draft_id: str,
    *,
    actor: str,
    at: datetime,
    body: str | None = None,
    subject: str | None = None,
    title: str | None = None,
) -> Moved:
    """Write a new revision and judge it with every guard; the text before stays in the history.

    Raises ReviewRefused unless the draft is pending, InputError when nothing changes.
    """
    with writing(enishi.engine) as connection:
        row = _locked(connection, draft_id)
        draft = _judged_now(enishi, connection, row, at, body=body, subject=subject, title=title)
        if draft.digest == row["digest"]:
            raise InputError("the text is the same as before; nothing to store", key="body")
        now, number = microseconds(at), row["revision"] + 1
        insert_many(connection, revisions, store.REVISION, [store.revision_row(draft, number, actor, now)])
        connection.execute(
            update(drafts)
            .where(drafts.c.id == draft_id)
            .values(revision=number, digest=draft.digest, verdict=draft.verdict)
        )
        audit.append(
            connection,
            at=at,
            actor=actor,
            event="edited",
            subject=draft_id,
            detail={
                "revision": number,
                "digest": draft.digest,
                "verdict": draft.verdict,
                "findings": audit.told(draft.findings, enishi.home.key),
            },
        )
        return Moved(draft_id, "pending", draft.findings)


def _locked(connection: Connection, draft_id: str, allowed: tuple[str, ...] = ("pending",)) -> Mapping[str, Any]:
    """The draft's row, locked; on SQLite the whole transaction already is."""
    row = connection.execute(select(drafts).where(drafts.c.id == draft_id).with_for_update()).mappings().first()
    if row is None:
        raise InputError(
            f"no draft '{draft_id}'{nearest(draft_id, connection.execute(select(drafts.c.id).limit(1000)).scalars())}",
            key="draft",
        )
    if row["state"] not in allowed:
        raise ReviewRefused(f"{draft_id} is {row['state']}, not {' or '.join(allowed)}")
    return dict(row)


def _close(
    connection: Connection,
    row: Mapping[str, Any],
    state: str,
    actor: str,
    at: datetime,
    detail: dict[str, Any],
    findings: tuple[Finding, ...] = (),
) -> Moved:
    connection.execute(update(drafts).where(drafts.c.id == row["id"]).values(state=state))
    audit.append(
        connection, at=at, actor=actor, event=state, subject=row["id"], detail={**detail, "revision": row["revision"]}
    )
    return Moved(row["id"], state, findings)


def _blocked(
    enishi: Enishi,
    connection: Connection,
    row: Mapping[str, Any],
    actor: str,
    at: datetime,
    findings: tuple[Finding, ...],
) -> Moved:
    """Not approved, and why; the draft waits."""
    detail = {"findings": audit.told(findings, enishi.home.key)}
    audit.append(connection, at=at, actor=actor, event="approval_blocked", subject=row["id"], detail=detail)
    return Moved(row["id"], "pending", findings)


def _request(row: Mapping[str, Any]) -> ledger.Request:
    return ledger.Request(
        draft_id=row["id"], customer_id=row["customer_id"], channel=row["channel"], purpose=row["purpose"], action=row["action"],
        not_before=instant(row["send_not_before"]), not_after=instant(row["send_not_after"]),
    )  # fmt: skip


def _authors(connection: Connection, row: Mapping[str, Any]) -> set[str]:
    """Who asked for the draft or wrote any of its words."""
    wrote = connection.execute(select(revisions.c.author).where(revisions.c.draft_id == row["id"])).scalars()
    return {row["requested_by"], *wrote} - {""}


def _judged_now(
    enishi: Enishi, connection: Connection, row: Mapping[str, Any], at: datetime, *,
    body: str | None = None, subject: str | None = None, title: str | None = None,
) -> Draft:  # fmt: skip
    """The draft's words (or the new ones) held against the customer as known at ``at``, inside the caller's transaction."""
    bucket = bucket_of(row["customer_id"])
    ledger.lock(connection, enishi.world.catalogue, [row["customer_id"]])
    shelves = read_shelves(connection)
    now = read_customer(connection, at, shelves, row["customer_id"])
    if now.size == 0:
        raise ReviewRefused(f"customer {row['customer_id']} is no longer in the history")
    now = store.with_reservations(connection, now, bucket, bucket, all_held=True)
    then = read_customer(connection, instant(row["created_at"]), shelves, row["customer_id"])
    stored = connection.execute(
        select(revisions).where(revisions.c.draft_id == row["id"], revisions.c.number == row["revision"])
    ).mappings().one()  # fmt: skip
    record = store.read_decision(connection, row["decision_id"])
    words = {"subject": stored["subject"] if subject is None else subject, "title": stored["title"] if title is None else title,
             "body": stored["body"] if body is None else body}  # fmt: skip
    used = [fact["slot"] for fact in orjson.loads(stored["facts"])]
    world = replace(enishi.world, known=enishi.register.at(connection, at))
    return judge_draft(_rebuilt(world, then, now, at, row, record, words, used), world)


def _rebuilt(
    world: World,
    then: Frames,
    now: Frames,
    at: datetime,
    row: Mapping[str, Any],
    record: Mapping[str, Any],
    words: Mapping[str, Any],
    used: list[str],
) -> Draft:
    """The draft on facts as of its decision (a date is said as it was) and on consents, holds and pressure as they are now."""
    action, pair = world.catalogue.action(row["action"]), record["candidates"][0][2]
    sku, offer = (pair if action.binds == "sku" else None), (pair if action.binds == "offer" else None)
    intent = Intent(0, action, row["channel"], sku, offer, row["language"])
    gathering = Gathering(then, compute(then, topics=world.catalogue.topics), world.senders)
    facts, today = gathering.bundle(intent), gathering.today(0)
    features = compute(now, topics=world.catalogue.topics)
    bound: dict[str, Any] = {}
    if action.binds:
        pairs = world.screen.frames(features)[action.binds]
        rows = pairs.filter(pairs[action.binds] == pair).to_dicts() if pairs.height else []
        bound = {name: value for name, value in (rows[0] if rows else {}).items() if name[:2] in ("s_", "o_")}
    seen = {**features.customers.row(0, named=True), **bound}
    decision = Decision(
        id=row["decision_id"], customer_id=row["customer_id"], i=0, action=action, intent=intent,
        names=tuple(seen), values=tuple(seen.values()), score=row["score"], seed=record["seed"], record=b"",
        send_not_before=max(at, instant(row["send_not_before"])), send_not_after=instant(row["send_not_after"]),
        consent_version=consent_versions(now).get(0, NO_CONSENT), zone=now.customers["zone"][0],
    )  # fmt: skip
    draft = reworded(
        decision, intent, words, facts, used, today, world.policy_version, drafter=row["drafter"]
    )  # fmt: skip
    about = Circumstances(now, world.senders).of(decision)
    return replace(draft, id=row["id"], about=about)


def _changed(draft: Draft, row: Mapping[str, Any], seen: str | None) -> str:
    """What changed between what was seen and now; empty when nothing did."""
    if seen is not None and seen != row["digest"]:
        return "the draft was edited after it was shown"
    if draft.digest != row["digest"]:
        return "consent, facts or policies changed after it was drafted"
    return ""
