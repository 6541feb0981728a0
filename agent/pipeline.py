"""The whole way of one message, for one customer or a partition of thousands:

record → features → candidates → ranking → facts → draft → verdict
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from types import MappingProxyType

import polars as pl

from agent.circumstances import Circumstances
from agent.decision import Decision, currencies, decide_all
from agent.drafting import Draft, Drafter, Order
from agent.drafting.template import from_templates
from agent.ranking.arbitration import arbitrate
from agent.world import World
from policies.eligibility import Exclusions
from policies.expressions import Expression
from prompts.bundle import Gathering, Intent
from retrieval.features import FeatureFrames, compute
from retrieval.frames import Frames


@dataclass(frozen=True, slots=True)
class Work:
    """What a partition comes to: a decision per customer, a judged draft for each that is a message, exclusions counted."""

    decisions: tuple[Decision, ...]
    drafts: tuple[Draft, ...]
    excluded: Exclusions
    features: FeatureFrames
    bound: Mapping[str, pl.DataFrame]


@dataclass(slots=True)
class Seconds:
    """Time by stage; reported, and part of no decision."""

    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Adds the time the block takes to ``stage``."""
        started = perf_counter()
        yield
        self.spent[stage] = self.spent.get(stage, 0.0) + perf_counter() - started


def work(
    frames: Frames, world: World, *, run: str = "", asked: Mapping[str, str] = MappingProxyType({}), segment: Expression | None = None,
    drafting: bool = True, drafter: Drafter = from_templates, seed: int | None = None, clock: Seconds | None = None,
) -> Work:  # fmt: skip
    """Decide, draft and judge every customer in ``frames`` (and in ``segment``, a condition about the customer).

    ``seed`` stands in place of the one that customer, run and policies give, for a decision made once before.
    """
    clock = clock or Seconds()
    with clock.of("features"):
        features = compute(frames, topics=world.catalogue.topics)
        if not frames.size:
            return Work((), (), Counter(), features, {})
        only = features.customers.select(segment.polars().alias("in"))["in"].to_numpy() if segment else None
    with clock.of("candidates"):
        bound = world.screen.frames(features)
        screening = world.screen(features, bound)
    with clock.of("ranking"):
        money = currencies(frames)
        ranking = arbitrate(
            screening,
            features,
            bound,
            money,
            catalogue=world.catalogue,
            propensity=world.propensity,
            as_of=frames.as_of,
        )
    with clock.of("decision"):
        decisions = decide_all(
            frames, features, bound, ranking, money, world, run=run, asked=asked, only=only, seed=seed
        )
    if not drafting:
        return Work(decisions, (), screening.excluded, features, bound)
    with clock.of("facts"):
        gathering, circumstances = Gathering(frames, features, world.senders), Circumstances(frames, world.senders)
        orders = [
            _order(decision, decision.intent, gathering, circumstances) for decision in decisions if decision.intent
        ]
    drafts = drafter(orders, world, clock.of)
    return Work(decisions, drafts, screening.excluded, features, bound)


def _order(decision: Decision, intent: Intent, gathering: Gathering, circumstances: Circumstances) -> Order:
    i = intent.i
    return Order(
        decision, intent, gathering.bundle(intent), circumstances.of(decision), gathering.today(i), gathering.formal(i),
        gathering.business(i), gathering.sender(i).voice or "default",
    )  # fmt: skip
