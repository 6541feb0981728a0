"""How alike the drafts of a run read, lot by lot (copy check C09)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import orjson
from sqlalchemy import Engine, func, select

from agent.tables import drafts, revisions
from policies.sameness import Sameness, sameness
from retrieval.database import reading

SAMPLE = 100
"""Drafts read of each lot.  Ids are digests, so the first of them are a fair draw."""
_NAMES = ("addressee", "surname")


@dataclass(frozen=True, slots=True)
class Lot:
    """The drafts of one action, channel and language; ``closest`` are (similarity, draft, draft) of the sample."""

    action: str
    channel: str
    language: str
    drafts: int
    found: Sameness
    closest: tuple[tuple[float, str, str], ...]


def lots_of(engine: Engine, run: str, *, sample: int = SAMPLE) -> list[Lot]:
    """Every lot of two drafts and more, the most alike first."""
    place = (drafts.c.action, drafts.c.channel, drafts.c.language)
    ranked = (
        select(drafts.c.id, drafts.c.revision, *place, func.row_number().over(partition_by=place, order_by=drafts.c.id).label("rank"),
               func.count().over(partition_by=place).label("drafts"))
        .where(drafts.c.run == run).subquery()
    )  # fmt: skip
    asked = (
        select(ranked, revisions.c.body, revisions.c.facts)
        .join(revisions, (revisions.c.draft_id == ranked.c.id) & (revisions.c.number == ranked.c.revision))
        .where(ranked.c.rank <= sample, ranked.c.drafts > 1)
        .order_by(ranked.c.action, ranked.c.channel, ranked.c.language, ranked.c.id)
    )
    with reading(engine) as connection:
        rows = connection.execute(asked).mappings().all()
    lots = []
    for (action, channel, language), group in groupby(
        rows, lambda row: (row["action"], row["channel"], row["language"])
    ):
        members = list(group)
        names = [[fact["text"] for fact in orjson.loads(row["facts"]) if fact["slot"] in _NAMES] for row in members]
        found = sameness([row["body"] for row in members], language, names)
        closest = tuple((alike, members[one]["id"], members[other]["id"]) for alike, one, other in found.closest)
        lots.append(Lot(action, channel, language, members[0]["drafts"], found, closest))
    return sorted(lots, key=lambda lot: (-lot.found.mean, lot.action, lot.channel, lot.language))
