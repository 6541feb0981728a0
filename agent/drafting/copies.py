"""The copies of a batch run: asked for once, kept in the database, filled for everybody.

A worker notes which copies its partition wants and waits until they are there; whoever runs the batch asks the model for what is
wanted, at one pace and from one budget, however many workers there are.  A copy that is there is never asked for again, so a run
that is resumed does not pay twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from threading import Event

import orjson
from sqlalchemy import Engine, func, select, update

from agent.canonical import canonical
from agent.drafting import Order
from agent.drafting.copywriter import Copywriter, Written
from agent.drafting.limits import Budget, budget_of
from agent.settings import Drafting
from agent.tables import copies
from prompts.asking import Brief
from prompts.segments import Wording
from retrieval.database import insert_many, reading, writing

WANTED, POSTED, WRITTEN = "wanted", "posted", "written"
_LOOK_SECONDS = 0.2
_AT_ONCE = 500
"""Keys asked of the database in one query."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What a run spent on its copies: how many there are by outcome, requests, tokens and money (millionths).

    ``posted`` copies are with the provider overnight; ``posted_tokens`` and ``posted_micros`` are the most that they may cost.
    """

    outcomes: Mapping[str, int]
    requests: int
    tokens: int
    micros: int
    posted: int = 0
    posted_tokens: int = 0
    posted_micros: int = 0

    @property
    def copies(self) -> int:
        """Copies asked for and answered, whatever the answer."""
        return sum(self.outcomes.values())


def spent(engine: Engine, run: str) -> Spent:
    """What the run's copies cost so far."""
    asked = select(
        copies.c.state, copies.c.outcome, func.count(), func.sum(copies.c.requests), func.sum(copies.c.tokens), func.sum(copies.c.micros)
    ).where(copies.c.run == run).group_by(copies.c.state, copies.c.outcome).order_by(copies.c.outcome)  # fmt: skip
    with reading(engine) as connection:
        rows = connection.execute(asked).all()
    done = [row for row in rows if row[0] == WRITTEN]
    aside = [int(number) for row in rows if row[0] == POSTED for number in (row[2], row[4], row[5])]
    return Spent(
        {row[1]: row[2] for row in done}, sum(int(row[3]) for row in done), sum(int(row[4]) for row in done), sum(int(row[5]) for row in done),
        *aside,
    )  # fmt: skip


def stable_share(engine: Engine, run: str) -> float:
    """Which share of all that was sent is the unchanging beginning of a prompt, which a provider may cache; by letters."""
    asked = select(copies.c.written).where(copies.c.run == run, copies.c.state == WRITTEN)
    with reading(engine) as connection:
        told = [orjson.loads(text) for text in connection.execute(asked).scalars()]
    return sum(one["stable"] for one in told) / (sum(one["sent"] for one in told) or 1)


def budget_left(engine: Engine, run: str, settings: Drafting) -> Budget:
    """The run's budget with what it spent before it was stopped, and with what its copies may cost that are with the provider."""
    before = spent(engine, run)
    return budget_of(
        settings, tokens=before.tokens + before.posted_tokens, micros=before.micros + before.posted_micros,
        requests=before.requests + before.posted,
    )  # fmt: skip


def want(engine: Engine, run: str, briefs: Iterable[Brief]) -> None:
    """Note that these copies are wanted; those that were wanted before stay as they are."""
    rows = [
        (run, brief.key, canonical(asdict(brief)).decode(), WANTED, 0, 0, 0)
        for brief in sorted(briefs, key=lambda one: one.key)
    ]
    with writing(engine) as connection:
        insert_many(
            connection, copies, ("run", "id", "brief", "state", "tokens", "micros", "requests"), rows, or_ignore=True
        )


def wanted(engine: Engine, run: str) -> list[Brief]:
    """The copies that nobody has written yet."""
    asked = select(copies.c.brief).where(copies.c.run == run, copies.c.state == WANTED).order_by(copies.c.id)
    with reading(engine) as connection:
        return [brief_of_row(text) for text in connection.execute(asked).scalars()]


def keep(engine: Engine, run: str, written: Written) -> None:
    """What came of a copy, and what it cost."""
    with writing(engine) as connection:
        connection.execute(
            update(copies).where(copies.c.run == run, copies.c.id == written.key, copies.c.state != WRITTEN).values(
                state=WRITTEN, outcome=written.outcome, written=canonical(asdict(written)).decode(),
                tokens=written.tokens_in + written.tokens_out, micros=written.micros, requests=written.requests,
            )
        )  # fmt: skip


def there(engine: Engine, run: str, keys: Iterable[str]) -> dict[str, Written]:
    """Key → copy, of those that are written."""
    left, found = sorted(keys), {}
    with reading(engine) as connection:
        for at in range(0, len(left), _AT_ONCE):
            asked = select(copies.c.written).where(
                copies.c.run == run, copies.c.id.in_(left[at : at + _AT_ONCE]), copies.c.state == WRITTEN
            )
            for text in connection.execute(asked).scalars():
                copy = _written(text)
                found[copy.key] = copy
    return found


def brief_of_row(text: str) -> Brief:
    """A brief as it is stored."""
    told = orjson.loads(text)
    return Brief(**{**told, "required": tuple(told["required"]), "optional": tuple(told["optional"])})


def _written(text: str) -> Written:
    told = orjson.loads(text)
    return Written(**{**told, "wordings": tuple(Wording(**one) for one in told["wordings"])})


@dataclass(frozen=True, slots=True)
class RunCopies:
    """The copies of one run, for a drafter.

    With a ``copywriter`` what is missing is asked for here; without one somebody else does, and ``waiting`` is called while that
    lasts: it keeps what must be kept alive, or raises where waiting is in vain.
    """

    engine: Engine
    run: str
    copywriter: Copywriter | None
    waiting: Callable[[], None] = lambda: None

    def __call__(self, asked: Mapping[str, tuple[Brief, Order]]) -> Mapping[str, Written]:
        """What came of each brief."""
        found = there(self.engine, self.run, asked)
        missing = {key: brief for key, (brief, _) in asked.items() if key not in found}
        if not missing:
            return found
        want(self.engine, self.run, missing.values())
        if self.copywriter is not None:
            self.copywriter.write(list(missing.values()), finished=lambda copy: keep(self.engine, self.run, copy))
        while len(found) < len(asked):
            new = there(self.engine, self.run, asked.keys() - found.keys())
            found |= new
            if not new and len(found) < len(asked):
                self.waiting()
                time.sleep(_LOOK_SECONDS)
        return found


def serve(engine: Engine, run: str, copywriter: Copywriter, over: Event) -> None:
    """Ask for whatever the run's workers want, until it is ``over``; a failure of ours is an outcome too, nobody waits forever."""
    taken: set[str] = set()

    def feed() -> list[Brief] | None:
        if over.is_set():
            return None
        new = [brief for brief in wanted(engine, run) if brief.key not in taken]
        taken.update(brief.key for brief in new)
        return new

    try:
        copywriter.serve(feed, lambda copy: keep(engine, run, copy))
    except Exception as error:
        while not over.wait(_LOOK_SECONDS):
            for brief in wanted(engine, run):
                keep(engine, run, Written(key=brief.key, outcome="failed", detail=type(error).__name__))
