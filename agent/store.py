"""Writing what was worked out: decisions, drafts, first revisions.  Writing the same work twice changes nothing."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import orjson
import polars as pl
from sqlalchemy import Connection, select

from agent.canonical import canonical
from agent.decision import Vocabulary
from agent.drafting import Draft
from agent.pipeline import Work
from agent.tables import decisions, drafts, reservations, revisions, vocabularies
from policies.guardrails import Finding
from retrieval.database import insert_many
from retrieval.frames import Frames
from retrieval.history import microseconds

_DECISION = ("id", "run", "customer_id", "as_of", "action", "record")
_DRAFT = (
    "id", "run", "decision_id", "customer_id", "action", "channel", "language", "purpose", "drafter", "state", "verdict", "revision",
    "digest", "score", "send_not_before", "send_not_after", "created_at", "requested_by", "drafting",
)  # fmt: skip
FIXED = "fixed"
"""The severity of a stored finding that was put right before the draft was judged."""
REVISION = ("draft_id", "number", "author", "at", "subject", "title", "body", "facts", "findings", "digest")


def save(connection: Connection, work: Work, *, run: str, at: datetime, requested_by: str) -> None:
    """Store every decision and draft of ``work``; what is there already stays as it is."""
    now = microseconds(at)
    named = {made.vocabulary.id: made.vocabulary.names.decode() for made in work.decisions if made.vocabulary}
    insert_many(connection, vocabularies, ("id", "names"), list(named.items()), or_ignore=True)
    insert_many(connection, decisions, _DECISION, [
        (made.id, run, made.customer_id, now, made.action.id, made.record.decode()) for made in work.decisions
    ], or_ignore=True)  # fmt: skip
    insert_many(connection, drafts, _DRAFT, [
        (
            draft.id, run, draft.decision.id, draft.decision.customer_id, draft.intent.action.id, draft.intent.channel, draft.intent.language,
            draft.intent.action.purpose, draft.drafter, "pending", draft.verdict, 1, draft.digest, draft.decision.score,
            microseconds(draft.decision.send_not_before), microseconds(draft.decision.send_not_after), now, requested_by,
            _drafting(draft),
        )
        for draft in work.drafts
    ], or_ignore=True)  # fmt: skip
    insert_many(
        connection,
        revisions,
        REVISION,
        [revision_row(draft, 1, f"{draft.drafter}", now) for draft in work.drafts],
        or_ignore=True,
    )


def _drafting(draft: Draft) -> str | None:
    return canonical(asdict(draft.provenance)).decode() if draft.provenance else None


def read_decision(connection: Connection, decision_id: str) -> dict[str, Any]:
    """A stored decision with the names put back to its feature values; raises NoResultFound when it is not there."""
    record = orjson.loads(
        connection.execute(select(decisions.c.record).where(decisions.c.id == decision_id)).scalar_one()
    )
    names = connection.execute(
        select(vocabularies.c.names).where(vocabularies.c.id == record["vocabulary"])
    ).scalar_one()
    return Vocabulary(record["vocabulary"], names.encode()).named(record)


def revision_row(draft: Draft, number: int, author: str, at: int) -> tuple[Any, ...]:
    """One revision of a draft as a row."""
    copy = draft.copy
    return (
        draft.id, number, author, at, copy.subject, copy.title, copy.body, draft.facts_json.decode(), _objections(draft), draft.digest,
    )  # fmt: skip


def _objections(draft: Draft) -> str:
    """What the guards said, and after it what was put right before they were asked."""
    if not draft.findings and not draft.fixed:
        return "[]"
    fixed = ({**finding_json(one), "severity": FIXED} for one in draft.fixed)
    return canonical([*map(finding_json, draft.findings), *fixed]).decode()


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as other programs read it."""
    return {
        "guard": finding.guard, "rule": finding.rule, "severity": finding.severity, "start": finding.start, "end": finding.end,
        "text": finding.text, "ja": finding.ja, "en": finding.en, "part": finding.part, "fix": finding.fix,
    }  # fmt: skip


def with_reservations(
    connection: Connection, frames: Frames, first_bucket: int, last_bucket: int, *, all_held: bool = False
) -> Frames:
    """The frames with contacts that are approved and not yet sent: they count as made, so nobody is planned twice.

    A decision sees those that were held just before ``as_of``, so that it replays whatever is approved later.  An approval
    sees ``all_held``: every one that is held now, whatever the clocks of the others say.
    """
    moment = microseconds(frames.as_of)
    before = (reservations.c.reserved_at < moment) & (
        reservations.c.ended_at.is_(None) | (reservations.c.ended_at >= moment)
    )
    planned = connection.execute(
        select(
            reservations.c.customer_id,
            reservations.c.at,
            reservations.c.channel,
            reservations.c.action,
            reservations.c.purpose,
        )
        .where(
            reservations.c.bucket.between(first_bucket, last_bucket),
            reservations.c.state == "reserved" if all_held else before,
        )
        .order_by(reservations.c.customer_id, reservations.c.draft_id)
    ).all()
    if not planned:
        return frames
    rows = pl.DataFrame(
        [(customer, min(at, moment), channel, action, purpose) for customer, at, channel, action, purpose in planned],
        schema={"id": pl.String, "at": pl.Int64, "channel": pl.String, "action": pl.String, "purpose": pl.String}, orient="row",
    ).with_columns(pl.col("at").cast(frames.contacts.schema["at"]))  # fmt: skip
    rows = rows.join(frames.customers.select("id", "i"), on="id", how="inner").drop("id")
    contacts = pl.concat([frames.contacts, rows], how="diagonal").sort("i", "at", "channel", "action")
    return replace(frames, contacts=contacts)
