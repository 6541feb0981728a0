"""Reading the queue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, func, select

from agent.drafting import Provenance
from agent.store import FIXED, read_decision
from agent.tables import audit, drafts, revisions
from retrieval.errors import InputError, nearest
from retrieval.history import instant

STATES = ("pending", "approved", "rejected", "expired", "stale", "released", "released_failed")


@dataclass(frozen=True, slots=True)
class Filters:
    """Which drafts; None is any."""

    state: str | None = "pending"
    run: str | None = None
    action: str | None = None
    channel: str | None = None
    language: str | None = None
    verdict: str | None = None
    customer: str | None = None


def listing(
    connection: Connection, filters: Filters, *, limit: int = 50, offset: int = 0
) -> tuple[int, list[Mapping[str, Any]]]:
    """(how many there are, the page asked for): those that can be approved first, then by score and id."""
    conditions = [
        column == value
        for column, value in (
            (drafts.c.state, filters.state), (drafts.c.run, filters.run), (drafts.c.action, filters.action),
            (drafts.c.channel, filters.channel), (drafts.c.language, filters.language), (drafts.c.verdict, filters.verdict),
            (drafts.c.customer_id, filters.customer),
        )
        if value is not None
    ]  # fmt: skip
    total = connection.execute(select(func.count()).select_from(drafts).where(*conditions)).scalar_one()
    page = (
        select(drafts, revisions.c.subject, revisions.c.title, revisions.c.body)
        .join(revisions, (revisions.c.draft_id == drafts.c.id) & (revisions.c.number == drafts.c.revision))
        .where(*conditions).order_by(drafts.c.verdict == "block", drafts.c.score.desc(), drafts.c.id).limit(limit).offset(offset)
    )  # fmt: skip
    return total, [_plain(row) for row in connection.execute(page).mappings()]


def shown(connection: Connection, draft_id: str) -> dict[str, Any]:
    """One draft whole: words, facts, findings, the decision's record, every revision and what people did.

    Raises InputError naming the nearest id when there is no such draft.
    """
    row = connection.execute(select(drafts).where(drafts.c.id == draft_id)).mappings().first()
    if row is None:
        near = connection.execute(select(drafts.c.id).limit(1000)).scalars()
        raise InputError(f"no draft '{draft_id}'{nearest(draft_id, near)}", key="draft")
    past = (
        connection.execute(select(revisions).where(revisions.c.draft_id == draft_id).order_by(revisions.c.number))
        .mappings()
        .all()
    )
    current = next(one for one in past if one["number"] == row["revision"])
    findings = orjson.loads(current["findings"])
    log = connection.execute(select(audit).where(audit.c.subject == draft_id).order_by(audit.c.seq)).mappings()
    return {
        **_plain(row), "subject": current["subject"], "title": current["title"], "body": current["body"],
        "facts": orjson.loads(current["facts"]), "findings": [one for one in findings if one["severity"] != FIXED],
        "fixed": [one for one in findings if one["severity"] == FIXED], "decision": read_decision(connection, row["decision_id"]),
        "revisions": [
            {"number": one["number"], "author": one["author"], "at": instant(one["at"]).isoformat(), "body": one["body"], "digest": one["digest"]}
            for one in past
        ],
        "log": [
            {"at": instant(entry["at"]).isoformat(), "actor": entry["actor"], "event": entry["event"], "detail": orjson.loads(entry["detail"])}
            for entry in log
        ],
    }  # fmt: skip


def _plain(row: RowMapping) -> dict[str, Any]:
    moments = ("send_not_before", "send_not_after", "created_at")
    # SQLAlchemy's keys are a subclass of str, which JSON does not take.
    plain = {str(name): instant(value).isoformat() if name in moments else value for name, value in row.items()}
    told = plain["drafting"]
    return {**plain, "drafting": Provenance(**orjson.loads(told)).json() if told else None}
