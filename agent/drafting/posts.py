"""Copies that went overnight: which post holds which, and how far each is.

A post is written down before anything of it leaves, with a label that the provider's batch will bear.  Killed anywhere after that,
the batch is found by its label if it was begun, and begun if it was not.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, func, insert, or_, select, update

from agent.drafting.copies import POSTED, WANTED, brief_of_row
from agent.drafting.copywriter import Written
from agent.drafting.overnight import Standing
from agent.tables import copies, posts, runs
from prompts.asking import Brief
from retrieval.database import reading, writing
from retrieval.errors import Unreachable
from retrieval.history import instant, microseconds

SENDING, SENT, BACK, DROPPED = "sending", "sent", "back", "dropped"
OPEN = (SENDING, SENT)
"""States of a post that something is still to be done about."""
LEASE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Post:
    """One file of questions: its copies, the provider's batch and word for it, and when the provider was last asked."""

    run: str
    number: int
    label: str
    state: str
    copies: int
    batch: str | None
    status: str | None
    completed: int
    failed: int
    looked_at: datetime | None

    def json(self) -> dict[str, Any]:
        """As other programs read it."""
        return {
            "state": self.state, "batch": self.batch, "status": self.status, "copies": self.copies, "completed": self.completed, "failed": self.failed,
            "looked_at": self.looked_at.isoformat() if self.looked_at else None,
        }  # fmt: skip


def posts_of(engine: Engine, run: str) -> tuple[Post, ...]:
    """Every post of the run, in the order in which they were made."""
    with reading(engine) as connection:
        rows = connection.execute(select(posts).where(posts.c.run == run).order_by(posts.c.number)).mappings().all()
    return tuple(
        Post(
            run, row["number"], row["label"], row["state"], row["copies"], row["batch"], row["status"], row["completed"], row["failed"],
            instant(row["looked_at"]) if row["looked_at"] is not None else None,
        )
        for row in rows
    )  # fmt: skip


def put_up(engine: Engine, run: str, written: Mapping[str, Written], parcels: Iterable[Sequence[str]]) -> list[int]:
    """Make posts of copies that are still wanted, with what their questions may cost; the numbers of the posts."""
    made: list[int] = []
    with writing(engine) as connection:
        # Of two processes at it, the second waits for the first.
        connection.execute(select(runs.c.name).where(runs.c.name == run).with_for_update())
        still = set(
            connection.execute(select(copies.c.id).where(copies.c.run == run, copies.c.state == WANTED)).scalars()
        )
        last = connection.execute(select(func.max(posts.c.number)).where(posts.c.run == run)).scalar()
        number = 0 if last is None else last + 1
        for parcel in parcels:
            if not (keys := [key for key in parcel if key in still]):
                continue
            connection.execute(insert(posts).values(
                run=run, number=number, label=secrets.token_hex(16), state=SENDING, copies=len(keys), completed=0, failed=0,
            ))  # fmt: skip
            connection.execute(
                update(copies).where(copies.c.run == run, copies.c.id == bindparam("key"))
                .values(state=POSTED, post=number, tokens=bindparam("cost"), micros=bindparam("money"), requests=1),
                [{"key": one.key, "cost": one.tokens_in + one.tokens_out, "money": one.micros} for one in map(written.__getitem__, keys)],
            )  # fmt: skip
            made.append(number)
            number += 1
    return made


def briefs_in(engine: Engine, post: Post) -> list[Brief]:
    """The briefs of a post without an outcome yet."""
    asked = select(copies.c.brief).where(
        copies.c.run == post.run, copies.c.post == post.number, copies.c.state == POSTED
    )
    with reading(engine) as connection:
        return [brief_of_row(text) for text in connection.execute(asked.order_by(copies.c.id)).scalars()]


def want_again(engine: Engine, post: Post, keys: Iterable[str] | None = None) -> None:
    """Copies of a post without an outcome, those of ``keys`` or all, are wanted as if they had never been posted."""
    ours = [copies.c.run == post.run, copies.c.post == post.number, copies.c.state == POSTED]
    again = update(copies).values(state=WANTED, post=None, tokens=0, micros=0, requests=0)
    with writing(engine) as connection:
        if keys is None:
            connection.execute(again.where(*ours))
        elif chosen := [{"key": key} for key in keys]:
            connection.execute(again.where(*ours, copies.c.id == bindparam("key")), chosen)


def note(
    connection: Connection, post: Post, state: str, standing: Standing | None = None, at: datetime | None = None
) -> None:
    """How far a post is, with what the provider told of it at a moment."""
    told: dict[str, Any] = {}
    if standing is not None and at is not None:
        told = {
            "batch": standing.batch, "status": standing.status, "completed": standing.completed, "failed": standing.failed,
            "looked_at": microseconds(at),
        }  # fmt: skip
    connection.execute(_this(post).values(state=state, **told))


@contextmanager
def held(engine: Engine, post: Post, worker: str, now: datetime) -> Iterator[None]:
    """One process sends or fetches a post.  Raises Unreachable when another is at it."""
    moment = microseconds(now)
    with writing(engine) as connection:
        free = or_(posts.c.worker.is_(None), posts.c.leased_until < moment)
        taken = connection.execute(
            _this(post)
            .where(posts.c.state == post.state, free)
            .values(worker=worker, leased_until=moment + LEASE // timedelta(microseconds=1))
        )
    if not taken.rowcount:
        raise Unreachable(f"another process is sending or fetching the copies of run '{post.run}'")
    try:
        yield
    finally:
        with writing(engine) as connection:
            connection.execute(_this(post).where(posts.c.worker == worker).values(worker=None, leased_until=None))


def _this(post: Post) -> Any:
    return update(posts).where(posts.c.run == post.run, posts.c.number == post.number)
